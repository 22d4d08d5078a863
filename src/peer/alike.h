/* Who could be taken for somebody known (N5): a person without a known key whose display looks like
 * that of one with a known key, or like that one's instance name. Loop thread only. */
#ifndef PEER_ALIKE_H
#define PEER_ALIKE_H

struct person;

/* The display of the known person whom p, who is another, could be taken for; NULL: nobody. Lives
 * until anything changes. */
const char *alike_of(const struct person *p);

#endif
