/* What the porter may touch: grants, each a token and the file or folder it stands for, kept in a
 * folder that the daemon cannot reach. The porter's; any of its threads. */
#ifndef TRANSFER_PORTER_GRANTS_H
#define TRANSFER_PORTER_GRANTS_H

#include "base/compiler.h"
#include "base/limits.h"
#include "transfer/porter.h"

#include <limits.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

struct grant {
	char token[PORTER_TOKEN_SIZE];
	bool folder, target;
	bool kept; /* it is on disk for certain */
	dev_t dev;
	ino_t ino;
	int dir;    /* owned; of a folder, O_PATH; -1 */
	char *path; /* owned */
};

enum { GRANTS_OWN = 4 };

struct grants {
	pthread_mutex_t lock; /* of slots and next */
	struct grant slots[LIMIT_PORTER_FOLDERS];
	size_t next;           /* the slot that is given up next */
	int folder;            /* owned; where they are kept */
	const char *downloads; /* borrowed */
	char *own[GRANTS_OWN]; /* owned; Earshot's folders, in which nothing is received */
};

/* What a token stands for, now. */
struct granted {
	bool folder, target;
	int fd; /* owned; O_PATH */
	struct stat st;
	char path[PATH_MAX];
};

int grants_init(struct grants *g, const char *folder, const char *downloads) MUST_USE;

/* fd stays the caller's. */
int
grants_add(struct grants *g, const char *token, int fd, bool target, struct granted *out) MUST_USE;
/* Whether a client has handed this folder over, and it may be received in; its path. fd stays the
 * caller's. -EBADF, -EINVAL, -ENOENT, -EACCES as for porter_grant_target(). */
int grants_check_target(const struct grants *g, int fd, char path[PATH_MAX]) MUST_USE;
/* keep: makes sure that it is on disk. -ENOENT, ERR_CHANGED_SOURCE. */
int grants_find(struct grants *g, const char *token, bool keep, struct granted *out) MUST_USE;
void granted_finish(struct granted *x);
void grants_drop(struct grants *g, const char *token);
/* Drops all but those among the tokens, of PORTER_DIGITS bytes each. */
int grants_keep(struct grants *g, const char *tokens, size_t count) MUST_USE;

bool grants_token_is_good(const char *token); /* 32 lowercase hex digits */

#endif
