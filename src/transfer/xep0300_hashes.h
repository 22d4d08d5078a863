/* SHA-256 as XMPP writes it (XEP-0300); of other algorithms we know the names only. Any thread. */
#ifndef TRANSFER_XEP0300_HASHES_H
#define TRANSFER_XEP0300_HASHES_H

#include "base/compiler.h"

#include <stdbool.h>
#include <stdint.h>

struct xml_elem;
struct xml_writer;

void hash_write(struct xml_writer *w, const uint8_t sha256[32]);
/* That it will be said later. */
void hash_write_used(struct xml_writer *w);
/* The first SHA-256 among the children. False: there is none, or not a whole one. */
bool hash_read(const struct xml_elem *parent, uint8_t out[32]);

#endif
