#include "server/api/tile_frame.h"

#include <math.h>

#include "server/api/roads.h"

#define LATTICE_ZOOM 11
#define LOW (-(double)TILE_BUFFER)
#define HIGH ((double)(MVT_EXTENT + TILE_BUFFER))
#define EQUATOR_M 40075016.68557849 /* 2 pi 6378137, the length of web mercator's equator */
#define PIXELS 512
#define SQUARE_PIXELS_LEAST 3.0
#define SQUARE_LEVEL_MAX 16

static double row_latitude(struct map_tile tile, double row)
{
    return atan(sinh(M_PI * (1 - 2 * row / ldexp(1, tile.zoom)))) * 180 / M_PI;
}

static double column_longitude(struct map_tile tile, double column)
{
    return column / ldexp(1, tile.zoom) * 360 - 180;
}

struct tile_place tile_frame_mercator(const struct tile_frame *frame, double x, double y)
{
    const double tiles = ldexp(1, frame->tile.zoom);
    const double middle = (frame->tile.x + 0.5) / tiles;

    x -= round(x - middle); /* the nearer way round the Earth */
    return (struct tile_place){(x * tiles - frame->tile.x) * MVT_EXTENT, (y * tiles - frame->tile.y) * MVT_EXTENT};
}

static struct tile_place place_exactly(const struct tile_frame *frame, struct grid_point point)
{
    double lat_deg, lon_deg, x, y;

    if (grid_unproject(frame->zone, point, &lat_deg, &lon_deg))
        return (struct tile_place){NAN, NAN};
    mercator_from_degrees(lat_deg, lon_deg, &x, &y);
    return tile_frame_mercator(frame, x, y);
}

static void fill_lattice(struct tile_frame *frame)
{
    const struct grid_box *box = &frame->box;

    for (int j = 0; j <= TILE_LATTICE; j++)
        for (int i = 0; i <= TILE_LATTICE; i++) {
            const struct grid_point point = {box->west_mm + (box->east_mm - box->west_mm) * i / TILE_LATTICE,
                                             box->south_mm + (box->north_mm - box->south_mm) * j / TILE_LATTICE};
            const struct tile_place place = place_exactly(frame, point);
            frame->x[j][i] = place.x;
            frame->y[j][i] = place.y;
            frame->has_lattice &= isfinite(place.x) && isfinite(place.y);
        }
}

enum road_status tile_frame_box(struct grid_zone zone, struct map_tile tile, struct grid_box *ret_box)
{
    const double margin = (double)TILE_BUFFER / MVT_EXTENT;
    const double degrees[4] = {column_longitude(tile, tile.x - margin), row_latitude(tile, tile.y + 1 + margin),
                               column_longitude(tile, tile.x + 1 + margin), row_latitude(tile, tile.y - margin)};

    return place_box(zone, degrees, ret_box);
}

enum road_status tile_frame_init(struct grid_zone zone, struct map_tile tile, struct tile_frame *ret_frame)
{
    struct tile_frame frame = {.zone = zone, .tile = tile};

    const enum road_status status = tile_frame_box(zone, tile, &frame.box);
    if (status)
        return status;
    frame.has_lattice = tile.zoom >= LATTICE_ZOOM && frame.box.east_mm - frame.box.west_mm >= TILE_LATTICE &&
                        frame.box.north_mm - frame.box.south_mm >= TILE_LATTICE;
    if (frame.has_lattice)
        fill_lattice(&frame);
    *ret_frame = frame;
    return ROAD_OK;
}

/* Between four lattice points, (u, v) from 0 to 1. */
static double blend(double a, double b, double c, double d, double u, double v)
{
    return (1 - v) * ((1 - u) * a + u * b) + v * ((1 - u) * c + u * d);
}

struct tile_place tile_frame_place(const struct tile_frame *frame, struct grid_point point)
{
    const struct grid_box *box = &frame->box;

    if (!frame->has_lattice || point.e_mm < box->west_mm || point.e_mm > box->east_mm ||
        point.n_mm < box->south_mm || point.n_mm > box->north_mm)
        return place_exactly(frame, point);
    const double east = (double)(point.e_mm - box->west_mm) * TILE_LATTICE / (double)(box->east_mm - box->west_mm);
    const double north =
        (double)(point.n_mm - box->south_mm) * TILE_LATTICE / (double)(box->north_mm - box->south_mm);
    const int i = east < TILE_LATTICE ? (int)east : TILE_LATTICE - 1;
    const int j = north < TILE_LATTICE ? (int)north : TILE_LATTICE - 1;
    const double u = east - i, v = north - j;
    return (struct tile_place){
        blend(frame->x[j][i], frame->x[j][i + 1], frame->x[j + 1][i], frame->x[j + 1][i + 1], u, v),
        blend(frame->y[j][i], frame->y[j][i + 1], frame->y[j + 1][i], frame->y[j + 1][i + 1], u, v)};
}

