/* Where received bytes go: a hidden part in the target folder, which gets its name when all is
 * there (F2, F3). Of a file ".earshot-ID.part"; of a folder a folder of that name, and its manifest
 * (tree.h) in ".earshot-ID.tree" until the end.
 *
 * Made on any thread without touching a disk; all else blocks and belongs to one carrier thread at
 * a time. An error of the disk (-ENOSPC, -EDQUOT, ERR_FULL, -EIO) leaves the part as it is: later
 * bytes can go on from sink_offset(), or sink_discard() removes it. */
#ifndef TRANSFER_SINK_H
#define TRANSFER_SINK_H

#include "base/buf.h"
#include "base/compiler.h"
#include "tls/digest.h"
#include "transfer/porter.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct digest_run;
struct sink;

#define SINK_SIZE_UNKNOWN UINT64_MAX
#define SINK_KEEP_DEFAULT UINT64_MAX /* of keep_free: the higher of 5 % and 1 GiB */

/* id: of the transfer, 32 hex digits. name: as the peer says it. size: all bytes that may come.
 * mtime: seconds since 1970, 0: unknown. keep_free: bytes of the file system that must stay free.
 * The strings are copied. 0 or -ENOMEM. */
int sink_create(struct porter *p, const char *token, const char *id, const char *name,
    uint64_t size, bool folder, int64_t mtime, uint64_t keep_free, struct sink **out) MUST_USE;
void sink_destroy(struct sink *s); /* the part stays */

/* Before sink_open(). Each file gets a mark that says that it is from this person, where the file
 * system has such marks (F5): desktops show it, and a program that opens files can ask first. It is
 * the extended attribute user.xdg.origin.url, "xmpp:" and the name; nothing in it is as the peer
 * wrote it but letters, digits and a few signs. 0 or -ENOMEM. */
int sink_set_origin(struct sink *s, const char *name) MUST_USE;

/* Before sink_open(): goes on from a part whose first offset bytes have this SHA-256. */
void sink_expect(struct sink *s, uint64_t offset, const uint8_t digest[DIGEST_SHA256_SIZE]);

/* *offset: how many bytes are there, and d (fresh) has had them: those expected if they are really
 * there, else none and a new part is begun. ERR_FULL, -ENOSPC: the rest would not fit. Called again
 * after an error or a pause, it goes on from what is written, and d is left alone. */
int sink_open(struct sink *s, uint64_t *offset, struct digest_run *d) MUST_USE;

uint64_t sink_offset(const struct sink *s); /* bytes written */

/* All of it, or an error; sink_offset() tells how much was written before it. ERR_PROTO: more than
 * size, or a manifest that breaks the rules. ERR_FULL: too little space would be left. */
int sink_write(struct sink *s, const void *data, size_t len) MUST_USE;

int sink_checkpoint(struct sink *s) MUST_USE; /* all that is written is on disk */

/* After the hash was compared: on disk, and under its name. final_name: appended. ERR_PROTO: bytes
 * are missing. */
int sink_finish(struct sink *s, struct buf *final_name) MUST_USE;

void sink_discard(struct sink *s); /* removes the part */

#endif
