/* The table of checks, in the order in which they are done: some look at what those before them
 * have gathered. */
#include "doctor/exam.h"

const struct check checks[] = {
    {"daemon", TR("Daemon"), check_daemon},
    {"settings", TR("Settings"), check_settings},
    {"interfaces", TR("Network"), check_interfaces},
    {"route", TR("Routes and VPN"), check_route},
    {"firewall", TR("Firewall"), check_firewall},
    {"multicast", TR("Multicast"), check_multicast},
    {"responders", TR("Responders"), check_responders},
    {"avahi", TR("Avahi"), check_avahi},
    {"names", TR("Names"), check_names},
    {"store", TR("History and disk"), check_store},
    {"people", TR("People"), check_people},
    {"person", TR("The one you ask for"), check_person},
    {"clock", TR("Clocks"), check_clock},
    {0},
};
