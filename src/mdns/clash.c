#define _GNU_SOURCE /* dladdr() */

#include "mdns/clash.h"

#include <avahi-client/client.h>
#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>

typedef void core_free_fn(void *server, void *group);
typedef int client_free_fn(void *group);

static core_free_fn *core_free;
static client_free_fn *client_free;
static AvahiServer *core_server;

/* not from the headers, where it has the one signature or the other */
__attribute__((visibility("default"))) int avahi_entry_group_free(void *first, void *second);

int
avahi_entry_group_free(void *first, void *second)
{
	if (first != core_server)
		return client_free(first);
	core_free(first, second);
	return 0;
}

/* What the name means in the library that has the given function. */
static void *
meaning_in_library_of(void *function)
{
	Dl_info info;
	if (!dladdr(function, &info))
		return NULL;
	void *library = dlopen(info.dli_fname, RTLD_LAZY | RTLD_NOLOAD);
	if (!library)
		return NULL;
	void *meaning = dlsym(library, "avahi_entry_group_free");
	(void)dlclose(library); /* it stays: the program is linked with it */
	return meaning;
}

int
clash_init(void)
{
	AvahiServer *(*server_new)(const AvahiPoll *, const AvahiServerConfig *,
	    AvahiServerCallback, void *, int *) = avahi_server_new;
	void (*client_destroy)(AvahiClient *) = avahi_client_free;
	void *in_core, *in_client;
	/* ISO C has no cast between the two kinds of pointers; POSIX says they are alike */
	memcpy(&in_core, &server_new, sizeof(in_core));
	memcpy(&in_client, &client_destroy, sizeof(in_client));
	in_core = meaning_in_library_of(in_core);
	in_client = meaning_in_library_of(in_client);
	if (!in_core || !in_client)
		return -ENOENT;
	memcpy(&core_free, &in_core, sizeof(in_core));
	memcpy(&client_free, &in_client, sizeof(in_client));
	return 0;
}

void
clash_set_server(AvahiServer *server)
{
	core_server = server;
}
