/* team.c: the components of the call graph, analysed in processes.
 *
 * Each process is a copy of this one, which has linked the program and knows everything but
 * the summaries.  It gets the summaries that a component needs and sends back what came
 * out.  What takes longest, with all that waits for it, comes first.  A process that dies
 * costs the component at hand only.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/team.h"

#define BATCH_MAX 64    /* components that are given at a time, */
#define BATCH_WORK 3000 /* and instructions in them, about */

/* ---- bytes through sockets -------------------------------------------------------------- */

static bool
send_all(int socket, const void *bytes, size_t length)
{
    for (const char *at = bytes; length > 0;) {
        ssize_t sent = send(socket, at, length, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) {
            continue;
        }
        if (sent <= 0) {
            return false;
        }
        at += sent;
        length -= (size_t)sent;
    }
    return true;
}

static bool
receive_all(int socket, void *bytes, size_t length)
{
    for (char *at = bytes; length > 0;) {
        ssize_t got = recv(socket, at, length, 0);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return false;
        }
        at += got;
        length -= (size_t)got;
    }
    return true;
}

/* A length, then as many bytes. */
static bool
send_slice(int socket, Slice slice)
{
    uint64_t length = slice.length;
    return send_all(socket, &length, sizeof(length)) &&
           send_all(socket, slice.bytes, slice.length);
}

static bool
receive_slice(int socket, Arena *arena, Slice *slice)
{
    uint64_t length;
    if (!receive_all(socket, &length, sizeof(length))) {
        return false;
    }
    char *bytes = ARENA_ARRAY(arena, char, length + 1);
    *slice = (Slice){bytes, (size_t)length};
    return receive_all(socket, bytes, slice->length);
}

/* ---- in the process ------------------------------------------------------------------------ */

/* Takes the summaries at the beginning of the task. */
static bool
take_summaries(Engine *engine, Unpacker *from)
{
    uint64_t n = unpack_number(from);
    for (uint64_t i = 0; i < n && !from->failed; i++) {
        uint64_t index = unpack_number(from), length = unpack_number(from);
        if (from->failed || index >= engine->program->nfns ||
            length > (uint64_t)(from->end - from->at) ||
            !part_take_summary(engine, (uint32_t)index, (Slice){from->at, (size_t)length})) {
            return false;
        }
        from->at += length;
    }
    return !from->failed;
}

/* Works through a task; false when it can't go on. */
static bool
do_task(Engine *engine, int socket, Slice task)
{
    Unpacker from;
    Arena *arena = arena_new();
    unpack_start(&from, arena, engine->strings, task.bytes, task.length);
    bool good = take_summaries(engine, &from);
    uint64_t n = unpack_number(&from);
    for (uint64_t i = 0; i < n && good; i++) {
        uint64_t c = unpack_number(&from);
        good = !from.failed && c < engine->ncomponents;
        if (good) {
            component_analyse(engine, &engine->component[c]);
            good = send_slice(socket, part_pack(engine, arena, &engine->component[c]));
            engine->result->findings.n = 0;
        }
    }
    arena_free(arena);
    return good;
}

static _Noreturn void
live(Engine *engine, int socket)
{
    struct rlimit core = {0, 0};
    Arena *arena = arena_new();
    Slice task;
    setrlimit(RLIMIT_CORE, &core);
    while (receive_slice(socket, arena, &task) && do_task(engine, socket, task)) {
        arena_reset(arena);
    }
    _exit(0);
}

/* ---- starting and ending --------------------------------------------------------------------- */

static bool
start(Team *team, Member *member)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
        return false;
    }
    fflush(NULL);
    member->pid = fork();
    if (member->pid == 0) {
        close(pair[0]);
        for (uint32_t i = 0; i < team->nmembers; i++) {
            if (team->member[i].socket >= 0) {
                close(team->member[i].socket);
            }
        }
        live(team->engine, pair[1]);
    }
    close(pair[1]);
    if (member->pid < 0) {
        close(pair[0]);
        return false;
    }
    member->socket = pair[0];
    memset(member->has, 0, team->engine->program->nfns * sizeof(bool));
    return true;
}

