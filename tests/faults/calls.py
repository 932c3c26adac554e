"""What each system call can answer, from the manual pages.

A row is CALL: "ERROR... @CLASS ERROR...": the errors before the first @ can come
whatever the call is about, those after @CLASS only if one of its descriptors is of
that class: file, pipe, socket (also tcp, datagram), other (/dev/null, an epoll, a
pidfd); or if CLASS is among its arguments, as F_SETPIPE_SZ is.
An ERROR in lower case is not an error but a fate:
    kill, term     the signal, at the begin of the call
    stop           SIGSTOP, and SIGCONT a moment later
    slow           the call begins 20 ms late
    zero           it returns 0 (poll: the time is over)
    short          it moves one byte (short.c)
    pieces         many calls of all the run move less than they were asked to
    interrupted    and some of them are interrupted first
"""

import re

FATES = "kill term stop slow"
SHORT = "short pieces interrupted".split()

# What may move less than it was asked to.
CUT = set("""read write readv writev recvfrom sendto recvmsg sendmsg pread64
    pwrite64 splice tee recvmmsg sendmmsg""".split())

SEND = "EAGAIN EINTR ENOBUFS ENOMEM @tcp ECONNRESET EPIPE ETIMEDOUT " \
    "EHOSTUNREACH @datagram ECONNREFUSED EPERM EMSGSIZE ENETUNREACH"
RECEIVE = "EAGAIN EINTR ENOMEM @tcp ECONNRESET ETIMEDOUT " \
    "@datagram ECONNREFUSED ENETUNREACH EHOSTUNREACH"

CAN = {
    "accept4": "EMFILE ENFILE ECONNABORTED EINTR EAGAIN ENOMEM ENOBUFS EPROTO",
    "bind": "EADDRINUSE EACCES EADDRNOTAVAIL ENOMEM",
    "brk": "",
    "clone": "EAGAIN ENOMEM",
    "clone3": "EAGAIN ENOMEM",
    # The kernel closes it all the same; an injected error leaves it open. So
    # only where nobody waits for its end.
    "close": "@file EIO ENOSPC EDQUOT",
    "connect": "ECONNREFUSED ETIMEDOUT ENETUNREACH EHOSTUNREACH EADDRNOTAVAIL "
               "EACCES EAGAIN ENOENT",
    "dup2": "EMFILE EBUSY EINTR",
    "dup3": "EMFILE EBUSY EINTR",
    "epoll_create1": "EMFILE ENOMEM",
    "epoll_ctl": "ENOMEM ENOSPC",
    "epoll_wait": "EINTR zero",
    "eventfd2": "EMFILE ENFILE ENOMEM",
    "fchmod": "EPERM EIO EROFS",
    "fchown": "EPERM EIO EROFS",
    "fcntl": "@F_SETPIPE_SZ EPERM EBUSY ENOMEM EINVAL "
             "@F_DUPFD_CLOEXEC EMFILE @F_DUPFD EMFILE",
    "fdatasync": "EIO ENOSPC EDQUOT EROFS EINVAL",
    "flock": "EAGAIN EINTR ENOLCK",
    "fork": "EAGAIN ENOMEM",
    "fstat": "ENOMEM EOVERFLOW @file EIO",
    "fsync": "EIO ENOSPC EDQUOT EROFS EINVAL",
    "ftruncate": "EIO EPERM EINVAL EINTR",
    "getdents64": "EIO ENOENT",
    "getpeername": "ENOBUFS ENOTCONN",
    # Where it fails for good, OpenSSL takes noise from how long sleeps are.
    "getrandom": "EINTR",
    "getsockname": "ENOBUFS",
    "getsockopt": "@SOL_TCP ENOPROTOOPT EINVAL @SO_PEERCRED ENOPROTOOPT",
    "ioctl": "@TIOCOUTQ EINVAL ENOTTY @FIONREAD EINVAL ENOTTY "
             "@TIOCINQ EINVAL",
    "linkat": "EEXIST EACCES ENOSPC EIO EROFS",
    "listen": "EADDRINUSE EOPNOTSUPP",
    "lseek": "EINVAL ESPIPE",
    "lstat": "ENOMEM EACCES ENOENT EIO",
    "mkdir": "EACCES ENOSPC EEXIST EROFS",
    "mmap": "ENOMEM",
    "mprotect": "ENOMEM",
    "newfstatat": "ENOMEM EACCES EOVERFLOW @file EIO",
    "openat": "ENOENT EMFILE ENFILE EACCES ENOMEM ENOSPC EROFS EINTR ELOOP",
    "pidfd_open": "EMFILE ENFILE ENOMEM ENOSYS",
    "pidfd_send_signal": "EPERM ESRCH ENOSYS",
    "pipe2": "EMFILE ENFILE",
    "poll": "EINTR ENOMEM zero",
    "ppoll": "EINTR ENOMEM zero",
    "prctl": "EINVAL",
    "pread64": "EINTR @file EIO",
    "prlimit64": "EPERM EINVAL",
    "read": "@file EIO EINTR @pipe EAGAIN EINTR "
            "@socket EAGAIN EINTR ECONNRESET ENOMEM @tcp ETIMEDOUT "
            "EHOSTUNREACH",
    "readlink": "EACCES ENOENT EIO",
    "recvfrom": RECEIVE,
    "recvmmsg": RECEIVE,
    "recvmsg": RECEIVE,
    "rename": "EACCES ENOSPC EIO EROFS EDQUOT EBUSY",
    "renameat": "EACCES ENOSPC EIO EROFS EDQUOT EBUSY",
    "renameat2": "EACCES ENOSPC EIO EROFS EINVAL EEXIST",
    "rmdir": "EACCES EBUSY ENOTEMPTY",
    "sendmmsg": SEND,
    "sendmsg": SEND,
    "sendto": SEND,
    "setsockopt": "ENOPROTOOPT ENOMEM EINVAL EPERM",
    # ENOTCONN would be a lie: the kernel says it after a reset only.
    "shutdown": "",
    "signalfd4": "EMFILE ENFILE ENOMEM",
    "socket": "EMFILE ENFILE ENOBUFS ENOMEM EACCES EAFNOSUPPORT",
    "socketpair": "EMFILE ENFILE ENOMEM",
    "splice": "EINVAL ENOMEM EINTR @pipe EAGAIN EPIPE @file EIO ENOSPC EDQUOT "
              "@socket EAGAIN ECONNRESET EPIPE @tcp ETIMEDOUT",
    "stat": "ENOMEM EACCES ENOENT EIO",
    "statx": "ENOMEM EACCES ENOENT",
    "tee": "EINVAL ENOMEM EAGAIN",
    "timerfd_create": "EMFILE ENFILE ENOMEM",
    "unlink": "EACCES EBUSY EIO EROFS",
    "unlinkat": "EACCES EBUSY EIO EROFS",
    "vfork": "EAGAIN ENOMEM",
    "wait4": "EINTR ECHILD",
    "waitid": "EINTR ECHILD",
    "write": "@file ENOSPC EDQUOT EIO EFBIG EINTR @pipe EAGAIN EINTR EPIPE "
             "@socket EAGAIN EINTR ECONNRESET EPIPE ENOMEM ENOBUFS "
             "@tcp ETIMEDOUT EHOSTUNREACH",
    "writev": "@file ENOSPC EIO @pipe EAGAIN EPIPE @socket EAGAIN ECONNRESET",
}

