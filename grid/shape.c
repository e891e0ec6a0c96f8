#include "grid/shape.h"

#include <math.h>
#include <stdlib.h>

#define VISITED_MAX (1 << 22)

/* Where found cells go. */
struct catch
{
    struct cell *cells;
    size_t capacity, count;
};

static void catch_cell(struct catch *found, struct cell cell)
{
    if (found->count < found->capacity)
        found->cells[found->count] = cell;
    found->count++;
}

/* --- a line --------------------------------------------------------------------------------------------- */

/* One axis of the walk: how far to the next border, in mm along the axis. */
struct axis {
    int64_t position, length; /* of the border ahead from the start; |b - a| */
    int64_t cell_mm;
    int64_t steps_left; /* borders still to cross */
    bool is_forward;
};

static struct axis axis_start(int64_t a, int64_t b, int64_t cell_mm)
{
    const int64_t within = a % cell_mm, first = a / cell_mm, last = b / cell_mm;

    return (struct axis){
        .position = b >= a ? cell_mm - within : within,
        .length = llabs((long long)(b - a)),
        .cell_mm = cell_mm,
        .steps_left = llabs((long long)(last - first)),
        .is_forward = b >= a,
    };
}

/* Which border comes first: < 0 east's, > 0 north's, 0 both in one point. Exact: position / length is
 * compared by products of up to 70 bits. */
static int compare_axes(const struct axis *east, const struct axis *north)
{
    if (east->steps_left == 0 || north->steps_left == 0)
        return east->steps_left == 0 ? 1 : -1;
    const __int128 left = (__int128)east->position * north->length,
                   right = (__int128)north->position * east->length;
    if (left != right)
        return left < right ? -1 : 1;
    /* A border belongs to the square east or north of it: going forward the new square begins on the border,
     * going backward just behind it, so at a corner the forward step comes first. */
    return (int)north->is_forward - (int)east->is_forward;
}

static void axis_step(struct axis *axis, int64_t *place)
{
    *place += axis->is_forward ? axis->cell_mm : -axis->cell_mm;
    axis->position += axis->cell_mm;
    axis->steps_left--;
}

enum road_status cells_on_line(struct grid_zone zone, struct grid_point a, struct grid_point b, int level,
                               struct cell *ret_cells, size_t capacity, size_t *ret_count)
{
    struct catch found = {ret_cells, capacity, 0};
    struct cell first, last, cell;

    if (cell_from_point(zone, a, level, &first) != ROAD_OK ||
        cell_from_point(zone, b, level, &last) != ROAD_OK)
        return ROAD_BAD_RANGE;
    const int64_t size = cell_size_mm(first);
    struct axis east = axis_start(a.e_mm, b.e_mm, size), north = axis_start(a.n_mm, b.n_mm, size);
    struct grid_point at = cell_corner(first);
    if (east.steps_left + north.steps_left >= VISITED_MAX)
        return ROAD_TOO_LARGE;
    catch_cell(&found, first);
    while (east.steps_left + north.steps_left > 0) {
        const int order = compare_axes(&east, &north);
        if (order <= 0)
            axis_step(&east, &at.e_mm);
        if (order >= 0)
            axis_step(&north, &at.n_mm);
        (void)cell_from_point(zone, at, level, &cell); /* between a and b, so within the frame */
        catch_cell(&found, cell);
    }
    *ret_count = found.count;
    return found.count > capacity ? ROAD_FULL : ROAD_OK;
}

/* --- areas ---------------------------------------------------------------------------------------------- */

/* The centres of a square's cells lie within this closed box. */
struct box {
    struct grid_point low, high;
};

enum side { SIDE_OUT, SIDE_IN, SIDE_MIXED };

/* An area answers for a box of centres; for a box that is one point never SIDE_MIXED. */
struct area {
    enum side (*ask)(const struct area *area, struct box box);
    const struct grid_point *corners;
    size_t n;
    struct grid_point centre;
    struct grid_covariance covariance;
    double reach2; /* k squared */
    struct box bounds;
};

static bool boxes_meet(struct box a, struct box b)
{
    return a.low.e_mm <= b.high.e_mm && b.low.e_mm <= a.high.e_mm && a.low.n_mm <= b.high.n_mm &&
           b.low.n_mm <= a.high.n_mm;
}

