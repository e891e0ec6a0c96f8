#include "tests/sim/placed.h"

#include <math.h>

#define RAIL_CENTRES_M 1.505 /* gauge 1.435 m between the heads, which are 7 cm wide */
#define RAIL_HEAD_M 0.07
#define FLANGEWAY_M 0.065
#define FLANGEWAY_DEPTH_M 0.04
#define JOINT_GAP_DEPTH_M 0.03
#define JOINT_TAPER_M 0.06

static double ramp(double inside_m, double edge_m)
{
    return inside_m <= 0 ? 0 : fmin(1.0, inside_m / edge_m);
}

static double joint(const struct sim_placed *p, double x)
{
    const double away = fabs(x), half = p->length_m / 2;

    if (away < p->wave_m / 2)
        return -JOINT_GAP_DEPTH_M;
    return p->height_m * ramp(half - away, JOINT_TAPER_M);
}

/* A rail's head stands `height_m` off the road; the flangeway lies between the rails, beside it. */
static double rail(const struct sim_placed *p, double from_track_m)
{
    const double inward = RAIL_CENTRES_M / 2 - fabs(from_track_m);

    if (fabs(inward) < RAIL_HEAD_M / 2)
        return p->height_m;
    return inward > 0 && inward < RAIL_HEAD_M / 2 + FLANGEWAY_M ? -FLANGEWAY_DEPTH_M : 0;
}

static double rails(const struct sim_placed *p, double x)
{
    double height = 0;

    for (int k = 0; k < p->count; k++)
        height += rail(p, x - (k - 0.5 * (p->count - 1)) * p->wave_m);
    return height;
}

static double strips(const struct sim_placed *p, double x)
{
    const double first = -0.5 * (p->count - 1) * p->wave_m, nearest = round((x - first) / p->wave_m);

    if (nearest < 0 || nearest >= p->count)
        return 0;
    return p->height_m * ramp(p->edge_m / 2 - fabs(x - first - nearest * p->wave_m), 0.01);
}

static double step(const struct sim_placed *p, double x)
{
    return x < 0 ? 0 : x < p->edge_m ? p->height_m * x / p->edge_m : p->height_m * fmax(0.0, 1 - x / p->length_m);
}

double sim_placed_height_m(const struct sim_placed *p, double x)
{
    const double half = p->length_m / 2, inside = half - fabs(x);

    if (p->shape == SIM_STEP)
        return step(p, x);
    if (fabs(x) > sim_placed_reach_m(p))
        return 0;
    switch (p->shape) {
    case SIM_BOX:
    case SIM_HUMP:
        return p->height_m * ramp(inside, p->edge_m);
    case SIM_DIP:
        return inside > 0 ? p->height_m * 0.5 * (1 + cos(M_PI * x / half)) : 0;
    case SIM_WAVES:
        return inside > 0 ? p->height_m * 0.5 * sin(2 * M_PI * x / p->wave_m) : 0;
    case SIM_BUMP:
        return inside > 0 ? p->height_m * cos(M_PI * x / p->length_m) : 0;
    case SIM_JOINT:
        return joint(p, x);
    case SIM_RAILS:
        return rails(p, x);
    case SIM_STRIPS:
        return strips(p, x);
    case SIM_STEP:
        break;
    }
    return 0;
}

double sim_placed_reach_m(const struct sim_placed *p)
{
    switch (p->shape) {
    case SIM_STEP:
        return p->length_m;
    case SIM_RAILS:
        return 0.5 * (p->count - 1) * p->wave_m + RAIL_CENTRES_M / 2 + RAIL_HEAD_M;
    case SIM_STRIPS:
        return 0.5 * (p->count - 1) * p->wave_m + p->edge_m;
    default:
        return p->length_m / 2;
    }
}

double sim_overlap(const struct sim_placed *placed, double lateral_m)
{
    /* A tyre is about 0.2 m wide: it bridges the last 5 cm of an edge and feels the outer 10 cm in part. */
    const double beyond = fabs(lateral_m - placed->lateral_m) - (placed->half_width_m - 0.05);

    return fmin(1.0, fmax(0.0, 1.0 - beyond / 0.15));
}
