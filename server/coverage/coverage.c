#include "server/coverage/coverage.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "server/coverage/days.h"

const char *const piece_state_words[PIECE_STATES] = {"on_time", "late", "stale", "never"};

/* ---- roads ----------------------------------------------------------------------------------------------- */

/* For qsort, whose comparison has no context. */
static _Thread_local const struct road_network *sorted_network;

static int by_name(const void *a, const void *b)
{
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    const uint32_t name_x = sorted_network->ways[x].name, name_y = sorted_network->ways[y].name;

    if (name_x != name_y) { /* a name stands in the text once */
        const int order = strcmp(road_text(sorted_network, name_x), road_text(sorted_network, name_y));
        if (order)
            return order;
    }
    return (x > y) - (x < y);
}

static int by_due(const void *a, const void *b)
{
    const struct covered_road *x = a, *y = b;

    if (x->sums.due_cells != y->sums.due_cells)
        return x->sums.due_cells > y->sums.due_cells ? -1 : 1;
    return (x->way > y->way) - (x->way < y->way);
}

static void add_way(struct coverage *c, struct covered_road *road, uint32_t way)
{
    const struct road_way *w = &c->network->ways[way];

    if (w->class < road->class)
        road->class = w->class;
    if (w->cadence_h && (!road->cadence_h || w->cadence_h < road->cadence_h))
        road->cadence_h = w->cadence_h;
}

/* `road_of`: by way. */
static void sum_up(struct coverage *c, const uint32_t *road_of)
{
    piece_sums_init(&c->district);
    for (size_t i = 0; i < c->n_pieces; i++) {
        piece_sums_add(&c->roads[road_of[c->pieces[i].way]].sums, c->network, &c->pieces[i]);
        piece_sums_add(&c->district, c->network, &c->pieces[i]);
    }
}

static enum road_status make_roads(struct coverage *c)
{
    const uint32_t n = c->network->n_ways;
    uint32_t *ways = malloc((n + 1) * sizeof *ways), *road_of = malloc((n + 1) * sizeof *road_of);

    c->roads = calloc(n + 1, sizeof *c->roads);
    if (!ways || !road_of || !c->roads) {
        free(ways);
        free(road_of);
        return ROAD_NO_MEMORY;
    }
    for (uint32_t w = 0; w < n; w++)
        ways[w] = w;
    sorted_network = c->network;
    qsort(ways, n, sizeof *ways, by_name);
    for (uint32_t i = 0; i < n; i++) {
        const struct road_way *w = &c->network->ways[ways[i]];
        if (i == 0 || strcmp(road_text(c->network, c->network->ways[ways[i - 1]].name), road_text(c->network, w->name)) != 0) {
            struct covered_road *road = &c->roads[c->n_roads++];
            *road = (struct covered_road){.name = w->name, .way = ways[i], .class = w->class};
            piece_sums_init(&road->sums);
        }
        add_way(c, &c->roads[c->n_roads - 1], ways[i]);
        road_of[ways[i]] = (uint32_t)c->n_roads - 1;
    }
    sum_up(c, road_of);
    qsort(c->roads, c->n_roads, sizeof *c->roads, by_due);
    free(ways);
    free(road_of);
    return ROAD_OK;
}

/* ---- the whole -------------------------------------------------------------------------------------------- */

enum road_status coverage_make(const struct road_network *network, const struct watched_days *days, int64_t as_of_day,
                               struct coverage *ret_coverage)
{
    struct coverage c = {.network = network, .as_of_day = as_of_day, .n_pieces = pieces_count(network)};

    c.pieces = malloc((c.n_pieces + 1) * sizeof *c.pieces);
    enum road_status status = c.pieces ? ROAD_OK : ROAD_NO_MEMORY;
    if (!status) {
        pieces_measure(network, days, as_of_day, code_rules_default.stale_cadences, c.pieces);
        status = make_roads(&c);
    }
    if (!status)
        status = road_graph_make(network, c.pieces, c.n_pieces, &c.graph);
    if (status)
        coverage_done(&c);
    else
        *ret_coverage = c;
    return status;
}

enum road_status coverage_read(sqlite3 *db, const struct road_network *network, struct coverage *ret_coverage)
{
    struct days *days;
    int64_t as_of_day;

    enum road_status status = days_read(db, network->zone, &days, &as_of_day);
    if (status)
        return status;
    status = coverage_make(network, &(struct watched_days){days_at, days}, as_of_day, ret_coverage);
    days_free(days);
    return status;
}

