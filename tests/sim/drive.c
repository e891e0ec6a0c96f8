#include "tests/sim/drive.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/driver.h"
#include "tests/sim/track.h"

#define GRAVITY_MPS2 9.80665
#define STEP_MAX_S 0.0005
#define STANDING_S 12.0 /* at the start */
#define DRIVE_MAX_S 14400
#define ACCELERATE_MPS2 1.3
#define FOOT_TAU_S 0.25     /* a foot does not jump */
#define HARD_BRAKE_MIN_MPS 7.0
#define BUSHING_HZ 18.0     /* the suspension gives way fore and aft */
#define BUSHING_DAMPING 0.35
#define ENGINE_TAU_S 0.4    /* the engine makes up for what rolling over things costs */
#define HISTORY 1024        /* samples whose place is remembered, for the receiver's lag */

struct drive {
    const struct sim_district *district;
    const struct sim_route *route;
    const struct sim_vehicle *vehicle;
    const struct sim_sink *sink;
    struct sim_drive_result *result;
    struct sim_track track;
    struct sim_driver driver;
    struct sim_random random;
    struct sim_car_state car;
    struct sim_imu_state imu;
    struct sim_gps_state gps;
    double start_s, time_s, step_s, distance_m, end_m;
    double speed_mps, accel_mps2, heading_rad, turn_radps, turn_radps2;
    double push_m, push_mps, cost_mps2; /* the body's fore-and-aft shake on its bushings; the mean push backwards */
    double waited_s, brake_mps2, brake_to_mps;
    double mood_mps;
    struct {
        double time_s, distance_m, speed_mps;
    } history[HISTORY];
    uint64_t n_samples;
    int lane, lane_row; /* where it is, and the row that says so; -1 */
    bool is_full;
};

const char *sim_event_name(enum sim_event event)
{
    static const char *const names[] = {"passing", "braking", "door", "handling", "lane"};

    return names[event];
}

static struct sim_crossing *add_crossing(struct drive *d, enum sim_event event)
{
    struct sim_drive_result *r = d->result;

    if (r->n_crossings == r->capacity) {
        const int capacity = r->capacity ? 2 * r->capacity : 256;
        void *grown = realloc(r->crossings, (size_t)capacity * sizeof *r->crossings);
        if (!grown) {
            d->is_full = true;
            return NULL;
        }
        r->crossings = grown;
        r->capacity = capacity;
    }
    const struct sim_route_point p = sim_route_at(d->route, d->distance_m);
    struct sim_crossing *c = &r->crossings[r->n_crossings++];
    *c = (struct sim_crossing){.event = event, .placed = -1, .time_s = d->time_s, .e_m = p.e_m, .n_m = p.n_m,
                               .speed_mps = d->speed_mps, .heading_rad = p.heading_rad, .share = 1};
    return c;
}

/* Once a sample: what the driver does with the pedals. */
static void drive_speed(struct drive *d)
{
    const double rate = d->vehicle->imu.rate_hz;
    double allowed = d->time_s < STANDING_S ? 0 : sim_driver_speed(&d->driver, d->distance_m);

    d->mood_mps += (sim_gauss(&d->random, 0.5 * sqrt(2 / (20 * rate))) - d->mood_mps / (20 * rate));
    allowed = fmax(0, allowed + (allowed > 2 ? fmin(0, d->mood_mps) : 0));
    double wanted = fmax(-2 * SIM_BRAKE_MPS2, fmin(ACCELERATE_MPS2, (allowed - d->speed_mps) / 0.4));
    if (d->brake_mps2 > 0 && d->speed_mps <= d->brake_to_mps)
        d->brake_mps2 = 0;
    if (d->brake_mps2 > 0)
        wanted = -d->brake_mps2;
    d->accel_mps2 += (wanted - d->accel_mps2) / (FOOT_TAU_S * rate);
}

static void slam_door(struct drive *d)
{
    struct sim_crossing *c = add_crossing(d, SIM_DOOR);

    if (c)
        c->seconds = 0.4;
    sim_imu_ring(&d->imu, sim_uniform(&d->random, 0.8, 5), sim_uniform(&d->random, 12, 35), sim_uniform(&d->random, 0.05, 0.12));
}

