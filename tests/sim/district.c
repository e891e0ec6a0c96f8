#include "tests/sim/district.h"

#include <math.h>
#include <stdlib.h>

#define LANE_OFFSET_M 1.75 /* half of a 3.5 m lane, right-hand traffic */
#define CROSSING_CUT_M 8.0 /* a lane starts and ends this far from the middle of its crossings */
#define TAPER_M 6.0        /* profiles fade into the flat crossing */
#define COMPONENTS 96
#define TRACK_M 1.5

/* ISO 8608 geometric means of Gd(n0), n0 = 0.1 cycles/m, in m^3: A 16e-6, times 4 a class. */
static double iso_gd(char iso_class)
{
    return 16e-6 * pow(4.0, iso_class - 'A');
}

/* z = sum sqrt(2 Gd dn) cos(2 pi n x + phi), Gd(n) = Gd(n0) (n/n0)^-2, n 0.011 .. 2.83 cycles/m (ISO 8608).
 * Left and right share what is longer than the track is wide and part below: coherence exp(-n * track). */
static void lane_profile(struct sim_lane *lane, char iso_class, struct sim_random *random)
{
    const int samples = (int)(lane->length_m / SIM_PROFILE_STEP_M) + 1;
    const double ratio = pow(2.83 / 0.011, 1.0 / COMPONENTS);
    double n = 0.011;

    for (int c = 0; c < COMPONENTS; c++, n *= ratio) {
        const double mid = n * sqrt(ratio), width = n * (ratio - 1.0);
        const double amplitude = sqrt(2.0 * iso_gd(iso_class) * 0.01 / (mid * mid) * width);
        const double shared = exp(-mid * TRACK_M), own = sqrt(1.0 - shared * shared);
        const double phi = sim_uniform(random, 0, 2 * M_PI), psi = sim_uniform(random, 0, 2 * M_PI);
        for (int i = 0; i < samples; i++) {
            const double angle = 2.0 * M_PI * mid * i * SIM_PROFILE_STEP_M, common = cos(angle + phi);
            lane->left_m[i] += (float)(amplitude * common);
            lane->right_m[i] += (float)(amplitude * (shared * common + own * cos(angle + psi)));
        }
    }
    for (int i = 0; i < samples; i++) {
        const double from_end = fmin(i, samples - 1 - i) * SIM_PROFILE_STEP_M;
        const double fade = fmin(1.0, from_end / TAPER_M);
        lane->left_m[i] *= (float)fade;
        lane->right_m[i] *= (float)fade;
    }
}

static bool lane_init(struct sim_district *d, int index, int street, int from, int to)
{
    struct sim_lane *lane = &d->lanes[index];
    const double e0 = d->origin_e_m + from % SIM_GRID * d->block_m, n0 = d->origin_n_m + from / SIM_GRID * d->block_m;
    const double e1 = d->origin_e_m + to % SIM_GRID * d->block_m, n1 = d->origin_n_m + to / SIM_GRID * d->block_m;
    const double de = (e1 - e0) / d->block_m, dn = (n1 - n0) / d->block_m;

    *lane = (struct sim_lane){.street = street, .from = from, .to = to, .direction_e = de, .direction_n = dn};
    lane->length_m = d->block_m - 2 * CROSSING_CUT_M;
    lane->from_e_m = e0 + CROSSING_CUT_M * de + LANE_OFFSET_M * dn;
    lane->from_n_m = n0 + CROSSING_CUT_M * dn - LANE_OFFSET_M * de;
    const size_t samples = (size_t)(lane->length_m / SIM_PROFILE_STEP_M) + 2;
    lane->left_m = calloc(samples, sizeof *lane->left_m);
    lane->right_m = calloc(samples, sizeof *lane->right_m);
    return lane->left_m && lane->right_m;
}

