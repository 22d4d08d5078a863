#include "tui/ascii.h"

#include "base/compiler.h"
#include "base/utf8.h"

#include <utf8proc.h>

/* What Unicode takes apart into nothing that is ASCII. */
static const struct {
	uint32_t c;
	char ascii;
} known[] = {
    {0x00a1, '!'}, /* inverted marks */
    {0x00ab, '<'}, /* quotation marks */
    {0x00bb, '>'}, {0x00bf, '?'}, {0x00b7, '.'}, {0x00c6, 'A'}, {0x00d0, 'D'}, {0x00d7, 'x'},
    {0x00d8, 'O'}, {0x00de, 'T'}, {0x00df, 's'}, {0x00e6, 'a'}, {0x00f0, 'd'}, {0x00f8, 'o'},
    {0x00fe, 't'}, {0x0110, 'D'}, {0x0111, 'd'}, {0x0131, 'i'}, {0x0141, 'L'}, {0x0142, 'l'},
    {0x0152, 'O'}, {0x0153, 'o'}, {0x1e9e, 'S'}, {0x2010, '-'}, /* dashes */
    {0x2011, '-'}, {0x2012, '-'}, {0x2013, '-'}, {0x2014, '-'}, {0x2015, '-'}, {0x2018, '\''},
    {0x2019, '\''}, {0x201a, ','}, {0x201c, '"'}, {0x201d, '"'}, {0x201e, '"'}, {0x2020, '+'},
    {0x2022, '*'}, {0x2026, '.'}, {0x2039, '<'}, {0x203a, '>'}, {0x20ac, 'E'}, /* euro */
    {0x2190, '<'},                                                             /* arrows */
    {0x2191, '^'}, {0x2192, '>'}, {0x2193, 'v'}, {0x2212, '-'}, {0x2500, '-'}, /* lines */
    {0x2502, '|'}, {0x25cf, '*'}, {0x25cb, 'o'}, {0x2713, 'v'}, {0x2717, 'x'},
    {0x2764, '3'}, /* heart */
};

static char
look_up(uint32_t c)
{
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (known[i].c == c)
			return known[i].ascii;
	return '?';
}

/* The letter without what stands upon it. */
static char
to_ascii(uint32_t c)
{
	utf8proc_int32_t parts[32];
	int boundary = 0;
	if (c >= ' ' && c < 0x7f)
		return (char)c;
	char like = look_up(c);
	if (like != '?')
		return like;
	utf8proc_ssize_t n = utf8proc_decompose_char((utf8proc_int32_t)c, parts, ARRAY_LEN(parts),
	    (utf8proc_option_t)(UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT), &boundary);
	if (n < 1 || n > (utf8proc_ssize_t)ARRAY_LEN(parts) || (uint32_t)parts[0] == c)
		return '?';
	uint32_t first = (uint32_t)parts[0];
	if (first >= ' ' && first < 0x7f)
		return (char)first;
	return look_up(first);
}

unsigned
ascii_cell(const struct layout_cell *cell, char out[2])
{
	uint32_t c = 0;
	char like = ' ';
	if (cell->width > 0 && utf8_decode(cell->text, cell->len, &c) > 0)
		like = to_ascii(c);
	out[0] = like;
	out[1] = ' ';
	if (like == '?') /* as wide as what it stands for */
		out[1] = '?';
	return cell->width;
}
