/* An SMTP server that takes everything and keeps nothing, faster than any client; ./run bench sending builds it.
 *
 *     swallow [MILLISECONDS]
 *
 * It offers PIPELINING, listens on a free port of loopback, which it prints, and says every reply that many milliseconds
 * after it was asked, as a server does that is that far away. On SIGTERM it prints how many messages ended with their
 * dot, and how many octets they had.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

enum { ROOM = 1 << 16, CONNECTIONS = 1024, WAITING = 1 << 16, SAID = 4096 };

struct connection {
    long number;              /* a file's number is used again, this is not */
    int in_data, ends;        /* `ends`: the client has said goodbye */
    size_t held;              /* octets of `room` that wait for the rest of a line, or may begin the final dot */
    char room[ROOM + 1];
};

struct reply {
    int to, ends;
    long number;
    double due_at;
    char *words;
};

static struct connection *connections[CONNECTIONS];
static struct reply waiting[WAITING];
static size_t first, behind;  /* replies leave in the order in which they came: the delay is the same for all */
static double delay;
static long greeted, messages, octets;
static volatile sig_atomic_t is_over;

static double now(void) {
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return at.tv_sec + at.tv_nsec / 1e9;
}

static void stop(int signal) {
    (void)signal;
    is_over = 1;
}

static void hang_up(int file) {
    close(file);
    free(connections[file]);
    connections[file] = NULL;
}

static void put(int file, const char *words, int ends) {
    /* Where nobody hears it any more, the next read says so. */
    ssize_t written = write(file, words, strlen(words));
    (void)written;
    if (ends) hang_up(file);
}

static void say(int file, const char *words, int ends) {
    if (delay == 0) {
        put(file, words, ends);
        return;
    }
    if (behind - first == WAITING) abort();
    waiting[behind++ % WAITING] = (struct reply){file, ends, connections[file]->number, now() + delay, strdup(words)};
}

static void say_what_is_due(void) {
    while (first != behind && waiting[first % WAITING].due_at <= now()) {
        struct reply *one = &waiting[first++ % WAITING];
        struct connection *to = connections[one->to];
        if (to && to->number == one->number) put(one->to, one->words, one->ends);
        free(one->words);
    }
}

static const char *reply_to(struct connection *one, const char *line) {
    if (!strncasecmp(line, "DATA", 4)) {
        one->in_data = 1;
        return "354 go on\r\n";
    }
    if (!strncasecmp(line, "EHLO", 4)) return "250-swallow\r\n250 PIPELINING\r\n";
    if (!strncasecmp(line, "QUIT", 4)) {
        one->ends = 1;
        return "221 2.0.0 bye\r\n";
    }
    return "250 2.0.0 ok\r\n";
}

/* Answer all that is whole of what has come. */
static void answer(int file, struct connection *one) {
    char said[SAID] = "", *at = one->room, *end = one->room + one->held;
    while (at < end) {
        if (strlen(said) > SAID - 64) {
            say(file, said, 0);
            *said = 0;
        }
        char *stop = one->in_data ? memmem(at, end - at, "\r\n.\r\n", 5) : memmem(at, end - at, "\r\n", 2);
        if (!stop) {
            char *kept = one->in_data && end - at > 4 ? end - 4 : at;
            if (one->in_data) octets += kept - at;
            at = kept;
            break;
        }
        if (one->in_data) {
            octets += stop + 2 - at;
            messages++;
            one->in_data = 0;
            at = stop + 5;
            strcat(said, "250 2.0.0 taken\r\n");
        } else {
            strcat(said, reply_to(one, at));
            /* A message of nothing ends with the dot alone: the end of this line is the one before it. */
            at = one->in_data ? stop : stop + 2;
            octets -= one->in_data ? 2 : 0;
        }
    }
    one->held = end - at;
    memmove(one->room, at, one->held);
    if (*said) say(file, said, one->ends);
}

static void greet(int listening, int poll) {
    int file = accept(listening, NULL, NULL), yes = 1;
    if (file < 0 || file >= CONNECTIONS) abort();
    setsockopt(file, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    connections[file] = calloc(1, sizeof(struct connection));
    connections[file]->number = ++greeted;
    epoll_ctl(poll, EPOLL_CTL_ADD, file, &(struct epoll_event){.events = EPOLLIN, .data.fd = file});
    say(file, "220 swallow\r\n", 0);
}

static void hear(int file) {
    struct connection *one = connections[file];
    ssize_t came = read(file, one->room + one->held, ROOM - one->held);
    if (came <= 0) {
        hang_up(file);
        return;
    }
    one->held += came;
    answer(file, one);
}

int main(int count, char **arguments) {
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof here;
    int listening = socket(AF_INET, SOCK_STREAM, 0), poll = epoll_create1(0);
    delay = count > 1 ? atof(arguments[1]) / 1000 : 0;
    signal(SIGPIPE, SIG_IGN);
    sigaction(SIGTERM, &(struct sigaction){.sa_handler = stop}, NULL);
    if (bind(listening, (struct sockaddr *)&here, size) || listen(listening, 256)) return 1;
    getsockname(listening, (struct sockaddr *)&here, &size);
    printf("%d\n", ntohs(here.sin_port));
    fflush(stdout);
    epoll_ctl(poll, EPOLL_CTL_ADD, listening, &(struct epoll_event){.events = EPOLLIN, .data.fd = listening});
    while (!is_over) {
        struct epoll_event events[64];
        double left = first == behind ? -1 : waiting[first % WAITING].due_at - now();
        int found = epoll_wait(poll, events, 64, first == behind ? -1 : left <= 0 ? 0 : (int)(left * 1000) + 1);
        say_what_is_due();
        for (int at = 0; at < found; at++) {
            int file = events[at].data.fd;
            if (file == listening) greet(listening, poll);
            else if (connections[file]) hear(file);
        }
    }
    printf("%ld %ld\n", messages, octets);
    return 0;
}
