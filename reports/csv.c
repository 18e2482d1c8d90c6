/* csv.c: findings as comma-separated values (RFC 4180), one line each, for spreadsheets.
 *
 * A field that a spreadsheet would take for a formula gets an apostrophe in front.
 */
#include "reports/report.h"

#include <inttypes.h>
#include <string.h>

static void
put_field(StrBuf *out, const char *text)
{
    bool formula = *text != '\0' && strchr("=+-@", *text) != NULL;
    strbuf_puts(out, formula ? "\"'" : "\"");
    for (const char *s = text; *s != '\0'; s++) {
        strbuf_puts(out, *s == '"' ? "\"" : "");
        strbuf_putc(out, *s);
    }
    strbuf_putc(out, '"');
}

static void
put_finding(Arena *arena, const RunResult *run, const Finding *finding, StrBuf *out)
{
    const char *fields[] = {
        finding->rule->id,
        severity_text(finding->rule->severity),
        reach_word(finding->reach),
        confidence_text(finding->confidence),
        report_path(arena, run->root, finding->loc.file),
        arena_printf(arena, "%" PRIu32, finding->loc.line),
        arena_printf(arena, "%" PRIu32, finding->loc.col),
        finding->function,
        finding->object,
        finding->message,
        finding->fix,
        finding->patch != NULL ? "yes" : "no",
        finding->only_on,
        finding->cause,
        finding->known ? "yes" : "no",
        finding->suppressed != NULL ? "yes" : "no",
        finding->suppressed,
        finding->fingerprint,
    };
    strbuf_printf(out, "%" PRIu32, finding->number);
    for (size_t i = 0; i < COUNT_OF(fields); i++) {
        strbuf_putc(out, ',');
        put_field(out, report_clean(arena, fields[i]));
    }
    strbuf_puts(out, "\r\n");
}

void
report_csv(const RunResult *run, const ReportOptions *options, StrBuf *out)
{
    (void)options;
    Arena *arena = arena_new();
    strbuf_puts(out, "number,rule,severity,reach,confidence,file,line,column,function,object,"
                     "message,fix,verified_fix,only_on,cause,known,suppressed,"
                     "suppression_reason,fingerprint\r\n");
    for (uint32_t i = 0; i < run->nfindings; i++) {
        put_finding(arena, run, run->findings[i], out);
    }
    arena_free(arena);
}
