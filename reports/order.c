/* order.c: what all formats agree on: the order and the numbers of findings,
 * the closing line, and how paths, steps and gaps are worded.
 *
 * Everything that comes from outside (names, messages, paths) passes
 * report_clean here, so that formats only see one-line UTF-8.
 */
#include "reports/report.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static int
compare_text(const char *a, const char *b)
{
    return strcmp(a != NULL ? a : "", b != NULL ? b : "");
}

static int
compare_number(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

static int
compare_place(const Loc *a, const Loc *b)
{
    int order = compare_text(a->file, b->file);
    if (order == 0) {
        order = compare_number(a->line, b->line);
    }
    return order != 0 ? order : compare_number(a->col, b->col);
}

static int
compare_findings(const void *left, const void *right)
{
    const Finding *a = *(Finding *const *)left;
    const Finding *b = *(Finding *const *)right;
    const int orders[] = {
        compare_number(a->reach, b->reach),
        compare_number(a->rule->severity, b->rule->severity),
        compare_text(a->rule->id, b->rule->id),
        compare_text(a->cause, b->cause),
        compare_place(&a->loc, &b->loc),
        compare_text(a->object, b->object),
        compare_text(a->fingerprint, b->fingerprint),
    };
    for (size_t i = 0; i < COUNT_OF(orders); i++) {
        if (orders[i] != 0) {
            return orders[i];
        }
    }
    return 0;
}

void
report_order(RunResult *run)
{
    if (run->nfindings > 1) {
        qsort(run->findings, run->nfindings, sizeof(Finding *), compare_findings);
    }
    for (uint32_t i = 0; i < run->nfindings; i++) {
        run->findings[i]->number = i + 1;
    }
}

const char *
report_summary(Arena *arena, const RunResult *run)
{
    return arena_printf(arena,
                        "strayref: %" PRIu32 " files (%" PRIu32 " failed), %" PRIu32
                        " functions: %" PRIu32 " analysed, %" PRIu32 " damaged, %" PRIu32
                        " given up; %" PRIu32 " findings",
                        run->nfiles, run->nfailed, run->nfunctions, run->nanalysed, run->ndamaged,
                        run->ngaveup, run->nfindings);
}

const char *
report_path(Arena *arena, const char *base, const char *file)
{
    if (file == NULL) {
        return "<unknown>";
    }
    const char *path = base != NULL ? path_relative(arena, base, file) : file;
    return report_clean(arena, path);
}

static bool
is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

const char *
report_clean(Arena *arena, const char *text)
{
    StrBuf out;
    strbuf_init(&out, arena);
    bool pending = false; /* white space before the next character */
    for (const char *s = text != NULL ? text : ""; *s != '\0';) {
        if (is_space(*s)) {
            pending = out.length > 0;
            s++;
            continue;
        }
        if (pending) {
            strbuf_putc(&out, ' ');
            pending = false;
        }
        size_t length = utf8_printable(s);
        if (length > 0) {
            strbuf_add(&out, s, length);
        }
        else {
            strbuf_puts(&out, UTF8_REPLACEMENT);
        }
        s += length > 0 ? length : 1;
    }
    return out.text;
}

bool
report_has(const char *text)
{
    return text != NULL && *text != '\0';
}

const char *
report_step(Arena *arena, const Step *step)
{
    const char *text = report_clean(arena, step->text);
    if (!report_has(step->loc.macro)) {
        return text;
    }
    return arena_printf(arena, "%s (in macro '%s')", text, report_clean(arena, step->loc.macro));
}

const char *
report_gap(Arena *arena, const char *base, const Gap *gap)
{
    const char *path = report_path(arena, base, gap->loc.file);
    if (gap->loc.line > 0) {
        path = arena_printf(arena, "%s:%" PRIu32, path, gap->loc.line);
    }
    if (!report_has(gap->function)) {
        return path;
    }
    return arena_printf(arena, "%s: %s()", path, report_clean(arena, gap->function));
}
