#include "gateway/coverage.h"

#include <math.h>
#include <string.h>

#include "gateway/room.h"

#define TYRE_HALF_MM 120.0
#define CAMERA_HALF_MM 1750.0 /* the footprint: one lane */
#define REACH_MM 60000.0      /* no pass further away says anything of a defect; less than a block */
#define NEGLIGIBLE 1e-4
#define STEP_MM 500.0

static const struct detector motion_rtk = {0.6, 0.6, 0.002};
static const struct detector motion_other = {0.75, 0.375, 0.002};
static const struct detector camera = {0.7, 0.7, 0.01};

const struct detector *detector_of(enum sense sensor, enum gnss_class gnss)
{
    if (sensor == SENSE_CAMERA)
        return &camera;
    return gnss == GNSS_RTK ? &motion_rtk : &motion_other;
}

int coverage_level(double sigma_mm)
{
    int level = 0;

    while (level < COVER_LEVEL_MAX && 1000.0 * (1 << level) < 2 * sigma_mm)
        level++;
    return level;
}

/* Half the width across the way, mm, and area, m^2: usual sizes (CJJ 36's countable forms; hole 0.4 m, cover 0.7 m,
 * joint and rut across the lane). They weigh evidence and density, they are never shown as measured. */
static const struct {
    double half_width_mm, area_m2;
} extents[DEFECT_TYPE_COUNT + 1] = {
    [DEFECT_LONGITUDINAL_CRACK] = {100, 0.2}, [DEFECT_TRANSVERSE_CRACK] = {1500, 0.6},
    [DEFECT_BLOCK_CRACK] = {500, 1.0},        [DEFECT_ALLIGATOR_CRACK] = {500, 1.0},
    [DEFECT_POTHOLE] = {200, 0.16},           [DEFECT_RAVELING] = {500, 1.0},
    [DEFECT_EDGE_BREAK] = {200, 0.2},         [DEFECT_SUBSIDENCE] = {1000, 4.0},
    [DEFECT_RUTTING] = {500, 2.0},            [DEFECT_SHOVING] = {500, 1.0},
    [DEFECT_BLEEDING] = {500, 1.0},           [DEFECT_MUD_PUMPING] = {300, 0.3},
    [DEFECT_MANHOLE_LEVEL] = {350, 0.4},      [DEFECT_MANHOLE_COVER] = {350, 0.4},
    [DEFECT_JOINT_FAULT] = {1750, 1.0},       [DEFECT_PATCH_FAILURE] = {700, 1.0},
    [DEFECT_PONDING] = {1000, 2.0},           [DEFECT_GARBAGE] = {300, 0.3},
};

double defect_half_width_mm(int type)
{
    return extents[type].half_width_mm;
}

double defect_area_m2(int type)
{
    return extents[type].area_m2;
}

/* All but a cover lie across the lane. */
double feature_half_width_mm(enum feature_kind kind)
{
    return kind == FEATURE_MANHOLE ? extents[DEFECT_MANHOLE_LEVEL].half_width_mm : 1750;
}

static double normal_between(double low, double high, double sigma)
{
    const double scale = 1 / (sigma * sqrt(2));

    return 0.5 * (erf(high * scale) - erf(low * scale));
}

struct nearest {
    double distance_mm;
    double along_mm; /* from the start of the segment, on its line: beyond it at the ends of a pass */
    double lateral_mm;
    double ux, uy;   /* the way */
    uint32_t segment;
};

static void look_at_segment(const struct track *track, uint32_t segment, struct grid_point mean, struct nearest *best)
{
    const struct grid_point a = track->points[segment].at, b = track->points[segment + 1].at;
    const double ex = (double)(b.e_mm - a.e_mm), ey = (double)(b.n_mm - a.n_mm);
    const double px = (double)(mean.e_mm - a.e_mm), py = (double)(mean.n_mm - a.n_mm);
    const double length = sqrt(ex * ex + ey * ey);

    if (length <= 0)
        return;
    const double ux = ex / length, uy = ey / length;
    const double along = px * ux + py * uy, s = fmin(fmax(along, 0), length);
    const double dx = px - s * ux, dy = py - s * uy, distance = sqrt(dx * dx + dy * dy);
    if (distance < best->distance_mm)
        *best = (struct nearest){distance, along, uy * px - ux * py, ux, uy, segment};
}