static void pick_up_phone(struct drive *d)
{
    const double seconds = sim_uniform(&d->random, 1, 4), away = sim_uniform(&d->random, 0, 1) < 0.5 ? 0.05 : 1.0;
    const double angles[3] = {d->imu.roll_rad + sim_gauss(&d->random, 0.5 * away), d->imu.pitch_rad + sim_gauss(&d->random, 0.4 * away),
                              d->imu.yaw_rad + sim_gauss(&d->random, away)};
    struct sim_crossing *c = add_crossing(d, SIM_HANDLING);

    if (c)
        c->seconds = seconds;
    sim_imu_handle(&d->imu, d->time_s, seconds, angles);
}

static void brake_hard(struct drive *d)
{
    struct sim_crossing *c;

    d->brake_mps2 = sim_uniform(&d->random, 4.5, 7.5);
    d->brake_to_mps = sim_uniform(&d->random, 0.1, 0.6) * d->speed_mps;
    if ((c = add_crossing(d, SIM_BRAKING)))
        c->seconds = (d->speed_mps - d->brake_to_mps) / d->brake_mps2;
}

/* Waiting at a light or at the end; doors are slammed while standing. */
static void wait_at_stop(struct drive *d, double sample_s)
{
    struct sim_driver *driver = &d->driver;
    const bool is_starting = d->time_s < STANDING_S;

    if (is_starting || (driver->stops_m[driver->next_stop] - d->distance_m < 1.0 && d->speed_mps < 0.3)) {
        if (!is_starting)
            d->waited_s += sample_s;
        if (d->speed_mps < 0.02 && sim_uniform(&d->random, 0, 1) < d->vehicle->door_slams * sample_s / STANDING_S)
            slam_door(d);
    }
    if (driver->next_stop < driver->n_stops && d->waited_s >= driver->waits_s[driver->next_stop]) {
        driver->next_stop++;
        d->waited_s = 0;
    }
}

static void happenings(struct drive *d, double sample_s)
{
    const struct sim_vehicle *v = d->vehicle;
    const double chance = sim_uniform(&d->random, 0, 1);

    wait_at_stop(d, sample_s);
    if (d->speed_mps > HARD_BRAKE_MIN_MPS && d->brake_mps2 == 0 && chance < v->hard_brakes_per_km * d->speed_mps * sample_s / 1000)
        brake_hard(d);
    else if (d->imu.hand_end_s == 0 && d->time_s > 60 && chance > 1 - v->handlings_per_h * sample_s / 3600)
        pick_up_phone(d);
}

static void turn_with_road(struct drive *d)
{
    const double heading = sim_route_at(d->route, d->distance_m).heading_rad;
    const double turn = -remainder(heading - d->heading_rad, 2 * M_PI) / d->step_s; /* left positive */

    d->turn_radps2 = 20 * (turn - d->turn_radps);
    d->turn_radps += d->step_s * d->turn_radps2;
    d->heading_rad = heading;
}

static void move(struct drive *d)
{
    const struct sim_car *car = &d->vehicle->car;
    const double accel = d->speed_mps > 0 || d->accel_mps2 > 0 ? d->accel_mps2 : 0;
    double road_m[SIM_WHEELS], slope[SIM_WHEELS];

    d->speed_mps = fmax(0, d->speed_mps + d->step_s * accel);
    d->distance_m += d->step_s * d->speed_mps;
    for (int i = 0; i < SIM_WHEELS; i++) {
        const double at = d->distance_m - (i >= SIM_REAR_LEFT ? car->wheelbase_m : 0);
        road_m[i] = sim_track_height_m(&d->track, at, i % 2 == 0, &slope[i]);
    }
    turn_with_road(d);
    sim_car_step(car, &d->car, road_m, slope, accel, d->speed_mps * d->turn_radps, d->step_s);
    const double w = 2 * M_PI * BUSHING_HZ;
    const double felt = d->speed_mps > 0 ? d->car.push_mps2 : 0;
    d->cost_mps2 += d->step_s / ENGINE_TAU_S * (felt - d->cost_mps2);
    d->push_mps += d->step_s * (felt - d->cost_mps2 - w * w * d->push_m - 2 * BUSHING_DAMPING * w * d->push_mps);
    d->push_m += d->step_s * d->push_mps;
    d->time_s += d->step_s;
}

/* Specific force and turn rate at the sensor, in the body frame. Rigid body: a + alpha x r + omega x (omega x r); gravity
 * through the body's pitch and roll. The fore-and-aft push reaches the body through the bushings' spring. */
