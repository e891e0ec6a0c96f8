/* road_locate.c - from points to places on ways, and the square metres of a way. */
#include "grid/road.h"

#include <math.h>

struct road_direction road_direction_of(uint16_t heading_cdeg)
{
    const double angle = heading_cdeg * (3.14159265358979323846 / 18000);

    return (struct road_direction){llround(1e6 * sin(angle)), llround(1e6 * cos(angle))};
}

struct road_foot road_foot(const struct road_vertex *line, struct grid_point point)
{
    const double de = (double)(line[1].at.e_mm - line[0].at.e_mm), dn = (double)(line[1].at.n_mm - line[0].at.n_mm);
    const double pe = (double)(point.e_mm - line[0].at.e_mm), pn = (double)(point.n_mm - line[0].at.n_mm);
    const double length = sqrt(de * de + dn * dn), dot = pe * de + pn * dn, cross = pe * dn - pn * de;
    struct road_foot foot = {.is_before = dot < 0, .is_behind = dot > length * length};

    if (foot.is_before || foot.is_behind) {
        const double e = foot.is_before ? pe : pe - de, n = foot.is_before ? pn : pn - dn;
        foot.along_mm = foot.is_before ? 0 : length;
        foot.distance_mm = sqrt(e * e + n * n);
        foot.lateral_mm = cross < 0 ? -foot.distance_mm : foot.distance_mm;
    } else {
        foot.along_mm = dot / length;
        foot.lateral_mm = cross / length;
        foot.distance_mm = fabs(foot.lateral_mm);
    }
    return foot;
}

#define BLOCK_REACH_MM 60000 /* from a block's middle: its corners, and 15 m of kerb and pavement beyond */

/* ---- candidates ---------------------------------------------------------------------------------------- */

struct question {
    const struct road_network *network;
    struct grid_point point;
    struct road_direction heading;
    double sigma_mm;
    double reach_mm; /* from the carriageway's edge */
};

struct candidate {
    struct road_line_name line;
    struct road_foot foot;
    double edge_mm; /* from the point to the carriageway; 0 inside */
    bool is_backward;
};

/* Cosine of 45 degrees, squared: headings are compared without angles. */
#define HEADING_COS2 0.5

/* May this line be driven as the heading says? Sets the direction. */
static bool heading_fits(const struct question *q, const struct road_way *way, const struct road_vertex *line,
                         bool *ret_is_backward)
{
    const double he = (double)q->heading.e, hn = (double)q->heading.n;
    const double le = (double)(line[1].at.e_mm - line[0].at.e_mm), ln = (double)(line[1].at.n_mm - line[0].at.n_mm);
    const double dot = he * le + hn * ln;

    *ret_is_backward = dot < 0;
    if (q->heading.e == 0 && q->heading.n == 0)
        return true;
    if (dot < 0 && way->is_oneway)
        return false;
    return dot * dot >= HEADING_COS2 * (he * he + hn * hn) * (le * le + ln * ln);
}

static bool is_candidate(const struct question *q, struct road_line_name name, struct candidate *ret)
{
    const struct road_way *way = &q->network->ways[name.way];
    const struct road_vertex *line = q->network->vertices + name.vertex;
    struct candidate c = {.line = name};

    if (!heading_fits(q, way, line, &c.is_backward))
        return false;
    c.foot = road_foot(line, q->point);
    c.edge_mm = fmax(0, c.foot.distance_mm - way->width_mm / 2.0);
    *ret = c;
    return c.edge_mm <= q->reach_mm;
}

/* The order is one of values, so that it does not matter in which order the lines are looked at. */
static bool is_better(const struct candidate *a, const struct candidate *b)
{
    if (a->edge_mm != b->edge_mm)
        return a->edge_mm < b->edge_mm;
    if (a->foot.distance_mm != b->foot.distance_mm)
        return a->foot.distance_mm < b->foot.distance_mm;
    if (a->line.way != b->line.way)
        return a->line.way < b->line.way;
    return a->line.vertex < b->line.vertex;
}

/* Looks at every line of every bucket within `radius_mm`; a line may come more than once. */
static void each_candidate(const struct question *q, double radius_mm, void (*take)(void *context, const struct candidate *c),
                           void *context)
{
    const int64_t radius = (int64_t)ceil(radius_mm);
    const int32_t west = road_bucket_of(q->point.e_mm - radius), east = road_bucket_of(q->point.e_mm + radius);
    const int32_t south = road_bucket_of(q->point.n_mm - radius), north = road_bucket_of(q->point.n_mm + radius);

    for (int32_t row = south; row <= north; row++)
        for (int32_t column = west; column <= east; column++) {
            uint32_t n;
            const struct road_line_name *names = road_lines_in(q->network, column, row, &n);
            for (uint32_t i = 0; i < n; i++) {
                struct candidate c;
                if (is_candidate(q, names[i], &c))
                    take(context, &c);
            }
        }
}

