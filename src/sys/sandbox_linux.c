#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sys/sandbox.h"

/*
 * Landlock (landlock(7)), by the numbers: headers are older than kernels. Since
 * pidfd_open(2) a call's number is at the same distance from it everywhere.
 */
#define CALL(number)	(SYS_pidfd_open - 434 + (number))

enum {
	CREATE_RULESET = CALL(444), ADD_RULE = CALL(445),
	RESTRICT_SELF = CALL(446),
	WANT_VERSION = 1,		/* of CREATE_RULESET */
	PATH_BENEATH = 1, NET_PORT = 2	/* of ADD_RULE */
};

enum {
	FS_WRITE_FILE = 1 << 1, FS_READ_FILE = 1 << 2, FS_READ_DIR = 1 << 3,
	FS_REMOVE_DIR = 1 << 4, FS_REMOVE_FILE = 1 << 5, FS_MAKE_DIR = 1 << 7,
	FS_MAKE_REG = 1 << 8, FS_MAKE_SOCK = 1 << 9, FS_TRUNCATE = 1 << 14,
	FS_IOCTL_DEV = 1 << 15,
	FS_ON_FILES = FS_WRITE_FILE | FS_READ_FILE | FS_TRUNCATE | FS_IOCTL_DEV,
	NET_BIND_TCP = 1 << 0, NET_CONNECT_TCP = 1 << 1,
	SCOPE_ABSTRACT = 1 << 0, SCOPE_SIGNAL = 1 << 1
};

struct ruleset {
	uint64_t fs, net, scope;
};

struct path_rule {
	uint64_t allowed;
	int32_t	 fd;
} __attribute__((packed));

struct port_rule {
	uint64_t allowed, port;
};

/* All that a version knows of files: bit by bit it grew. */
static uint64_t
fs_known(int version)
{
	static const int bits[] = { 0, 13, 14, 15, 15, 16 };
	const int last = sizeof(bits) / sizeof(bits[0]) - 1;

	return (1u << bits[version < last ? version : last]) - 1;
}

/* Sanitizers write files, and look for leaks by ptrace(2): both are kept. */
extern void __lsan_do_leak_check(void) __attribute__((weak));
extern void __tsan_init(void) __attribute__((weak));

static bool
watches_itself(void)
{
	return __lsan_do_leak_check != NULL || __tsan_init != NULL;
}

static uint64_t
fs_rights(unsigned rights)
{
	uint64_t fs = 0;

	if ((rights & SANDBOX_LIST) != 0)
		fs |= FS_READ_DIR;
	if ((rights & SANDBOX_READ) != 0)
		fs |= FS_READ_FILE;
	if ((rights & SANDBOX_WRITE) != 0)
		fs |= FS_WRITE_FILE | FS_TRUNCATE | FS_IOCTL_DEV;
	if ((rights & SANDBOX_MAKE) != 0)
		fs |= FS_MAKE_REG | FS_MAKE_SOCK | FS_MAKE_DIR;
	if ((rights & SANDBOX_REMOVE) != 0)
		fs |= FS_REMOVE_FILE | FS_REMOVE_DIR;
	return fs;
}

/*
 * False where a right could not be kept. What is not there, may not be looked
 * at, or is none of the file system, needs no rule.
 */
static bool
allow_place(int rules, const struct sandbox_place *place, uint64_t known)
{
	int fd = place->path != NULL ? open(place->path, O_PATH | O_CLOEXEC) :
	    place->fd;
	struct path_rule rule = { .allowed = fs_rights(place->rights) & known,
	    .fd = fd };
	bool kept;

	if (fd == -1)
		return place->path == NULL || errno == ENOENT ||
		    errno == ENOTDIR || errno == EACCES;
	kept = syscall(ADD_RULE, rules, PATH_BENEATH, &rule, 0) == 0;
	/* Of what is no folder only some can be said. */
	if (!kept && errno == EINVAL) {
		rule.allowed &= FS_ON_FILES;
		kept = syscall(ADD_RULE, rules, PATH_BENEATH, &rule, 0) == 0;
	}
	kept |= errno == EBADFD || errno == ENOMSG;
	if (place->path != NULL)
		close(fd);
	return kept;
}

static bool
allow_port(int rules, uint16_t port, uint64_t allowed)
{
	const struct port_rule rule = { .allowed = allowed, .port = port };

	return syscall(ADD_RULE, rules, NET_PORT, &rule, 0) == 0;
}

/* False where a right that is needed could not be kept. */
static bool
allow_all(int rules, const struct sandbox *sandbox, const struct ruleset *has)
{
	/* Where all places are taken more may have been wanted. */
	bool kept = sandbox->places < SANDBOX_PLACES;
	size_t i;

	for (i = 0; has->fs != 0 && i < sandbox->places; i++)
		kept &= allow_place(rules, &sandbox->place[i], has->fs);
	for (i = 0; (has->net & NET_CONNECT_TCP) != 0 &&
	    i < sandbox->ports; i++)
		kept &= allow_port(rules, sandbox->port[i], NET_CONNECT_TCP);
	if ((has->net & NET_BIND_TCP) != 0 && sandbox->binds)
		kept &= allow_port(rules, sandbox->bind, NET_BIND_TCP);
	return kept;
}

