#include "xml/filter.h"

#include "base/err.h"
#include "base/utf8.h"

#include <string.h>

enum state {
	PROLOG, /* in front of the root */
	CONTENT,
	DECL_NAME,  /* <?, and so inside a tag (see in_tag()) */
	DECL_SPACE, /* <?xml */
	DECL,       /* <?xml and a space */
	LESS,       /* < */
	BANG,       /* <! */
	CDATA,      /* <![CDATA[ */
	NAME,       /* of a start tag */
	SPACE,      /* between attributes */
	ATTR,       /* its name */
	EQUALS,     /* a space after the name */
	QUOTE,      /* after = */
	VALUE,
	AFTER_VALUE,
	SLASH, /* / in a start tag */
	END_NAME,
	END_SPACE,
	REF, /* & */
	REF_NUMBER,
	DONE, /* after the root */
};

static const char cdata_mark[] = "[CDATA[", xml_mark[] = "xml", xmlns_mark[] = "xmlns";

enum byte_class {
	BAD,   /* no character of XML, or not ASCII */
	PLAIN, /* text and nothing else */
	SPACES,
	NAMES,
	MARKUP, /* & < and quotes */
};

/* The ASCII half; what is above needs the UTF-8 machine. */
/* clang-format off */
#define B BAD
#define P PLAIN
#define S SPACES
#define N NAMES
#define M MARKUP
static const unsigned char classes[256] = {
    B, B, B, B, B, B, B, B, B, S, S, B, B, S, B, B,
    B, B, B, B, B, B, B, B, B, B, B, B, B, B, B, B,
    S, P, M, P, P, P, M, M, P, P, P, P, P, N, N, P, /*  !"#$%&'()*+,-./ */
    N, N, N, N, N, N, N, N, N, N, N, P, M, P, P, P, /* 0123456789:;<=>? */
    P, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N,
    N, N, N, N, N, N, N, N, N, N, N, P, P, P, P, N,
    P, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N,
    N, N, N, N, N, N, N, N, N, N, N, P, P, P, P, P,
};
#undef B
#undef P
#undef S
#undef N
#undef M
/* clang-format on */

static bool
is_space(unsigned char c)
{
	return classes[c] == SPACES;
}

/* Neither ends text or a value nor needs a look of its own. */
static bool
is_plain(unsigned char c)
{
	return classes[c] != BAD && classes[c] != MARKUP;
}

/* Which characters beyond ASCII a name may have is left to expat. */
static bool
is_name(unsigned char c)
{
	return c >= 0x80 || classes[c] == NAMES;
}

void
xml_filter_init(struct xml_filter *f, size_t limit)
{
	*f = (struct xml_filter){
	    .state = PROLOG,
	    .limit = limit,
	    .children_limit = LIMIT_XML_CHILDREN,
	    .in_part = true,
	    .may_declare = true,
	};
}

static int
check_char(struct xml_filter *f, unsigned char c)
{
	if (f->utf8_left) {
		if ((c & 0xc0) != 0x80)
			return ERR_XML;
		f->utf8_char = f->utf8_char << 6 | (c & 0x3fu);
		if (--f->utf8_left)
			return 0;
		return f->utf8_char >= f->utf8_min && utf8_is_xml_char(f->utf8_char) ? 0 : ERR_XML;
	}
	if (c < 0x80)
		return classes[c] == BAD ? ERR_XML : 0;
	if (c >= 0xc2 && c <= 0xdf) {
		f->utf8_left = 1;
		f->utf8_char = c & 0x1fu;
		f->utf8_min = 0x80;
	} else if (c >= 0xe0 && c <= 0xef) {
		f->utf8_left = 2;
		f->utf8_char = c & 0x0fu;
		f->utf8_min = 0x800;
	} else if (c >= 0xf0 && c <= 0xf4) {
		f->utf8_left = 3;
		f->utf8_char = c & 0x07u;
		f->utf8_min = 0x10000;
	} else {
		return ERR_XML;
	}
	return 0;
}

