/*
 * Preloaded into the program under test: at its first ppoll(2), which is after
 * all is given up, it tries what is named in $TRY and says on stderr how that
 * went, as one does who has taken the program over. To say "NAME: done" is a
 * finding; what the kernel denies is not.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* The program takes a library before its own for a reason to connect. */
static char what[4096];

__attribute__((constructor)) static void
begin(void)
{
	const char *try = getenv("TRY");

	snprintf(what, sizeof(what), "%s", try != NULL ? try : "");
	unsetenv("LD_PRELOAD");
}

static int
tcp(const char *port, int (*call)(int, const struct sockaddr *, socklen_t))
{
	struct sockaddr_in to = { .sin_family = AF_INET,
	    .sin_port = htons((unsigned short)atoi(port)),
	    .sin_addr = { htonl(INADDR_LOOPBACK) } };

	return call(socket(AF_INET, SOCK_STREAM, 0), (void *)&to, sizeof(to));
}

static int
abstract(const char *name)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };

	snprintf(to.sun_path + 1, sizeof(to.sun_path) - 1, "%s", name);
	return connect(socket(AF_UNIX, SOCK_STREAM, 0), (void *)&to,
	    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
	    strlen(name)));
}

static int
execute(void)
{
	char *const none[] = { NULL };

	return execve("/bin/true", none, none);
}

/* Another process of ours reads us: 0 when it may. */
static int
is_read(void)
{
	return prctl(PR_GET_DUMPABLE) == 1 ? 0 : (errno = EPERM, -1);
}

static int
old_call(void)
{
#ifdef __x86_64__
	long result;

	__asm__ volatile ("int $0x80" : "=a" (result) : "0" (20) : "memory");
	errno = result < 0 ? (int)-result : 0;
	return result < 0 ? -1 : 0;
#else
	errno = EPERM;
	return -1;
#endif
}

static int
x32_call(void)
{
#ifdef __x86_64__
	return (int)syscall(0x40000000 + SYS_getpid);
#else
	errno = EPERM;
	return -1;
#endif
}

static long
raw(const char *name)
{
	struct perf_event_attr event = { .type = PERF_TYPE_SOFTWARE,
	    .size = sizeof(event), .exclude_kernel = 1 };
	struct iovec byte = { what, 1 };
	char parameters[120] = "";

	if (strcmp(name, "process_vm_readv") == 0)
		return syscall(SYS_process_vm_readv, getpid(), &byte, 1, &byte,
		    1, 0);
	if (strcmp(name, "perf_event_open") == 0)
		return syscall(SYS_perf_event_open, &event, 0, -1, -1, 0);
	if (strcmp(name, "io_uring_setup") == 0)
		return syscall(SYS_pidfd_open - 434 + 425, 1, parameters);
	if (strcmp(name, "userfaultfd") == 0)
		return syscall(SYS_userfaultfd, O_NONBLOCK);
	if (strcmp(name, "bpf") == 0)
		return syscall(SYS_bpf, -1, NULL, 0);
	if (strcmp(name, "keyctl") == 0)
		return syscall(SYS_keyctl, 0 /* get id */, -3, 0);
	if (strcmp(name, "finit_module") == 0)
		return syscall(SYS_finit_module, -1, "", 0);
	if (strcmp(name, "kexec_load") == 0)
		return syscall(SYS_kexec_load, 0, 1000, NULL, 0);
	if (strcmp(name, "ptrace") == 0)
		return ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	if (strcmp(name, "mount") == 0)
		return mount("none", "/nowhere", "tmpfs", 0, NULL);
	if (strcmp(name, "unshare") == 0)
		return unshare(0);
	errno = EINVAL;
	return -1;
}

static long
one(const char *name, const char *value)
{
	if (strcmp(name, "execve") == 0)
		return execute();
	if (strcmp(name, "read") == 0)
		return open(value, O_RDONLY);
	if (strcmp(name, "list") == 0)
		return open(value, O_RDONLY | O_DIRECTORY);
	if (strcmp(name, "create") == 0)
		return open(value, O_CREAT | O_WRONLY, 0600);
	if (strcmp(name, "remove") == 0)
		return unlink(value);
	if (strcmp(name, "bind") == 0)
		return tcp(value, bind);
	if (strcmp(name, "connect") == 0)
		return tcp(value, connect);
	if (strcmp(name, "abstract") == 0)
		return abstract(value);
	if (strcmp(name, "signal") == 0)
		return kill(getppid(), 0);
	if (strcmp(name, "debug") == 0)
		return is_read();
	if (strcmp(name, "i386") == 0)
		return old_call();
	return strcmp(name, "x32") == 0 ? x32_call() : raw(name);
}

int
ppoll(struct pollfd *set, nfds_t count, const struct timespec *timeout,
    const sigset_t *mask)
{
	static int (*next)(struct pollfd *, nfds_t, const struct timespec *,
	    const sigset_t *);
	char *name, *value, *rest = what;

	if (next == NULL)
		*(void **)&next = dlsym(RTLD_NEXT, "ppoll");
	while ((name = strsep(&rest, " ")) != NULL && *name != '\0') {
		value = strchr(name, '=');
		if (value != NULL)
			*value++ = '\0';
		errno = 0;
		dprintf(2, "%s: %s\n", name, one(name, value) != -1 ? "done" :
		    strerror(errno));
	}
	what[0] = '\0';
	return next(set, count, timeout, mask);
}

/* By this name fortified programs call it. */
int	__ppoll_chk(struct pollfd *, nfds_t, const struct timespec *,
	    const sigset_t *, size_t);

int
__ppoll_chk(struct pollfd *set, nfds_t count, const struct timespec *timeout,
    const sigset_t *mask, size_t size)
{
	(void)size;
	return ppoll(set, count, timeout, mask);
}
