/* judge.c: the outcome of a scan against what a fixture asks for.
 *
 * A missing finding is wrong, an unexpected one is, and so is a known wrong answer
 * that has healed.
 */
#include "driver/fixture.h"

#include "engine/rule.h"

#include <string.h>

static const char *
mark_text(Fixture *fx, const Mark *mark)
{
    return mark->name == NULL ? mark->rule
                              : arena_printf(fx->arena, "%s(%s)", mark->rule, mark->name);
}

/* ---- comparing findings ----------------------------------------------------------- */

static bool
in_fixture(const Fixture *fx, const char *file)
{
    return file == NULL || text_equal(file, fx->file);
}

/* The mark that a finding answers: one that names its object before one that
 * names none. */
static Mark *
find_mark(Fixture *fx, const Finding *finding)
{
    Mark *any = NULL;

    for (uint32_t i = 0; i < fx->marks.n; i++) {
        Mark *mark = &fx->marks.at[i];

        if (mark->met || mark->line != finding->loc.line ||
            !text_equal(mark->rule, finding->rule->id)) {
            continue;
        }
        if (mark->name == NULL) {
            any = any == NULL ? mark : any;
        }
        else if (text_equal(mark->name, finding->object)) {
            return mark;
        }
    }
    return any;
}

/* True for a file scanned together with the fixture: it is a fixture of its own. */
static bool
is_companion(const Fixture *fx, const char *file)
{
    for (uint32_t i = 0; file != NULL && i < fx->with.n; i++) {
        if (text_equal(file, fx->with.at[i])) {
            return true;
        }
    }
    return false;
}

static bool
is_about_exceptions(const char *id)
{
    const Rule *rule = rule_find(id);

    return rule != NULL && rule->on_exception != NULL;
}

/* True when 'path' has the name of the rule in it, as it stands in folders or in pages. */
static bool
is_named_after(const char *path, const char *id)
{
    size_t n = strlen(id);

    for (; *path != '\0'; path++) {
        size_t i = 0;
        while (i < n && (path[i] == id[i] || (path[i] == '_' && id[i] == '-'))) {
            i++;
        }
        if (i == n) {
            return true;
        }
    }
    return false;
}

/* Fixtures about references need not handle every error: exceptions count only where the file
 * is about them, by its name or by one of its marks. */
static bool
judges_exceptions(const Fixture *fx)
{
    for (uint32_t i = 0; i < fx->marks.n; i++) {
        if (is_about_exceptions(fx->marks.at[i].rule)) {
            return true;
        }
    }
    for (uint32_t i = 0; all_rules[i] != NULL; i++) {
        if (all_rules[i]->on_exception != NULL &&
            is_named_after(fx->shown, all_rules[i]->info.id)) {
            return true;
        }
    }
    return false;
}

/* A rule that speaks on request is judged in files named after it, or where it is marked. */
static bool
is_out_of_place(const Fixture *fx, const Finding *finding)
{
    const char *id = finding->rule->id;

    for (uint32_t i = 0; i < fx->marks.n; i++) {
        if (text_equal(fx->marks.at[i].rule, id)) {
            return false;
        }
    }
    return finding->rule->on_request && !is_named_after(fx->shown, id);
}

static void
take_finding(Fixture *fx, const Finding *finding)
{
    Mark *mark = in_fixture(fx, finding->loc.file) ? find_mark(fx, finding) : NULL;

    if (mark == NULL && finding->confidence == CONFIDENCE_LOW) {
        return; /* no scan shows it unless asked to */
    }
    if (mark == NULL && is_out_of_place(fx, finding)) {
        return;
    }
    if (mark == NULL && is_about_exceptions(finding->rule->id) && !judges_exceptions(fx)) {
        return;
    }
    if (mark == NULL) {
        fixture_complain(fx, finding->loc.line, "unexpected %s(%s): %s%s%s", finding->rule->id,
                         finding->object, finding->message,
                         in_fixture(fx, finding->loc.file) ? "" : ", in ",
                         in_fixture(fx, finding->loc.file) ? "" : finding->loc.file);
        return;
    }
    mark->met = true;
    if (mark->kind == MARK_MISS) {
        fixture_complain(fx, mark->line, "known miss %s is found now: turn 'miss' into 'expect'",
                         mark_text(fx, mark));
    }
}

static void
settle_marks(Fixture *fx, Tally *tally)
{
    for (uint32_t i = 0; i < fx->marks.n; i++) {
        const Mark *mark = &fx->marks.at[i];

        tally->expectations += mark->kind == MARK_EXPECT;
        tally->misses += mark->kind == MARK_MISS && !mark->met;
        tally->falses += mark->kind == MARK_FALSE && mark->met;
        if (mark->kind == MARK_EXPECT && !mark->met) {
            fixture_complain(fx, mark->line, "expected %s, not found", mark_text(fx, mark));
        }
        if (mark->kind == MARK_FALSE && !mark->met) {
            fixture_complain(fx, mark->line, "known false %s is gone: remove the mark",
                             mark_text(fx, mark));
        }
    }
}