/* ---- references -------------------------------------------------------------------------- */

static int
begin_ref(struct xml_filter *f)
{
	f->ref_from = f->state;
	f->ref_len = 0;
	f->ref = 1;
	f->state = REF;
	return 0;
}

static int
step_ref(struct xml_filter *f, unsigned char c)
{
	static const char *const known[] = {"lt", "gt", "amp", "apos", "quot"};
	if (c == '#' && f->ref_len == 0) {
		f->ref_base = 10;
		f->ref_char = 0;
		f->state = REF_NUMBER;
		return 0;
	}
	if (is_name(c)) {
		if (f->ref_len < sizeof(f->ref_name))
			f->ref_name[f->ref_len++] = (char)c;
		return 0;
	}
	if (c != ';' || f->ref_len == 0)
		return ERR_XML;
	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		if (strlen(known[i]) == f->ref_len &&
		    memcmp(known[i], f->ref_name, f->ref_len) == 0) {
			f->state = f->ref_from;
			return 0;
		}
	}
	return ERR_PROTO;
}

static unsigned
digit_value(unsigned char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20; /* lower case */
	return c >= 'a' && c <= 'f' ? c - 'a' + 10u : 16;
}

static int
step_ref_number(struct xml_filter *f, unsigned char c)
{
	if (c == 'x' && f->ref_base == 10 && f->ref_len == 0) {
		f->ref_base = 16;
		return 0;
	}
	if (c == ';' && f->ref_len > 0) {
		f->state = f->ref_from;
		return utf8_is_xml_char(f->ref_char) ? 0 : ERR_XML;
	}
	unsigned digit = digit_value(c);
	if (digit >= f->ref_base)
		return ERR_XML;
	f->ref_char = f->ref_char * f->ref_base + digit;
	f->ref_len = 1;
	return f->ref_char <= 0x10ffff ? 0 : ERR_XML;
}

/* ---- tags -------------------------------------------------------------------------------- */

static int
count_name(struct xml_filter *f)
{
	return ++f->name <= LIMIT_XML_NAME ? 0 : ERR_TOO_BIG;
}

static int
begin_element(struct xml_filter *f)
{
	if (f->depth == LIMIT_XML_DEPTH)
		return ERR_TOO_BIG;
	/* the root's children are the stream, which has no end */
	if (f->depth >= 2 && f->children[f->depth - 1]++ == f->children_limit)
		return ERR_TOO_BIG;
	f->children[f->depth] = 0;
	f->attrs = 0;
	f->namespaces = 0;
	f->name = 1;
	f->state = NAME;
	return 0;
}

static int
begin_attr(struct xml_filter *f, unsigned char c)
{
	f->match = c == 'x';
	f->is_ns = false;
	f->name = 1;
	f->value = 0;
	f->state = ATTR;
	return 0;
}

static int
step_attr(struct xml_filter *f, unsigned char c)
{
	const size_t mark = sizeof(xmlns_mark) - 1;
	if (is_name(c)) {
		if (f->match == f->name && f->name < mark &&
		    c == (unsigned char)xmlns_mark[f->name])
			f->match++;
		else if (f->match == mark && f->name == mark)
			f->is_ns = c == ':';
		return count_name(f);
	}
	if (!is_space(c) && c != '=')
		return ERR_XML;
	if (f->match == mark && f->name == mark)
		f->is_ns = true;
	if (f->is_ns ? ++f->namespaces > LIMIT_XML_NAMESPACES : ++f->attrs > LIMIT_XML_ATTRS)
		return ERR_TOO_BIG;
	f->state = c == '=' ? QUOTE : EQUALS;
	return 0;
}

static size_t
value_limit(const struct xml_filter *f)
{
	return f->is_ns ? LIMIT_XML_NS_NAME : LIMIT_XML_ATTR_VALUE;
}

