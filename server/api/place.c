#include "server/api/place.h"

#include <assert.h>
#include <math.h>

#define FRAME_WIDTH_MM (INT64_C(1000) << 20)
#define FRAME_HEIGHT_MM (INT64_C(1000) << 24)
#define REACH_DEG 9.9 /* grid_project takes 10 degrees from the meridian */
#define LAT_MAX_DEG 84.0
#define ROOT_LEVEL CELL_LEVEL_MAX

static double lesser(double a, double b)
{
    return a < b ? a : b;
}

static double greater(double a, double b)
{
    return a > b ? a : b;
}

/* Cuts the box to what the zone can project; the zone's longitudes may lie a turn away. */
static bool clip_degrees(struct grid_zone zone, const double degrees[4], double ret_box[4], double *ret_meridian)
{
    double widest = 0;

    for (int turn = -1; turn <= 1; turn++) {
        const double meridian = zone.meridian_deg + 360.0 * turn;
        const double west = greater(degrees[0], meridian - REACH_DEG);
        const double east = lesser(degrees[2], meridian + REACH_DEG);
        if (east - west > widest) {
            widest = east - west;
            ret_box[0] = west;
            ret_box[2] = east;
            *ret_meridian = meridian;
        }
    }
    ret_box[1] = greater(degrees[1], zone.is_south ? -LAT_MAX_DEG : 0);
    ret_box[3] = lesser(degrees[3], zone.is_south ? 0 : LAT_MAX_DEG);
    return widest > 0 && ret_box[1] < ret_box[3];
}

static void widen(struct grid_box *box, struct grid_point point)
{
    if (point.e_mm < box->west_mm)
        box->west_mm = point.e_mm;
    if (point.e_mm > box->east_mm)
        box->east_mm = point.e_mm;
    if (point.n_mm < box->south_mm)
        box->south_mm = point.n_mm;
    if (point.n_mm > box->north_mm)
        box->north_mm = point.n_mm;
}

static int64_t clamp(int64_t value, int64_t most)
{
    return value < 0 ? 0 : value > most ? most : value;
}

/* On a parallel the northing is extreme at the ends or on the central meridian, on a meridian the easting is extreme
 * at the ends: six points hold the box. */
enum road_status place_box(struct grid_zone zone, const double degrees[4], struct grid_box *ret_box)
{
    struct grid_box box = {INT64_MAX, INT64_MAX, INT64_MIN, INT64_MIN};
    struct grid_point point;
    double cut[4] = {0}, meridian = zone.meridian_deg;

    if (!clip_degrees(zone, degrees, cut, &meridian))
        return ROAD_NOT_FOUND;
    const double lons[3] = {cut[0], greater(cut[0], lesser(cut[2], meridian)), cut[2]};
    for (int i = 0; i < 6; i++) {
        const enum road_status status = grid_project(zone, cut[i < 3 ? 1 : 3], lons[i % 3], &point);
        if (status)
            return status;
        widen(&box, point);
    }
    if (box.east_mm < 0 || box.west_mm >= FRAME_WIDTH_MM || box.north_mm < 0 || box.south_mm >= FRAME_HEIGHT_MM)
        return ROAD_NOT_FOUND;
    *ret_box = (struct grid_box){clamp(box.west_mm, FRAME_WIDTH_MM - 1), clamp(box.south_mm, FRAME_HEIGHT_MM - 1),
                                 clamp(box.east_mm, FRAME_WIDTH_MM - 1), clamp(box.north_mm, FRAME_HEIGHT_MM - 1)};
    return ROAD_OK;
}

bool place_box_meets(const struct grid_box *box, struct cell cell)
{
    const struct grid_point corner = cell_corner(cell);
    const int64_t size = cell_size_mm(cell);

    return corner.e_mm <= box->east_mm && corner.e_mm + size > box->west_mm && corner.n_mm <= box->north_mm &&
           corner.n_mm + size > box->south_mm;
}

static bool box_holds(const struct grid_box *box, struct cell cell)
{
    const struct grid_point corner = cell_corner(cell);
    const int64_t size = cell_size_mm(cell);

    return corner.e_mm >= box->west_mm && corner.e_mm + size <= box->east_mm && corner.n_mm >= box->south_mm &&
           corner.n_mm + size <= box->north_mm;
}

/* The sentinel bit of a child stands two places below its parent's (grid/cell.h). */
struct cell place_child(struct cell cell, unsigned child)
{
    const uint64_t sentinel = cell.id & (~cell.id + 1), below = sentinel >> 2;

    assert(below > 0 && child < 4);
    return (struct cell){cell.id - sentinel + (2 * (uint64_t)child + 1) * below};
}

