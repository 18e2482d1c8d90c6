/* github.c: findings as workflow commands, which GitHub shows at the lines of a pull
 * request.  Each takes one line of output; what would end it is escaped.
 */
#include "reports/report.h"

#include <inttypes.h>

#define SHOWN 10u /* of each kind; GitHub drops the others without a word */

/* Appends what stands after "::": line ends and '%' are escaped. */
static void
put_data(StrBuf *out, const char *text)
{
    for (const char *s = text; *s != '\0'; s++) {
        if (*s == '%' || *s == '\r' || *s == '\n') {
            strbuf_printf(out, "%%%02X", (unsigned)(unsigned char)*s);
        }
        else {
            strbuf_putc(out, *s);
        }
    }
}

/* Appends the value of a property, which ends at ',' or ':'. */
static void
put_property(StrBuf *out, const char *text)
{
    for (const char *s = text; *s != '\0'; s++) {
        if (*s == '%' || *s == '\r' || *s == '\n' || *s == ':' || *s == ',') {
            strbuf_printf(out, "%%%02X", (unsigned)(unsigned char)*s);
        }
        else {
            strbuf_putc(out, *s);
        }
    }
}

static const char *
command_for(Severity severity)
{
    switch (severity) {
    case SEVERITY_ERROR:
        return "error";
    case SEVERITY_WARNING:
        return "warning";
    case SEVERITY_NOTE:
        break;
    }
    return "notice";
}

/* The message, the path below it, and the fix. */
static const char *
body_of(Arena *arena, const RunResult *run, const Finding *finding)
{
    StrBuf body;
    strbuf_init(&body, arena);
    strbuf_puts(&body, report_message(arena, finding));
    for (uint32_t i = 0; i < finding->nsteps; i++) {
        const Step *step = &finding->steps[i];
        strbuf_printf(&body, "\n%" PRIu32 ". %s:%" PRIu32 ": %s", i + 1,
                      report_path(arena, run->root, step->loc.file), step->loc.line,
                      report_step(arena, step));
    }
    strbuf_printf(&body, "\nreach: %s", reach_text(finding->reach));
    if (report_has(finding->fix)) {
        strbuf_printf(&body, "\nfix: %s", report_clean(arena, finding->fix));
    }
    return body.text;
}

static void
put_finding(Arena *arena, const RunResult *run, const Finding *finding, StrBuf *out)
{
    strbuf_printf(out, "::%s file=", command_for(finding->rule->severity));
    put_property(out, report_path(arena, run->root, finding->loc.file));
    if (finding->loc.line > 0) {
        strbuf_printf(out, ",line=%" PRIu32 ",endLine=%" PRIu32, finding->loc.line,
                      finding->loc.line);
    }
    if (finding->loc.col > 0) {
        strbuf_printf(out, ",col=%" PRIu32, finding->loc.col);
    }
    strbuf_puts(out, ",title=");
    put_property(out, arena_printf(arena, "strayref: %s", report_title(arena, finding)));
    strbuf_puts(out, "::");
    put_data(out, body_of(arena, run, finding));
    strbuf_putc(out, '\n');
}

void
report_github(const RunResult *run, const ReportOptions *options, StrBuf *out)
{
    (void)options;
    Arena *arena = arena_new();
    ReportCounts counts = report_counts(run);
    uint32_t by_severity[3] = {0};
    for (uint32_t i = 0; i < counts.findings; i++) {
        by_severity[run->findings[i]->rule->severity]++;
        put_finding(arena, run, run->findings[i], out);
    }
    if (by_severity[0] > SHOWN || by_severity[1] > SHOWN || by_severity[2] >= SHOWN) {
        strbuf_printf(out,
                      "::notice title=strayref::%" PRIu32 " findings; GitHub shows the first %u"
                      " of a kind here, the log and the other formats have all\n",
                      counts.findings, SHOWN);
    }
    arena_free(arena);
}