static struct box box_of_centres(struct cell cell, int level)
{
    const struct grid_point corner = cell_corner(cell);
    const int64_t half = INT64_C(500) << level, far = cell_size_mm(cell) - half;

    return (struct box){{corner.e_mm + half, corner.n_mm + half}, {corner.e_mm + far, corner.n_mm + far}};
}

static struct cell child(struct cell cell, int quarter)
{
    const uint64_t bit = cell.id & (~cell.id + 1);

    return (struct cell){cell.id - bit + (bit >> 2) * (uint64_t)(2 * quarter + 1)};
}

struct descent {
    const struct area *area;
    int level;
    size_t visited;
    struct catch *found;
};

static enum road_status visit_all(struct descent *descent, struct cell cell)
{
    uint64_t first, last;
    const uint64_t step = UINT64_C(1) << (2 * descent->level + 1);

    cell_range(cell, &first, &last);
    descent->visited += (size_t)((last - first) / step) + 1;
    if (descent->visited > VISITED_MAX)
        return ROAD_TOO_LARGE;
    for (uint64_t id = first + step / 2 - 1; id <= last; id += step)
        catch_cell(descent->found, (struct cell){id});
    return ROAD_OK;
}

/* Depth first in id order; at most CELL_LEVEL_MAX deep. */
static enum road_status visit(struct descent *descent, struct cell cell)
{
    const enum side side = descent->area->ask(descent->area, box_of_centres(cell, descent->level));

    if (side == SIDE_OUT)
        return ++descent->visited > VISITED_MAX ? ROAD_TOO_LARGE : ROAD_OK;
    if (side == SIDE_IN)
        return visit_all(descent, cell);
    for (int quarter = 0; quarter < 4; quarter++) {
        const enum road_status status = visit(descent, child(cell, quarter));
        if (status != ROAD_OK)
            return status;
    }
    return ROAD_OK;
}

/* The frame is 16 squares of the highest level, one above the other. */
static enum road_status cells_in_area(struct grid_zone zone, const struct area *area, int level,
                                      struct cell *ret_cells, size_t capacity, size_t *ret_count)
{
    struct catch found = {ret_cells, capacity, 0};
    struct descent descent = {area, level, 0, &found};

    if (!grid_zone_is_valid(zone) || level < 0 || level > CELL_LEVEL_MAX)
        return ROAD_BAD_RANGE;
    for (int row = 0; row < 16; row++) {
        struct cell top;
        (void)cell_from_point(zone, (struct grid_point){0, INT64_C(1000) * row << CELL_LEVEL_MAX},
                              CELL_LEVEL_MAX, &top);
        const enum road_status status = visit(&descent, top);
        if (status != ROAD_OK)
            return status;
    }
    *ret_count = found.count;
    return found.count > capacity ? ROAD_FULL : ROAD_OK;
}

/* Twice the signed area of a, b, p: > 0 when p lies left of a to b. */
static __int128 turn(struct grid_point a, struct grid_point b, struct grid_point p)
{
    return (__int128)(b.e_mm - a.e_mm) * (p.n_mm - a.n_mm) - (__int128)(b.n_mm - a.n_mm) * (p.e_mm - a.e_mm);
}

/* Does the closed segment touch the closed box? Its own box must, and its line must not pass all four corners
 * on one side. */
static bool edge_meets_box(struct grid_point a, struct grid_point b, struct box box)
{
    const struct box own = {{a.e_mm < b.e_mm ? a.e_mm : b.e_mm, a.n_mm < b.n_mm ? a.n_mm : b.n_mm},
                            {a.e_mm > b.e_mm ? a.e_mm : b.e_mm, a.n_mm > b.n_mm ? a.n_mm : b.n_mm}};
    const struct grid_point others[2] = {{box.low.e_mm, box.high.n_mm}, {box.high.e_mm, box.low.n_mm}};
    int left = 0, right = 0;

    if (!boxes_meet(own, box))
        return false;
    const __int128 turns[4] = {turn(a, b, box.low), turn(a, b, box.high), turn(a, b, others[0]),
                               turn(a, b, others[1])};
    for (int i = 0; i < 4; i++) {
        left += turns[i] > 0;
        right += turns[i] < 0;
    }
    return left < 4 && right < 4;
}

