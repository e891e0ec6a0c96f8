#include "server/coverage/drive.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SEEDS 24
#define NEAR_M 600.0   /* so far is looked first … */
#define REACH_M 3000.0 /* … and so far for the next due arc where nothing near is due */
#define NO_ARC UINT32_MAX

/* Shortest ways from where the drive stands, no further than it may reach; a binary heap of junctions by distance. */
struct search {
    const struct road_graph *graph;
    double *distance_m, *due_m2; /* along the shortest way; distance INFINITY: not reached */
    uint32_t *via;               /* the arc by which a junction was reached */
    uint32_t *touched;
    size_t n_touched;
    struct open {
        double distance_m;
        uint32_t junction;
    } *heap;
    size_t n_heap, heap_capacity;
    uint8_t *is_watched; /* arcs that the drive has passed */
};

static void push(struct search *s, double distance_m, uint32_t junction)
{
    size_t i = s->n_heap++;

    for (; i > 0 && s->heap[(i - 1) / 2].distance_m > distance_m; i = (i - 1) / 2)
        s->heap[i] = s->heap[(i - 1) / 2];
    s->heap[i] = (struct open){distance_m, junction};
}

static struct open pop(struct search *s)
{
    const struct open top = s->heap[0], last = s->heap[--s->n_heap];
    size_t i = 0;

    for (size_t child; (child = 2 * i + 1) < s->n_heap; i = child) {
        if (child + 1 < s->n_heap && s->heap[child + 1].distance_m < s->heap[child].distance_m)
            child++;
        if (s->heap[child].distance_m >= last.distance_m)
            break;
        s->heap[i] = s->heap[child];
    }
    s->heap[i] = last;
    return top;
}

static double worth(const struct search *s, uint32_t arc)
{
    return s->is_watched[arc] ? 0 : s->graph->arcs[arc].due_m2;
}

static void reach(struct search *s, uint32_t junction, double distance_m, double due_m2, uint32_t via)
{
    if (distance_m >= s->distance_m[junction])
        return;
    if (isinf(s->distance_m[junction]))
        s->touched[s->n_touched++] = junction;
    s->distance_m[junction] = distance_m;
    s->due_m2[junction] = due_m2;
    s->via[junction] = via;
    push(s, distance_m, junction);
}

static void forget(struct search *s)
{
    for (size_t i = 0; i < s->n_touched; i++)
        s->distance_m[s->touched[i]] = INFINITY;
    s->n_touched = s->n_heap = 0;
}

/* The most due area a metre among the arcs no further than reach_m, counting the way there. NO_ARC: none fits. */
static uint32_t best_within(struct search *s, uint32_t from, double limit_m, double reach_m)
{
    const struct road_graph *g = s->graph;
    double best = 0;
    uint32_t best_arc = NO_ARC;

    forget(s);
    reach(s, from, 0, 0, NO_ARC);
    while (s->n_heap) {
        const struct open open = pop(s);
        if (open.distance_m > s->distance_m[open.junction])
            continue;
        for (uint32_t a = g->first[open.junction]; a < g->first[open.junction + 1]; a++) {
            const double length = open.distance_m + g->arcs[a].length_m;
            const double due = s->due_m2[open.junction] + worth(s, a);
            if (length > limit_m)
                continue;
            if (worth(s, a) > 0 && due / length > best) {
                best = due / length;
                best_arc = a;
            }
            if (length <= reach_m)
                reach(s, g->arcs[a].to, length, due, a);
        }
    }
    return best_arc;
}

/* The arc to go to next. */
static uint32_t best_arc(struct search *s, uint32_t from, double limit_m)
{
    const uint32_t arc = best_within(s, from, limit_m, NEAR_M);

    return arc != NO_ARC ? arc : best_within(s, from, limit_m, REACH_M);
}

static bool append(struct search *s, struct drive *drive, uint32_t arc)
{
    if (drive->n_arcs == DRIVE_ARCS_MAX)
        return false;
    drive->arcs[drive->n_arcs++] = arc;
    drive->length_m += s->graph->arcs[arc].length_m;
    drive->due_m2 += worth(s, arc);
    s->is_watched[arc] = 1;
    return true;
}

