/* Who could be taken for somebody known (N5): a person whose display or instance name looks like
 * that of one with a known key who is trusted more. Loop thread only. */
#ifndef PEER_ALIKE_H
#define PEER_ALIKE_H

struct person;

/* The display of the known person whom p, who is another, could be taken for; NULL: nobody. Lives
 * until anything changes. */
const char *alike_of(const struct person *p);

#endif