static bool streets_init(struct sim_district *d, struct sim_random *random)
{
    static const char classes[] = "AABAACABABAA";
    int street = 0;

    for (int node = 0; node < SIM_GRID * SIM_GRID; node++)
        for (int way = 0; way < 2; way++) {
            const bool is_east = way == 0;
            if (is_east ? node % SIM_GRID == SIM_GRID - 1 : node / SIM_GRID == SIM_GRID - 1)
                continue;
            const int to = node + (is_east ? 1 : SIM_GRID);
            d->iso_class[street] = classes[street % 12];
            if (!lane_init(d, 2 * street, street, node, to) || !lane_init(d, 2 * street + 1, street, to, node))
                return false;
            lane_profile(&d->lanes[2 * street], d->iso_class[street], random);
            lane_profile(&d->lanes[2 * street + 1], d->iso_class[street], random);
            street++;
        }
    return true;
}

/* What is put on the road, in the order it is dealt to the lanes. lateral: 0 = lane middle, +-1 = a wheel track. */
struct template {
    enum sim_shape shape;
    int type;
    const char *name;
    double height_m, length_m, half_width_m, wavelength_m, size;
    int side;
};
static const struct template templates[] = {
    {SIM_HOLE, DEFECT_POTHOLE, "pothole", 0.055, 0.40, 0.25, 0, 55, 1},
    {SIM_HOLE, DEFECT_POTHOLE, "pothole", 0.070, 0.55, 0.30, 0, 70, -1},
    {SIM_DIP, DEFECT_SUBSIDENCE, "subsidence", 0.030, 4.0, 1.6, 0, 30, 0},
    {SIM_HOLE, DEFECT_MANHOLE_LEVEL, "manhole_level", 0.025, 0.70, 0.35, 0, 25, -1},
    {SIM_HOLE, DEFECT_POTHOLE, "pothole", 0.080, 0.60, 0.30, 0, 80, -1},
    {SIM_STEP, DEFECT_JOINT_FAULT, "joint_fault", 0.018, 2.5, 1.75, 0, 18, 0},
    {SIM_HOLE, DEFECT_POTHOLE, "pothole", 0.050, 0.45, 0.25, 0, 50, -1},
    {SIM_WAVES, DEFECT_SHOVING, "shoving", 0.030, 4.5, 1.6, 0.75, 30, 0},
    {SIM_HOLE, DEFECT_POTHOLE, "pothole", 0.060, 0.50, 0.30, 0, 60, 1},
    {SIM_PLATE, DEFECT_PATCH_FAILURE, "patch_failure", 0.018, 2.0, 0.60, 0, 18, -1},
    {SIM_HOLE, DEFECT_MANHOLE_COVER, "manhole_cover", 0.070, 0.70, 0.35, 0, 2, 1},
    {SIM_HOLE, DEFECT_POTHOLE, "pothole", 0.030, 0.40, 0.20, 0, 30, -1},
    {SIM_BUMP, DEFECT_NONE, "speed_bump", 0.050, 0.35, 1.75, 0, 50, 0},
    {SIM_HOLE, DEFECT_POTHOLE, "pothole", 0.065, 0.50, 0.25, 0, 65, -1},
    {SIM_DIP, DEFECT_SUBSIDENCE, "subsidence", 0.055, 6.0, 1.6, 0, 55, 0},
    {SIM_PLATE, DEFECT_MANHOLE_LEVEL, "manhole_level", 0.020, 0.70, 0.35, 0, 20, 1},
    {SIM_HOLE, DEFECT_POTHOLE, "pothole", 0.055, 0.60, 0.30, 0, 55, -1},
    {SIM_HUMP, DEFECT_NONE, "speed_hump", 0.075, 3.7, 1.75, 0, 75, 0},
};
#define TEMPLATES ((int)(sizeof templates / sizeof templates[0]))

/* Three things a lane, far enough from crossings and from each other to be told apart. */
static void place_all(struct sim_district *d, struct sim_random *random)
{
    int next = 0;

    for (int lane = 0; lane < SIM_LANES; lane++)
        for (int slot = 0; slot < 3; slot++) {
            const struct template *t = &templates[next++ % TEMPLATES];
            struct sim_placed *p = &d->placed[d->n_placed++];
            const double share = 0.20 + 0.30 * slot;
            *p = (struct sim_placed){.shape = t->shape, .type = t->type, .name = t->name, .lane = lane,
                                     .length_m = t->length_m, .half_width_m = t->half_width_m,
                                     .height_m = t->height_m, .wavelength_m = t->wavelength_m, .size = t->size};
            p->station_m = d->lanes[lane].length_m * share + sim_uniform(random, -6, 6);
            p->lateral_m = t->side * TRACK_M / 2 + (t->side ? sim_gauss(random, 0.1) : 0);
        }
}

