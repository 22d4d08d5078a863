/* What the two files of the engine share: job.c takes in what happens, job_step.c does what
 * follows.
 */
#ifndef TRANSFER_JOB_PARTS_H
#define TRANSFER_JOB_PARTS_H

#include "transfer/job.h"

bool job_same(const struct job_kept *a, const struct job_kept *b);
bool job_is_paused(const struct job *j);      /* by either */
enum job_state job_look(const struct job *j); /* as people see it */

void job_enter(struct job *j, enum job_phase phase, uint64_t deadline);
/* The method is to be told, if it has a session; the attempt is over. */
void job_end_session(struct job *j, enum transfer_end why);
void job_retry_later(struct job *j, uint64_t now);
void job_attempt_failed(struct job *j, uint64_t now, const char *text);
/* For good. ours: the other side has to be told. */
void job_finish(struct job *j, enum job_state state, bool ours, const char *text);
enum transfer_end job_why_of(enum job_state state);

#endif