/* What Landlock governs from now on; all zeros where it does not exist. */
static struct ruleset
restrict_self(const struct sandbox *sandbox)
{
	const struct ruleset none = { .fs = 0 };
	int version = (int)syscall(CREATE_RULESET, NULL, 0, WANT_VERSION);
	struct ruleset has = none;
	int rules;

	if (version < 1)
		return none;
	if (!watches_itself())
		has.fs = fs_known(version);
	if (version >= 4)
		has.net = NET_BIND_TCP |
		    (sandbox->connects ? 0 : NET_CONNECT_TCP);
	if (version >= 6)
		has.scope = SCOPE_SIGNAL |
		    (sandbox->unix_sockets ? 0 : SCOPE_ABSTRACT);
	rules = (int)syscall(CREATE_RULESET, &has, sizeof(has), 0);
	if (rules == -1)
		return none;
	if (!allow_all(rules, sandbox, &has) ||
	    syscall(RESTRICT_SELF, rules, 0) == -1)
		has = none;
	close(rules);
	return has;
}

/* seccomp(2) */
#if defined(__x86_64__)
#define ARCHITECTURE	AUDIT_ARCH_X86_64
#elif defined(__i386__)
#define ARCHITECTURE	AUDIT_ARCH_I386
#elif defined(__aarch64__) && defined(__AARCH64EL__)
#define ARCHITECTURE	AUDIT_ARCH_AARCH64
#elif defined(__ARM_EABI__) && defined(__ARMEL__)
#define ARCHITECTURE	AUDIT_ARCH_ARM
#elif defined(__riscv) && __riscv_xlen == 64
#define ARCHITECTURE	AUDIT_ARCH_RISCV64
#elif defined(__powerpc64__) && defined(__LITTLE_ENDIAN__)
#define ARCHITECTURE	AUDIT_ARCH_PPC64LE
#elif defined(__s390x__)
#define ARCHITECTURE	AUDIT_ARCH_S390X
#else
#define ARCHITECTURE	0	/* not known: no filter */
#endif

/*
 * What no relay ever does. A list of what is denied does not break where a
 * libc changes; what a header does not know yet is at a known number.
 */
static const int denied[] = {
	SYS_execve, SYS_execveat,
	SYS_process_vm_readv, SYS_process_vm_writev,
	CALL(438),	/* pidfd_getfd */
	SYS_mount, SYS_umount2, SYS_pivot_root, SYS_setns, SYS_unshare,
	CALL(428),	/* open_tree */
	CALL(429),	/* move_mount */
	CALL(430),	/* fsopen */
	CALL(431),	/* fsconfig */
	CALL(432),	/* fsmount */
	CALL(433),	/* fspick */
	CALL(442),	/* mount_setattr */
	SYS_open_by_handle_at,
	SYS_keyctl, SYS_add_key, SYS_request_key,
	SYS_init_module, SYS_finit_module, SYS_delete_module,
	SYS_kexec_load,
#ifdef SYS_kexec_file_load
	SYS_kexec_file_load,
#endif
	SYS_bpf, SYS_userfaultfd, SYS_perf_event_open,
	CALL(425),	/* io_uring_setup */
	CALL(426),	/* io_uring_enter */
	CALL(427),	/* io_uring_register */
	SYS_ptrace	/* the last: see watches_itself */
};

#define DENIED	(sizeof(denied) / sizeof(denied[0]))

/* Neighbours. The last ones are the calls of x32, the other face of x86-64. */
struct range {
	unsigned first, last;
};

/* By hand: qsort(3) would cost more than it sorts. */
static size_t
find_ranges(struct range *range, size_t count)
{
	unsigned call[DENIED];
	size_t i, at, ranges = 0;

	for (i = 0; i < count; i++) {
		for (at = i; at > 0 && call[at - 1] > (unsigned)denied[i]; at--)
			call[at] = call[at - 1];
		call[at] = (unsigned)denied[i];
	}
	for (i = 0; i < count; i++)
		if (i > 0 && call[i] == call[i - 1] + 1)
			range[ranges - 1].last++;
		else
			range[ranges++] = (struct range){ call[i], call[i] };
	range[ranges++] = (struct range){ 1u << 30, UINT32_MAX };
	return ranges;
}

#define LOAD(field) \
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define JUMP(test, value, yes, no) \
	BPF_JUMP(BPF_JMP | (test) | BPF_K, value, (uint8_t)(yes), (uint8_t)(no))

/*
 * In which of the ranges a call is that is not before the first one: by halves,
 * for the kernel asks for each of its calls when it takes the filter, and that
 * is most of what it costs. At allow, behind the code, are the two answers.
 */
