/* sarif.c: the run as SARIF 2.1.0, as GitHub code scanning and other viewers take it.
 *
 * Results stand in the order of all reports, so what a viewer with a limit cuts off is the
 * least urgent.  Suppressed and known findings are in it, marked.
 */
#include "reports/sarif.h"

#include <inttypes.h>

#define SCHEMA_URI "https://json.schemastore.org/sarif-2.1.0.json"
#define MAX_RESULTS 25000u      /* more make GitHub refuse the file */
#define MAX_NOTIFICATIONS 1000u /* gaps that are told one by one */
#define MAX_DESCRIPTION 1024u   /* bytes of a rule's description */

/* ---- rules ------------------------------------------------------------------------------ */

/* 'text' with a full stop, cut to what a description may have. */
static const char *
description(SarifReport *s, const char *text)
{
    const char *clean = report_clean(s->arena, text);
    size_t length = 0;
    while (clean[length] != '\0' && length < MAX_DESCRIPTION - 8) {
        length += utf8_printable(clean + length);
    }
    if (clean[length] != '\0') {
        return arena_printf(s->arena, "%.*s...", (int)length, clean);
    }
    bool ended = length > 0 && clean[length - 1] == '.';
    return arena_printf(s->arena, "%s%s", clean, ended ? "" : ".");
}

static void
put_tags(SarifReport *s, json_t *properties, const RuleInfo *rule)
{
    json_t *tags = put_array(properties, "tags");
    add_text(s->arena, tags, "correctness");
    add_text(s->arena, tags, "python");
    add_text(s->arena, tags, "reference-counting");
    if (rule->cwe > 0) {
        add_text(s->arena, tags, arena_printf(s->arena, "external/cwe/cwe-%03d", rule->cwe));
    }
}

static const char *
problem_severity(Severity severity)
{
    return severity == SEVERITY_NOTE ? "recommendation" : severity_text(severity);
}

static void
put_rule(SarifReport *s, json_t *rules, const RuleInfo *info)
{
    const char *title = report_has(info->title) ? info->title : info->id;
    const char *summary = report_has(info->summary) ? info->summary : title;
    const char *page = report_lines(s->arena, report_has(info->page) ? info->page : summary);
    json_t *rule = add_object(rules);
    put_text(s->arena, rule, "id", info->id);
    sarif_put_message(rule, "shortDescription", description(s, title));
    sarif_put_message(rule, "fullDescription", description(s, summary));
    sarif_put_message(rule, "help", page); /* Markdown reads well as text */
    json_object_set_new(json_object_get(rule, "help"), "markdown", json_string(page));
    put_text(s->arena, put_object(rule, "defaultConfiguration"), "level",
             severity_text(info->severity));
    json_t *properties = put_object(rule, "properties");
    put_tags(s, properties, info);
    put_text(s->arena, properties, "precision", precision_text(info->precision));
    put_text(s->arena, properties, "problem.severity", problem_severity(info->severity));
}

/* What the notifications of the invocation are about. */
static const char *const notices[][2] = {
    {"file-not-read", "A file could not be read, or only in part."},
    {"function-not-analysed", "A function was not analysed, or not in full."},
    {"note", "Something about the run that its reader should know."},
};

enum { NOTICE_FILE, NOTICE_FUNCTION, NOTICE_NOTE };

static void
put_driver(SarifReport *s, json_t *run)
{
    json_t *driver = put_object(put_object(run, "tool"), "driver");
    put_text(s->arena, driver, "name", "strayref");
    put_text(s->arena, driver, "semanticVersion", s->run->version);
    put_text(s->arena, driver, "version", s->run->version);
    sarif_put_message(driver, "shortDescription",
                      "Finds reference-count errors in C extensions for Python.");
    json_t *rules = put_array(driver, "rules");
    for (uint32_t i = 0; i < s->nrules; i++) {
        put_rule(s, rules, s->rules[i]);
    }
    json_t *notifications = put_array(driver, "notifications");
    for (size_t i = 0; i < COUNT_OF(notices); i++) {
        json_t *notification = add_object(notifications);
        put_text(s->arena, notification, "id", notices[i][0]);
        sarif_put_message(notification, "shortDescription", notices[i][1]);
        sarif_put_message(notification, "fullDescription", notices[i][1]);
        sarif_put_message(notification, "help", notices[i][1]);
    }
    json_t *properties = put_object(driver, "properties");
    put_text(s->arena, properties, "clang", s->run->clang);
    put_text(s->arena, properties, "python", s->run->python);
}

/* ---- the invocation ----------------------------------------------------------------------- */

