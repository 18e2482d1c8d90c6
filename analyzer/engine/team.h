/* team.h: what team.c and ready.c share (private to them). */
#ifndef STRAYREF_ENGINE_TEAM_H
#define STRAYREF_ENGINE_TEAM_H

#include <sys/types.h>

#include "engine/run.h"

typedef struct Member {
    pid_t pid;
    int socket;    /* -1: not running */
    bool *has;     /* by function: it has the summary */
    uint32_t *task; /* components that it works on, in this order */
    uint32_t ntask, done;
} Member;

typedef struct Team {
    Engine *engine;
    Arena *arena;      /* of bytes on the way, reset when nothing is */
    Member *member;
    uint32_t nmembers;
    uint32_t *waits;   /* by component: how many of its needs are not there yet */
    uint32_t **waiter; /* by component: those that need it */
    uint32_t *nwaiter;
    uint64_t *work;    /* by component: instructions */
    uint64_t *urgency; /* the same with the longest way of waiters */
    bool *alone;       /* a process died with it and others */
    Digest *key;
    uint32_t *ready;   /* heap of components, the most urgent first */
    uint32_t nready, nfinished;
} Team;

/* ---- ready.c: a heap of components, the most urgent on top ---- */

void team_push(Team *team, uint32_t component);
/* Takes the most urgent one; there must be one. */
uint32_t team_pop(Team *team);

#endif
