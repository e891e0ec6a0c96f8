#include "sensor-node/motion/orient.h"

#include <math.h>
#include <string.h>

#include "sensor-node/motion/resample.h"

#define SLOW_S             30.0 /* domain figures: gravity over >= 30 s */
#define FAST_S             2.0
#define READY_S            1.0
#define LOUD_MPS2          2.0   /* farther from gravity than this counts a tenth */
#define MOVED_COS          0.906 /* 25 degrees between the slow and the fast mean ... */
#define MOVED_S            4.0   /* ... for so long: no braking lasts as long at 0.45 g */
#define GRAVITY_MIN        8.8   /* 9.81 with a scale error of 10 % */
#define GRAVITY_MAX        10.8
#define FORWARD_SMOOTH_S   1.0
#define FORWARD_MIN_MPS2   0.4
#define FORWARD_MAX_MPS2   5.0 /* more is a fix gone astray */
#define FORWARD_TURN_RADPS 0.15
#define FORWARD_SUM        8.0 /* m2/s3: 8 s at 1 m/s2, several stops and starts */
#define FORWARD_KEPT       40.0 /* m2/s3: older stops and starts fade, so that a sensor turned about up is noticed */
#define FORWARD_QUALITY    0.5

void orient_reset(struct orient *orient)
{
    *orient = (struct orient){0};
}

static double dot(const double a[3], const double b[3])
{
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

static void mean_step(double mean[3], const double x[3], double share)
{
    for (int k = 0; k < 3; k++)
        mean[k] += share * (x[k] - mean[k]);
}

/* A bend or a brake adds to gravity and leaves its part along up as it was; a sensor that is turned has less of it there.
 * `cosine`: between slow and fast mean. The border lies halfway between the two. */
static bool is_turned(const struct orient *o, double cosine)
{
    return cosine < MOVED_COS && dot(o->slow, o->fast) < o->square * (1 + cosine) / 2;
}

bool orient_step(struct orient *orient, const double accel_mps2[3])
{
    struct orient *o = orient;
    double away[3];

    o->age_s += TICK_S;
    for (int k = 0; k < 3; k++)
        away[k] = accel_mps2[k] - o->slow[k];
    const double weight = o->age_s > READY_S && dot(away, away) > LOUD_MPS2 * LOUD_MPS2 ? 0.1 : 1.0;
    mean_step(o->slow, accel_mps2, weight * TICK_S / fmin(o->age_s, SLOW_S));
    mean_step(o->fast, accel_mps2, TICK_S / fmin(o->age_s, FAST_S));
    o->square = dot(o->slow, o->slow);
    o->size = sqrt(o->square);
    const double cosine = dot(o->slow, o->fast) / sqrt(o->square * dot(o->fast, o->fast) + 1e-12);
    o->tilted_s = is_turned(o, cosine) ? o->tilted_s + TICK_S : 0;
    if (o->tilted_s < MOVED_S)
        return true;
    orient_reset(o);
    return false;
}

bool orient_is_tilted(const struct orient *orient)
{
    return orient->tilted_s > 0;
}

bool orient_is_ready(const struct orient *orient)
{
    return orient->age_s >= READY_S && orient->size >= GRAVITY_MIN && orient->size <= GRAVITY_MAX;
}

double orient_vertical(const struct orient *orient, const double accel_mps2[3])
{
    const double g = orient->size;

    return g > 0 ? dot(accel_mps2, orient->slow) / g - g : 0;
}

/* Correlation of what is felt along the candidate direction with the GPS's acceleration. */
static double forward_quality(const struct orient *o, double size)
{
    double felt = 0;

    for (int k = 0; k < 3; k++)
        felt += o->sum_hv[k] * dot(o->sum_hh[k], o->sum_hv);
    return size * size / sqrt(felt * o->sum_vv + 1e-12);
}

/* Length of the forward direction, 0 while it is unknown. */
static double forward_size(const struct orient *o)
{
    const double size = sqrt(dot(o->sum_hv, o->sum_hv));

    return o->sum_vv < FORWARD_SUM || forward_quality(o, size) < FORWARD_QUALITY ? 0 : size;
}

static void forget_half(struct orient *o)
{
    o->sum_vv /= 2;
    for (int k = 0; k < 3; k++) {
        o->sum_hv[k] /= 2;
        for (int j = 0; j < 3; j++)
            o->sum_hh[k][j] /= 2;
    }
}

void orient_learn_forward(struct orient *orient, const double felt_mps2[3], double accel_mps2,
                          double turn_radps)
{
    struct orient *o = orient;
    const double share = dot(felt_mps2, o->slow) / o->square;
    double horizontal[3];

    for (int k = 0; k < 3; k++)
        horizontal[k] = felt_mps2[k] - share * o->slow[k];
    mean_step(o->smooth, horizontal, TICK_S / FORWARD_SMOOTH_S);
    o->smooth_along += (accel_mps2 - o->smooth_along) * TICK_S / FORWARD_SMOOTH_S;
    const double size = fabs(o->smooth_along);
    if (size < FORWARD_MIN_MPS2 || size > FORWARD_MAX_MPS2 || fabs(turn_radps) > FORWARD_TURN_RADPS)
        return;
    for (int k = 0; k < 3; k++) {
        o->sum_hv[k] += o->smooth[k] * o->smooth_along * TICK_S;
        for (int j = 0; j < 3; j++)
            o->sum_hh[k][j] += o->smooth[k] * o->smooth[j] * TICK_S;
    }
    o->sum_vv += o->smooth_along * o->smooth_along * TICK_S;
    if (o->sum_vv > FORWARD_KEPT)
        forget_half(o);
    o->forward_size = forward_size(o);
}

double orient_roll(const struct orient *orient, const double gyro_radps[3])
{
    const double size = orient->forward_size;

    return size > 0 ? dot(gyro_radps, orient->sum_hv) / size : NAN;
}

double orient_pitch(const struct orient *orient, const double gyro_radps[3])
{
    const double *up = orient->slow, *ahead = orient->sum_hv, size = orient->forward_size;
    const double left[3] = {up[1] * ahead[2] - up[2] * ahead[1], up[2] * ahead[0] - up[0] * ahead[2],
                            up[0] * ahead[1] - up[1] * ahead[0]};

    return size > 0 ? dot(gyro_radps, left) / sqrt(dot(left, left)) : NAN;
}

double orient_level(const struct orient *orient, const double accel_mps2[3])
{
    const double along = dot(accel_mps2, orient->slow);

    return sqrt(fmax(0, dot(accel_mps2, accel_mps2) - along * along / orient->square));
}