void
judge_findings(Fixture *fx, Tally *tally, const Scan *scan)
{
    for (uint32_t i = 0; i < scan->result.nfindings; i++) {
        if (scan->result.findings[i]->suppressed == NULL &&
            !is_companion(fx, scan->result.findings[i]->loc.file)) {
            take_finding(fx, scan->result.findings[i]);
        }
    }
    settle_marks(fx, tally);
}

void
judge_gaps(Fixture *fx, const Scan *scan)
{
    if (fx->with_gaps) {
        return;
    }
    for (uint32_t i = 0; i < scan->result.ngaps; i++) {
        const Gap *gap = &scan->result.gaps[i];

        fixture_complain(fx, gap->loc.line == 0 ? 1 : gap->loc.line, "%s was not analysed: %s",
                         gap->function == NULL ? "the file" : gap->function, gap->why);
    }
    for (uint32_t i = 0; i < scan->jobs.jobs.n && scan->result.ngaps == 0; i++) {
        const Unit *unit = scan->units[i];

        for (uint32_t k = 0; k < unit->messages.n; k++) {
            fixture_complain(fx, unit->messages.at[k].loc.line, "%s", unit->messages.at[k].text);
        }
    }
}

/* ---- comparing IR ----------------------------------------------------------------- */

#define IR_START "/* ir:\n"
#define IR_END "*/\n"

/* The last IR comment of the file, or NULL. */
static const char *
ir_comment(const char *text)
{
    const char *found = NULL;

    for (const char *at = text; (at = strstr(at, IR_START)) != NULL; at++) {
        found = at == text || at[-1] == '\n' ? at : found;
    }
    return found;
}

/* Removes the fixture's folder from the paths in the text, so that it is the same
 * wherever the fixture lies. */
static void
remove_folder(const Fixture *fx, char *text)
{
    const char *folder = arena_printf(fx->arena, "%s/", fx->folder);
    size_t length = strlen(folder);

    for (char *at = text; (at = strstr(at, folder)) != NULL;) {
        memmove(at, at + length, strlen(at + length) + 1);
    }
}

/* The IR of the file's own functions as the comment would hold it. */
static const char *
ir_text(Fixture *fx, const Scan *scan)
{
    StrBuf out;

    strbuf_init(&out, fx->arena);
    strbuf_puts(&out, IR_START);
    for (uint32_t i = 0; i < scan->jobs.jobs.n; i++) {
        const Unit *unit = scan->units[i];

        for (uint32_t k = 0; k < unit->fns.n; k++) {
            if (in_fixture(fx, unit->fns.at[k]->loc.file)) {
                fn_print(unit->fns.at[k], &out);
            }
        }
    }
    for (char *at = out.text + strlen(IR_START); (at = strstr(at, "*/")) != NULL;) {
        at[1] = '|'; /* would end the comment */
    }
    strbuf_puts(&out, IR_END);
    remove_folder(fx, out.text);
    return out.text;
}

/* Lines before 'at'. */
static uint32_t
line_of(const char *text, const char *at)
{
    uint32_t line = 1;

    for (; text < at; text++) {
        line += *text == '\n';
    }
    return line;
}

static bool
bless(const Fixture *fx, const char *text, const char *comment, const char *actual,
      Error *error)
{
    StrBuf out;

    strbuf_init(&out, fx->arena);
    strbuf_add(&out, text, comment == NULL ? strlen(text) : (size_t)(comment - text));
    if (comment == NULL) {
        strbuf_putc(&out, '\n');
    }
    strbuf_puts(&out, actual);
    return file_write(fx->file, out.text, out.length, error);
}

bool
judge_ir(Fixture *fx, Tally *tally, const Scan *scan, const char *text, Error *error)
{
    const char *comment = ir_comment(text);
    const char *actual = ir_text(fx, scan);
    size_t same = 0;

    tally->expectations++;
    if (tally->options->bless) {
        return bless(fx, text, comment, actual, error);
    }
    if (comment == NULL) {
        fixture_complain(fx, 1, "no IR comment at the end; strayref verify --bless writes it");
        return true;
    }
    while (comment[same] != '\0' && comment[same] == actual[same]) {
        same++;
    }
    if (comment[same] != '\0' || actual[same] != '\0') {
        while (same > 0 && comment[same - 1] != '\n') {
            same--;
        }
        fixture_complain(fx, line_of(text, comment + same),
                         "IR differs: expected '%.*s', is '%.*s'",
                         (int)strcspn(comment + same, "\n"), comment + same,
                         (int)strcspn(actual + same, "\n"), actual + same);
    }
    return true;
}