static json_t *
add_notification(SarifReport *s, json_t *list, int notice, const char *level, const char *text)
{
    json_t *notification = add_object(list);
    json_t *descriptor = put_object(notification, "descriptor");
    put_text(s->arena, descriptor, "id", notices[notice][0]);
    put_number(descriptor, "index", (uint64_t)notice);
    put_text(s->arena, notification, "level", level);
    sarif_put_message(notification, "message", report_has(text) ? text : "-");
    return notification;
}

static void
put_gap(SarifReport *s, json_t *list, const Gap *gap)
{
    bool is_file = !report_has(gap->function);
    const char *text = arena_printf(s->arena, "%s: %s", report_gap(s->arena, s->run->root, gap),
                                    report_clean(s->arena, gap->why));
    json_t *notification = add_notification(s, list, is_file ? NOTICE_FILE : NOTICE_FUNCTION,
                                            is_file ? "error" : "warning", text);
    if (gap->loc.file != NULL) {
        sarif_put_place(s, add_object(put_array(notification, "locations")), gap->loc);
    }
}

static void
put_notifications(SarifReport *s, json_t *invocation)
{
    const RunResult *run = s->run;
    const char *hidden = report_hidden(s->arena, run);
    json_t *list = put_array(invocation, "toolExecutionNotifications");
    for (uint32_t i = 0; i < run->ngaps && i < MAX_NOTIFICATIONS; i++) {
        put_gap(s, list, &run->gaps[i]);
    }
    if (run->ngaps > MAX_NOTIFICATIONS) {
        add_notification(s, list, NOTICE_FUNCTION, "warning",
                         arena_printf(s->arena, "and %" PRIu32 " more files or functions",
                                      run->ngaps - MAX_NOTIFICATIONS));
    }
    for (uint32_t i = 0; i < run->nnotes; i++) {
        add_notification(s, list, NOTICE_NOTE, "note", report_clean(s->arena, run->notes[i]));
    }
    if (hidden != NULL) {
        add_notification(s, list, NOTICE_NOTE, "note",
                         arena_printf(s->arena, "not shown: %s", hidden));
    }
    if (run->nfindings > MAX_RESULTS) {
        add_notification(s, list, NOTICE_NOTE, "warning",
                         arena_printf(s->arena, "%" PRIu32 " results are left out: viewers take"
                                      " %u at most", run->nfindings - MAX_RESULTS, MAX_RESULTS));
    }
}

static void
put_invocation(SarifReport *s, json_t *run)
{
    json_t *invocation = add_object(put_array(run, "invocations"));
    put_bool(invocation, "executionSuccessful", true);
    put_text(s->arena, put_object(invocation, "workingDirectory"), "uri", sarif_root_uri(s));
    put_notifications(s, invocation);
}

/* ---- the run ---------------------------------------------------------------------------- */

/* One category per Python, so that a project may upload several scans of one commit. */
static void
put_automation(SarifReport *s, json_t *run)
{
    const char *python = s->run->python != NULL ? s->run->python : "unknown";
    StrBuf id;
    strbuf_init(&id, s->arena);
    strbuf_puts(&id, "strayref/python-");
    for (const char *c = python; *c != '\0'; c++) {
        bool kept = (*c >= '0' && *c <= '9') || (*c >= 'a' && *c <= 'z') || *c == '.';
        if (kept || *c == ',') {
            strbuf_putc(&id, kept ? *c : '-');
        }
    }
    strbuf_putc(&id, '/');
    put_text(s->arena, put_object(run, "automationDetails"), "id", id.text);
}

static json_t *
make_log(SarifReport *s)
{
    json_t *log = json_object();
    put_text(s->arena, log, "$schema", SCHEMA_URI);
    put_text(s->arena, log, "version", "2.1.0");
    json_t *run = add_object(put_array(log, "runs"));
    put_driver(s, run);
    put_automation(s, run);
    put_invocation(s, run);
    json_t *base = put_object(put_object(run, "originalUriBaseIds"), "%SRCROOT%");
    put_text(s->arena, base, "uri", sarif_root_uri(s));
    put_text(s->arena, run, "columnKind", "unicodeCodePoints");
    json_t *results = put_array(run, "results");
    for (uint32_t i = 0; i < s->run->nfindings && i < MAX_RESULTS; i++) {
        sarif_fill_result(s, add_object(results), i);
    }
    return log;
}

void
report_sarif(const RunResult *run, const ReportOptions *options, StrBuf *out)
{
    (void)options;
    Arena *arena = arena_new();
    SarifReport s = {.arena = arena, .sources = sources_new(arena), .run = run};
    s.rules = report_rules(arena, run, &s.nrules);
    s.keys = report_keys(arena, run);
    put_json(out, make_log(&s), false);
    arena_free(arena);
}