/* Even-odd by a ray to the east. A centre on a west or south edge is inside, on an east or north edge
 * outside, so that two polygons with a common edge share no cell and leave none out. */
static bool is_in_polygon(const struct area *area, struct grid_point p)
{
    bool is_in = false;

    for (size_t i = 0; i < area->n; i++) {
        struct grid_point a = area->corners[i], b = area->corners[(i + 1) % area->n];
        if ((a.n_mm <= p.n_mm) == (b.n_mm <= p.n_mm))
            continue;
        if (a.n_mm > b.n_mm) {
            const struct grid_point swap = a;
            a = b;
            b = swap;
        }
        is_in ^= turn(a, b, p) > 0;
    }
    return is_in;
}

static enum side ask_polygon(const struct area *area, struct box box)
{
    const bool is_point = box.low.e_mm == box.high.e_mm;

    for (size_t i = 0; i < area->n && !is_point; i++)
        if (edge_meets_box(area->corners[i], area->corners[(i + 1) % area->n], box))
            return SIDE_MIXED;
    return is_in_polygon(area, box.low) ? SIDE_IN : SIDE_OUT;
}

enum road_status cells_in_polygon(struct grid_zone zone, const struct grid_point *corners, size_t n,
                                  int level, struct cell *ret_cells, size_t capacity, size_t *ret_count)
{
    const int64_t far_mm = INT64_C(1) << 40; /* keeps every difference within 64 bits */
    const struct area area = {.ask = ask_polygon, .corners = corners, .n = n};

    if (n < 3)
        return ROAD_BAD_INPUT;
    for (size_t i = 0; i < n; i++)
        if (corners[i].e_mm > far_mm || corners[i].e_mm < -far_mm || corners[i].n_mm > far_mm ||
            corners[i].n_mm < -far_mm)
            return ROAD_BAD_RANGE;
    return cells_in_area(zone, &area, level, ret_cells, capacity, ret_count);
}

static double determinant(struct grid_covariance c)
{
    return c.ee_mm2 * c.nn_mm2 - c.en_mm2 * c.en_mm2;
}

static bool is_positive_definite(struct grid_covariance c)
{
    return c.ee_mm2 > 0 && c.nn_mm2 > 0 && determinant(c) > 0 && isfinite(c.ee_mm2) && isfinite(c.nn_mm2);
}

static enum side ask_ellipse(const struct area *area, struct box box)
{
    if (!boxes_meet(area->bounds, box))
        return SIDE_OUT;
    if (box.low.e_mm != box.high.e_mm)
        return SIDE_MIXED;
    const struct grid_covariance c = area->covariance;
    const double e = (double)(box.low.e_mm - area->centre.e_mm),
                 n = (double)(box.low.n_mm - area->centre.n_mm);
    const double distance2 = (e * e * c.nn_mm2 - 2 * e * n * c.en_mm2 + n * n * c.ee_mm2) / determinant(c);
    return distance2 <= area->reach2 ? SIDE_IN : SIDE_OUT;
}

/* A reach beyond the frame is the frame. */
static int64_t reach_mm(double sigma_mm, double k)
{
    const double reach = sigma_mm * k;

    return reach < 1e11 ? (int64_t)ceil(reach) : INT64_C(100000000000);
}

enum road_status cells_in_ellipse(struct grid_zone zone, struct grid_point centre,
                                  struct grid_covariance covariance, double k, int level,
                                  struct cell *ret_cells, size_t capacity, size_t *ret_count)
{
    struct cell cell;

    if (cell_from_point(zone, centre, 0, &cell) != ROAD_OK || !(k >= 0) || !is_positive_definite(covariance))
        return ROAD_BAD_RANGE;
    const int64_t east = reach_mm(sqrt(covariance.ee_mm2), k), north = reach_mm(sqrt(covariance.nn_mm2), k);
    const struct area area = {
        .ask = ask_ellipse,
        .centre = centre,
        .covariance = covariance,
        .reach2 = k * k,
        .bounds = {{centre.e_mm - east, centre.n_mm - north}, {centre.e_mm + east, centre.n_mm + north}},
    };
    return cells_in_area(zone, &area, level, ret_cells, capacity, ret_count);
}
