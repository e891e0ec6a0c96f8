#include "tests/sim/vehicle.h"

#include <math.h>
#include <string.h>

#include "tests/sim/track.h"

#define GRAVITY_MPS2 9.80665
#define STEP_S 0.0005
#define STANDING_S 12.0 /* at the start and the end of a drive */
#define CORNER_MPS 4.5
#define BUMP_MPS 5.5
#define ACCELERATE_MPS2 1.3
#define BRAKE_MPS2 1.8
#define BODY_KG 375.0
#define WHEEL_KG 40.0
#define SPRING_NPM 20e3
#define TYRE_NPM 190e3
#define DAMPER_NSPM 1.5e3

enum { FRONT_LEFT, FRONT_RIGHT, REAR_LEFT, REAR_RIGHT, CORNERS };

struct corner {
    double body_m, body_mps, wheel_m, wheel_mps; /* up from rest */
    double body_mps2;
};

struct drive {
    const struct sim_district *district;
    const struct sim_route *route;
    const struct sim_vehicle *vehicle;
    struct sim_track track;
    struct sim_random random;
    struct corner corners[CORNERS];
    double time_s, distance_m, speed_mps, accel_mps2, heading_rad, turn_radps, end_m;
    double speed_scale;
    struct sim_markov gnss_e, gnss_n, mood;
    double gnss_next_s;
    double sum_accel[3], sum_gyro[3];
    int n_sum;
    double bias[3];
};

/* One corner, semi-implicit Euler: stable, for the step is a thirtieth of the wheel's period. */
static void corner_step(struct corner *c, double road_m, double softness)
{
    const double spring = softness * (SPRING_NPM * (c->wheel_m - c->body_m) + DAMPER_NSPM * (c->wheel_mps - c->body_mps));
    const double weight = (BODY_KG + WHEEL_KG) * GRAVITY_MPS2;
    const double tyre = fmax(-weight, TYRE_NPM * (road_m - c->wheel_m)); /* no pull: the tyre lifts off */

    c->body_mps2 = spring / BODY_KG;
    c->body_mps += STEP_S * c->body_mps2;
    c->wheel_mps += STEP_S * (tyre - spring) / WHEEL_KG;
    c->body_m += STEP_S * c->body_mps;
    c->wheel_m += STEP_S * c->wheel_mps;
}

/* The speed a driver wants a little ahead: slow in crossings and before bumps. */
static double wanted_speed(const struct drive *d, double ahead_m)
{
    const struct sim_route_point p = sim_route_at(d->route, d->distance_m + ahead_m);

    if (d->distance_m + ahead_m >= d->end_m - 1)
        return 0;
    if (p.lane < 0)
        return CORNER_MPS;
    for (int k = 0; k < d->district->n_placed; k++) {
        const struct sim_placed *q = &d->district->placed[k];
        if (q->lane == p.lane && (q->shape == SIM_BUMP || q->shape == SIM_HUMP) && fabs(q->station_m - p.station_m) < 4)
            return BUMP_MPS;
    }
    return d->vehicle->cruise_mps * d->speed_scale + d->mood.value;
}

static void drive_speed(struct drive *d)
{
    double allowed = 99;

    for (double ahead = 0; ahead <= 50; ahead += 2.5) {
        const double v = fmax(0, wanted_speed(d, ahead));
        allowed = fmin(allowed, sqrt(v * v + 2 * BRAKE_MPS2 * ahead));
    }
    if (d->time_s < STANDING_S)
        allowed = 0;
    d->accel_mps2 = fmax(-2 * BRAKE_MPS2, fmin(ACCELERATE_MPS2, (allowed - d->speed_mps) / 0.4));
}

static void move(struct drive *d)
{
    const struct sim_vehicle *v = d->vehicle;

    d->speed_mps = fmax(0, d->speed_mps + STEP_S * d->accel_mps2);
    d->distance_m += STEP_S * d->speed_mps;
    for (int c = 0; c < CORNERS; c++) {
        const double at = d->distance_m - (c >= REAR_LEFT ? v->wheelbase_m : 0);
        corner_step(&d->corners[c], sim_track_height_m(&d->track, at, c == FRONT_LEFT || c == REAR_LEFT), v->softness);
    }
    const double heading = sim_route_at(d->route, d->distance_m).heading_rad;
    const double turn = remainder(heading - d->heading_rad, 2 * M_PI) / STEP_S;
    d->turn_radps += 0.01 * (turn - d->turn_radps);
    d->heading_rad = heading;
    d->time_s += STEP_S;
}

