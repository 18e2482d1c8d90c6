/* formats.c: the table of report formats, made from reports.def.
 *
 * A format is found by its name (--format) or by the suffix of the output file.
 */
#include "reports/report.h"

#include <string.h>

#define REPORT(name, suffix, title) {#name, suffix, title, report_##name},
const ReportFormat report_formats[] = {
#include "reports/reports.def"
    {NULL, NULL, NULL, NULL},
};
#undef REPORT

const ReportFormat *
report_format_find(const char *name)
{
    for (const ReportFormat *format = report_formats; format->name != NULL; format++) {
        if (text_equal(format->name, name)) {
            return format;
        }
    }
    return NULL;
}

/* The length of the longest of the format's suffixes that 'path' has, 0 for none. */
static size_t
suffix_length(const ReportFormat *format, const char *path)
{
    size_t longest = 0;
    size_t path_length = strlen(path);
    for (const char *s = format->suffix; *s != '\0';) {
        size_t length = strcspn(s, " ");
        bool fits = length <= path_length && memcmp(path + path_length - length, s, length) == 0;
        longest = fits && length > longest ? length : longest;
        s += length + strspn(s + length, " ");
    }
    return longest;
}

bool
report_format_fits(const ReportFormat *format, const char *path)
{
    return suffix_length(format, path) > 0;
}

const ReportFormat *
report_format_for(const char *path)
{
    const ReportFormat *best = NULL;
    size_t longest = 0;
    for (const ReportFormat *format = report_formats; format->name != NULL; format++) {
        size_t length = suffix_length(format, path);
        if (length > longest) {
            longest = length;
            best = format;
        }
    }
    return best;
}
