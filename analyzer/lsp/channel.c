/* channel.c: messages between processes: two lengths, a JSON text, bytes. */
#include "lsp/channel.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- bytes ------------------------------------------------------------------------ */

void
bytes_add(Bytes *bytes, const void *more, size_t n)
{
    if (bytes->n + n + 1 > bytes->cap) {
        size_t cap = 2 * (bytes->n + n) + 256;
        char *at = realloc(bytes->at, cap);

        if (at == NULL) {
            abort();
        }
        bytes->at = at;
        bytes->cap = cap;
    }
    if (n > 0) {
        memcpy(bytes->at + bytes->n, more, n);
    }
    bytes->n += n;
    bytes->at[bytes->n] = '\0';
}

void
bytes_drop(Bytes *bytes, size_t n)
{
    if (n > 0 && n == bytes->n && bytes->cap > (1 << 20)) {
        bytes_free(bytes);
    }
    else if (n > 0) {
        memmove(bytes->at, bytes->at + n, bytes->n - n);
        bytes->n -= n;
    }
}

void
bytes_free(Bytes *bytes)
{
    free(bytes->at);
    *bytes = (Bytes){0};
}

/* ---- messages ---------------------------------------------------------------------- */

typedef struct Lengths {
    uint32_t head, blob;
} Lengths;

void
channel_flush(Channel *channel, bool all)
{
    size_t done = 0;

    while (channel->fd >= 0 && done < channel->out.n) {
        ssize_t n = send(channel->fd, channel->out.at + done, channel->out.n - done,
                         MSG_NOSIGNAL | MSG_DONTWAIT);

        if (n > 0) {
            done += (size_t)n;
        }
        else if (errno == EAGAIN && all) {
            struct pollfd wait = {.fd = channel->fd, .events = POLLOUT};

            poll(&wait, 1, -1);
        }
        else if (errno != EINTR) {
            break;
        }
    }
    bytes_drop(&channel->out, done);
}

void
channel_send(Channel *channel, json_t *head, const char *blob, size_t length)
{
    char *text = json_dumps(head, JSON_COMPACT);

    if (text != NULL && channel->fd >= 0) {
        Lengths lengths = {(uint32_t)strlen(text), (uint32_t)length};

        bytes_add(&channel->out, &lengths, sizeof(lengths));
        bytes_add(&channel->out, text, lengths.head);
        bytes_add(&channel->out, blob, length);
        channel_flush(channel, false);
    }
    free(text);
    json_decref(head);
}

bool
channel_read(Channel *channel)
{
    char chunk[65536];

    for (;;) {
        ssize_t n = recv(channel->fd, chunk, sizeof(chunk), MSG_DONTWAIT);

        if (n > 0) {
            bytes_add(&channel->in, chunk, (size_t)n);
        }
        else if (n < 0 && errno == EINTR) {
            continue;
        }
        else {
            return n < 0 && errno == EAGAIN;
        }
    }
}

bool
channel_next(Channel *channel, Packet *packet)
{
    Lengths lengths;
    size_t whole;

    if (channel->in.n < sizeof(lengths)) {
        return false;
    }
    memcpy(&lengths, channel->in.at, sizeof(lengths));
    whole = sizeof(lengths) + lengths.head + (size_t)lengths.blob;
    if (channel->in.n < whole) {
        return false;
    }
    packet->head = json_loadb(channel->in.at + sizeof(lengths), lengths.head, 0, NULL);
    packet->length = lengths.blob;
    packet->blob = malloc((size_t)lengths.blob + 1);
    if (packet->head == NULL || packet->blob == NULL) {
        abort();
    }
    memcpy(packet->blob, channel->in.at + sizeof(lengths) + lengths.head, lengths.blob);
    packet->blob[lengths.blob] = '\0';
    bytes_drop(&channel->in, whole);
    return true;
}

bool
channel_wait_some(Channel *channel, Packet *packet, int milliseconds)
{
    struct pollfd wait = {.fd = channel->fd, .events = POLLIN};

    while (!channel_next(channel, packet)) {
        if (poll(&wait, 1, milliseconds) <= 0 || !channel_read(channel)) {
            return false;
        }
    }
    return true;
}

bool
channel_wait(Channel *channel, Packet *packet)
{
    while (!channel_next(channel, packet)) {
        struct pollfd wait = {.fd = channel->fd, .events = POLLIN};

        poll(&wait, 1, -1);
        if (!channel_read(channel) && !channel_next(channel, packet)) {
            return false;
        }
    }
    return true;
}

void
packet_free(Packet *packet)
{
    json_decref(packet->head);
    free(packet->blob);
    *packet = (Packet){0};
}

void
channel_close(Channel *channel)
{
    if (channel->fd >= 0) {
        close(channel->fd);
    }
    bytes_free(&channel->in);
    bytes_free(&channel->out);
    channel->fd = -1;
    channel->pid = 0;
}

/* ---- processes ----------------------------------------------------------------------- */

/* Leaves nothing open but standard error and the channel. */
static void
close_others(int keep)
{
    int nothing = open("/dev/null", O_RDWR);

    if (nothing >= 0) {
        dup2(nothing, STDIN_FILENO);
        dup2(nothing, STDOUT_FILENO);
    }
    for (int fd = STDERR_FILENO + 1; fd < 1024; fd++) {
        if (fd != keep) {
            close(fd);
        }
    }
}

bool
child_start(ChildFn run, void *payload, Channel *channel)
{
    int ends[2];
    pid_t pid;

    *channel = (Channel){.fd = -1};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        return false;
    }
    fflush(NULL);
    pid = fork();
    if (pid == 0) {
        Channel own = {.fd = ends[1]};

        prctl(PR_SET_PDEATHSIG, SIGKILL);
        close_others(ends[1]);
        run(&own, payload);
        channel_flush(&own, true);
        _exit(0);
    }
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
        return false;
    }
    *channel = (Channel){.fd = ends[0], .pid = pid};
    return true;
}

void
child_kill(Channel *channel)
{
    if (channel->pid > 0) {
        kill(channel->pid, SIGKILL);
        while (waitpid(channel->pid, NULL, 0) < 0 && errno == EINTR) {
        }
    }
    channel_close(channel);
}