static double segment_length(const struct track *track, uint32_t segment)
{
    const struct grid_point a = track->points[segment].at, b = track->points[segment + 1].at;

    return hypot((double)(b.e_mm - a.e_mm), (double)(b.n_mm - a.n_mm));
}

/* How far the pass goes on before and behind a place, as far as it matters. */
static double path_behind(const struct track *track, uint32_t segment, double along_mm)
{
    double sum = along_mm;

    while (segment > 0 && sum < REACH_MM)
        sum += segment_length(track, --segment);
    return sum;
}

static double path_ahead(const struct track *track, uint32_t segment, double along_mm)
{
    double sum = segment_length(track, segment) - along_mm;

    while (++segment + 1 < track->n_points && sum < REACH_MM)
        sum += segment_length(track, segment);
    return sum;
}

/* Two wheel bands (or one, where they overlap), or the camera's lane. */
static double lateral_probability(const struct track *track, double lateral_mm, double sigma_mm, double half_width_mm)
{
    if (track->sensor == SENSE_CAMERA)
        return normal_between(lateral_mm - CAMERA_HALF_MM, lateral_mm + CAMERA_HALF_MM, sigma_mm);
    const double band = TYRE_HALF_MM + half_width_mm, wheel = track->half_track_mm;
    if (wheel <= band)
        return normal_between(lateral_mm - wheel - band, lateral_mm + wheel + band, sigma_mm);
    return normal_between(lateral_mm - wheel - band, lateral_mm - wheel + band, sigma_mm) +
           normal_between(lateral_mm + wheel - band, lateral_mm + wheel + band, sigma_mm);
}

double coverage_crossing(const struct track *track, uint32_t first, uint32_t last, struct grid_point mean,
                         struct grid_covariance covariance, double half_width_mm,
                         uint32_t *ret_segment)
{
    struct nearest near = {.distance_mm = REACH_MM};

    for (uint32_t segment = first; segment <= last; segment++)
        look_at_segment(track, segment, mean, &near);
    if (near.distance_mm >= REACH_MM)
        return 0;
    *ret_segment = near.segment;
    const struct track_point *a = &track->points[near.segment], *b = a + 1;
    const double own = 10.0 * fmax(1, fmax(a->sigma_cm, b->sigma_cm));
    const double across = covariance.ee_mm2 * near.uy * near.uy - 2 * covariance.en_mm2 * near.ux * near.uy +
                          covariance.nn_mm2 * near.ux * near.ux;
    const double along = covariance.ee_mm2 * near.ux * near.ux + 2 * covariance.en_mm2 * near.ux * near.uy +
                         covariance.nn_mm2 * near.uy * near.uy;
    const double crossed = lateral_probability(track, near.lateral_mm, sqrt(own * own + fmax(across, 0)),
                                               half_width_mm);
    if (crossed < NEGLIGIBLE)
        return 0;
    return crossed * normal_between(-path_behind(track, near.segment, near.along_mm),
                                    path_ahead(track, near.segment, near.along_mm),
                                    sqrt(own * own + fmax(along, 0)));
}

/* ---- deposits ------------------------------------------------------------------------------------------ */

struct walk {
    struct evidence *evidence;
    struct block *block;
    const struct track *track;
    double origin_e, origin_n; /* of the block */
    size_t n_touched;
    struct run runs[PIECES_IN_BLOCK];
};

/* Distance from (x, y) in [0, size)^2 to the border of the square along (dx, dy). */
static double to_border(double x, double y, double dx, double dy, double size)
{
    double t = INFINITY;

    if (dx > 0)
        t = (size - x) / dx;
    else if (dx < 0)
        t = -x / dx;
    if (dy > 0)
        t = fmin(t, (size - y) / dy);
    else if (dy < 0)
        t = fmin(t, -y / dy);
    return t;
}

