/* Files to and from libpurple and Gajim: stream initiation (XEP-0095, XEP-0096), then SOCKS5
 * (XEP-0065) or bytes inside the stream (XEP-0047). One file at a time, from its beginning. */
#ifndef TRANSFER_XEP0096_SI_H
#define TRANSFER_XEP0096_SI_H

extern const struct transfer_method si_method;

#endif
