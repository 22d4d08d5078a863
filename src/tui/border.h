/* Where a cursor can stand in a text: between what a person takes for characters (Unicode's
 * grapheme clusters), at words, at lines. Offsets in bytes of UTF-8; pure. */
#ifndef TUI_BORDER_H
#define TUI_BORDER_H

#include <stddef.h>

/* The next one behind `at`, the last one before it; at an end: that end. */
size_t border_next(const char *s, size_t len, size_t at);
size_t border_prev(const char *s, size_t len, size_t at);
/* `at` if a cursor can stand there, else the next one behind it. */
size_t border_snap(const char *s, size_t len, size_t at);
/* The end of the word at or behind `at`, the beginning of the one before it. */
size_t border_word_next(const char *s, size_t len, size_t at);
size_t border_word_prev(const char *s, size_t len, size_t at);
/* Behind the last blank before the word that ends at `at`, blanks at its end included. */
size_t border_blank_prev(const char *s, size_t at);
size_t border_line_begin(const char *s, size_t at);
size_t border_line_end(const char *s, size_t len, size_t at);

#endif