static size_t
search(struct sock_filter *code, size_t at, const struct range *range,
    size_t count, size_t allow)
{
	size_t half = count / 2, middle;

	if (count == 1) {
		code[at] = (struct sock_filter)JUMP(BPF_JGT, range->last,
		    allow - at - 1, allow - at);
		return at + 1;
	}
	middle = search(code, at + 1, range, half, allow);
	code[at] = (struct sock_filter)JUMP(BPF_JGE, range[half].first,
	    middle - at - 1, 0);
	return search(code, middle, range + half, count - half, allow);
}

/* EPERM and not death: who finds it in a log had better find a message. */
static size_t
deny_calls(void)
{
	struct range range[DENIED + 1];
	const size_t calls = DENIED - watches_itself();
	const size_t ranges = find_ranges(range, calls);
	const size_t allow = 4 + 2 * ranges - 1;
	struct sock_filter code[4 + 2 * (DENIED + 1) - 1 + 2] = {
		LOAD(arch), JUMP(BPF_JEQ, ARCHITECTURE, 0, allow - 1),
		LOAD(nr), JUMP(BPF_JGE, range[0].first, 0, allow - 4),
	};
	const struct sock_fprog program = { .filter = code,
	    .len = (unsigned short)(allow + 2) };

	search(code, 4, range, ranges, allow);
	code[allow] = (struct sock_filter)BPF_STMT(BPF_RET, SECCOMP_RET_ALLOW);
	code[allow + 1] = (struct sock_filter)BPF_STMT(BPF_RET,
	    SECCOMP_RET_ERRNO | EPERM);
	/* What runs no code of others gets no slower for their sake. */
	return ARCHITECTURE != 0 && syscall(SYS_seccomp,
	    SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC |
	    SECCOMP_FILTER_FLAG_SPEC_ALLOW, &program) == 0 ? calls : 0;
}

/* Pipes of the usual size are not given up: a user has only some. */
static uint64_t
capabilities_kept(const struct sandbox *sandbox)
{
	uint64_t kept = UINT64_C(1) << CAP_SYS_RESOURCE;

	if (sandbox->files)
		kept |= 1 << CAP_CHOWN | 1 << CAP_DAC_OVERRIDE |
		    1 << CAP_DAC_READ_SEARCH | 1 << CAP_FOWNER |
		    1 << CAP_FSETID;
	if (sandbox->binds)
		kept |= 1 << CAP_NET_BIND_SERVICE;
	if (sandbox->privileged)
		kept |= 1 << CAP_NET_ADMIN;
	return kept;
}

/* Whether there were more than are kept, and are no more. */
static bool
drop_capabilities(const struct sandbox *sandbox)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];
	uint64_t kept = capabilities_kept(sandbox);
	bool more = false;
	size_t i;

	if (syscall(SYS_capget, &head, data) == -1)
		return false;
	for (i = 0; i < 2; i++, kept >>= 32) {
		more |= (data[i].permitted & ~(uint32_t)kept) != 0;
		data[i].permitted &= (uint32_t)kept;
		data[i].effective &= (uint32_t)kept;
		data[i].inheritable &= (uint32_t)kept;
	}
	return more && syscall(SYS_capset, &head, data) == 0;
}

/* Nobody may want to know. */
static void
add(char *text, const char *format, ...)
{
	size_t used = text != NULL ? strlen(text) : 0;
	va_list arguments;

	if (text == NULL)
		return;
	if (used > 0)
		used += (size_t)snprintf(text + used, SANDBOX_TEXT - used,
		    ", ");
	va_start(arguments, format);
	vsnprintf(text + used, SANDBOX_TEXT - used, format, arguments);
	va_end(arguments);
}

static void
say(const struct sandbox *sandbox, const struct ruleset *has, size_t calls,
    char *text)
{
	if (calls > 0)
		add(text, "%zu system calls denied", calls);
	if (has->fs != 0)
		add(text, sandbox->places > 0 ? "files in %zu places only" :
		    "no files", sandbox->places);
	if ((has->net & NET_BIND_TCP) != 0)
		add(text, sandbox->binds ? "bind to port %u only" : "no bind",
		    sandbox->bind);
	if ((has->net & NET_CONNECT_TCP) != 0)
		add(text, sandbox->ports > 0 ? "connect to port %u only" :
		    "no connect", sandbox->port[0]);
}

void
sandbox_enter(const struct sandbox *sandbox, char *text)
{
	struct ruleset has;

	if (text != NULL)
		text[0] = '\0';
	if (sandbox->secrets && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0)
		add(text, "no debugger");
	if (sandbox->commands) {
		add(text, "nothing that commands would inherit");
		return;
	}
	if (drop_capabilities(sandbox))
		add(text, "capabilities dropped");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		return;
	add(text, "no new privileges");
	has = restrict_self(sandbox);
	say(sandbox, &has, deny_calls(), text);
}