/* A wheel at (e, n), metres of the block, on its way (ux, uy): raises what is watched of its square. w is the
 * probability that the wheel was inside it, across the way: along the way it runs through. */
static void touch(struct walk *walk, double e, double n, double ux, double uy, double sigma, int level, double pd,
                  uint8_t quadrant_bit)
{
    if (!(e >= 0 && n >= 0 && e < BLOCK_MM && n < BLOCK_MM))
        return;
    const double size = 1000.0 * (1 << level);
    const double x = fmod(e, size), y = fmod(n, size);
    const double left = to_border(x, y, -uy, ux, size), right = to_border(x, y, uy, -ux, size);
    const double w = normal_between(-right, left, sigma);
    const uint16_t watched = (uint16_t)lround(fmin(w * pd, 1) * WATCHED_ONE);
    const uint16_t square = square_index(level, (int64_t)e, (int64_t)n);
    struct evidence *v = walk->evidence;

    if (!v->scratch_quadrants[square])
        v->scratch_touched[walk->n_touched++] = square;
    v->scratch_quadrants[square] |= quadrant_bit;
    if (watched > v->scratch_watched[square])
        v->scratch_watched[square] = watched;
}

/* 0 north, 1 east, 2 south, 3 west. */
static unsigned quadrant_of(double ux, double uy)
{
    if (fabs(uy) >= fabs(ux))
        return uy >= 0 ? 0 : 2;
    return ux >= 0 ? 1 : 3;
}

static void drive_piece(struct walk *walk, double e, double n, unsigned quadrant, double length_mm,
                        const struct track_point *a, int64_t to_ns)
{
    if (!(e >= 0 && n >= 0 && e < BLOCK_MM && n < BLOCK_MM))
        return;
    const unsigned square = (unsigned)(square_index(PIECE_LEVEL, (int64_t)e, (int64_t)n) - square_offset[PIECE_LEVEL]);
    struct run *run = &walk->runs[square * 4 + quadrant];
    const uint32_t mm = (uint32_t)lround(length_mm);

    if (!run->length_mm)
        run->from_ns = a->time_ns;
    run->to_ns = to_ns;
    run->length_mm += mm;
    if (a->iri_centi != IRI_UNKNOWN) {
        run->iri_length_mm += mm;
        run->iri_sum += (uint64_t)a->iri_centi * mm;
    }
}

static void walk_segment(struct walk *walk, uint32_t segment)
{
    const struct track *track = walk->track;
    const struct track_point *a = &track->points[segment], *b = a + 1;
    const double ex = (double)(b->at.e_mm - a->at.e_mm), ey = (double)(b->at.n_mm - a->at.n_mm);
    const double length = sqrt(ex * ex + ey * ey);
    const double sigma = 10.0 * fmax(1, fmax(a->sigma_cm, b->sigma_cm));
    const int level = coverage_level(sigma);
    const int steps = (int)ceil(length / STEP_MM);
    const double pd = detector_of(track->sensor, track->gnss)->pd_pass;
    const double offsets[4] = {-1.0, 1.0, -1.0 / 3, 1.0 / 3}; /* wheels; a camera's lane in four lines */
    const double reach = track->sensor == SENSE_CAMERA ? 1500.0 : track->half_track_mm;

    if (length <= 0)
        return;
    const double ux = ex / length, uy = ey / length;
    const unsigned quadrant = quadrant_of(ux, uy);
    for (int i = 0; i < steps; i++) {
        const double s = (i + 0.5) / steps;
        const double e = (double)a->at.e_mm - walk->origin_e + s * ex, n = (double)a->at.n_mm - walk->origin_n + s * ey;
        for (int k = 0; k < (track->sensor == SENSE_CAMERA ? 4 : 2); k++)
            touch(walk, e - offsets[k] * reach * uy, n + offsets[k] * reach * ux, ux, uy, sigma, level, pd,
                  (uint8_t)(1u << quadrant));
        drive_piece(walk, e, n, quadrant, length / steps, a, b->time_ns);
    }
}