/* Ends the process; returns how it ended. */
static int
stop(Member *member)
{
    int status = 0;
    close(member->socket);
    member->socket = -1;
    while (waitpid(member->pid, &status, 0) < 0 && errno == EINTR) {
        /* again */
    }
    return status;
}

/* ---- what is ready ---------- */

static void finish(Team *team, uint32_t component, Slice part);

/* A component whose needs are there: its result is known, or it waits for a process. */
static void
make_ready(Team *team, uint32_t c)
{
    Engine *engine = team->engine;
    const EngineHelp *help = engine->help;
    if (help->find) {
        team->key[c] = part_key(engine, &engine->component[c]);
        Slice part;
        part.bytes = help->find(help->payload, engine->out, team->key[c], &part.length);
        if (part.bytes && part_split(engine, &engine->component[c], part)) {
            engine->component[c].part = part;
            team->nfinished++;
            return; /* its waiters: see spread */
        }
    }
    team_push(team, c);
}

/* Looks after all that may have become ready; 'from' is a finished component. */
static void
spread(Team *team, uint32_t from)
{
    VEC(uint32_t) stack = {0};
    VEC_PUSH(team->arena, &stack, from);
    while (stack.n > 0) {
        uint32_t c = stack.at[--stack.n];
        for (uint32_t i = 0; i < team->nwaiter[c]; i++) {
            uint32_t waiter = team->waiter[c][i];
            if (--team->waits[waiter] == 0 && !team->engine->component[waiter].left_out) {
                make_ready(team, waiter);
                if (team->engine->component[waiter].part.bytes) {
                    VEC_PUSH(team->arena, &stack, waiter);
                }
            }
        }
    }
}

static void
finish(Team *team, uint32_t c, Slice part)
{
    Engine *engine = team->engine;
    engine->component[c].part = (Slice){arena_strndup(engine->out, part.bytes, part.length),
                                        part.length};
    part_split(engine, &engine->component[c], engine->component[c].part);
    team->nfinished++;
    spread(team, c);
}

/* ---- giving and taking ---------- */

/* Appends the summaries that the component needs and the process has not; returns how many. */
static uint32_t
put_summaries(Team *team, Member *member, Packer *pack, uint32_t c)
{
    Engine *engine = team->engine;
    const Component *component = &engine->component[c];
    uint32_t n = 0;
    for (uint32_t i = 0; i < component->nneeds; i++) {
        const Component *needed = &engine->component[component->needs[i]];
        for (uint32_t k = 0; k < needed->count; k++) {
            uint32_t f = engine->program->graph->order[needed->first + k];
            if (!member->has[f]) {
                member->has[f] = true;
                pack_number(pack, f);
                pack_number(pack, engine->raw[f].length);
                strbuf_add(&pack->out, engine->raw[f].bytes ? engine->raw[f].bytes : "",
                           engine->raw[f].length);
                n++;
            }
        }
    }
    return n;
}

/* Chooses what an idle process is to do. */
static void
choose_task(Team *team, Member *member)
{
    uint64_t work = 0;
    uint32_t share = team->nready / (2 * team->nmembers) + 1;
    member->ntask = member->done = 0;
    while (team->nready > 0 && member->ntask < BATCH_MAX && member->ntask < share &&
           work < BATCH_WORK) {
        uint32_t c = team_pop(team);
        if (team->alone[c] && member->ntask > 0) {
            team_push(team, c);
            break;
        }
        member->task[member->ntask++] = c;
        work += team->work[c];
        if (team->alone[c]) {
            break;
        }
    }
}

static bool
give_task(Team *team, Member *member)
{
    Packer all, summaries;
    uint32_t n = 0;
    choose_task(team, member);
    pack_start(&all, team->arena);
    pack_start(&summaries, team->arena);
    for (uint32_t i = 0; i < member->ntask; i++) {
        n += put_summaries(team, member, &summaries, member->task[i]);
    }
    pack_number(&all, n);
    strbuf_add(&all.out, summaries.out.text, summaries.out.length);
    pack_number(&all, member->ntask);
    for (uint32_t i = 0; i < member->ntask; i++) {
        pack_number(&all, member->task[i]);
    }
    return send_slice(member->socket, (Slice){all.out.text, all.out.length});
}