/* The shortest way to the arc's tail, then the arc. The way lies in `via`, backwards. */
static bool go_to(struct search *s, struct drive *drive, uint32_t from, uint32_t arc)
{
    uint32_t way[512];
    size_t n = 0;

    way[n++] = arc;
    for (uint32_t at = s->graph->arcs[arc].from; at != from && n < 512;) {
        way[n++] = s->via[at];
        at = s->graph->arcs[s->via[at]].from;
    }
    while (n)
        if (!append(s, drive, way[--n]))
            return false;
    return true;
}

static void drive_from(struct search *s, double length_m, uint32_t at, struct drive *drive)
{
    while (drive->length_m < length_m) {
        const uint32_t arc = best_arc(s, at, length_m - drive->length_m);
        if (arc == NO_ARC || !go_to(s, drive, at, arc))
            return;
        at = s->graph->arcs[arc].to;
    }
}

/* The arcs richest in due area a metre that fit, best first; the sums of a drive break ties towards longer arcs. */
static size_t choose_seeds(const struct road_graph *g, double length_m, uint32_t seeds[SEEDS])
{
    double ratios[SEEDS];
    size_t n = 0;

    for (uint32_t a = 0; a < g->n_arcs; a++) {
        const double ratio = g->arcs[a].due_m2 / g->arcs[a].length_m;
        if (g->arcs[a].due_m2 <= 0 || g->arcs[a].length_m > length_m || (n == SEEDS && ratio <= ratios[n - 1]))
            continue;
        size_t i = n < SEEDS ? n++ : n - 1;
        for (; i > 0 && ratios[i - 1] < ratio; i--) {
            ratios[i] = ratios[i - 1];
            seeds[i] = seeds[i - 1];
        }
        ratios[i] = ratio;
        seeds[i] = a;
    }
    return n;
}

static bool is_better(const struct drive *a, const struct drive *b)
{
    return a->due_m2 > b->due_m2 || (a->due_m2 == b->due_m2 && a->length_m < b->length_m);
}

/* What was driven to behind the last due arc is left away. */
static void try_seed(struct search *s, double length_m, uint32_t start, uint32_t seed, struct drive *trial, struct drive *best)
{
    memset(s->is_watched, 0, s->graph->n_arcs);
    *trial = (struct drive){.n_arcs = 0};
    if (start == ROAD_NO_WAY && append(s, trial, seed))
        drive_from(s, length_m, s->graph->arcs[seed].to, trial);
    else if (start != ROAD_NO_WAY)
        drive_from(s, length_m, start, trial);
    if (is_better(trial, best))
        *best = *trial;
}

static bool open_search(struct search *s, const struct road_graph *g)
{
    *s = (struct search){.graph = g, .heap_capacity = g->n_arcs + 1};
    s->distance_m = malloc((g->n_junctions + 1) * sizeof *s->distance_m);
    s->due_m2 = malloc((g->n_junctions + 1) * sizeof *s->due_m2);
    s->via = malloc((g->n_junctions + 1) * sizeof *s->via);
    s->touched = malloc((g->n_junctions + 1) * sizeof *s->touched);
    s->heap = malloc(s->heap_capacity * sizeof *s->heap); /* an arc improves a junction once at most */
    s->is_watched = malloc(g->n_arcs + 1);
    for (uint32_t i = 0; s->distance_m && i < g->n_junctions; i++)
        s->distance_m[i] = INFINITY;
    return s->distance_m && s->due_m2 && s->via && s->touched && s->heap && s->is_watched;
}

static void close_search(struct search *s)
{
    free(s->distance_m);
    free(s->due_m2);
    free(s->via);
    free(s->touched);
    free(s->heap);
    free(s->is_watched);
}

enum road_status drive_plan(const struct road_graph *graph, double length_m, uint32_t start, struct drive *ret_drive)
{
    uint32_t seeds[SEEDS];
    struct search search;
    struct drive *trial = malloc(sizeof *trial);
    const bool is_open = open_search(&search, graph);

    if (!is_open || !trial) {
        close_search(&search);
        free(trial);
        return ROAD_NO_MEMORY;
    }
    *ret_drive = (struct drive){.n_arcs = 0};
    const size_t n = start == ROAD_NO_WAY ? choose_seeds(graph, length_m, seeds) : 1;
    for (size_t i = 0; i < n; i++)
        try_seed(&search, length_m, start, start == ROAD_NO_WAY ? seeds[i] : 0, trial, ret_drive);
    close_search(&search);
    free(trial);
    return ROAD_OK;
}