void coverage_done(struct coverage *coverage)
{
    free(coverage->pieces);
    free(coverage->roads);
    road_graph_done(&coverage->graph);
    memset(coverage, 0, sizeof *coverage);
}

/* ---- what is said of it ----------------------------------------------------------------------------------- */

double piece_sums_planned_m(const struct piece_sums *sums)
{
    return sums->metres[PIECE_ON_TIME] + sums->metres[PIECE_LATE] + sums->metres[PIECE_STALE] + sums->metres[PIECE_NEVER];
}

double piece_sums_share(const struct piece_sums *sums)
{
    const double planned = piece_sums_planned_m(sums);

    return planned > 0 ? sums->metres[PIECE_ON_TIME] / planned : 1;
}

const char *covered_road_id(const struct coverage *coverage, const struct covered_road *road)
{
    return road->name ? road_text(coverage->network, coverage->network->ways[road->way].id) : "";
}

uint32_t coverage_junction(const struct coverage *coverage, struct grid_point point)
{
    double nearest = INFINITY;
    uint32_t junction = ROAD_NO_WAY;

    for (uint32_t i = 0; i < coverage->graph.n_junctions; i++) {
        const struct grid_point at = coverage->graph.at[i];
        const double distance = hypot((double)(at.e_mm - point.e_mm), (double)(at.n_mm - point.n_mm));
        if (distance < nearest && coverage->graph.first[i] < coverage->graph.first[i + 1]) {
            nearest = distance;
            junction = i;
        }
    }
    return junction;
}

static int64_t middle_of_lanes(const struct road_network *network, uint32_t way, bool is_backward)
{
    const unsigned n = road_lanes_of(network, way, is_backward);

    return n == 0 ? 0
                  : ((int64_t)road_lane_lateral_mm(network, way, is_backward, 0) + road_lane_lateral_mm(network, way, is_backward, n - 1)) / 2;
}

size_t coverage_line(const struct road_network *network, uint32_t way, bool is_backward, int64_t from_mm, int64_t to_mm,
                     struct grid_point *ret_points, size_t capacity)
{
    const struct road_way *w = &network->ways[way];
    const int64_t side = middle_of_lanes(network, way, is_backward);
    size_t n = 0;

    if (n < capacity)
        road_point_at(network, way, from_mm, side, &ret_points[n++], NULL);
    for (uint32_t i = 0; i < w->n_vertices; i++) {
        const int64_t at = network->vertices[w->first + i].chainage_mm;
        if (at > from_mm && at < to_mm && n + 1 < capacity)
            road_point_at(network, way, at, side, &ret_points[n++], NULL);
    }
    if (n < capacity)
        road_point_at(network, way, to_mm, side, &ret_points[n++], NULL);
    for (size_t i = 0; is_backward && i < n / 2; i++) {
        const struct grid_point point = ret_points[i];
        ret_points[i] = ret_points[n - 1 - i];
        ret_points[n - 1 - i] = point;
    }
    return n;
}

size_t drive_legs(const struct coverage *coverage, const struct drive *drive, struct leg *ret_legs, size_t capacity)
{
    uint8_t *is_watched = calloc(coverage->graph.n_arcs + 1, 1);
    size_t n = 0;

    for (size_t i = 0; is_watched && i < drive->n_arcs; i++) {
        const struct arc *arc = &coverage->graph.arcs[drive->arcs[i]];
        const double due = is_watched[drive->arcs[i]] ? 0 : arc->due_m2;
        struct leg *leg = n ? &ret_legs[n - 1] : NULL;
        is_watched[drive->arcs[i]] = 1;
        if (leg && leg->way == arc->way && leg->is_backward == arc->is_backward &&
            (arc->is_backward ? leg->from_mm == arc->to_mm : leg->to_mm == arc->from_mm)) {
            leg->from_mm = arc->from_mm < leg->from_mm ? arc->from_mm : leg->from_mm;
            leg->to_mm = arc->to_mm > leg->to_mm ? arc->to_mm : leg->to_mm;
            leg->length_m += arc->length_m;
            leg->due_m2 += due;
        } else if (n < capacity) {
            ret_legs[n++] = (struct leg){arc->way, arc->is_backward, arc->from_mm, arc->to_mm, arc->length_m, due};
        }
    }
    free(is_watched);
    return n;
}