/* The process has died: what it had not done is done by others, one at a time; what it was
 * to do alone is given up. */
static void
bury(Team *team, Member *member)
{
    Engine *engine = team->engine;
    int status = stop(member);
    uint32_t first = member->done, end = member->ntask;
    member->ntask = member->done = 0;
    for (uint32_t i = first; i < end; i++) {
        uint32_t c = member->task[i];
        if (!team->alone[c]) {
            team->alone[c] = true;
            team_push(team, c);
            continue;
        }
        const char *why = WIFSIGNALED(status)
                              ? arena_printf(engine->out, "the analysis crashed (signal %d)",
                                             WTERMSIG(status))
                              : "the analysis crashed";
        finish(team, c, part_of_failure(engine, engine->out, &engine->component[c], why));
    }
}

/* Takes one result; false when the process is gone. */
static bool
take_result(Team *team, Member *member)
{
    const EngineHelp *help = team->engine->help;
    Slice part;
    if (!receive_slice(member->socket, team->arena, &part)) {
        return false;
    }
    uint32_t c = member->task[member->done++];
    if (help->keep) {
        help->keep(help->payload, team->key[c], part.bytes, part.length);
    }
    const Component *component = &team->engine->component[c];
    for (uint32_t i = 0; i < component->count; i++) {
        member->has[team->engine->program->graph->order[component->first + i]] = true;
    }
    finish(team, c, part);
    return true;
}

/* Gives work to all that are idle; false when no process is left to do it. */
static bool
give_tasks(Team *team)
{
    uint32_t running = 0;
    for (uint32_t i = 0; i < team->nmembers; i++) {
        Member *member = &team->member[i];
        if (member->done == member->ntask && team->nready > 0 &&
            (member->socket >= 0 || start(team, member)) && !give_task(team, member)) {
            bury(team, member);
        }
        running += member->socket >= 0 && member->done < member->ntask;
    }
    return running > 0 || team->nready == 0;
}

/* Somebody asked to end: what is not done is given up, and no process does it. */
static void
give_up(Team *team)
{
    Engine *engine = team->engine;
    for (uint32_t i = 0; i < team->nmembers; i++) {
        if (team->member[i].socket >= 0) {
            kill(team->member[i].pid, SIGKILL);
            stop(&team->member[i]);
        }
    }
    for (uint32_t c = 0; c < engine->ncomponents; c++) {
        Component *component = &engine->component[c];
        if (!component->left_out && !component->part.bytes) {
            component->part = part_of_failure(engine, engine->out, component, STOPPED);
        }
    }
    team->nfinished = engine->ncomponents;
}

/* Waits until some process, or somebody who asks to end, has something to say. */
static void
take_results(Team *team)
{
    struct pollfd *fds = ARENA_ARRAY(team->arena, struct pollfd, team->nmembers + 1);
    const int *stop_fd = team->engine->help->stop;
    for (uint32_t i = 0; i < team->nmembers; i++) {
        const Member *member = &team->member[i];
        fds[i] = (struct pollfd){.fd = member->done < member->ntask ? member->socket : -1,
                                 .events = POLLIN};
    }
    fds[team->nmembers] = (struct pollfd){.fd = stop_fd ? *stop_fd : -1, .events = POLLIN};
    if (poll(fds, team->nmembers + 1, -1) <= 0) {
        return;
    }
    if (fds[team->nmembers].revents) {
        give_up(team);
        return;
    }
    for (uint32_t i = 0; i < team->nmembers; i++) {
        if (fds[i].revents && !take_result(team, &team->member[i])) {
            bury(team, &team->member[i]);
        }
    }
}

/* ---- the whole ---------- */