static int
step_value(struct xml_filter *f, unsigned char c)
{
	if (c == f->quote) {
		f->quote = 0;
		f->state = AFTER_VALUE;
		return 0;
	}
	if (c == '<')
		return ERR_XML;
	return c == '&' ? begin_ref(f) : 0;
}

static int
end_part(struct xml_filter *f, bool *boundary)
{
	f->state = f->depth ? CONTENT : DONE;
	if (f->depth <= 1) {
		f->in_part = false;
		*boundary = true;
	}
	return 0;
}

/* What may follow a name or a value in a start tag. */
static int
step_tag(struct xml_filter *f, unsigned char c, bool *boundary)
{
	if (is_space(c)) {
		f->state = SPACE;
		return 0;
	}
	if (c == '/') {
		f->state = SLASH;
		return 0;
	}
	if (c != '>')
		return ERR_XML;
	f->depth++;
	/* the root is the only element whose start ends a part */
	if (f->depth > 1) {
		f->state = CONTENT;
		return 0;
	}
	return end_part(f, boundary);
}

static int
step_end_tag(struct xml_filter *f, unsigned char c, bool *boundary)
{
	if (f->state == END_NAME && is_name(c))
		return count_name(f);
	if (f->name == 0)
		return ERR_XML;
	if (is_space(c)) {
		f->state = END_SPACE;
		return 0;
	}
	if (c != '>')
		return ERR_XML;
	f->depth--;
	return end_part(f, boundary);
}

/* ---- everything else --------------------------------------------------------------------- */

static int
step_less(struct xml_filter *f, unsigned char c)
{
	bool first = f->may_declare;
	f->may_declare = false;
	f->match = 0;
	if (is_name(c))
		return begin_element(f);
	if (c == '/' && f->depth > 0) {
		f->name = 0;
		f->state = END_NAME;
		return 0;
	}
	if (c == '?' && first) {
		f->state = DECL_NAME;
		return 0;
	}
	if (c == '!' && f->depth > 1) {
		f->state = BANG;
		return 0;
	}
	return c == '?' || c == '!' ? ERR_PROTO : ERR_XML;
}

static int
step_content(struct xml_filter *f, unsigned char c)
{
	if (c == '<') {
		f->tag = 1;
		f->state = LESS;
		return 0;
	}
	if (f->depth < 2) {
		f->may_declare = false;
		return is_space(c) ? 0 : ERR_XML;
	}
	return c == '&' ? begin_ref(f) : 0;
}

/* <![CDATA[ and <?xml, byte by byte: nothing else begins so in XMPP. */
static int
step_mark(struct xml_filter *f, unsigned char c, const char *mark, enum state after)
{
	if (c != (unsigned char)mark[f->match])
		return ERR_PROTO;
	if (mark[++f->match] == '\0') {
		f->match = 0;
		f->state = (int)after;
	}
	return 0;
}

/* Looks for the end of a CDATA section, "]]>", or of the declaration, "?>". */
static int
step_until(
    struct xml_filter *f, unsigned char c, unsigned char last, unsigned times, enum state after)
{
	if (c == '>' && f->match == times) {
		f->state = (int)after;
		return 0;
	}
	if (c != last)
		f->match = 0;
	else if (f->match < times)
		f->match++;
	return 0;
}

static int
step_attr_space(struct xml_filter *f, unsigned char c)
{
	if (is_space(c))
		return 0;
	if (f->state == EQUALS && c == '=') {
		f->state = QUOTE;
		return 0;
	}
	if (f->state == QUOTE && (c == '\'' || c == '"')) {
		f->quote = c;
		f->state = VALUE;
		return 0;
	}
	return ERR_XML;
}

