/* The kernel's table of neighbours (rtnetlink(7)). */
#define _DEFAULT_SOURCE
#include "doctor/exam.h"

#include <linux/neighbour.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <unistd.h>

enum { ANSWER_MAX = 32 * 1024, ANSWERS_MAX = 256 };

struct wanted {
	uint8_t address[16];
	size_t len;
	unsigned index; /* 0: any */
	enum exam_neighbour found;
};

static void
look_at(struct wanted *w, const struct nlmsghdr *head)
{
	const unsigned missing = NUD_INCOMPLETE | NUD_FAILED;
	const unsigned there = NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE | NUD_PERMANENT;
	struct ndmsg about;
	size_t at = NLMSG_LENGTH(sizeof(about));
	const uint8_t *bytes = (const uint8_t *)head;
	if (head->nlmsg_type != RTM_NEWNEIGH || head->nlmsg_len < at)
		return;
	memcpy(&about, bytes + NLMSG_HDRLEN, sizeof(about));
	if (w->index && (unsigned)about.ndm_ifindex != w->index)
		return;
	while (head->nlmsg_len - at >= sizeof(struct rtattr)) {
		struct rtattr attr;
		memcpy(&attr, bytes + at, sizeof(attr));
		if (attr.rta_len < sizeof(attr) || attr.rta_len > head->nlmsg_len - at)
			return;
		if (attr.rta_type == NDA_DST && attr.rta_len == RTA_LENGTH(w->len) &&
		    memcmp(bytes + at + RTA_LENGTH(0), w->address, w->len) == 0) {
			if (about.ndm_state & there)
				w->found = EXAM_NEIGHBOUR_THERE;
			else if (about.ndm_state & missing && w->found == EXAM_NEIGHBOUR_UNKNOWN)
				w->found = EXAM_NEIGHBOUR_MISSING;
		}
		size_t step = RTA_ALIGN(attr.rta_len);
		if (step > head->nlmsg_len - at)
			return;
		at += step;
	}
}

/* False: the table is at its end. */
static bool
read_some(int fd, struct wanted *w)
{
	static union {
		struct nlmsghdr head; /* for its alignment */
		uint8_t bytes[ANSWER_MAX];
	} answer;
	ssize_t n = recv(fd, answer.bytes, sizeof(answer.bytes), 0);
	size_t left = n > 0 ? (size_t)n : 0, at = 0;
	while (left - at >= sizeof(struct nlmsghdr)) {
		const struct nlmsghdr *head =
		    (const struct nlmsghdr *)(const void *)(answer.bytes + at);
		if (head->nlmsg_len < sizeof(*head) || head->nlmsg_len > left - at ||
		    head->nlmsg_type == NLMSG_DONE || head->nlmsg_type == NLMSG_ERROR)
			return false;
		look_at(w, head);
		size_t step = NLMSG_ALIGN(head->nlmsg_len);
		if (step >= left - at)
			break;
		at += step;
	}
	return n > 0;
}

enum exam_neighbour
exam_neighbour(const struct sockaddr_storage *a)
{
	struct {
		struct nlmsghdr head;
		struct ndmsg about;
	} ask = {
	    .head = {.nlmsg_len = sizeof(ask),
		.nlmsg_type = RTM_GETNEIGH,
		.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
	    .about = {.ndm_family = (uint8_t)a->ss_family},
	};
	struct wanted w = {.found = EXAM_NEIGHBOUR_UNKNOWN};
	struct sockaddr_in four;
	struct sockaddr_in6 six;
	memcpy(&four, a, sizeof(four));
	memcpy(&six, a, sizeof(six));
	if (a->ss_family == AF_INET)
		memcpy(w.address, &four.sin_addr, w.len = 4);
	else
		memcpy(w.address, &six.sin6_addr, w.len = 16);
	w.index = a->ss_family == AF_INET6 ? six.sin6_scope_id : 0;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (fd < 0)
		return w.found;
	struct timeval patience = {.tv_sec = 1};
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (send(fd, &ask, sizeof(ask), 0) == (ssize_t)sizeof(ask))
		for (int i = 0; i < ANSWERS_MAX && read_some(fd, &w); i++)
			;
	(void)close(fd);
	return w.found;
}
