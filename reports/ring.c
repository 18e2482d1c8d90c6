/* ring.c: rings of references as drawings: a Mermaid graph for Markdown, an SVG for HTML.
 *
 * In the SVG the classes stand on a circle, the references are arcs between them, clockwise;
 * the one that the collector isn't told of is marked.
 */
#include "reports/report.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#define LABEL_MAX 30u /* bytes of a name that are drawn */
#define CHAR_WIDTH 7.6
#define BOX_HEIGHT 30.0
#define PI 3.14159265358979323846

static const char *
short_name(Arena *arena, const char *name)
{
    const char *clean = report_clean(arena, name);
    size_t length = 0;
    while (clean[length] != '\0' && length < LABEL_MAX) {
        length += utf8_printable(clean + length);
    }
    return clean[length] == '\0' ? clean : arena_printf(arena, "%.*s...", (int)length, clean);
}

/* ---- words and Mermaid ------------------------------------------------------------------ */

const char *
ring_words(Arena *arena, const Ring *ring)
{
    StrBuf out;
    strbuf_init(&out, arena);
    for (uint32_t i = 0; i < ring->nedges; i++) {
        const RingEdge *edge = &ring->edges[i];
        strbuf_printf(&out, "%s%s --%s--> %s", i > 0 ? "\n" : "",
                      report_clean(arena, edge->from), report_clean(arena, edge->field),
                      report_clean(arena, edge->to));
        if (edge->broken != NULL) {
            strbuf_printf(&out, " (%s)", report_clean(arena, edge->broken));
        }
    }
    return out.text;
}

/* Appends a text in quotes; what Mermaid or its HTML could read as more is encoded. */
static void
put_quoted(Arena *arena, StrBuf *out, const char *text)
{
    strbuf_putc(out, '"');
    for (const char *s = report_clean(arena, text); *s != '\0'; s++) {
        if (strchr("\"#;<>&`|[]{}\\%", *s) != NULL) {
            strbuf_printf(out, "#%d;", *s);
        }
        else {
            strbuf_putc(out, *s);
        }
    }
    strbuf_putc(out, '"');
}

/* The number of the class in the order of first mention. */
static uint32_t
class_number(const Ring *ring, const char *name)
{
    uint32_t number = 0;
    for (uint32_t i = 0; i < ring->nedges; i++) {
        uint32_t k = 0;
        while (k < i && !text_equal(ring->edges[k].from, ring->edges[i].from)) {
            k++;
        }
        if (text_equal(ring->edges[i].from, name)) {
            return number;
        }
        number += k == i;
    }
    return number; /* a class that nothing starts from */
}

const char *
ring_mermaid(Arena *arena, const Ring *ring)
{
    StrBuf out;
    strbuf_init(&out, arena);
    strbuf_puts(&out, "graph LR\n");
    for (uint32_t i = 0; i < ring->nedges; i++) {
        const RingEdge *edge = &ring->edges[i];
        const char *label = edge->field;
        if (edge->broken != NULL) {
            label = arena_printf(arena, "%s: %s", edge->field, edge->broken);
        }
        strbuf_printf(&out, "    c%" PRIu32 "[", class_number(ring, edge->from));
        put_quoted(arena, &out, edge->from);
        strbuf_printf(&out, "] %s|", edge->broken != NULL ? "-.->" : "-->");
        put_quoted(arena, &out, label);
        strbuf_printf(&out, "| c%" PRIu32 "[", class_number(ring, edge->to));
        put_quoted(arena, &out, edge->to);
        strbuf_puts(&out, "]\n");
    }
    for (uint32_t i = 0; i < ring->nedges; i++) {
        if (ring->edges[i].broken != NULL) {
            strbuf_printf(&out, "    linkStyle %" PRIu32 " stroke:#cf222e,stroke-width:3px\n", i);
        }
    }
    return out.text;
}

/* ---- SVG ------------------------------------------------------------------------------------ */

typedef struct Point {
    double x, y;
} Point;

typedef struct Drawing {
    Arena *arena;
    const Ring *ring;
    uint32_t number; /* makes ids unique in a page */
    double radius;
    double left, right, top, bottom; /* what is drawn so far reaches from ... to */
    StrBuf body;
} Drawing;

static double
text_width(const char *text)
{
    return CHAR_WIDTH * (double)strlen(text);
}

static double
box_width(Drawing *d, const char *name)
{
    return text_width(short_name(d->arena, name)) + 24;
}

/* Where a class stands, in radians clockwise from the right; the first one on top. */
static double
angle_of(const Drawing *d, uint32_t index)
{
    return 2 * PI * index / d->ring->nedges - PI / 2;
}

static Point
on_circle(double radius, double angle)
{
    return (Point){radius * cos(angle), radius * sin(angle)};
}

static void
cover(Drawing *d, double left, double right, double top, double bottom)
{
    d->left = fmin(d->left, left);
    d->right = fmax(d->right, right);
    d->top = fmin(d->top, top);
    d->bottom = fmax(d->bottom, bottom);
}