/* Specific force and turn rate in the vehicle frame (x forward, y left, z up), summed over a sample. */
static void feel(struct drive *d)
{
    const struct sim_vehicle *v = d->vehicle;
    const struct corner *c = d->corners;
    const double rear = -v->imu_x_m / v->wheelbase_m, front = 1 - rear;
    const double up = front * (c[FRONT_LEFT].body_mps2 + c[FRONT_RIGHT].body_mps2) / 2 +
                      rear * (c[REAR_LEFT].body_mps2 + c[REAR_RIGHT].body_mps2) / 2;
    const double roll_radps = (c[FRONT_LEFT].body_mps - c[FRONT_RIGHT].body_mps + c[REAR_LEFT].body_mps -
                               c[REAR_RIGHT].body_mps) / (4 * v->half_track_m);
    const double pitch_radps = (c[REAR_LEFT].body_mps + c[REAR_RIGHT].body_mps - c[FRONT_LEFT].body_mps -
                                c[FRONT_RIGHT].body_mps) / (2 * v->wheelbase_m);
    const double pitch = (c[REAR_LEFT].body_m + c[REAR_RIGHT].body_m - c[FRONT_LEFT].body_m - c[FRONT_RIGHT].body_m) /
                         (2 * v->wheelbase_m);

    d->sum_accel[0] += (d->speed_mps > 0 ? d->accel_mps2 : 0) - GRAVITY_MPS2 * pitch;
    d->sum_accel[1] += -d->speed_mps * d->turn_radps; /* clockwise heading: a right turn pushes to the right */
    d->sum_accel[2] += GRAVITY_MPS2 + up;
    d->sum_gyro[0] += roll_radps;
    d->sum_gyro[1] += pitch_radps;
    d->sum_gyro[2] += -d->turn_radps;
    d->n_sum++;
}

/* Into the sensor's own axes: yaw about z, then pitch about y, then roll about x. */
static void to_sensor(const struct sim_vehicle *v, double x[3])
{
    const double angles[3] = {v->mount_yaw_rad, v->mount_pitch_rad, v->mount_roll_rad};
    static const int axes[3][2] = {{0, 1}, {2, 0}, {1, 2}};

    for (int k = 0; k < 3; k++) {
        const double c = cos(angles[k]), s = sin(angles[k]), a = x[axes[k][0]], b = x[axes[k][1]];
        x[axes[k][0]] = c * a + s * b;
        x[axes[k][1]] = -s * a + c * b;
    }
}

static void write_fix(struct drive *d, FILE *csv)
{
    const struct sim_vehicle *v = d->vehicle;
    /* The receiver tells where the antenna was `lag` before the row's time. */
    const double back_m = d->distance_m - d->speed_mps * (v->gnss_lag_s + 0.5 * d->n_sum * STEP_S);
    const struct sim_route_point p = sim_route_at(d->route, back_m);
    const double left_m = sim_track_lateral_m(&d->track, back_m) + v->antenna_y_m;
    const double s = sin(p.heading_rad), c = cos(p.heading_rad);
    const double e_m = p.e_m + v->antenna_x_m * s - left_m * c + d->gnss_e.value;
    const double n_m = p.n_m + v->antenna_x_m * c + left_m * s + d->gnss_n.value;
    const struct grid_point at = {llround(e_m * 1000), llround(n_m * 1000)};
    double lat_deg, lon_deg;

    if (grid_unproject(d->district->zone, at, &lat_deg, &lon_deg) == ROAD_OK)
        fprintf(csv, "%.9f,%.9f,%.2f\n", lat_deg, lon_deg, fmax(0, d->speed_mps + sim_gauss(&d->random, 0.05)));
    else
        fputs(",,\n", csv);
}

