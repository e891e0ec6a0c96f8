/* roads_join.c - ways that are one road cut in pieces become one way. */
#include "gateway/roads_import.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/room.h"

/* Cosine of the sharpest turn that is still one road going on, squared: 60 degrees. */
#define TURN_COS2 0.25

#define NO_LINE SIZE_MAX

struct end {
    struct grid_point at;
    size_t line;
    bool is_last;
};

/* What each end of each line goes on as. */
struct link {
    size_t line; /* NO_LINE if it ends here */
    bool is_last;
};

static const struct roads_line *sorted_lines; /* for qsort, whose comparison has no context */

static int by_look(const struct roads_line *a, const struct roads_line *b)
{
    int order = strcmp(a->name, b->name);

    if (!order)
        order = strcmp(a->name_zh, b->name_zh);
    if (!order)
        order = strcmp(a->owner, b->owner);
    if (!order)
        order = (int)a->class - (int)b->class;
    if (!order)
        order = a->lanes - b->lanes;
    if (!order)
        order = a->is_oneway - b->is_oneway;
    if (!order)
        order = a->cadence_h - b->cadence_h;
    if (!order)
        order = a->line_sigma_mm - b->line_sigma_mm;
    if (!order)
        order = (a->width_mm > b->width_mm) - (a->width_mm < b->width_mm);
    return order;
}

static int by_place(const struct end *a, const struct end *b)
{
    if (a->at.e_mm != b->at.e_mm)
        return a->at.e_mm < b->at.e_mm ? -1 : 1;
    if (a->at.n_mm != b->at.n_mm)
        return a->at.n_mm < b->at.n_mm ? -1 : 1;
    return by_look(&sorted_lines[a->line], &sorted_lines[b->line]);
}

static int by_place_and_line(const void *a, const void *b)
{
    const struct end *x = a, *y = b;
    const int order = by_place(x, y);

    if (order)
        return order;
    return x->line != y->line ? (x->line > y->line) - (x->line < y->line) : x->is_last - y->is_last;
}

static struct grid_point inner_point(const struct roads_line *line, bool is_last)
{
    return line->points[is_last ? line->n_points - 2 : 1];
}

/* Two ends that meet: does the one road go on as the other? */
static bool goes_on(const struct roads_line *lines, const struct end *a, const struct end *b)
{
    if (a->line == b->line || (lines[a->line].is_oneway && a->is_last == b->is_last))
        return false;
    const struct grid_point from = inner_point(&lines[a->line], a->is_last), to = inner_point(&lines[b->line], b->is_last);
    const double ae = (double)(a->at.e_mm - from.e_mm), an = (double)(a->at.n_mm - from.n_mm);
    const double be = (double)(to.e_mm - a->at.e_mm), bn = (double)(to.n_mm - a->at.n_mm);
    const double dot = ae * be + an * bn;
    return dot > 0 && dot * dot > TURN_COS2 * (ae * ae + an * an) * (be * be + bn * bn);
}

static void link_ends(const struct roads_line *lines, size_t n_lines, struct link *links)
{
    struct end *ends = room_zeroed(2 * n_lines, sizeof *ends);
    size_t n = 0;

    for (size_t i = 0; i < n_lines; i++) {
        links[2 * i] = links[2 * i + 1] = (struct link){NO_LINE, false};
        if (!lines[i].name[0])
            continue; /* nothing says that the two are one road */
        ends[n++] = (struct end){lines[i].points[0], i, false};
        ends[n++] = (struct end){lines[i].points[lines[i].n_points - 1], i, true};
    }
    sorted_lines = lines;
    qsort(ends, n, sizeof *ends, by_place_and_line);
    for (size_t i = 0, k; i < n; i = k) {
        for (k = i + 1; k < n && by_place(&ends[i], &ends[k]) == 0; k++)
            ;
        if (k - i != 2 || !goes_on(lines, &ends[i], &ends[i + 1]))
            continue; /* three of one kind meet: which goes on as which? */
        links[2 * ends[i].line + ends[i].is_last] = (struct link){ends[i + 1].line, ends[i + 1].is_last};
        links[2 * ends[i + 1].line + ends[i + 1].is_last] = (struct link){ends[i].line, ends[i].is_last};
    }
    free(ends);
}

/* Appends the points of a line, from the end at which it was entered. */
static void append(struct roads_line *to, const struct roads_line *line, bool from_last)
{
    const size_t skip = to->n_points ? 1 : 0; /* the point where they meet */

    ROOM(to->points, to->capacity, to->n_points + line->n_points);
    for (size_t i = skip; i < line->n_points; i++)
        to->points[to->n_points++] = line->points[from_last ? line->n_points - 1 - i : i];
}

/* The chain's far end behind the first end of `line`: which line, and at which of its ends one enters to come back. */
static struct link chain_start(const struct link *links, size_t line)
{
    struct link at = {line, false}; /* enter `line` at its first end */

    for (;;) {
        const struct link before = links[2 * at.line + at.is_last];
        if (before.line == NO_LINE)
            return at;
        if (before.line == line)
            return (struct link){line, false}; /* a ring: cut where its first line begins */
        at = (struct link){before.line, !before.is_last}; /* one entered that line at its other end */
    }
}

void roads_join(struct roads_line *lines, size_t n_lines)
{
    struct link *links = room_zeroed(2 * n_lines, sizeof *links);

    link_ends(lines, n_lines, links);
    for (size_t i = 0; i < n_lines; i++) { /* ascending by id: the first of a chain is the one that names it */
        if (lines[i].is_gone || (links[2 * i].line == NO_LINE && links[2 * i + 1].line == NO_LINE))
            continue;
        struct roads_line whole = {.n_points = 0};
        const struct link start = chain_start(links, i);
        for (struct link at = start;;) {
            append(&whole, &lines[at.line], at.is_last);
            lines[at.line].is_gone = true;
            const struct link next = links[2 * at.line + !at.is_last];
            if (next.line == NO_LINE || next.line == start.line)
                break;
            at = next;
        }
        free(lines[i].points);
        lines[i].points = whole.points;
        lines[i].n_points = whole.n_points;
        lines[i].capacity = whole.capacity;
        lines[i].is_gone = false;
    }
    free(links);
}