struct best {
    bool is_found;
    struct candidate c;
};

static void take_best(void *context, const struct candidate *c)
{
    struct best *best = context;

    if (!best->is_found || is_better(c, &best->c))
        *best = (struct best){true, *c};
}

/* ---- is another way meant? ----------------------------------------------------------------------------- */

struct rivals {
    const struct question *q;
    const struct candidate *best;
    bool is_one; /* of them can be meant */
};

static bool is_same_point(struct grid_point a, struct grid_point b)
{
    return a.e_mm == b.e_mm && a.n_mm == b.n_mm;
}

/* From a way's end (its first or its last vertex) into the way. */
static struct road_direction inwards(const struct road_network *network, uint32_t way, bool is_last, struct grid_point *ret_end)
{
    const struct road_way *w = &network->ways[way];
    const struct road_vertex *end = network->vertices + w->first + (is_last ? w->n_vertices - 1 : 0);
    const struct road_vertex *next = is_last ? end - 1 : end + 1;

    *ret_end = end->at;
    return (struct road_direction){next->at.e_mm - end->at.e_mm, next->at.n_mm - end->at.n_mm};
}

/* Does the other way go on where this one ends (and not leave it sideways, as at a fork)? */
static bool goes_on(const struct road_network *network, uint32_t way, uint32_t other)
{
    for (int i = 0; i < 4; i++) {
        struct grid_point a, b;
        const struct road_direction x = inwards(network, way, i & 1, &a), y = inwards(network, other, i >> 1, &b);
        if (is_same_point(a, b) && (double)x.e * (double)y.e + (double)x.n * (double)y.n < 0)
            return true;
    }
    return false;
}

static void take_rival(void *context, const struct candidate *c)
{
    struct rivals *rivals = context;
    const struct road_network *network = rivals->q->network;
    const uint32_t way = rivals->best->line.way, other = c->line.way;

    if (other == way || rivals->is_one)
        return;
    const double widths = (network->ways[way].width_mm + network->ways[other].width_mm) / 2.0;
    if (c->foot.distance_mm < 3 * rivals->q->sigma_mm + widths + ROAD_NEAR_MM && !goes_on(network, way, other))
        rivals->is_one = true;
}

static struct road_place place_of(const struct question *q, const struct candidate *c)
{
    const struct road_network *network = q->network;
    const struct road_vertex *line = network->vertices + c->line.vertex;
    const bool has_heading = q->heading.e != 0 || q->heading.n != 0;

    return (struct road_place){
        .way = c->line.way,
        .vertex = c->line.vertex,
        .has_direction = has_heading || network->ways[c->line.way].is_oneway,
        .is_backward = has_heading && c->is_backward,
        .chainage_mm = line->chainage_mm + llround(c->foot.along_mm),
        .lateral_mm = (int32_t)lround(c->foot.lateral_mm),
        .distance_mm = (uint32_t)lround(c->foot.distance_mm),
        .along = {line[1].at.e_mm - line[0].at.e_mm, line[1].at.n_mm - line[0].at.n_mm},
    };
}

enum road_status road_locate(const struct road_network *network, struct grid_point point,
                             struct road_direction heading, uint32_t sigma_mm, struct road_place *ret_place)
{
    struct question q = {network, point, heading, sigma_mm < ROAD_SIGMA_MM_MAX ? sigma_mm : ROAD_SIGMA_MM_MAX, 0};
    struct best best = {.is_found = false};

    q.reach_mm = 3 * q.sigma_mm + ROAD_NEAR_MM;
    each_candidate(&q, q.reach_mm + network->width_mm_max / 2.0, take_best, &best);
    if (!best.is_found)
        return ROAD_NOT_FOUND;
    struct rivals rivals = {&q, &best.c, false};
    const double widest = (network->ways[best.c.line.way].width_mm + network->width_mm_max) / 2.0;
    q.reach_mm += widest;
    each_candidate(&q, q.reach_mm, take_rival, &rivals);
    struct road_place place = place_of(&q, &best.c);
    place.is_unambiguous = place.has_direction && !rivals.is_one;
    *ret_place = place;
    return ROAD_OK;
}

enum road_class road_class_near(const struct road_network *network, struct grid_point point, uint32_t reach_mm,
                                enum road_class otherwise)
{
    const struct question q = {.network = network, .point = point, .reach_mm = reach_mm};
    struct best best = {.is_found = false};

    each_candidate(&q, q.reach_mm + network->width_mm_max / 2.0, take_best, &best);
    return best.is_found ? network->ways[best.c.line.way].class : otherwise;
}

