#include "tests/sensor-node/synthetic.h"

#include <math.h>
#include <string.h>

#define G      9.80665
#define STEP_S 0.001

void synthetic_init(struct synthetic *ret_drive)
{
    *ret_drive = (struct synthetic){.speed_mps = 10,
                                    .sway_mps = 2,
                                    .sway_s = 12,
                                    .antenna_x_m = -1.0,
                                    .antenna_y_m = 0.4,
                                    .imu_x_m = -1.0,
                                    .wheelbase_m = 2.7,
                                    .half_track_m = 0.75,
                                    .fix_hz = 5,
                                    .sample_hz = 100,
                                    .sigma_m = 0.03,
                                    .noise_mps2 = 0.03,
                                    .mount = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}},
                                    .has_gyro = true,
                                    .start_ns = INT64_C(1795564800) * 1000000000,
                                    .lat_deg = 30.2741,
                                    .lon_deg = 120.1636,
                                    .gnss = GNSS_RTK,
                                    .random = 88172645463325252u};
}

static double uniform(struct synthetic *d) /* xorshift64 */
{
    d->random ^= d->random << 13;
    d->random ^= d->random >> 7;
    d->random ^= d->random << 17;
    return (double)(d->random >> 11) / 9007199254740992.0;
}

static double gauss(struct synthetic *d, double sigma)
{
    const double u = uniform(d) + 1e-12, v = uniform(d);

    return sigma * sqrt(-2 * log(u)) * cos(2 * M_PI * v);
}

struct truth synthetic_truth(const struct synthetic *drive, double time_s)
{
    const double w = 2 * M_PI / drive->sway_s, r = drive->turn_radius_m;
    struct truth t;

    t.along_m = drive->speed_mps * time_s + drive->sway_mps / w * (1 - cos(w * time_s));
    t.speed_mps = drive->speed_mps + drive->sway_mps * sin(w * time_s);
    if (r == 0) {
        t.heading_rad = drive->heading_rad;
        t.e_m = t.along_m * sin(t.heading_rad);
        t.n_m = t.along_m * cos(t.heading_rad);
        return t;
    }
    t.heading_rad = drive->heading_rad + t.along_m / r;
    t.e_m = r * (cos(drive->heading_rad) - cos(t.heading_rad));
    t.n_m = r * (sin(t.heading_rad) - sin(drive->heading_rad));
    return t;
}

/* Where a disc of 0.32 m radius touches: the highest point under its rim, averaged over the patch of 0.10 m.
 */
static double tyre_height(const struct synthetic *d, double along_m, bool is_left)
{
    double sum = 0;

    if (!d->height_m)
        return 0;
    for (int p = -2; p <= 2; p++) {
        double top = -1;
        for (int i = -12; i <= 12; i++) {
            const double u = i * 0.02, h = d->height_m(along_m + p * 0.025 + u, is_left);
            top = fmax(top, h - 0.32 + sqrt(0.32 * 0.32 - u * u));
        }
        sum += top;
    }
    return sum / 5;
}

/* State: body, its speed, wheel, its speed. */
static void slope(const double s[4], double road_m, double ret[4])
{
    const double strut = 20e3 * (s[2] - s[0]) + 1500 * (s[3] - s[1]);
    const double tyre = fmax(-415 * G, 190e3 * (road_m - s[2]));

    ret[0] = s[1];
    ret[1] = strut / 375;
    ret[2] = s[3];
    ret[3] = (tyre - strut) / 40;
}

static double corner_step(double s[4], double road_m)
{
    double k[4][4], x[4];

    for (int i = 0; i < 4; i++) {
        const double part = i == 0 ? 0 : i == 3 ? STEP_S : STEP_S / 2;
        for (int j = 0; j < 4; j++)
            x[j] = s[j] + (i ? part * k[i - 1][j] : 0);
        slope(x, road_m, k[i]);
    }
    const double before = s[1];
    for (int j = 0; j < 4; j++)
        s[j] += STEP_S / 6 * (k[0][j] + 2 * k[1][j] + 2 * k[2][j] + k[3][j]);
    return (s[1] - before) / STEP_S;
}

