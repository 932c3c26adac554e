/*
 * Included before all else by the build that stands for a BSD or macOS: what
 * only Linux has is then an error wherever it is used. The headers come first,
 * which may name it.
 */
#pragma GCC system_header
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#pragma GCC poison accept4 copy_file_range epoll_create epoll_create1 epoll_ctl
#pragma GCC poison epoll_wait eventfd eventfd_write fallocate fopencookie
#pragma GCC poison getrandom gettid mempcpy memrchr pidfd_open pipe2 ppoll
#pragma GCC poison prctl preadv2 qsort_r recvmmsg renameat2 sendfile sendmmsg
#pragma GCC poison setresuid signalfd strchrnul strverscmp syscall
#pragma GCC poison sync_file_range tee timerfd_create unshare vmsplice
#pragma GCC poison makedev gnu_get_libc_version secure_getenv
#pragma GCC poison F_GETPIPE_SZ F_SETPIPE_SZ IPV6_MINHOPCOUNT IPV6_RECVERR
#pragma GCC poison IP_MTU_DISCOVER IP_RECVERR MSG_ERRQUEUE MSG_MORE O_PATH
#pragma GCC poison O_TMPFILE POLLRDHUP SIOCINQ SIOCOUTQ SOCK_CLOEXEC
#pragma GCC poison SOCK_NONBLOCK SO_DOMAIN SO_PEERCRED SO_RCVBUFFORCE
#pragma GCC poison SO_SNDBUFFORCE SYS_pidfd_open TCP_CORK TCP_INFO
#pragma GCC poison TCP_MD5SIG TCP_MD5SIG_EXT TCP_QUICKACK TCP_USER_TIMEOUT
/* There is a structure of this name. */
#define splice(...)	splice_is_of_Linux_alone
