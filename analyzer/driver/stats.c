/* stats.c: the processor time that the stages of a scan have taken, for --stats. */
#include "driver/gate.h"

#include <string.h>
#include <sys/resource.h>

/* Of this process, or of its children that have ended. */
static double
seconds(int who)
{
    struct rusage usage;

    if (getrusage(who, &usage) != 0) {
        return 0;
    }
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
           + (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/* The entry of the stage; a scan of several Pythons comes to each several times.  NULL when
 * there is no room. */
static StageCost *
find_stage(Stats *stats, const char *name)
{
    for (uint32_t i = 0; i < stats->n; i++) {
        if (strcmp(stats->stage[i].name, name) == 0) {
            return &stats->stage[i];
        }
    }
    if (stats->n == COUNT_OF(stats->stage)) {
        return NULL;
    }
    stats->stage[stats->n] = (StageCost){.name = name};
    return &stats->stage[stats->n++];
}

void
stats_stage(Stats *stats, const char *name)
{
    double own = seconds(RUSAGE_SELF), others = seconds(RUSAGE_CHILDREN);
    StageCost *stage = find_stage(stats, name);

    if (stage != NULL) {
        stage->own += own - stats->own;
        stage->others += others - stats->others;
    }
    stats->own = own;
    stats->others = others;
}

void
stats_tell(const Stats *stats)
{
    for (uint32_t i = 0; i < stats->n; i++) {
        const StageCost *stage = &stats->stage[i];

        say("cost: %-8s %8.3f s of CPU here, %8.3f s in workers", stage->name, stage->own,
            stage->others);
    }
}