bool sim_district_init(struct sim_district *ret_district, struct grid_zone zone, double lat_deg, double lon_deg,
                       double block_m, uint64_t seed)
{
    struct sim_district *d = ret_district;
    struct sim_random random;

    *d = (struct sim_district){.zone = zone, .block_m = block_m};
    if (grid_project_m(zone, lat_deg, lon_deg, &d->origin_e_m, &d->origin_n_m) != ROAD_OK)
        return false;
    sim_random_init(&random, seed);
    if (!streets_init(d, &random)) {
        sim_district_done(d);
        return false;
    }
    place_all(d, &random);
    return true;
}

void sim_district_done(struct sim_district *district)
{
    for (int i = 0; i < SIM_LANES; i++) {
        free(district->lanes[i].left_m);
        free(district->lanes[i].right_m);
    }
    *district = (struct sim_district){0};
}

double sim_overlap(const struct sim_placed *placed, double lateral_m)
{
    /* A tyre is about 0.2 m wide: it bridges the last 5 cm of an edge and feels the outer 10 cm in part. */
    const double beyond = fabs(lateral_m - placed->lateral_m) - (placed->half_width_m - 0.05);

    return fmin(1.0, fmax(0.0, 1.0 - beyond / 0.15));
}

/* Height of one thing, `x` metres behind (-) or beyond (+) its middle. */
static double shape_height_m(const struct sim_placed *p, double x)
{
    const double half = p->length_m / 2, inside = half - fabs(x);

    switch (p->shape) {
    case SIM_HOLE:
        return inside > 0 ? -p->height_m * fmin(1.0, inside / 0.03) : 0;
    case SIM_PLATE:
        return inside > 0 ? p->height_m * fmin(1.0, inside / 0.02) : 0;
    case SIM_DIP:
        return inside > 0 ? -p->height_m * 0.5 * (1 + cos(M_PI * x / half)) : 0;
    case SIM_WAVES:
        return inside > 0 ? p->height_m * 0.5 * sin(2 * M_PI * x / p->wavelength_m) : 0;
    case SIM_STEP: /* up within 2 cm at x = 0, back to the plane over 12 m */
        return x < 0 ? 0 : x < 0.02 ? p->height_m * x / 0.02 : fmax(0.0, p->height_m * (1 - x / 12));
    case SIM_BUMP:
        return inside > 0 ? p->height_m * cos(M_PI * x / p->length_m) : 0;
    case SIM_HUMP:
        return inside > 0 ? p->height_m * fmin(1.0, inside / 0.9) : 0;
    }
    return 0;
}

double sim_height_m(const struct sim_district *district, int lane, double station_m, double lateral_m, bool is_left,
                    double vary)
{
    const struct sim_lane *l = &district->lanes[lane];
    const float *profile = is_left ? l->left_m : l->right_m;
    const double at = fmin(fmax(station_m, 0.0), l->length_m - SIM_PROFILE_STEP_M) / SIM_PROFILE_STEP_M;
    const int i = (int)at;
    double height = profile[i] + (at - i) * (double)(profile[i + 1] - profile[i]);

    for (int k = 0; k < district->n_placed; k++) {
        const struct sim_placed *p = &district->placed[k];
        if (p->lane != lane || fabs(station_m - p->station_m) > 13)
            continue;
        const double scale = p->type == DEFECT_MANHOLE_COVER ? vary : 1.0;
        height += scale * sim_overlap(p, lateral_m) * shape_height_m(p, station_m - p->station_m);
    }
    return height;
}

void sim_place_at(const struct sim_district *district, int lane, double station_m, double lateral_m, double *ret_e_m,
                  double *ret_n_m)
{
    const struct sim_lane *l = &district->lanes[lane];

    *ret_e_m = l->from_e_m + station_m * l->direction_e - lateral_m * l->direction_n;
    *ret_n_m = l->from_n_m + station_m * l->direction_n + lateral_m * l->direction_e;
}
