/* JSON as our own programs write it, read in one go: jansson hands every character on by itself,
 * which costs more than all else that is done with a message. Knows only what is plain: whatever is
 * rare, wrong or too deep is left to jansson, which has the last word on what JSON is.
 * Any thread. */
#ifndef WIRE_QUICK_H
#define WIRE_QUICK_H

#include <jansson.h>
#include <stddef.h>

/* A new reference to the object or array that the text is, exactly as json_loadb() reads it with
 * JSON_REJECT_DUPLICATES. NULL: not plain, or no memory; json_loadb() is to be asked. */
json_t *quick_read(const char *text, size_t len);

/* How many bytes from here on stand in a JSON string as they are: no quote, no backslash, no
 * control character. */
size_t quick_run(const char *text, size_t len);

#endif