/* Corners: front left, front right, rear left, rear right. */
static void sum_corners(struct synthetic *d, double felt[3], double turn[3])
{
    const double rear = -d->imu_x_m / d->wheelbase_m, w = 2 * M_PI / d->sway_s;
    const int n = (int)(1 / d->sample_hz / STEP_S + 0.5);

    for (int i = 0; i < n; i++) {
        const double t = d->time_s - 1 / d->sample_hz + (i + 0.5) * STEP_S;
        const struct truth at = synthetic_truth(d, t);
        double c[4];
        for (int k = 0; k < 4; k++)
            c[k] = corner_step(d->corner[k],
                               tyre_height(d, at.along_m - (k >= 2 ? d->wheelbase_m : 0), k % 2 == 0));
        felt[0] += d->sway_mps * w * cos(w * t) / n;
        felt[1] -= d->turn_radius_m != 0 ? at.speed_mps * at.speed_mps / d->turn_radius_m / n : 0;
        felt[2] += (G + (1 - rear) * (c[0] + c[1]) / 2 + rear * (c[2] + c[3]) / 2) / n;
        turn[0] += (d->corner[0][1] - d->corner[1][1] + d->corner[2][1] - d->corner[3][1]) /
                   (4 * d->half_track_m) / n;
        turn[2] -= d->turn_radius_m != 0 ? at.speed_mps / d->turn_radius_m / n : 0;
    }
}

static void make_fix(struct synthetic *d, struct fix *ret_fix)
{
    const struct truth at = synthetic_truth(d, d->time_s - d->lag_s);
    const double s = sin(at.heading_rad), c = cos(at.heading_rad);
    double e, n;
    struct grid_point p;

    grid_project_m((struct grid_zone){120, false}, d->lat_deg, d->lon_deg, &e, &n);
    e += at.e_m + d->antenna_x_m * s - d->antenna_y_m * c + d->gps_e_m;
    n += at.n_m + d->antenna_x_m * c + d->antenna_y_m * s + d->gps_n_m;
    p = (struct grid_point){llround(e * 1000), llround(n * 1000)};
    *ret_fix = (struct fix){.time_ns = d->start_ns + llround(d->time_s * 1e9),
                            .sigma_m = d->sigma_m,
                            .speed_mps = at.speed_mps,
                            .heading_deg = NAN,
                            .gnss = d->gnss,
                            .time_source = TIME_GPS};
    grid_unproject((struct grid_zone){120, false}, p, &ret_fix->lat_deg, &ret_fix->lon_deg);
}

void synthetic_next(struct synthetic *drive, struct motion_sample *ret_sample, struct fix *ret_fix,
                    bool *ret_has_fix)
{
    struct synthetic *d = drive;
    double felt[3] = {0}, turn[3] = {0};

    if (d->time_s == 0) {
        d->gps_e_m = gauss(d, d->sigma_m);
        d->gps_n_m = gauss(d, d->sigma_m);
    }
    d->time_s += 1 / d->sample_hz;
    sum_corners(d, felt, turn);
    /* The mean over the interval stands at its middle. */
    ret_sample->time_ns = d->start_ns + llround((d->time_s - 0.5 / d->sample_hz) * 1e9);
    for (int k = 0; k < 3; k++) {
        const double *m = d->mount[k];
        ret_sample->accel_mps2[k] =
            (float)(m[0] * felt[0] + m[1] * felt[1] + m[2] * felt[2] + gauss(d, d->noise_mps2));
        ret_sample->gyro_radps[k] =
            d->has_gyro ? (float)(m[0] * turn[0] + m[1] * turn[1] + m[2] * turn[2] + gauss(d, 0.002)) : NAN;
    }
    *ret_has_fix = d->time_s >= d->fix_time_s;
    if (*ret_has_fix) {
        make_fix(d, ret_fix);
        d->fix_time_s += 1 / d->fix_hz;
    }
}