void place_roots(struct grid_zone zone, const struct grid_box *box, struct cell ret_roots[16], size_t *ret_count)
{
    *ret_count = 0;
    for (int64_t row = 0; row < 16; row++) {
        struct cell root;
        const struct grid_point point = {0, row * FRAME_WIDTH_MM};
        if (!cell_from_point(zone, point, ROOT_LEVEL, &root) && place_box_meets(box, root))
            ret_roots[(*ret_count)++] = root;
    }
}

struct cover {
    const struct grid_box *box;
    int level;
    struct id_range *ranges;
    size_t n;
};

/* Neighbours in the order of ids leave at most the id of a common ancestor between them, which is wanted too. */
static void add_range(struct cover *cover, uint64_t first, uint64_t last)
{
    if (cover->n > 0 && first <= cover->ranges[cover->n - 1].last + 2) {
        cover->ranges[cover->n - 1].last = last;
        return;
    }
    assert(cover->n < PLACE_RANGES_MAX);
    cover->ranges[cover->n++] = (struct id_range){first, last};
}

static void cover_square(struct cover *cover, struct cell square)
{
    uint64_t first, last;

    if (!place_box_meets(cover->box, square))
        return;
    if (cell_level(square) <= cover->level || box_holds(cover->box, square)) {
        cell_range(square, &first, &last);
        add_range(cover, first, last);
        return;
    }
    cover_square(cover, place_child(square, 0));
    cover_square(cover, place_child(square, 1));
    add_range(cover, square.id, square.id); /* an ancestor's id lies in the middle of its descendants' */
    cover_square(cover, place_child(square, 2));
    cover_square(cover, place_child(square, 3));
}

void place_cover(struct grid_zone zone, const struct grid_box *box, struct id_range ret_ranges[PLACE_RANGES_MAX],
                 size_t *ret_count)
{
    const int64_t width = box->east_mm - box->west_mm, height = box->north_mm - box->south_mm;
    const int64_t side = width > height ? width : height;
    struct cover cover = {.box = box, .ranges = ret_ranges};
    struct cell roots[16];
    size_t n;

    while (cover.level < CELL_LEVEL_MAX && (INT64_C(1000) << cover.level) * 8 < side)
        cover.level++;
    place_roots(zone, box, roots, &n);
    for (size_t i = 0; i < n; i++)
        cover_square(&cover, roots[i]);
    *ret_count = cover.n;
}

static enum road_status point_degrees(struct grid_zone zone, struct grid_point point, double ret_lon_lat[2])
{
    return grid_unproject(zone, point, &ret_lon_lat[1], &ret_lon_lat[0]);
}

enum road_status place_ring(struct cell cell, double ret_ring[5][2])
{
    const struct grid_point corner = cell_corner(cell);
    const int64_t size = cell_size_mm(cell);
    static const int east[5] = {0, 1, 1, 0, 0}, north[5] = {0, 0, 1, 1, 0};
    enum road_status status = ROAD_OK;

    for (int i = 0; i < 5 && !status; i++)
        status = point_degrees(cell_zone(cell),
                               (struct grid_point){corner.e_mm + east[i] * size, corner.n_mm + north[i] * size},
                               ret_ring[i]);
    return status;
}

void place_ring_bounds(double ring[5][2], double ret_bounds[4])
{
    ret_bounds[0] = ret_bounds[2] = ring[0][0];
    ret_bounds[1] = ret_bounds[3] = ring[0][1];
    for (int i = 1; i < 4; i++) {
        ret_bounds[0] = lesser(ret_bounds[0], ring[i][0]);
        ret_bounds[1] = lesser(ret_bounds[1], ring[i][1]);
        ret_bounds[2] = greater(ret_bounds[2], ring[i][0]);
        ret_bounds[3] = greater(ret_bounds[3], ring[i][1]);
    }
}

/* 2.4477 = sqrt(chi^2 with 2 degrees of freedom at 0.95) = sqrt(-2 ln 0.05). */
enum road_status place_ellipse(struct grid_zone zone, struct grid_point centre, struct grid_covariance covariance,
                               double ret_ring[PLACE_ELLIPSE_POINTS][2])
{
    double major, minor, bearing_deg;
    enum road_status status = ROAD_OK;

    covariance_axes(covariance, &major, &minor, &bearing_deg);
    const double bearing = bearing_deg * M_PI / 180, along = 2.4477 * major, across = 2.4477 * minor;
    for (int i = 0; i < PLACE_ELLIPSE_POINTS && !status; i++) {
        const double angle = 2 * M_PI * (i % (PLACE_ELLIPSE_POINTS - 1)) / (PLACE_ELLIPSE_POINTS - 1);
        const double a = along * cos(angle), b = across * sin(angle);
        const struct grid_point point = {centre.e_mm + llround(a * sin(bearing) + b * cos(bearing)),
                                         centre.n_mm + llround(a * cos(bearing) - b * sin(bearing))};
        status = point_degrees(zone, point, ret_ring[i]);
    }
    return status;
}
