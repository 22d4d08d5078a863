/* What `earshot doctor` reads: DNS packets of anybody, rules of firewalls, files of the system. The
 * first byte chooses. Names that were heard are labels; a packet's way through rules ends. */
#include "doctor/dns.h"
#include "doctor/fw.h"
#include "doctor/system_files.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
packet(const uint8_t *data, size_t len)
{
	struct dns_names n = {0};
	dns_collect(&n, data, len, "own@host");
	for (size_t i = 0; i < n.count; i++) {
		if (!memchr(n.names[i], '\0', DNS_LABEL) || !n.names[i][0] ||
		    strcmp(n.names[i], "own@host") == 0)
			abort();
		for (size_t k = 0; k < i; k++)
			if (strcmp(n.names[i], n.names[k]) == 0)
				abort();
	}
	dns_finish(&n);
}

static void
rules(const char *text, size_t len, bool json)
{
	static const enum fw_hook in[] = {FW_PREROUTING, FW_INPUT, FW_NONE};
	struct fw fw = {0};
	const struct fw_packet p = {.family = FW_IP4,
	    .iif = "eth0",
	    .proto = 17,
	    .sport = 5353,
	    .dport = 5353,
	    .daddr = {[10] = 0xff, 0xff, 224, 0, 0, 251},
	    .pkttype = "multicast"};
	if (json)
		(void)!fw_read_nft(&fw, text, len);
	else
		(void)!fw_read_iptables(&fw, FW_IP4, text);
	struct fw_answer a = fw_walk(&fw, &p, in);
	bool stops = a.verdict == FW_DROP || a.verdict == FW_REJECT;
	if ((stops && !a.chain) || (!stops && a.verdict != FW_ACCEPT))
		abort();
	fw_finish(&fw);
}

static void
files(const char *text)
{
	char value[16];
	struct udp_socket found[4];
	if (ini_value(text, "server", "use-ipv4", value, sizeof(value)))
		(void)ini_yes(value);
	(void)ini_list_has(text, "eth0");
	(void)ufw_is_on(text);
	(void)ufw_denies_input(text);
	(void)ufw_allows_tcp(text, 5298);
	(void)firewalld_has(text, "ports", "5298/tcp");
	(void)status_uid(text);
	(void)renamed(text, "verona");
	if (udp_sockets(text, 5353, found, 4) > 4)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (len < 1)
		return 0;
	char *text = malloc(len);
	if (!text)
		return 0;
	memcpy(text, data + 1, len - 1);
	text[len - 1] = '\0';
	switch (data[0] % 4) {
	case 0:
		packet(data + 1, len - 1);
		break;
	case 1:
		rules(text, len - 1, true);
		break;
	case 2:
		rules(text, len - 1, false);
		break;
	default:
		files(text);
		break;
	}
	free(text);
	return 0;
}
