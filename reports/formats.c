/* formats.c: the table of report formats, made from reports.def.
 *
 * A format is found by its name (--format) or by the suffix of the output file.
 */
#include "reports/report.h"

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

const ReportFormat *
report_format_for(const char *path)
{
    for (const ReportFormat *format = report_formats; format->name != NULL; format++) {
        if (text_ends(path, format->suffix)) {
            return format;
        }
    }
    return NULL;
}
