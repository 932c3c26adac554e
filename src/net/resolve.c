#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/loop.h"
#include "base/signals.h"
#include "net/resolve.h"
#include "net/transport.h"
#include "sys/sys.h"

struct question {
	struct question *next;		/* in the queue */
	struct address_query query;	/* host is the text below */
	enum { QUEUED, ASKED, ANSWERED, ABANDONED } state;
	int	 waker[2];		/* sys_waker; -1: no thread is asked */
	int	 code, error;		/* of getaddrinfo(3), and its errno */
	struct addrinfo *found;
	struct address address;		/* the answer without getaddrinfo(3) */
	char	 host[];
};

/* Guards the queue, and the state of every question that was in it. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct question *queue;
static int threads;

static void
ask(struct question *question, int flags)
{
	const struct addrinfo hints = {
		.ai_family = question->query.family,
		.ai_socktype = question->query.type,
		.ai_flags = flags,
	};

	question->code = getaddrinfo(question->host, NULL, &hints,
	    &question->found);
	question->error = errno;
}

static void
question_free(struct question *question)
{
	if (question->found != NULL)
		freeaddrinfo(question->found);
	free(question);
}

/* A thread: answers questions until the queue is empty. */
static void *
work(void *unused)
{
	struct question *question;

	pthread_mutex_lock(&lock);
	while ((question = queue) != NULL) {
		queue = question->next;
		question->state = ASKED;
		pthread_mutex_unlock(&lock);
		ask(question, 0);
		pthread_mutex_lock(&lock);
		if (question->state == ABANDONED) {
			question_free(question);
			continue;
		}
		question->state = ANSWERED;
		sys_wake(question->waker);
	}
	threads--;
	pthread_mutex_unlock(&lock);
	return unused;
}

static void
enqueue(struct question *question)
{
	struct question **end;
	int error = 0;

	if (sys_waker(question->waker) == -1) {
		question->code = EAI_SYSTEM;
		question->error = errno;
		return;
	}
	pthread_mutex_lock(&lock);
	question->state = QUEUED;
	for (end = &queue; *end != NULL; end = &(*end)->next)
		;
	*end = question;
	if (threads < RESOLVE_THREADS &&
	    (error = signals_thread(NULL, work, NULL)) == 0)
		threads++;
	if (threads == 0) {
		*end = NULL;
		question->state = ANSWERED;
		question->code = EAI_SYSTEM;
		question->error = error;
		sys_wake(question->waker);
	}
	pthread_mutex_unlock(&lock);
}

struct question *
resolve_begin(const struct address_query *query)
{
	bool (*parse)(const char *, struct address *) =
	    transport_of(query)->parse;
	size_t size = strlen(query->host) + 1;
	struct question *question = calloc(1, sizeof(*question) + size);

	if (question == NULL)
		return NULL;
	question->query = *query;
	question->query.host = memcpy(question->host, query->host, size);
	question->waker[0] = -1;
	question->state = ANSWERED;
	if (parse != NULL) {
		if (!parse(query->host, &question->address))
			question->code = EAI_NONAME;
		return question;
	}
	ask(question, AI_NUMERICHOST);
	if (question->code == EAI_NONAME && !query->numeric)
		enqueue(question);
	return question;
}

void
resolve_watch(const struct question *question, struct loop *loop)
{
	if (question->waker[0] == -1)
		loop_hurry(loop);
	else
		loop_watch(loop, question->waker[0], POLLIN);
}

static bool
is_listed(const struct address_list *list, const struct address *address)
{
	size_t i;

	for (i = 0; i < list->count; i++)
		if (address_equal(&list->item[i], address))
			return true;
	return false;
}

/* Without duplicates: glibc reads "::1 name" in hosts(5) as 127.0.0.1, too. */
static void
list_fill(struct address_list *list, const struct question *question)
{
	const struct addrinfo *info = question->found;
	struct address *to;

	list->count = 0;
	for (; info != NULL && list->count < ADDRESS_LIST;
	    info = info->ai_next) {
		to = &list->item[list->count];
		memset(to, 0, sizeof(*to));
		memcpy(&to->sa, info->ai_addr, info->ai_addrlen);
		to->length = info->ai_addrlen;
		address_set_port(to, question->query.port);
		list->count += !is_listed(list, to);
	}
}

int
resolve_step(struct question *question, struct address_list *list)
{
	bool pending;

	pthread_mutex_lock(&lock);
	pending = question->state != ANSWERED;
	pthread_mutex_unlock(&lock);
	if (pending)
		return RESOLVE_PENDING;
	list_fill(list, question);
	if (question->code == 0 && question->found == NULL)
		list->item[list->count++] = question->address;
	errno = question->error;
	return question->code;
}

void
resolve_end(struct question *question)
{
	struct question **place;

	pthread_mutex_lock(&lock);
	if (question->waker[0] != -1)
		sys_waker_close(question->waker);
	for (place = &queue; *place != NULL; place = &(*place)->next)
		if (*place == question) {
			*place = question->next;
			break;
		}
	if (question->state == ASKED)
		question->state = ABANDONED;
	else
		question_free(question);
	pthread_mutex_unlock(&lock);
}

int
resolve_run(const struct address_query *query, int64_t deadline_us,
    struct address_list *list)
{
	struct question *question = resolve_begin(query);
	struct loop loop;
	int code;

	if (question == NULL)
		return EAI_MEMORY;
	loop_open(&loop);
	while ((code = resolve_step(question, list)) == RESOLVE_PENDING) {
		if (loop_passed(&loop, deadline_us)) {
			code = RESOLVE_TIMED_OUT;
			break;
		}
		loop_begin(&loop);
		resolve_watch(question, &loop);
		loop_until(&loop, deadline_us);
		loop_run_once(&loop);
	}
	loop_close(&loop);
	resolve_end(question);
	return code;
}

const char *
resolve_error(int code)
{
	if (code == RESOLVE_TIMED_OUT)
		return "timed out";
	return code == EAI_SYSTEM ? strerror(errno) : gai_strerror(code);
}
