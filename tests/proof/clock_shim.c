/* Shifts the wall clock of a program, also while it runs: preloaded (LD_PRELOAD). CLOCK_SHIFT
 * names a file that holds the seconds to add, as an int64_t. Monotonic clocks are left alone. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static _Atomic int64_t none;
static _Atomic int64_t *shift = &none;

static void *
real(const char *name)
{
	void *f = dlsym(RTLD_NEXT, name);
	if (!f)
		abort();
	return f;
}

// NOLINTNEXTLINE(bugprone-macro-parentheses): it is a name
#define REAL(name) ((__typeof__(&name))real(#name))

// NOLINTBEGIN(readability-inconsistent-declaration-parameter-name): libc's are not ours to repeat
int
clock_gettime(clockid_t clock, struct timespec *now)
{
	int err = REAL(clock_gettime)(clock, now);
	if (err == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
		now->tv_sec += atomic_load(shift);
	return err;
}

int
gettimeofday(struct timeval *restrict now, void *restrict zone)
{
	int err = REAL(gettimeofday)(now, zone);
	if (err == 0)
		now->tv_sec += atomic_load(shift);
	return err;
}

time_t
time(time_t *out)
{
	time_t now = REAL(time)(NULL) + atomic_load(shift);
	if (out)
		*out = now;
	return now;
}

// NOLINTEND(readability-inconsistent-declaration-parameter-name)

__attribute__((constructor)) static void
begin(void)
{
	// NOLINTNEXTLINE(concurrency-mt-unsafe): nothing else runs yet
	const char *path = getenv("CLOCK_SHIFT");
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	if (fd < 0)
		return;
	void *page = mmap(NULL, sizeof(*shift), PROT_READ, MAP_SHARED, fd, 0);
	if (page != MAP_FAILED)
		shift = page;
	(void)close(fd);
}
