/* What files and tables of the system say: text in, facts out. No I/O; the text may be anything. */
#ifndef DOCTOR_SYSTEM_FILES_H
#define DOCTOR_SYSTEM_FILES_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- ufw ---- */
bool ufw_is_on(const char *text);                     /* ufw.conf */
bool ufw_denies_input(const char *text);              /* default/ufw */
bool ufw_allows_tcp(const char *text, uint16_t port); /* user.rules */

/* ---- firewall-cmd --list-all: "  services: dhcpv6-client mdns" ---- */
bool firewalld_has(const char *text, const char *key, const char *word);

/* ---- avahi-daemon.conf, and other files of "key=value" under [section] ---- */
/* The last value of that key, without blanks around it, into out. false: there is none. */
bool ini_value(const char *text, const char *section, const char *key, char *out, size_t size);
/* "a, b,c" has the word. */
bool ini_list_has(const char *list, const char *word);
bool ini_yes(const char *value); /* as Avahi reads it */

/* ---- /proc/net/udp, /proc/net/udp6 ---- */
struct udp_socket {
	uint64_t inode;
	uint32_t uid;
	bool any; /* bound to all addresses, so that it takes what comes to this machine alone */
};
/* Those with that local port. Returns how many of them, at most max. */
size_t udp_sockets(const char *text, uint16_t port, struct udp_socket *out, size_t max);

/* ---- /proc/PID/status: the user it runs as; -1 ---- */
int64_t status_uid(const char *text);

/* ---- names ---- */
/* "pc-17" is "pc" renamed for the 17th time: its number; 1: the same; 0: another name. */
unsigned renamed(const char *now, const char *wanted);

#endif