static int
step(struct xml_filter *f, unsigned char c, bool *boundary)
{
	switch ((enum state)f->state) {
	case PROLOG:
	case CONTENT:
		return step_content(f, c);
	case DECL_NAME:
		return step_mark(f, c, xml_mark, DECL_SPACE);
	case DECL_SPACE:
		f->state = DECL;
		return is_space(c) ? 0 : ERR_PROTO;
	case DECL:
		return step_until(f, c, '?', 1, PROLOG);
	case LESS:
		return step_less(f, c);
	case BANG:
		return step_mark(f, c, cdata_mark, CDATA);
	case CDATA:
		return step_until(f, c, ']', 2, CONTENT);
	case NAME:
		return is_name(c) ? count_name(f) : step_tag(f, c, boundary);
	case SPACE:
		return is_name(c) ? begin_attr(f, c) : step_tag(f, c, boundary);
	case ATTR:
		return step_attr(f, c);
	case EQUALS:
	case QUOTE:
		return step_attr_space(f, c);
	case VALUE:
		return step_value(f, c);
	case AFTER_VALUE:
		return step_tag(f, c, boundary);
	case SLASH:
		return c == '>' ? end_part(f, boundary) : ERR_XML;
	case END_NAME:
	case END_SPACE:
		return step_end_tag(f, c, boundary);
	case REF:
		return step_ref(f, c);
	case REF_NUMBER:
		return step_ref_number(f, c);
	case DONE:
		break;
	}
	return ERR_XML; /* nothing is scanned after the root */
}

static bool
in_tag(const struct xml_filter *f)
{
	return (f->state >= DECL_NAME && f->state <= END_SPACE && f->state != CDATA) || f->quote;
}

size_t
xml_filter_open_tag(const struct xml_filter *f)
{
	return in_tag(f) ? f->tag : 0;
}

/* Sizes are checked before the byte is looked at: it is one too many whatever it is. */
static int
count(struct xml_filter *f, unsigned char c)
{
	if (c == '<' && !f->in_part) {
		f->in_part = true;
		f->part = 0;
	}
	if (f->in_part && ++f->part > f->limit)
		return ERR_TOO_BIG;
	if (in_tag(f) && ++f->tag > LIMIT_XML_TAG)
		return ERR_TOO_BIG;
	if (f->state >= REF && f->state <= REF_NUMBER && ++f->ref > LIMIT_XML_REFERENCE)
		return ERR_TOO_BIG;
	bool closes = f->state == VALUE && c == f->quote;
	if (f->quote && !closes && ++f->value > value_limit(f))
		return ERR_TOO_BIG;
	return 0;
}

static size_t
smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

static size_t
room(size_t limit, size_t used)
{
	return used < limit ? limit - used : 0;
}

/* The bytes ahead that change nothing but the counters: where most of the time goes. */
static size_t
skip_plain(struct xml_filter *f, const unsigned char *p, size_t len)
{
	size_t n = 0;
	if (f->utf8_left || !(f->state == VALUE || (f->state == CONTENT && f->depth > 1)))
		return 0;
	len = smaller(len, room(f->limit, f->part));
	if (f->quote)
		len = smaller(
		    len, smaller(room(LIMIT_XML_TAG, f->tag), room(value_limit(f), f->value)));
	while (n < len && is_plain(p[n]))
		n++;
	f->part += n;
	if (f->quote) {
		f->tag += n;
		f->value += n;
	}
	return n;
}

int
xml_filter_scan(struct xml_filter *f, const void *data, size_t len, size_t *used, bool *boundary)
{
	const unsigned char *p = data;
	int err = 0;
	*boundary = false;
	for (*used = 0; *used < len && !*boundary;) {
		size_t plain = skip_plain(f, p + *used, len - *used);
		*used += plain;
		if (plain)
			continue;
		unsigned char c = p[*used];
		err = count(f, c);
		if (!err)
			err = check_char(f, c);
		if (!err)
			err = step(f, c, boundary);
		if (err)
			break;
		++*used;
	}
	return err;
}
