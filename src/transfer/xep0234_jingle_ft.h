/* The methods by which Earshots, and others that know it, agree upon a file (XEP-0234). */
#ifndef TRANSFER_XEP0234_JINGLE_FT_H
#define TRANSFER_XEP0234_JINGLE_FT_H

#include "transfer/method.h"

/* Between Earshots: encrypted, resumed, checked. */
extern const struct transfer_method jingle_method;
/* With others, in plain (Gajim to 1.3): the same words, and none of that. */
extern const struct transfer_method jingle_plain_method;

/* What we have offered that person now and fits; NULL: nothing. */
const struct transfer *jingle_offered(
    struct person *p, bool (*wanted)(const struct transfer *t, const void *what), const void *what);

#endif
