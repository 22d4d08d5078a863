/* Text from outside inside HTML and Markdown: nothing in it acts as markup, and what would act on
 * a reader (controls, invisible and bidirectional characters) is made visible, as base/text.h
 * does. Knows nothing of messages. */
#ifndef CLI_MARKUP_H
#define CLI_MARKUP_H

#include "base/buf.h"

/* Harmless text with plain line breaks. */
void markup_clean(struct buf *out, const char *text);
/* For element content and quoted attribute values; line breaks stay. */
void markup_html(struct buf *out, const char *text);
/* For CommonMark and its usual extensions. Every line after the first begins with `prefix`, and
 * line breaks are kept. */
void markup_markdown(struct buf *out, const char *text, const char *prefix);

#endif