static bool is_inside(struct tile_place p)
{
    return p.x >= LOW && p.x <= HIGH && p.y >= LOW && p.y <= HIGH;
}

/* How far a place lies inside one edge: 0 west, 1 east, 2 north, 3 south. */
static double depth(struct tile_place p, int edge)
{
    switch (edge) {
    case 0:
        return p.x - LOW;
    case 1:
        return HIGH - p.x;
    case 2:
        return p.y - LOW;
    default:
        return HIGH - p.y;
    }
}

/* Sutherland and Hodgman's cut of a convex ring at one edge; a ring of n gives at most n + 1. */
static size_t cut_ring(const struct tile_place *ring, size_t n, int edge, struct tile_place *ret_ring)
{
    size_t kept = 0;

    for (size_t i = 0; i < n; i++) {
        const struct tile_place a = ring[i], b = ring[(i + 1) % n];
        const double da = depth(a, edge), db = depth(b, edge);
        if (da >= 0)
            ret_ring[kept++] = a;
        if ((da >= 0) != (db >= 0))
            ret_ring[kept++] = (struct tile_place){a.x + (b.x - a.x) * da / (da - db),
                                                   a.y + (b.y - a.y) * da / (da - db)};
    }
    return kept;
}

static struct mvt_point rounded(struct tile_place p)
{
    return (struct mvt_point){(int32_t)lround(p.x), (int32_t)lround(p.y)};
}

void tile_frame_rectangle(const struct tile_frame *frame, struct grid_point south_west, struct grid_point north_east,
                          struct mvt_layer *layer)
{
    /* South-west, north-west, north-east, south-east: clockwise on the screen, an outer ring. */
    const struct grid_point corners[4] = {
        south_west, {south_west.e_mm, north_east.n_mm}, north_east, {north_east.e_mm, south_west.n_mm}};
    struct tile_place ring[8], cut[9];
    struct mvt_point points[8];
    size_t n = 4;
    bool is_whole = true;

    for (size_t i = 0; i < 4; i++) {
        ring[i] = tile_frame_place(frame, corners[i]);
        if (!isfinite(ring[i].x) || !isfinite(ring[i].y))
            return;
        is_whole &= is_inside(ring[i]);
    }
    for (int edge = 0; edge < 4 && !is_whole; edge++) {
        n = cut_ring(ring, n, edge, cut);
        for (size_t i = 0; i < n; i++)
            ring[i] = cut[i];
    }
    for (size_t i = 0; i < n; i++)
        points[i] = rounded(ring[i]);
    if (n >= 3)
        mvt_put_ring(layer, points, n);
}

/* The part of a step inside the edges (Liang and Barsky); false if there is none. */
static bool cut_step(struct tile_place *a, struct tile_place *b)
{
    double from = 0, to = 1;

    for (int edge = 0; edge < 4; edge++) {
        const double da = depth(*a, edge), db = depth(*b, edge);
        if (da < 0 && db < 0)
            return false;
        if (da < 0)
            from = fmax(from, da / (da - db));
        else if (db < 0)
            to = fmin(to, da / (da - db));
    }
    if (from >= to)
        return false;
    const struct tile_place start = *a, step = {b->x - a->x, b->y - a->y};
    *a = (struct tile_place){start.x + step.x * from, start.y + step.y * from};
    *b = (struct tile_place){start.x + step.x * to, start.y + step.y * to};
    return true;
}

#define PIECE_MAX 256 /* points of one written piece; longer ones go on in the next */

void tile_frame_line(const struct tile_place *places, size_t n, struct mvt_layer *layer)
{
    struct mvt_point piece[PIECE_MAX];
    size_t used = 0;

    for (size_t i = 1; i < n; i++) {
        struct tile_place a = places[i - 1], b = places[i];
        const bool is_met = cut_step(&a, &b);
        const struct mvt_point from = rounded(a), to = rounded(b);
        if (used > 0 && (!is_met || used == PIECE_MAX || piece[used - 1].x != from.x || piece[used - 1].y != from.y)) {
            mvt_put_line(layer, piece, used);
            used = 0;
        }
        if (!is_met)
            continue;
        if (used == 0)
            piece[used++] = from;
        piece[used++] = to;
    }
    if (used > 0)
        mvt_put_line(layer, piece, used);
}

double tile_metres_per_pixel(struct map_tile tile)
{
    const double lat = row_latitude(tile, tile.y + 0.5) * M_PI / 180;

    return EQUATOR_M * cos(lat) / ldexp(PIXELS, tile.zoom);
}

double tile_metres_per_unit(struct map_tile tile)
{
    return tile_metres_per_pixel(tile) * PIXELS / MVT_EXTENT;
}

int tile_square_level(struct map_tile tile)
{
    const double least_m = SQUARE_PIXELS_LEAST * tile_metres_per_pixel(tile);
    int level = 2;

    while (level < SQUARE_LEVEL_MAX && ldexp(1, level) < least_m)
        level += 2;
    return level;
}