static void
put_class(Drawing *d, uint32_t index)
{
    const char *name = short_name(d->arena, d->ring->edges[index].from);
    double width = box_width(d, name);
    Point p = on_circle(d->radius, angle_of(d, index));
    strbuf_printf(&d->body,
                  "<rect class=\"ring-class\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\""
                  " height=\"%.1f\" rx=\"6\"/><text class=\"ring-name\" x=\"%.1f\" y=\"%.1f\""
                  " text-anchor=\"middle\">",
                  p.x - width / 2, p.y - BOX_HEIGHT / 2, width, BOX_HEIGHT, p.x, p.y + 4.5);
    report_put_escaped(&d->body, name);
    strbuf_puts(&d->body, "</text>\n");
    cover(d, p.x - width / 2, p.x + width / 2, p.y - BOX_HEIGHT / 2, p.y + BOX_HEIGHT / 2);
}

/* The angle at which an arc that starts in the middle of the box has left it, going in
 * direction 'step'. */
static double
leave_box(Drawing *d, uint32_t index, double step)
{
    double start = angle_of(d, index);
    Point middle = on_circle(d->radius, start);
    double width = box_width(d, d->ring->edges[index].from) / 2 + 4;
    double angle = start;
    for (uint32_t i = 0; i < 600; i++, angle += step) {
        Point p = on_circle(d->radius, angle);
        if (fabs(p.x - middle.x) > width || fabs(p.y - middle.y) > BOX_HEIGHT / 2 + 4) {
            break;
        }
    }
    return angle;
}

static void
put_label(Drawing *d, Point at, double angle, const RingEdge *edge)
{
    double side = cos(angle);
    const char *anchor = side > 0.3 ? "start" : side < -0.3 ? "end" : "middle";
    const char *lines[2] = {short_name(d->arena, edge->field),
                            edge->broken != NULL ? report_clean(d->arena, edge->broken) : NULL};
    double y = at.y + 4 + (sin(angle) > 0.5 ? 10 : 0) - (lines[1] != NULL ? 8 : 0);
    for (uint32_t i = 0; i < 2 && lines[i] != NULL; i++, y += 17) {
        double width = text_width(lines[i]);
        double left = side > 0.3 ? at.x : side < -0.3 ? at.x - width : at.x - width / 2;
        strbuf_printf(&d->body, "<text class=\"%s\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">",
                      i == 0 ? "ring-field" : "ring-broken-why", at.x, y, anchor);
        report_put_escaped(&d->body, lines[i]);
        strbuf_puts(&d->body, "</text>\n");
        cover(d, left, left + width, y - 14, y + 6);
    }
}

static void
put_edge(Drawing *d, uint32_t index)
{
    const RingEdge *edge = &d->ring->edges[index];
    uint32_t n = d->ring->nedges;
    bool broken = edge->broken != NULL;
    double from = leave_box(d, index, 0.01);
    double to = leave_box(d, (index + 1) % n, -0.01) + (index + 1 == n ? 2 * PI : 0);
    Point start = on_circle(d->radius, from);
    Point end = on_circle(d->radius, to);
    double middle = (from + to) / 2;
    strbuf_printf(&d->body,
                  "<path class=\"ring-edge%s\" d=\"M%.1f %.1fA%.1f %.1f 0 %d 1 %.1f %.1f\""
                  " marker-end=\"url(#ring%" PRIu32 "-%s)\"/>\n",
                  broken ? " ring-broken" : "", start.x, start.y, d->radius, d->radius,
                  to - from > PI, end.x, end.y, d->number, broken ? "broken" : "kept");
    if (broken) {
        Point p = on_circle(d->radius, middle);
        strbuf_printf(&d->body,
                      "<path class=\"ring-cut\" d=\"M%.1f %.1fl12 12m0 -12l-12 12\"/>\n", p.x - 6,
                      p.y - 6);
    }
    put_label(d, on_circle(d->radius + 16, middle), middle, edge);
    cover(d, -d->radius, d->radius, -d->radius, d->radius);
}

void
ring_svg(Arena *arena, const Ring *ring, uint32_t number, StrBuf *out)
{
    if (ring->nedges == 0) {
        return;
    }
    Drawing d = {.arena = arena, .ring = ring, .number = number};
    d.radius = 46 + 22 * fmin(ring->nedges, 12);
    strbuf_init(&d.body, arena);
    for (uint32_t i = 0; i < ring->nedges; i++) {
        put_edge(&d, i);
    }
    for (uint32_t i = 0; i < ring->nedges; i++) {
        put_class(&d, i);
    }
    double width = d.right - d.left + 16;
    double height = d.bottom - d.top + 16;
    strbuf_puts(out, "<svg class=\"ring\" role=\"img\" aria-label=\"");
    report_put_escaped(out, ring_words(arena, ring));
    strbuf_printf(out, "\" viewBox=\"%.1f %.1f %.1f %.1f\" width=\"%.0f\" height=\"%.0f\">\n",
                  d.left - 8, d.top - 8, width, height, width, height);
    for (int broken = 0; broken < 2; broken++) {
        strbuf_printf(out,
                      "<defs><marker id=\"ring%" PRIu32 "-%s\" viewBox=\"0 0 10 10\" refX=\"8\""
                      " refY=\"5\" markerWidth=\"7\" markerHeight=\"7\" orient=\"auto\">"
                      "<path class=\"ring-head%s\" d=\"M0 0L10 5L0 10z\"/></marker></defs>\n",
                      number, broken ? "broken" : "kept", broken ? " ring-broken" : "");
    }
    strbuf_add(out, d.body.text, d.body.length);
    strbuf_puts(out, "</svg>\n");
}
