/* The log: one line an event on stderr, in logfmt, control characters escaped. Never message
 * bodies, never secrets. Any thread (each line is one write).
 *
 * log_warn(peer, "...", ...): peer is an instance name or NULL. The module is the folder of the
 * source file. An error is logged once, where it stops travelling. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/compiler.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

void log_set_level(enum log_level level);
/* "error", "warn", "info" or "debug"; 0 or -EINVAL. */
int log_level_parse(const char *name, enum log_level *out) MUST_USE;

void log_write(enum log_level level, const char *file, const char *peer, const char *fmt, ...)
    PRINTF_LIKE(4, 5);

#define log_error(peer, ...) log_write(LOG_ERROR, __FILE__, peer, __VA_ARGS__)
#define log_warn(peer, ...)  log_write(LOG_WARN, __FILE__, peer, __VA_ARGS__)
#define log_info(peer, ...)  log_write(LOG_INFO, __FILE__, peer, __VA_ARGS__)
#define log_debug(peer, ...) log_write(LOG_DEBUG, __FILE__, peer, __VA_ARGS__)

#endif
