#include "gateway/coverage.h"

#include <math.h>

#define TYRE_HALF_MM 120.0
#define CAMERA_HALF_MM 1750.0 /* the footprint: one lane */
#define NEGLIGIBLE 1e-4
#define OVERSHOOT_MM 1000.0 /* a thing beyond the end of a stretch by more than this is nearer to the next one */

const struct detectors detectors_default = {{0.6, 0.6, 0.002}, {0.75, 0.375, 0.002}, {0.7, 0.7, 0.01}};

const struct detector *detector_of(const struct detectors *detectors, enum sense sensor, enum gnss_class gnss)
{
    if (sensor == SENSE_CAMERA)
        return &detectors->camera;
    return gnss == GNSS_RTK ? &detectors->motion_rtk : &detectors->motion_other;
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
    unsigned segment;
};

static void look_at_segment(const struct stretch *stretch, unsigned segment, double e_mm, double n_mm,
                            struct nearest *best)
{
    const struct stretch_point *a = &stretch->points[segment], *b = a + 1;
    const double ex = 10.0 * (b->e_cm - a->e_cm), ey = 10.0 * (b->n_cm - a->n_cm);
    const double px = e_mm - 10.0 * a->e_cm, py = n_mm - 10.0 * a->n_cm;
    const double length = sqrt(ex * ex + ey * ey);

    if (length <= 0)
        return;
    const double ux = ex / length, uy = ey / length;
    const double along = px * ux + py * uy, s = fmin(fmax(along, 0), length);
    const double dx = px - s * ux, dy = py - s * uy, distance = sqrt(dx * dx + dy * dy);
    if (distance < best->distance_mm)
        *best = (struct nearest){distance, along, uy * px - ux * py, ux, uy, segment};
}

static double segment_length(const struct stretch *stretch, unsigned segment)
{
    const struct stretch_point *a = &stretch->points[segment], *b = a + 1;
    const double ex = 10.0 * (b->e_cm - a->e_cm), ey = 10.0 * (b->n_cm - a->n_cm);

    return sqrt(ex * ex + ey * ey);
}

/* How far the pass goes on before and behind a place. */
static double path_behind(const struct stretch *stretch, const struct nearest *near)
{
    double sum = near->along_mm + 10.0 * stretch->behind_cm;

    for (unsigned segment = 0; segment < near->segment; segment++)
        sum += segment_length(stretch, segment);
    return sum;
}

static double path_ahead(const struct stretch *stretch, const struct nearest *near)
{
    double sum = 10.0 * stretch->ahead_cm - near->along_mm;

    for (unsigned segment = near->segment; segment + 1 < stretch->n_points; segment++)
        sum += segment_length(stretch, segment);
    return sum;
}

/* The pass goes on past this end, and comes nearer there: another stretch will say. */
static bool is_beyond(const struct stretch *stretch, const struct nearest *near)
{
    if (near->segment == 0 && near->along_mm < -OVERSHOOT_MM && stretch->behind_cm > 0)
        return true;
    return near->segment + 2 == stretch->n_points && stretch->ahead_cm > 0 &&
           near->along_mm > segment_length(stretch, near->segment) + OVERSHOOT_MM;
}

/* Two wheel bands (or one, where they overlap), or the camera's lane. */
static double lateral_probability(const struct stretch *stretch, double lateral_mm, double sigma_mm,
                                  double half_width_mm)
{
    if (stretch->sensor == SENSE_CAMERA)
        return normal_between(lateral_mm - CAMERA_HALF_MM, lateral_mm + CAMERA_HALF_MM, sigma_mm);
    const double band = TYRE_HALF_MM + half_width_mm, wheel = stretch->half_track_mm;
    if (wheel <= band)
        return normal_between(lateral_mm - wheel - band, lateral_mm + wheel + band, sigma_mm);
    return normal_between(lateral_mm - wheel - band, lateral_mm - wheel + band, sigma_mm) +
           normal_between(lateral_mm + wheel - band, lateral_mm + wheel + band, sigma_mm);
}

double coverage_crossing(const struct stretch *stretch, struct grid_point corner, struct grid_point mean,
                         struct grid_covariance covariance, double half_width_mm)
{
    struct nearest near = {.distance_mm = REACH_MM};

    for (unsigned segment = 0; segment + 1 < stretch->n_points; segment++)
        look_at_segment(stretch, segment, (double)(mean.e_mm - corner.e_mm), (double)(mean.n_mm - corner.n_mm), &near);
    if (near.distance_mm >= REACH_MM || is_beyond(stretch, &near))
        return 0;
    const struct stretch_point *a = &stretch->points[near.segment], *b = a + 1;
    const double own = 10.0 * fmax(1, fmax(a->sigma_cm, b->sigma_cm));
    const double across = covariance.ee_mm2 * near.uy * near.uy - 2 * covariance.en_mm2 * near.ux * near.uy +
                          covariance.nn_mm2 * near.ux * near.ux;
    const double along = covariance.ee_mm2 * near.ux * near.ux + 2 * covariance.en_mm2 * near.ux * near.uy +
                         covariance.nn_mm2 * near.uy * near.uy;
    const double crossed = lateral_probability(stretch, near.lateral_mm, sqrt(own * own + fmax(across, 0)),
                                               half_width_mm);
    if (crossed < NEGLIGIBLE)
        return 0;
    return crossed * normal_between(-path_behind(stretch, &near), path_ahead(stretch, &near),
                                    sqrt(own * own + fmax(along, 0)));
}