enum road_class road_class_of_block(const struct road_network *network, int32_t column, int32_t row,
                                    enum road_class otherwise)
{
    const struct grid_point middle = {column * INT64_C(1) * ROAD_BUCKET_MM + ROAD_BUCKET_MM / 2,
                                      row * INT64_C(1) * ROAD_BUCKET_MM + ROAD_BUCKET_MM / 2};
    enum road_class highest = ROAD_BRANCH;
    uint32_t n;
    const struct road_line_name *lines = road_lines_in(network, column, row, &n);

    if (n == 0)
        return road_class_near(network, middle, BLOCK_REACH_MM, otherwise);
    for (uint32_t i = 0; i < n; i++)
        if (network->ways[lines[i].way].class < highest)
            highest = network->ways[lines[i].way].class;
    return highest;
}

/* ---- square metres ------------------------------------------------------------------------------------- */

#define PIECE_MM 32000 /* a line is walked in pieces, so that the boxes around slanting ones stay small */

struct walk {
    const struct road_network *network;
    uint32_t way;
    void (*visit)(void *context, const struct road_square *square);
    void *context;
    uint64_t n;
};

/* Among the lines of one way, which is nearest to a point? */
struct nearest {
    uint32_t way;
    struct best best;
};

static void take_nearest(void *context, const struct candidate *c)
{
    struct nearest *nearest = context;

    if (c->line.way == nearest->way)
        take_best(&nearest->best, c);
}

/* Round at bends, flat at the way's ends. */
static bool is_on_way(const struct walk *walk, uint32_t vertex, const struct road_foot *foot)
{
    const struct road_way *way = &walk->network->ways[walk->way];

    if (foot->distance_mm > way->width_mm / 2.0)
        return false;
    if (foot->is_before && vertex == way->first)
        return false;
    return !(foot->is_behind && vertex + 2 == way->first + way->n_vertices);
}

static void offer_square(struct walk *walk, uint32_t vertex, int64_t e_m, int64_t n_m, double from_mm, double to_mm)
{
    const struct road_network *network = walk->network;
    const struct road_vertex *line = network->vertices + vertex;
    const struct question q = {.network = network, .point = {e_m * 1000 + 500, n_m * 1000 + 500}, .reach_mm = 0};
    const struct road_foot foot = road_foot(line, q.point);

    if (foot.along_mm < from_mm || foot.along_mm >= to_mm || !is_on_way(walk, vertex, &foot))
        return;
    struct nearest nearest = {.way = walk->way};
    each_candidate(&q, network->ways[walk->way].width_mm / 2.0, take_nearest, &nearest);
    if (nearest.best.c.line.vertex != vertex)
        return; /* another line of the way has it */
    walk->n++;
    if (walk->visit)
        walk->visit(walk->context, &(struct road_square){e_m, n_m, line->chainage_mm + llround(foot.along_mm),
                                                         (int32_t)lround(foot.lateral_mm)});
}

static int64_t metre_of(double mm)
{
    return (int64_t)floor(mm / 1000);
}

static void walk_piece(struct walk *walk, uint32_t vertex, double from_mm, double to_mm, bool is_last)
{
    const struct road_vertex *line = walk->network->vertices + vertex;
    const double half = walk->network->ways[walk->way].width_mm / 2.0;
    const double e = (double)(line[1].at.e_mm - line[0].at.e_mm), n = (double)(line[1].at.n_mm - line[0].at.n_mm);
    const double length = sqrt(e * e + n * n), e0 = (double)line[0].at.e_mm, n0 = (double)line[0].at.n_mm;
    const double ea = e0 + e * from_mm / length, eb = e0 + e * to_mm / length;
    const double na = n0 + n * from_mm / length, nb = n0 + n * to_mm / length;
    const int64_t west = metre_of(fmin(ea, eb) - half) - 1, east = metre_of(fmax(ea, eb) + half) + 1;
    const int64_t south = metre_of(fmin(na, nb) - half) - 1, north = metre_of(fmax(na, nb) + half) + 1;

    for (int64_t n_m = south; n_m <= north; n_m++)
        for (int64_t e_m = west; e_m <= east; e_m++)
            offer_square(walk, vertex, e_m, n_m, from_mm, is_last ? INFINITY : to_mm);
}

uint64_t road_squares(const struct road_network *network, uint32_t way,
                      void (*visit)(void *context, const struct road_square *square), void *context)
{
    struct walk walk = {network, way, visit, context, 0};
    const struct road_way *w = &network->ways[way];

    for (uint32_t vertex = w->first; vertex + 1 < w->first + w->n_vertices; vertex++) {
        const struct road_vertex *line = network->vertices + vertex;
        const double e = (double)(line[1].at.e_mm - line[0].at.e_mm), n = (double)(line[1].at.n_mm - line[0].at.n_mm);
        const double length = sqrt(e * e + n * n);
        for (double from = 0; from < length; from += PIECE_MM)
            walk_piece(&walk, vertex, from, fmin(from + PIECE_MM, length), from + PIECE_MM >= length);
    }
    return walk.n;
}