static uint64_t
count_work(const Engine *engine, const Component *component)
{
    uint64_t n = 0;
    for (uint32_t i = 0; i < component->count; i++) {
        const Fn *fn = engine->program->fns[engine->program->graph->order[component->first + i]];
        for (uint32_t b = 0; b < fn->nblock; b++) {
            n += fn->block[b].nins;
        }
    }
    return n;
}

/* Who waits for whom, and what is how urgent. */
static void
plan(Team *team)
{
    Engine *engine = team->engine;
    uint32_t n = engine->ncomponents;
    for (uint32_t c = 0; c < n; c++) {
        team->work[c] = team->urgency[c] = count_work(engine, &engine->component[c]);
        team->waits[c] = engine->component[c].nneeds;
        for (uint32_t i = 0; i < engine->component[c].nneeds; i++) {
            team->nwaiter[engine->component[c].needs[i]]++;
        }
    }
    for (uint32_t c = 0; c < n; c++) {
        team->waiter[c] = ARENA_ARRAY(engine->out, uint32_t, team->nwaiter[c] + 1);
        team->nwaiter[c] = 0;
    }
    for (uint32_t c = n; c-- > 0;) { /* those that wait come later */
        for (uint32_t i = 0; i < engine->component[c].nneeds; i++) {
            uint32_t needed = engine->component[c].needs[i];
            uint64_t way = team->urgency[c] + team->work[needed];
            team->waiter[needed][team->nwaiter[needed]++] = c;
            team->urgency[needed] = way > team->urgency[needed] ? way : team->urgency[needed];
        }
    }
}

static Team
make_team(Engine *engine)
{
    Arena *arena = engine->out;
    uint32_t n = engine->ncomponents;
    Team team = {.engine = engine, .arena = arena_new(), .nmembers = engine->help->workers};
    team.member = ARENA_ARRAY(arena, Member, team.nmembers);
    team.waits = ARENA_ARRAY(arena, uint32_t, n);
    team.waiter = ARENA_ARRAY(arena, uint32_t *, n);
    team.nwaiter = ARENA_ARRAY(arena, uint32_t, n);
    team.work = ARENA_ARRAY(arena, uint64_t, n);
    team.urgency = ARENA_ARRAY(arena, uint64_t, n);
    team.alone = ARENA_ARRAY(arena, bool, n);
    team.key = ARENA_ARRAY(arena, Digest, n);
    team.ready = ARENA_ARRAY(arena, uint32_t, n + BATCH_MAX);
    for (uint32_t i = 0; i < team.nmembers; i++) {
        team.member[i].socket = -1;
        team.member[i].has = ARENA_ARRAY(arena, bool, engine->program->nfns + 1);
        team.member[i].task = ARENA_ARRAY(arena, uint32_t, BATCH_MAX);
    }
    plan(&team);
    return team;
}

/* Everything that needs nothing, and what follows when it is known. */
static void
make_first_ready(Team *team)
{
    Engine *engine = team->engine;
    for (uint32_t c = 0; c < engine->ncomponents; c++) {
        team->nfinished += engine->component[c].left_out;
    }
    for (uint32_t c = 0; c < engine->ncomponents; c++) {
        if (engine->component[c].nneeds == 0 && !engine->component[c].left_out) {
            make_ready(team, c);
            if (engine->component[c].part.bytes) {
                spread(team, c);
            }
        }
    }
}

bool
team_run(Engine *engine)
{
    Team team = make_team(engine);
    bool good = true;
    make_first_ready(&team);
    while (good && team.nfinished < engine->ncomponents) {
        good = give_tasks(&team);
        if (good && team.nfinished < engine->ncomponents) {
            take_results(&team);
        }
        arena_reset(team.arena);
    }
    for (uint32_t i = 0; i < team.nmembers; i++) {
        if (team.member[i].socket >= 0) {
            stop(&team.member[i]);
        }
    }
    arena_free(team.arena);
    for (uint32_t c = 0; c < engine->ncomponents && good; c++) {
        if (!engine->component[c].left_out
            && !part_take(engine, &engine->component[c], engine->component[c].part)) {
            component_analyse(engine, &engine->component[c]); /* a cache that somebody forged */
        }
    }
    return good;
}
