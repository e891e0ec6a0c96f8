#include "sensor-node/motion/quarter_car.h"

#include <math.h>
#include <string.h>

#include "sensor-node/motion/exact.h"
#include "sensor-node/motion/resample.h"

#define BODY_KG      375.0
#define WHEEL_KG     40.0
#define SPRING_NPM   20e3
#define TYRE_NPM     190e3
#define DAMPER_NSPM  1.5e3
#define GRAVITY_MPS2 9.80665
#define RADIUS_M     0.32
#define PATCH_M      0.10
#define RAMP_M       0.9
#define EDGE_M       0.03 /* a broken edge slopes a little */
#define STEP_BACK_M  12.0
#define GAUGE_M      1.435
#define RAIL_M       0.07
#define SUBSTEPS     10 /* of 1 ms: a fourteenth of a radian of wheel hop */

static double shape_at(const struct shape *s, double x)
{
    const double inside = s->length_m / 2 - fabs(x);

    if (s->kind == SHAPE_STEP)
        return x < 0 ? 0 : x < EDGE_M ? s->height_m * x / EDGE_M : s->height_m * fmax(0, 1 - x / STEP_BACK_M);
    if (inside <= 0)
        return 0;
    switch (s->kind) {
    case SHAPE_BOX:
        return s->height_m * fmin(1, inside / EDGE_M);
    case SHAPE_DIP:
        return s->height_m * 0.5 * (1 + exact_cos(2 * M_PI * x / s->length_m));
    case SHAPE_WAVES:
        return s->height_m * 0.5 * exact_sin(2 * M_PI * x / s->wave_m);
    case SHAPE_RAILS:
        return fabs(fabs(x) - GAUGE_M / 2) < RAIL_M / 2 ? s->height_m : 0;
    case SHAPE_BUMP:
        return s->height_m * exact_cos(M_PI * x / s->length_m);
    default:
        return s->height_m * fmin(1, inside / RAMP_M);
    }
}

#define REACH 12 /* points to each side under the disc: 0.24 m */

/* A rigid disc touches where its rim is highest: the maximum over its chord. `road` starts REACH points
 * before. */
static void roll_disc(const float *road, int n, float *ret_disc)
{
    float drop[REACH + 1];

    for (int u = 0; u <= REACH; u++) {
        const double x = u * SHAPE_STEP_M;
        drop[u] = (float)(RADIUS_M - sqrt(RADIUS_M * RADIUS_M - x * x));
    }
    for (int i = 0; i < n; i++) {
        float top = road[i + REACH];
        for (int u = 1; u <= REACH; u++)
            top = fmaxf(top, fmaxf(road[i + REACH - u], road[i + REACH + u]) - drop[u]);
        ret_disc[i] = top;
    }
}

void shape_path_make(const struct shape *shape, struct shape_path *ret_path)
{
    const double before = shape->kind == SHAPE_STEP ? SHAPE_MARGIN_M : shape->length_m / 2 + SHAPE_MARGIN_M;
    const int n = (int)(2 * before / SHAPE_STEP_M) + 1;
    const int reach = (int)(PATCH_M / SHAPE_STEP_M / 2 + 0.5);
    float road[SHAPE_POINTS + 2 * REACH], disc[SHAPE_POINTS];

    ret_path->n = n > SHAPE_POINTS || shape->kind == SHAPE_STEP ? SHAPE_POINTS : n;
    ret_path->middle_m = before;
    for (int i = 0; i < ret_path->n + 2 * REACH; i++)
        road[i] = (float)shape_at(shape, (i - REACH) * SHAPE_STEP_M - before);
    roll_disc(road, ret_path->n, disc);
    for (int i = 0; i < ret_path->n; i++) {
        float sum = 0;
        for (int u = -reach; u <= reach; u++) {
            const int j = i + u < 0 ? 0 : i + u >= ret_path->n ? ret_path->n - 1 : i + u;
            sum += disc[j];
        }
        ret_path->height_m[i] = sum / (float)(2 * reach + 1);
    }
}

static double path_at(const struct shape_path *path, double x)
{
    const double at = x / SHAPE_STEP_M;

    if (at <= 0 || at >= path->n - 1)
        return at <= 0 ? 0 : path->height_m[path->n - 1];
    const int i = (int)at;
    return path->height_m[i] + (at - i) * (double)(path->height_m[i + 1] - path->height_m[i]);
}

void quarter_car_response(const struct shape_path *path, double speed_mps, int zero, float *ret_accel_mps2,
                          int ticks)
{
    const double dt = TICK_S / SUBSTEPS, weight = (BODY_KG + WHEEL_KG) * GRAVITY_MPS2;
    double body = 0, body_v = 0, wheel = 0, wheel_v = 0;

    for (int k = 0; k < ticks; k++) {
        double sum = 0;
        for (int i = 0; i < SUBSTEPS; i++) {
            const double t = (k - zero) * TICK_S + (i + 0.5) * dt - TICK_S / 2;
            const double road = path_at(path, path->middle_m + speed_mps * t);
            const double spring = SPRING_NPM * (wheel - body) + DAMPER_NSPM * (wheel_v - body_v);
            const double tyre = fmax(-weight, TYRE_NPM * (road - wheel)); /* no pull: the tyre lifts off */
            sum += spring / BODY_KG;
            body_v += dt * spring / BODY_KG;
            wheel_v += dt * (tyre - spring) / WHEEL_KG;
            body += dt * body_v;
            wheel += dt * wheel_v;
        }
        ret_accel_mps2[k] = (float)(sum / SUBSTEPS);
    }
}
