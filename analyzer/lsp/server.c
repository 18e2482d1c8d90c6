/* server.c: the loop that waits for the client and for child processes, and serves both. */
#include "lsp/lsp.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "lsp/server.h"

enum { DEBOUNCE = 25 }; /* milliseconds */

int64_t
now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- the client ------------------------------------------------------------------------- */

/* False when the client is gone. */
static bool
read_client(Server *server)
{
    char chunk[65536];
    ssize_t n = read(STDIN_FILENO, chunk, sizeof(chunk));

    if (n > 0) {
        bytes_add(&server->in, chunk, (size_t)n);
    }
    return n > 0 || (n < 0 && (errno == EINTR || errno == EAGAIN));
}

static bool
write_client(Server *server, bool all)
{
    size_t done = 0;

    while (done < server->out.n) {
        ssize_t n = write(STDOUT_FILENO, server->out.at + done, server->out.n - done);

        if (n > 0) {
            done += (size_t)n;
        }
        else if (n < 0 && errno == EAGAIN && all) {
            struct pollfd wait = {.fd = STDOUT_FILENO, .events = POLLOUT};

            poll(&wait, 1, -1);
        }
        else if (n < 0 && errno == EAGAIN) {
            break;
        }
        else if (n < 0 && errno != EINTR) {
            return false;
        }
    }
    bytes_drop(&server->out, done);
    return true;
}

static void
serve_client(Server *server)
{
    json_t *message;

    while (!server->done && (message = rpc_next(server)) != NULL) {
        handle_message(server, message);
        json_decref(message);
    }
}

/* ---- waiting ------------------------------------------------------------------------------- */

typedef VEC(struct pollfd) Polls;

static void
add_poll(Arena *arena, Polls *polls, const Channel *channel)
{
    if (channel->fd >= 0) {
        struct pollfd one = {.fd = channel->fd, .events = POLLIN};

        one.events |= channel->out.n > 0 ? POLLOUT : 0;
        VEC_PUSH(arena, polls, one);
    }
}

static void
earlier(int64_t *due, int64_t when)
{
    if (when != 0 && (*due == 0 || when < *due)) {
        *due = when;
    }
}

/* When something is due next, 0: never. */
static int64_t
next_due(const Server *server)
{
    int64_t due = 0;

    for (uint32_t i = 0; i < server->ndocs; i++) {
        const Doc *doc = server->docs[i];

        if (doc->reader.fd >= 0 && !doc->reading) {
            earlier(&due, doc->due);
        }
    }
    for (uint32_t i = 0; i < server->nprojects; i++) {
        const Project *project = server->projects[i];

        if (project->state != PROJECT_SCANNING && project->coming.fd < 0) {
            earlier(&due, project->rescan_due);
        }
        if (project->state == PROJECT_READY && !project->evaluating) {
            earlier(&due, project->absorb_due);
        }
    }
    return due;
}

static void
wait_for_any(Server *server, Polls *polls)
{
    int64_t due = next_due(server), now = now_ms();
    int timeout = due == 0 ? -1 : due <= now ? 0 : (int)(due - now);

    poll(polls->at, polls->n, timeout);
}

static bool
is_up(const Polls *polls, int fd)
{
    for (uint32_t i = 0; i < polls->n; i++) {
        if (polls->at[i].fd == fd && polls->at[i].revents != 0) {
            return true;
        }
    }
    return false;
}

/* Lets everybody have their turn who has something to say or to do. */
static void
serve_children(Server *server, const Polls *polls)
{
    for (uint32_t i = 0; i < server->ndocs; i++) {
        Doc *doc = server->docs[i];

        channel_flush(&doc->reader, false);
        if (doc->reader.fd >= 0 && is_up(polls, doc->reader.fd)) {
            doc_read(server, doc);
        }
        doc_run(server, doc);
    }
    for (uint32_t i = 0; i < server->nprojects; i++) {
        Project *project = server->projects[i];

        channel_flush(&project->analyst, false);
        if (is_up(polls, project->analyst.fd)
            || (project->coming.fd >= 0 && is_up(polls, project->coming.fd))) {
            project_read(server, project);
        }
        project_run(server, project);
    }
}

/* One turn of the loop; false when the client is gone. */
static bool
turn(Server *server, Arena *scratch)
{
    Polls polls = {0};
    struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
    struct pollfd out = {.fd = server->out.n > 0 ? STDOUT_FILENO : -1, .events = POLLOUT};

    VEC_PUSH(scratch, &polls, in);
    VEC_PUSH(scratch, &polls, out);
    for (uint32_t i = 0; i < server->ndocs; i++) {
        add_poll(scratch, &polls, &server->docs[i]->reader);
    }
    for (uint32_t i = 0; i < server->nprojects; i++) {
        add_poll(scratch, &polls, &server->projects[i]->analyst);
        add_poll(scratch, &polls, &server->projects[i]->coming);
    }
    wait_for_any(server, &polls);
    if (polls.at[0].revents != 0 && !read_client(server)) {
        return false;
    }
    serve_client(server);
    serve_children(server, &polls);
    return write_client(server, false);
}

static void
free_all(Server *server)
{
    while (server->ndocs > 0) {
        doc_free(server, server->docs[0]);
    }
    while (server->nprojects > 0) {
        project_free(server, server->projects[0]);
    }
    bytes_free(&server->in);
    bytes_free(&server->out);
    json_decref(server->settings);
    free(server->docs);
    free(server->projects);
    free(server->pending);
}

int
command_lsp(Arena *arena, const Options *options)
{
    Server server = {.arena = arena, .options = options, .code = EXIT_FINDINGS,
                     .code_lens = true, .inlay_hints = true, .debounce = DEBOUNCE};
    Arena *scratch = arena_new();

    signal(SIGPIPE, SIG_IGN);
    signal(SIGCHLD, SIG_DFL);
    fcntl(STDOUT_FILENO, F_SETFL, fcntl(STDOUT_FILENO, F_GETFL) | O_NONBLOCK);
    while (!server.done && turn(&server, scratch)) {
        arena_reset(scratch);
    }
    write_client(&server, true);
    free_all(&server);
    arena_free(scratch);
    return server.code;
}
