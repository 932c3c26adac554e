/*
 * handshakes PORT COUNT CLIENTS
 *
 * COUNT TLS connections to 127.0.0.1 by so many processes at once: a full
 * handshake, 64 bytes, our end, the peer's end awaited. Nothing is verified.
 * Prints connections a second.
 */
#define _GNU_SOURCE
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static double
now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* How the peer ends is not asked: ncat and socat know no close_notify. */
static int
one(SSL_CTX *context, const struct sockaddr_in *to)
{
	const struct timeval patience = { .tv_sec = 3 };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), good = 0;
	char bytes[64] = "hello";
	SSL *ssl = SSL_new(context);

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (ssl != NULL && SSL_set_fd(ssl, fd) == 1 &&
	    connect(fd, (const struct sockaddr *)to, sizeof(*to)) == 0 &&
	    SSL_connect(ssl) == 1 &&
	    SSL_write(ssl, bytes, sizeof(bytes)) == sizeof(bytes)) {
		SSL_shutdown(ssl);
		shutdown(fd, SHUT_WR);
		while (SSL_read(ssl, bytes, sizeof(bytes)) > 0)
			continue;
		good = 1;
	}
	SSL_free(ssl);
	close(fd);
	return good;
}

static int
all(const struct sockaddr_in *to, long count)
{
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());

	SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
	while (count > 0 && one(context, to))
		count--;
	return count != 0;
}

int
main(int argc, char *argv[])
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	long i, count, clients;
	int status, bad = 0;
	double start;

	if (argc != 4) {
		fputs("usage: handshakes port count clients\n", stderr);
		return 2;
	}
	to.sin_port = htons((in_port_t)atoi(argv[1]));
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	count = atol(argv[2]);
	clients = atol(argv[3]);
	start = now_s();
	for (i = 0; i < clients; i++)
		if (fork() == 0)
			_exit(all(&to, count / clients));
	while (wait(&status) > 0)
		bad |= status;
	if (bad)
		return 1;
	printf("%.3f\n", (double)count / (now_s() - start));
	return 0;
}
