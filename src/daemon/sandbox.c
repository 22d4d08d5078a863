#define _GNU_SOURCE /* dl_iterate_phdr */
#include "daemon/sandbox.h"

#include "base/err.h"
#include "base/log.h"
#include "base/paths.h"

#include <errno.h>
#include <limits.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>

/* What the libraries read when the daemon runs: names (getaddrinfo and its modules), time zones,
 * OpenSSL's settings, and what the helper is made of. Whole folders, as files there are replaced
 * by others of the same name. */
static const char *const readable[] = {
    "/etc",
    "/run/systemd/resolve",
    "/run/resolvconf",
    "/run/NetworkManager",
    "/run/connman",
    "/run/netconfig",
    "/var/lib/sss",
    "/usr/share/zoneinfo",
    "/usr/lib/ssl",
    "/lib",
    "/lib64",
    "/usr/lib",
    "/usr/lib64",
    "/usr/local/lib",
    "/nix/store",
    "/gnu/store",
    "/sys/devices/system/cpu",
    "/dev/urandom",
};

enum { PLACES_MAX = ARRAY_LEN(readable) + 8 };

struct places {
	struct confine_place list[PLACES_MAX];
	size_t count;
	char *owned[PLACES_MAX]; /* paths made for this list */
	size_t owned_count;
};

static void
add(struct places *p, const char *path, enum confine_right right)
{
	if (path)
		p->list[p->count++] = (struct confine_place){path, right};
}

/* path moves here. */
static void
add_owned(struct places *p, char *path, enum confine_right right)
{
	add(p, path, right);
	p->owned[p->owned_count++] = path;
}

static int
add_folders(struct places *p, const char *socket)
{
	char *state = NULL, *runtime = NULL;
	int err = paths_get(PATHS_STATE, NULL, &state);
	if (!err)
		err = paths_get(PATHS_RUNTIME, NULL, &runtime);
	add_owned(p, state, CONFINE_WRITE);
	add_owned(p, runtime, CONFINE_WRITE);
	char *folder = err ? NULL : strdup(socket);
	char *slash = folder ? strrchr(folder, '/') : NULL;
	if (!err && !folder)
		err = -ENOMEM;
	if (slash && slash > folder)
		*slash = '\0';
	if (slash)
		add_owned(p, folder, CONFINE_WRITE);
	else
		free(folder); /* in the folder we were started in: that is not given away */
	return err;
}

/* The loader that our own program names: the helper names the same. */
static int
find_loader(struct dl_phdr_info *info, size_t size, void *out)
{
	(void)size;
	for (size_t i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *header = &info->dlpi_phdr[i];
		if (header->p_type == PT_INTERP)
			// NOLINTNEXTLINE(performance-no-int-to-ptr): where the program was put
			*(const char **)out = (const char *)(info->dlpi_addr + header->p_vaddr);
	}
	return 1; /* the program itself comes first */
}

/* Installed, the helper lies in a folder of its own: a newer one that replaces it may be run. */
static int
add_programs(struct places *p, const char *helper)
{
	const char *loader = NULL;
	const char *own_folder = EARSHOT_LIBEXECDIR "/";
	(void)dl_iterate_phdr(find_loader, &loader);
	add(p, loader, CONFINE_RUN);
	if (strncmp(helper, own_folder, strlen(own_folder)) == 0)
		add(p, EARSHOT_LIBEXECDIR, CONFINE_RUN);
	else
		add(p, helper, CONFINE_RUN);
	return 0;
}

static int
confine(const char *helper, const char *socket)
{
	struct places p = {0};
	for (size_t i = 0; i < ARRAY_LEN(readable); i++)
		add(&p, readable[i], CONFINE_READ);
	add(&p, "/dev/null", CONFINE_WRITE);
	// NOLINTNEXTLINE(concurrency-mt-unsafe): nothing here ever sets a variable
	add(&p, getenv("CREDENTIALS_DIRECTORY"), CONFINE_READ); /* systemd's, for the passphrase */
	int err = add_folders(&p, socket);
	if (!err)
		err = add_programs(&p, helper);
	if (!err)
		err = confine_files(p.list, p.count, true);
	for (size_t i = 0; i < p.owned_count; i++)
		free(p.owned[i]);
	return err;
}

int
sandbox_enter(enum confine_mode mode, const char *helper, const char *socket, struct sandbox *out)
{
	*out = (struct sandbox){.mode = mode};
	int err = confine_process();
	if (err)
		log_warn(NULL, "privileges cannot be given up: %s", err_str(err));
	if (mode == CONFINE_OFF || !confine_built())
		return 0;
	unsigned groups = CONFINE_CALLS_SERVE | CONFINE_CALLS_WRITE | CONFINE_CALLS_START;
	if (mode == CONFINE_STRICT)
		groups |= CONFINE_CALLS_STRICT;
	out->files = confine(helper, socket);
	if (out->files < 0)
		log_warn(NULL, "files are not confined: %s", err_str(out->files));
	out->calls = confine_calls(groups);
	if (out->calls < 0)
		log_warn(NULL, "system calls are not confined: %s", err_str(out->calls));
	bool failed = err || out->files < 0 || out->calls < 0;
	return mode == CONFINE_STRICT && failed ? ERR_UNSUPPORTED : 0;
}

void
sandbox_describe(const struct sandbox *s, struct buf *out)
{
	if (!confine_built())
		buf_str(out, "off in this build");
	else if (s->mode == CONFINE_OFF)
		buf_str(out, "off");
	else if (s->files <= 0 && s->calls <= 0)
		buf_str(out, "none");
	if (s->files > 0)
		buf_fmt(out, "landlock %d", s->files);
	if (s->files > 0 && s->calls > 0)
		buf_str(out, ", ");
	if (s->calls > 0)
		buf_str(out, "seccomp");
}