static void feel(struct drive *d)
{
    const struct sim_car *car = &d->vehicle->car;
    const struct sim_imu *imu = &d->vehicle->imu;
    const struct sim_car_state *s = &d->car;
    const double w = 2 * M_PI * BUSHING_HZ, push = w * w * d->push_m + 2 * BUSHING_DAMPING * w * d->push_mps;
    const double r[3] = {imu->x_m + (1 - car->front_share) * car->wheelbase_m, imu->y_m, imu->z_m};
    const double turn[3] = {s->roll_radps, s->pitch_radps, d->turn_radps};
    const double bend[3] = {s->roll_radps2, s->pitch_radps2, d->turn_radps2};
    const double along = turn[0] * r[0] + turn[1] * r[1] + turn[2] * r[2];
    const double square = turn[0] * turn[0] + turn[1] * turn[1] + turn[2] * turn[2];
    const double accel = d->speed_mps > 0 ? d->accel_mps2 : 0;
    double a[3] = {accel + push + bend[1] * r[2] - bend[2] * r[1], d->speed_mps * d->turn_radps + bend[2] * r[0] - bend[0] * r[2],
                   s->heave_mps2 + bend[0] * r[1] - bend[1] * r[0]};

    for (int k = 0; k < 3; k++)
        a[k] += turn[k] * along - r[k] * square;
    if (imu->mount == SIM_AXLE)
        a[2] = s->wheel_mps2[SIM_FRONT_LEFT];
    a[2] += GRAVITY_MPS2;
    const double p = imu->mount == SIM_AXLE ? 0 : s->pitch_rad, q = imu->mount == SIM_AXLE ? 0 : s->roll_rad;
    const double x = a[0] - p * a[2], z = a[2] + p * a[0], force[3] = {x, a[1] + q * z, z - q * a[1]};
    sim_imu_feel(&d->imu, force, turn, d->speed_mps, d->step_s);
}

/* Where the car's front middle was at a time not long ago. */
static void look_back(const struct drive *d, double time_s, double *ret_distance_m, double *ret_speed_mps)
{
    uint64_t k = d->n_samples;

    while (k > 1 && d->n_samples - k < HISTORY - 2 && d->history[(k - 1) % HISTORY].time_s > time_s)
        k--;
    const size_t a = (k ? k - 1 : 0) % HISTORY;
    *ret_speed_mps = d->history[a].speed_mps;
    *ret_distance_m = fmax(0, d->history[a].distance_m + (time_s - d->history[a].time_s) * d->history[a].speed_mps);
}

static void report_fix(struct drive *d)
{
    const struct sim_gps *g = &d->vehicle->gps;
    double distance_m, speed_mps;
    struct fix fix;

    if (!sim_gps_is_due(&d->gps, d->time_s, &d->random)) {
        return;
    }
    look_back(d, d->time_s - g->lag_s, &distance_m, &speed_mps);
    const struct sim_route_point p = sim_route_at(d->route, distance_m);
    const double left_m = sim_track_lateral_m(&d->track, distance_m) + g->antenna_y_m;
    const double s = sin(p.heading_rad), c = cos(p.heading_rad);
    if (!sim_gps_fix(&d->gps, d->district->zone, p.e_m + g->antenna_x_m * s - left_m * c, p.n_m + g->antenna_x_m * c + left_m * s,
                     speed_mps, p.heading_rad, &d->random, &fix))
        return;
    /* What comes out stays in order, whatever the sensor's clock jitters. */
    d->imu.last_stamp_s = fmax(d->imu.last_stamp_s, d->time_s);
    fix.time_ns = llround((d->start_s + d->imu.last_stamp_s) * 1e9);
    d->result->fixes++;
    d->sink->on_fix(d->sink->context, &fix);
}

static void report_sample(struct drive *d)
{
    struct motion_sample sample;

    if (sim_imu_sample(&d->imu, d->time_s, d->start_s, &d->random, &sample)) {
        d->result->samples++;
        d->sink->on_sample(d->sink->context, &sample);
    } else {
        d->result->samples_lost++;
    }
    d->history[d->n_samples % HISTORY].time_s = d->time_s;
    d->history[d->n_samples % HISTORY].distance_m = d->distance_m;
    d->history[d->n_samples % HISTORY].speed_mps = d->speed_mps;
    d->n_samples++;
}