static void write_sample(struct drive *d, FILE *csv)
{
    const struct sim_vehicle *v = d->vehicle;

    for (int k = 0; k < 3; k++) {
        d->sum_accel[k] /= d->n_sum;
        d->sum_gyro[k] /= d->n_sum;
    }
    to_sensor(v, d->sum_accel);
    to_sensor(v, d->sum_gyro);
    /* A sample is the mean over its interval: it tells of the middle. */
    fprintf(csv, "%.4f", d->time_s - 0.5 * d->n_sum * STEP_S);
    for (int k = 0; k < 3; k++)
        fprintf(csv, ",%.4f", d->sum_accel[k] + d->bias[k] + sim_gauss(&d->random, v->accel_noise_mps2));
    for (int k = 0; k < 3; k++)
        fprintf(csv, ",%.5f", d->sum_gyro[k] + sim_gauss(&d->random, v->gyro_noise_radps));
    fputc(',', csv);
    if (d->time_s >= d->gnss_next_s) {
        sim_markov_step(&d->gnss_e, &d->random, 1 / v->gnss_rate_hz);
        sim_markov_step(&d->gnss_n, &d->random, 1 / v->gnss_rate_hz);
        write_fix(d, csv);
        d->gnss_next_s += 1 / v->gnss_rate_hz;
    } else {
        fputs(",,\n", csv);
    }
    memset(d->sum_accel, 0, sizeof d->sum_accel);
    memset(d->sum_gyro, 0, sizeof d->sum_gyro);
    d->n_sum = 0;
}

/* Notes which wheels run over which placed things while the front axle covers the last sample's metres. */
static void note_crossings(const struct drive *d, double from_m, struct sim_drive_result *result)
{
    const struct sim_route_point a = sim_route_at(d->route, from_m), b = sim_route_at(d->route, d->distance_m);

    if (b.lane < 0 || a.lane != b.lane)
        return;
    for (int k = 0; k < d->district->n_placed; k++) {
        const struct sim_placed *p = &d->district->placed[k];
        if (p->lane != b.lane || p->station_m < a.station_m || p->station_m >= b.station_m)
            continue;
        const double middle = sim_track_lateral_m(&d->track, d->distance_m);
        for (int side = 0; side < 2; side++) {
            const double wheel = middle + (side == 0 ? 1 : -1) * d->vehicle->half_track_m;
            if (sim_overlap(p, wheel) >= 0.5 && result->n_crossings < result->crossings_capacity)
                result->crossings[result->n_crossings++] = (struct sim_crossing){k, d->time_s, side == 0};
        }
    }
}

static bool drive_init(struct drive *d, uint64_t seed)
{
    const struct sim_vehicle *v = d->vehicle;

    sim_random_init(&d->random, seed);
    if (!sim_track_init(&d->track, d->district, d->route, v->half_track_m, &d->random))
        return false;
    d->end_m = (d->route->n_points - 2) * SIM_ROUTE_STEP_M;
    d->heading_rad = sim_route_at(d->route, 0).heading_rad;
    d->speed_scale = sim_uniform(&d->random, 0.9, 1.1);
    sim_markov_init(&d->gnss_e, &d->random, v->gnss_sigma_m, v->gnss_tau_s);
    sim_markov_init(&d->gnss_n, &d->random, v->gnss_sigma_m, v->gnss_tau_s);
    sim_markov_init(&d->mood, &d->random, 0.5, 20);
    for (int k = 0; k < 3; k++)
        d->bias[k] = sim_gauss(&d->random, v->accel_bias_mps2);
    return true;
}

bool sim_drive(const struct sim_district *district, const struct sim_route *route, const struct sim_vehicle *vehicle,
               double sample_hz, uint64_t seed, FILE *csv, struct sim_drive_result *result)
{
    struct drive d = {.district = district, .route = route, .vehicle = vehicle};
    const int steps = (int)(1 / (sample_hz * STEP_S) + 0.5);
    double standing_s = 0;

    if (!drive_init(&d, seed))
        return false;
    fputs("time_s,ax_mps2,ay_mps2,az_mps2,gx_radps,gy_radps,gz_radps,lat_deg,lon_deg,speed_mps\n", csv);
    while (standing_s < STANDING_S && d.time_s < 7200) {
        const double from_m = d.distance_m;
        drive_speed(&d);
        sim_markov_step(&d.mood, &d.random, 1 / sample_hz);
        for (int i = 0; i < steps; i++) {
            move(&d);
            feel(&d);
        }
        note_crossings(&d, from_m, result);
        write_sample(&d, csv);
        if (d.distance_m > d.end_m - 5 && d.speed_mps < 0.3)
            standing_s += 1 / sample_hz;
    }
    result->distance_m = d.distance_m;
    result->duration_s = d.time_s;
    sim_track_done(&d.track);
    return !ferror(csv);
}
