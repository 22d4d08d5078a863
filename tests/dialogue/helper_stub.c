/* Stands where earshot-mdns would: hands its end of the daemon's socketpair to the test, which
 * speaks the helper's lines itself (discovery.py), and lives as long as the test wants it to. A
 * program and no script: the daemon's sandbox lets it run nothing else. */
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int
main(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "/run/helper.sock"};
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {.bytes = ""};
	char word[] = "helper";
	struct iovec data = {.iov_base = word, .iov_len = strlen(word)};
	struct msghdr message = {.msg_iov = &data,
	    .msg_iovlen = 1,
	    .msg_control = control.bytes,
	    .msg_controllen = sizeof(control.bytes)};
	struct cmsghdr *rights = CMSG_FIRSTHDR(&message);
	const int line = STDIN_FILENO;
	*rights = (struct cmsghdr){
	    .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
	memcpy(CMSG_DATA(rights), &line, sizeof(line));
	int test = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (test < 0 || connect(test, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    sendmsg(test, &message, 0) < 0)
		return 1;
	return read(test, word, 1) < 0;
}