static struct visit *visit_of(struct block *block, const struct track *track, int64_t hour)
{
    for (size_t i = block->n_visits; i-- > 0;) {
        struct visit *v = &block->visits[i];
        if (v->speaker == track->speaker && v->hour == hour && v->sensor == track->sensor)
            return v;
    }
    ROOM(block->visits, block->visit_capacity, block->n_visits + 1);
    struct visit *visit = &block->visits[block->n_visits++];
    *visit = (struct visit){.speaker = track->speaker, .sensor = track->sensor, .hour = hour, .last_ns = INT64_MIN};
    return visit;
}

/* Maxima, so that it does not matter which stretch of the hour came first. */
static void merge_deposits(struct walk *walk, struct visit *visit)
{
    struct evidence *v = walk->evidence;

    for (size_t i = 0; i < visit->n_deposits; i++) {
        struct deposit *d = &visit->deposits[i];
        if (v->scratch_watched[d->square] > d->watched)
            d->watched = v->scratch_watched[d->square];
        d->quadrants |= v->scratch_quadrants[d->square];
        v->scratch_quadrants[d->square] = 0;
        v->scratch_watched[d->square] = 0;
    }
    for (size_t i = 0; i < walk->n_touched; i++) {
        const uint16_t square = v->scratch_touched[i];
        if (!v->scratch_quadrants[square])
            continue;
        ROOM(visit->deposits, visit->deposit_capacity, visit->n_deposits + 1);
        visit->deposits[visit->n_deposits++] =
            (struct deposit){square, v->scratch_watched[square], v->scratch_quadrants[square]};
        v->scratch_quadrants[square] = 0;
        v->scratch_watched[square] = 0;
    }
    walk->n_touched = 0;
}

static void merge_runs(struct walk *walk, struct visit *visit)
{
    for (unsigned piece = 0; piece < PIECES_IN_BLOCK; piece++) {
        struct run *run = &walk->runs[piece];
        if (!run->length_mm)
            continue;
        ROOM(visit->runs, visit->run_capacity, visit->n_runs + 1);
        run->piece = (uint8_t)piece;
        visit->runs[visit->n_runs++] = *run;
        *run = (struct run){0};
    }
}

static bool has_driven(const struct walk *walk)
{
    for (unsigned piece = 0; piece < PIECES_IN_BLOCK; piece++)
        if (walk->runs[piece].length_mm)
            return true;
    return false;
}

static void close_hour(struct walk *walk, int64_t hour, int64_t last_ns)
{
    if (!walk->n_touched && !has_driven(walk))
        return; /* only the margin of the block was touched */
    struct visit *visit = visit_of(walk->block, walk->track, hour);

    merge_deposits(walk, visit);
    merge_runs(walk, visit);
    if (last_ns > visit->last_ns)
        visit->last_ns = last_ns;
}

void coverage_deposit(struct evidence *evidence, struct block *block, uint32_t track, uint32_t first, uint32_t last)
{
    struct walk walk = {.evidence = evidence,
                        .block = block,
                        .track = &evidence->tracks[track],
                        .origin_e = (double)block->column * BLOCK_MM,
                        .origin_n = (double)block->row * BLOCK_MM};
    int64_t hour = walk.track->points[first].time_ns / NS_PER_HOUR;

    for (uint32_t segment = first; segment <= last; segment++) {
        const int64_t this_hour = walk.track->points[segment].time_ns / NS_PER_HOUR;
        if (this_hour != hour)
            close_hour(&walk, hour, walk.track->points[segment].time_ns);
        hour = this_hour;
        walk_segment(&walk, segment);
    }
    close_hour(&walk, hour, walk.track->points[last + 1].time_ns);
}
