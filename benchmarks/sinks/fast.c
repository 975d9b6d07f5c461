/*
 * A sink for benches: takes all mail and keeps none, as fast as one thread can; PIPELINING is offered.
 *
 *     fast DELAY_MS
 *
 * Listens on a free port of 127.0.0.1 and says which. Each reply leaves DELAY_MS after what it answers has come, which
 * is what a round trip of that length does to a client that waits for replies. Ends when its input does, and says then
 * how many mails it took and how many microseconds of CPU that cost.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { LINES = 1024, SESSIONS = 4096, WAITING = 65536, BLOCK = 1 << 20 };

struct session {
    int open, in_data, line_length, tail_length;
    unsigned life; /* so that a reply which waits cannot go to whoever has the same number next */
    char line[LINES], tail[4];
};
struct reply { double due; int fd, last; unsigned life; size_t length; char text[512]; };

static struct session sessions[SESSIONS];
static struct reply waiting[WAITING];
static unsigned first_waiting, last_waiting;
static double delay_ms;
static long taken;
static char block[BLOCK];

static double now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

static void end(int fd) { sessions[fd].open = 0; sessions[fd].life++; close(fd); }

static void say(int fd, const char *text, size_t length, int last) {
    if (delay_ms > 0) {
        struct reply *r = &waiting[last_waiting++ % WAITING];
        *r = (struct reply){now_ms() + delay_ms, fd, last, sessions[fd].life, length, ""};
        memcpy(r->text, text, length);
        return;
    }
    if ((length && send(fd, text, length, MSG_NOSIGNAL) != (ssize_t)length) || last) end(fd);
}

static void say_what_is_due(void) {
    for (; first_waiting != last_waiting; first_waiting++) {
        struct reply *r = &waiting[first_waiting % WAITING];
        if (r->due > now_ms()) return;
        if (!sessions[r->fd].open || sessions[r->fd].life != r->life) continue;
        if (send(r->fd, r->text, r->length, MSG_NOSIGNAL) != (ssize_t)r->length || r->last) end(r->fd);
    }
}

/* Where the mail ends in a block: behind CRLF.CRLF, some of which may have come in the block before. */
static char *end_of_mail(struct session *s, char *from, size_t length) {
    char seam[8];
    size_t begun = s->tail_length, more = length < 4 ? length : 4;
    memcpy(seam, s->tail, begun);
    memcpy(seam + begun, from, more);
    char *found = memmem(seam, begun + more, "\r\n.\r\n", 5);
    if (found) return from + (found + 5 - seam - begun);
    if ((found = memmem(from, length, "\r\n.\r\n", 5))) return found + 5;
    if (length >= 4) memcpy(s->tail, from + length - 4, s->tail_length = 4);
    else { /* seam holds all there is */
        size_t keep = begun + more < 4 ? begun + more : 4;
        memmove(s->tail, seam + begun + more - keep, s->tail_length = keep);
    }
    return NULL;
}

static const char *answer(struct session *s, int *last) {
    if (!strncasecmp(s->line, "EHLO", 4)) return "250-fast.sink\r\n250-PIPELINING\r\n250 8BITMIME\r\n";
    if (!strncasecmp(s->line, "QUIT", 4)) { *last = 1; return "221 2.0.0 Bye\r\n"; }
    if (strncasecmp(s->line, "DATA", 4)) return "250 2.0.0 Ok\r\n";
    s->in_data = 1;
    memcpy(s->tail, "\r\n", s->tail_length = 2);
    return "354 Go on\r\n";
}

static void hear(int fd, char *from, size_t length) {
    struct session *s = &sessions[fd];
    char replies[512];
    size_t said = 0;
    int last = 0;
    for (char *stop = from + length; from < stop && !last;) {
        const char *reply = NULL;
        if (s->in_data) {
            char *next = end_of_mail(s, from, stop - from);
            if (!next) break;
            from = next, s->in_data = 0, taken++, reply = "250 2.0.0 Taken\r\n";
        } else {
            if (s->line_length == LINES - 1) { last = 1; break; }
            if ((s->line[s->line_length++] = *from++) != '\n') continue;
            s->line[s->line_length] = 0, s->line_length = 0, reply = answer(s, &last);
        }
        if (said + strlen(reply) > sizeof replies) { say(fd, replies, said, 0); said = 0; }
        memcpy(replies + said, reply, strlen(reply));
        said += strlen(reply);
    }
    if (said || last) say(fd, replies, said, last);
}

int main(int count, char **words) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    int door = socket(AF_INET, SOCK_STREAM, 0), watch = epoll_create1(0), yes = 1;
    struct epoll_event event = {.events = EPOLLIN}, events[64];
    delay_ms = count > 1 ? atof(words[1]) : 0;
    if (bind(door, (struct sockaddr *)&at, size) || listen(door, 1024)) return perror("fast sink"), 1;
    getsockname(door, (struct sockaddr *)&at, &size);
    printf("%d\n", ntohs(at.sin_port)), fflush(stdout);
    event.data.fd = door, epoll_ctl(watch, EPOLL_CTL_ADD, door, &event);
    event.data.fd = 0, epoll_ctl(watch, EPOLL_CTL_ADD, 0, &event);
    for (;;) {
        double left = first_waiting == last_waiting ? -1 : waiting[first_waiting % WAITING].due - now_ms();
        int ready = epoll_wait(watch, events, 64, left < 0 && first_waiting == last_waiting ? -1 : left < 0 ? 0 : (int)left + 1);
        for (int i = 0; i < ready; i++) {
            int fd = events[i].data.fd;
            if (fd == 0) {
                struct rusage used;
                getrusage(RUSAGE_SELF, &used);
                printf("%ld %ld\n", taken, (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000L
                                               + used.ru_utime.tv_usec + used.ru_stime.tv_usec);
                return 0;
            }
            if (fd == door) {
                if ((fd = accept(door, NULL, NULL)) < 0 || fd >= SESSIONS) return perror("fast sink"), 1;
                setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
                sessions[fd] = (struct session){.open = 1, .life = sessions[fd].life + 1};
                event.data.fd = fd, epoll_ctl(watch, EPOLL_CTL_ADD, fd, &event);
                say(fd, "220 fast.sink ESMTP\r\n", 21, 0);
                continue;
            }
            ssize_t got = recv(fd, block, BLOCK, 0);
            if (got <= 0) end(fd); else hear(fd, block, got);
        }
        say_what_is_due();
    }
}
