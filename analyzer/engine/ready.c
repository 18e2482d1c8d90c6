/* ready.c: which of the components that can be analysed comes next: a heap. */
#include "engine/team.h"

static bool
is_before(const Team *team, uint32_t a, uint32_t b)
{
    return team->urgency[a] != team->urgency[b] ? team->urgency[a] > team->urgency[b] : a < b;
}

void
team_push(Team *team, uint32_t component)
{
    uint32_t i = team->nready++;
    for (; i > 0 && is_before(team, component, team->ready[(i - 1) / 2]); i = (i - 1) / 2) {
        team->ready[i] = team->ready[(i - 1) / 2];
    }
    team->ready[i] = component;
}

uint32_t
team_pop(Team *team)
{
    uint32_t top = team->ready[0], last = team->ready[--team->nready], i = 0;
    for (;;) {
        uint32_t child = 2 * i + 1;
        if (child + 1 < team->nready && is_before(team, team->ready[child + 1],
                                                  team->ready[child])) {
            child++;
        }
        if (child >= team->nready || !is_before(team, team->ready[child], last)) {
            break;
        }
        team->ready[i] = team->ready[child];
        i = child;
    }
    team->ready[i] = last;
    return top;
}