static void note_passing(struct drive *d, int placed, double station_from_m, double station_to_m, double sample_s)
{
    const struct sim_placed *p = &d->district->placed[placed];
    const double share = (p->station_m - station_from_m) / (station_to_m - station_from_m);
    const double lateral = sim_track_lateral_m(&d->track, d->distance_m), half = d->vehicle->car.half_track_m;
    struct sim_crossing *c = add_crossing(d, SIM_PASSING);

    if (!c)
        return;
    c->placed = placed;
    c->time_s = d->time_s - (1 - share) * sample_s;
    sim_place_at(d->district, p->lane, p->station_m, lateral, &c->e_m, &c->n_m);
    c->left = sim_overlap(p, lateral + half);
    c->right = sim_overlap(p, lateral - half);
    c->share = (double)d->track.share[placed];
    if (p->is_loose && fmax(c->left, c->right) >= SIM_OVERLAP_CROSSES)
        sim_imu_ring(&d->imu, c->share * sim_uniform(&d->random, 0.5, 3), sim_uniform(&d->random, 30, 45), 0.04);
}

static void note_lane(struct drive *d, int lane)
{
    struct sim_crossing *row;

    if (lane == d->lane)
        return;
    if (d->lane_row >= 0)
        d->result->crossings[d->lane_row].seconds = d->time_s - d->result->crossings[d->lane_row].time_s;
    d->lane = lane;
    d->lane_row = -1;
    if (lane < 0 || !(row = add_crossing(d, SIM_LANE)))
        return;
    row->placed = lane;
    d->lane_row = d->result->n_crossings - 1;
}

/* Which placed things the front axle passed within the last sample. */
static void note_passings(struct drive *d, double from_m, double sample_s)
{
    const struct sim_route_point a = sim_route_at(d->route, from_m), b = sim_route_at(d->route, d->distance_m);

    note_lane(d, b.lane);
    if (b.lane < 0 || a.lane != b.lane)
        return;
    for (int k = d->district->lanes[b.lane].first_placed; k < d->district->lanes[b.lane].end_placed; k++) {
        const double station = d->district->placed[k].station_m;
        if (station >= a.station_m && station < b.station_m)
            note_passing(d, k, a.station_m, b.station_m, sample_s);
    }
}

static bool drive_init(struct drive *d, uint64_t seed)
{
    const struct sim_vehicle *v = d->vehicle;
    const int steps = (int)ceil(1 / (v->imu.rate_hz * STEP_MAX_S) - 1e-9);

    sim_random_init(&d->random, seed);
    d->step_s = 1 / (v->imu.rate_hz * steps);
    d->end_m = (d->route->n_points - 2) * SIM_ROUTE_STEP_M - 5;
    d->heading_rad = sim_route_at(d->route, 0).heading_rad;
    if (!sim_track_init(&d->track, d->district, d->route, &v->car, &d->random))
        return false;
    if (!sim_driver_init(&d->driver, d->district, d->route, v, d->end_m, &d->random)) {
        sim_track_done(&d->track);
        return false;
    }
    sim_imu_init(&d->imu, &v->imu, &d->random);
    sim_gps_init(&d->gps, &v->gps, &d->random);
    return true;
}

bool sim_drive(const struct sim_district *district, const struct sim_route *route, const struct sim_vehicle *vehicle,
               uint64_t seed, double start_s, const struct sim_sink *sink, struct sim_drive_result *ret_result)
{
    struct drive d = {.district = district, .route = route, .vehicle = vehicle, .sink = sink, .result = ret_result, .start_s = start_s,
                      .lane = -1, .lane_row = -1};
    const double sample_s = 1 / vehicle->imu.rate_hz;

    *ret_result = (struct sim_drive_result){0};
    if (!drive_init(&d, seed))
        return false;
    const int steps = (int)lround(sample_s / d.step_s);
    while (d.driver.next_stop < d.driver.n_stops && d.time_s < DRIVE_MAX_S && !d.is_full) {
        const double from_m = d.distance_m;
        drive_speed(&d);
        happenings(&d, sample_s);
        for (int i = 0; i < steps; i++) {
            move(&d);
            feel(&d);
        }
        note_passings(&d, from_m, sample_s);
        report_sample(&d);
        report_fix(&d);
    }
    note_lane(&d, -1);
    ret_result->distance_m = d.distance_m;
    ret_result->duration_s = d.time_s;
    sim_track_done(&d.track);
    sim_driver_done(&d.driver);
    return !d.is_full;
}

void sim_drive_result_done(struct sim_drive_result *result)
{
    free(result->crossings);
    *result = (struct sim_drive_result){0};
}
