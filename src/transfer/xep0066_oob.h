/* Files by an address to fetch them from (XEP-0066): requests for Salut, Adium and iChat, in both
 * directions; messages of Adium's; and, for programs that know nothing of files, a link in the text
 * of a message, which a browser opens. One file at a time, from its beginning; folders only in. */
#ifndef TRANSFER_XEP0066_OOB_H
#define TRANSFER_XEP0066_OOB_H

extern const struct transfer_method oob_method, link_method;

#endif