# They have no answer that a program could meet with care, or only fates.
NONE = set("""alarm arch_prctl clock_gettime clock_nanosleep execve exit_group
    futex getcwd geteuid getegid getgid getpid getppid gettid getuid kill
    madvise munmap nanosleep pause restart_syscall rseq rt_sigaction
    rt_sigprocmask rt_sigreturn rt_sigsuspend sched_getaffinity sched_yield
    set_robust_list set_tid_address setpgid sysinfo tgkill times umask uname
    access faccessat2 capget capset getrlimit setrlimit setitimer setsid
    pselect6 select chdir gettimeofday time exit io_uring_setup seccomp
    landlock_create_ruleset landlock_add_rule landlock_restrict_self
    sigaltstack mremap getitimer memfd_create getresuid getresgid""".split())

LINE = re.compile(r"^(\w+)\((.*)$")
NAME = re.compile(r"\b[A-Z][A-Z0-9_]+\b")
DESCRIPTOR = re.compile(r"\b\d+<([^>]*)>")


def parse(line):
    """(call, its arguments and answer) of a line of strace's, or None."""
    found = LINE.match(line)
    return found.groups() if found else None


def classes(arguments):
    """The classes of the descriptors in a line of strace -y, and its names."""
    found = set(NAME.findall(arguments.split(") = ")[0]))
    for name in DESCRIPTOR.findall(arguments.split(") = ")[0]):
        if name.startswith("pipe:"):
            found.add("pipe")
        elif name.startswith(("socket:", "TCP", "UDP", "UNIX", "NETLINK")):
            found.add("socket")
            found.add("datagram" if name.startswith(("UDP", "UNIX-DGRAM"))
                      else "tcp" if name.startswith("TCP") else "")
        elif name.startswith("/") and not name.startswith(("/dev/", "/proc/")):
            found.add("file")
        else:
            found.add("other")
    return found


def faults(call, seen):
    """What may befall this call with descriptors of these classes."""
    valid, now = set(), True
    for word in CAN.get(call, "").split():
        if word[0] == "@":
            now = word[1:] in seen
        elif now:
            valid.add(word)
    return valid | set(FATES.split())


def is_cut(call, seen):
    return call in CUT and (call.endswith("mmsg") or "datagram" not in seen)


def injection(call, fault, number):
    """The expression for strace --inject."""
    how = {"kill": "signal=KILL", "term": "signal=TERM", "stop": "signal=STOP",
           "slow": "delay_enter=20000", "zero": "retval=0"}
    return f"{call}:{how.get(fault, 'error=' + fault)}:when={number}"
