/* Simulated drives: what the sensor and the receiver make of what the car does. */
#include "tests/check.h"

#include "tests/sim/drive.h"

#define G 9.80665

static struct sim_district district;
static struct sim_route route;

/* A course with blocks of this length; the last one is kept. */
static void make_course(double block_m)
{
    struct sim_course course;

    if (district.block_m == block_m)
        return;
    sim_route_done(&route);
    sim_district_done(&district);
    sim_course_default(&course);
    course.block_m = block_m;
    CHECK(sim_course_init(&district, &course, 5));
    CHECK(sim_route_init(&route, &district, 6));
}

/* Everything that came out, in memory. */
struct heard {
    struct motion_sample *samples;
    struct fix *fixes;
    size_t n_samples, n_fixes;
    struct sim_drive_result result;
};
#define SAMPLES_MAX 600000

static void on_sample(void *context, const struct motion_sample *sample)
{
    struct heard *h = context;

    if (h->n_samples < SAMPLES_MAX)
        h->samples[h->n_samples++] = *sample;
}

static void on_fix(void *context, const struct fix *fix)
{
    struct heard *h = context;

    if (h->n_fixes < SAMPLES_MAX / 10)
        h->fixes[h->n_fixes++] = *fix;
}

#define START_S 1790000000.0

static struct heard drive_blocks(const struct sim_vehicle *vehicle, uint64_t seed, double block_m)
{
    struct heard h = {.samples = calloc(SAMPLES_MAX, sizeof *h.samples), .fixes = calloc(SAMPLES_MAX / 10, sizeof *h.fixes)};
    const struct sim_sink sink = {&h, on_sample, on_fix};

    make_course(block_m);
    CHECK(h.samples && h.fixes);
    CHECK(sim_drive(&district, &route, vehicle, seed, START_S, &sink, &h.result));
    return h;
}

static struct heard drive(const struct sim_vehicle *vehicle, uint64_t seed)
{
    return drive_blocks(vehicle, seed, 120);
}

static void forget(struct heard *h)
{
    free(h->samples);
    free(h->fixes);
    sim_drive_result_done(&h->result);
}

/* A sedan with a perfect box and a perfect receiver. */
static struct sim_vehicle perfect(void)
{
    struct sim_vehicle v = {.class = SIM_SEDAN, .car = sim_car_of_class(SIM_SEDAN), .cruise_low_mps = 8, .cruise_high_mps = 14};

    v.imu = (struct sim_imu){.mount = SIM_FLOOR, .rate_hz = 100, .has_gyro = true};
    v.gps = (struct sim_gps){.gnss = GNSS_RTK, .tau_s = 60, .rate_hz = 5};
    return v;
}

static double time_of(const struct motion_sample *s)
{
    return (double)s->time_ns * 1e-9 - START_S;
}

FACT(a_device_at_rest_feels_gravity_and_no_turn)
{
    struct sim_vehicle v = perfect();
    v.imu.roll_rad = 0.7;
    v.imu.pitch_rad = -0.4;
    v.imu.yaw_rad = 2.0;
    struct heard h = drive(&v, 1);

    for (size_t i = 300; i < 1000; i++) {
        const float *a = h.samples[i].accel_mps2;
        CHECK_NEAR(sqrt((double)(a[0] * a[0] + a[1] * a[1] + a[2] * a[2])), G, 0.02);
        CHECK(fabsf(h.samples[i].gyro_radps[0]) < 1e-3f);
    }
    forget(&h);
}

/* What a rigid body's points feel is linear in their place, whatever it does: a(-2) + a(0) = 2 a(-1). */
FACT(the_body_between_two_sensors_is_rigid)
{
    struct sim_vehicle v = perfect();
    struct heard h[3];
    double worst = 0, most = 0;

    for (int k = 0; k < 3; k++) {
        v.imu.x_m = -k;
        v.imu.y_m = 0.3 * k;
        v.imu.z_m = 0.2 * k;
        h[k] = drive(&v, 2);
    }
    CHECK_INT(h[0].n_samples, h[2].n_samples);
    for (size_t i = 0; i < h[0].n_samples; i++)
        for (int axis = 0; axis < 3; axis++) {
            const double a = (double)h[0].samples[i].accel_mps2[axis], b = (double)h[1].samples[i].accel_mps2[axis];
            worst = fmax(worst, fabs(a + (double)h[2].samples[i].accel_mps2[axis] - 2 * b));
            most = fmax(most, fabs(a - b));
        }
    CHECK(worst < 1e-4);
    CHECK(most > 1);
    for (int k = 0; k < 3; k++)
        forget(&h[k]);
}

/* Turning a device changes its numbers and not what they amount to. */
FACT(the_mount_turns_what_is_felt_and_nothing_else)
{
    struct sim_vehicle straight = perfect(), turned = perfect();
    turned.imu.roll_rad = 2.5;
    turned.imu.pitch_rad = 1.0;
    turned.imu.yaw_rad = -1.3;
    struct heard a = drive(&straight, 3), b = drive(&turned, 3);
    double worst = 0;

    CHECK_INT(a.n_samples, b.n_samples);
    for (size_t i = 0; i < a.n_samples; i++) {
        double square[2] = {0};
        for (int k = 0; k < 3; k++) {
            square[0] += pow((double)a.samples[i].accel_mps2[k], 2);
            square[1] += pow((double)b.samples[i].accel_mps2[k], 2);
        }
        worst = fmax(worst, fabs(sqrt(square[0]) - sqrt(square[1])));
    }
    CHECK(worst < 1e-4);
    forget(&a);
    forget(&b);
}

/* The sum of the turn rate is the change of the heading of the fixes; that of the push along, gravity through the pitch taken
 * out, the change of their speed. */
FACT(what_is_felt_adds_up_to_the_way_that_was_driven)
{
    struct sim_vehicle v = perfect();
    v.gps.course_sigma_rad = 1e-6;
    v.imu.x_m = -(1 - v.car.front_share) * v.car.wheelbase_m; /* at the centre of gravity: elsewhere bends add their own */
    struct heard h = drive(&v, 4);
    double turned = 0, pushed = 0, pitch = 0, heading = 0, worst_turn = 0, worst_speed = 0;
    size_t f = 0;

    for (size_t i = 0; i < h.n_samples; i++) {
        while (f < h.n_fixes && h.fixes[f].time_ns <= h.samples[i].time_ns) {
            const double now = h.fixes[f].heading_deg;
            if (h.fixes[f].speed_mps > 3) {
                if (!isnan(now) && heading != 0)
                    worst_turn = fmax(worst_turn, fabs(remainder(-now - (heading + turned * 180 / M_PI), 360)));
                else if (!isnan(now))
                    heading = -now - turned * 180 / M_PI;
                worst_speed = fmax(worst_speed, fabs(h.fixes[f].speed_mps - pushed));
            }
            f++;
        }
        turned += (double)h.samples[i].gyro_radps[2] * 0.01;
        pitch += (double)h.samples[i].gyro_radps[1] * 0.01;
        pushed += ((double)h.samples[i].accel_mps2[0] + pitch * (double)h.samples[i].accel_mps2[2]) * 0.01;
        if (h.samples[i].time_ns < (int64_t)((START_S + 11) * 1e9))
            pushed = pitch = 0;
    }
    CHECK(f > 300);
    CHECK(worst_turn < 4); /* degrees: the receiver's course is the road's, the body swings after it */
    CHECK(worst_speed < 1.5); /* m/s over the whole drive */
    forget(&h);
}

/* A sample is a mean over its interval and must be stamped with the interval's middle. */
FACT(samples_are_stamped_in_the_middle_of_what_they_average)
{
    const struct sim_imu imu = {.rate_hz = 100};
    const double none[3] = {0};
    struct sim_imu_state state;
    struct sim_random random;
    struct motion_sample sample;

    sim_random_init(&random, 1);
    sim_imu_init(&state, &imu, &random);
    for (int i = 0; i < 50; i++) {
        for (int k = 0; k < 20; k++) {
            const double ramp[3] = {(i * 20 + k + 0.5) * 0.0005, 0, 0}; /* the time, in the middle of the step */
            sim_imu_feel(&state, ramp, none, 0, 0.0005);
        }
        CHECK(sim_imu_sample(&state, (i + 1) * 0.01, 0, &random, &sample));
        CHECK_NEAR((double)sample.accel_mps2[0], (double)sample.time_ns * 1e-9, 1e-6);
    }
}

FACT(a_hub_is_shaken_when_its_wheel_crosses_and_not_before)
{
    struct sim_vehicle v = perfect();
    v.imu.mount = SIM_AXLE;
    v.imu.rate_hz = 500;
    struct heard h = drive_blocks(&v, 5, 300);
    int n = 0;

    for (int i = 0; i < h.result.n_crossings; i++) {
        const struct sim_crossing *c = &h.result.crossings[i];
        const struct sim_placed *p = c->event == SIM_PASSING ? &district.placed[c->placed] : NULL;
        if (!p || p->type != DEFECT_POTHOLE || p->size < 50 || c->left < 1 || c->speed_mps < 5)
            continue;
        /* The wheel falls in at the hole's front edge: nothing like it within the 0.15 s before. */
        const double edge_s = c->time_s - (p->length_m / 2 + 0.1) / c->speed_mps;
        double before = 0, after = 0;
        for (size_t k = (size_t)((edge_s - 0.2) * v.imu.rate_hz); k < h.n_samples && time_of(&h.samples[k]) < edge_s + 0.2; k++) {
            const double t = time_of(&h.samples[k]), a = fabs((double)h.samples[k].accel_mps2[2] - G);
            if (t > edge_s - 0.15 && t < edge_s - 0.01)
                before = fmax(before, a);
            if (t > edge_s && t < edge_s + 0.15)
                after = fmax(after, a);
        }
        CHECK(after > 3 * before);
        n++;
    }
    CHECK(n >= 3);
    forget(&h);
}

FACT(samples_are_lost_and_fixes_stay_away_as_often_as_said)
{
    struct sim_vehicle v = perfect();
    v.imu.drops_per_h = 360;
    v.imu.drop_s = 0.5;
    v.gps.outages_per_h = 240;
    v.gps.outage_s = 5;
    struct heard h = drive_blocks(&v, 7, 300);
    const double samples = (double)(h.result.samples + h.result.samples_lost);

    /* A hole begins every 10 s and lasts 0.5 s; an outage every 15 s of reception and lasts 5. */
    CHECK_NEAR((double)h.result.samples_lost / samples, 0.5 / 10.5, 0.02);
    CHECK_NEAR(1 - (double)h.n_fixes / (h.result.duration_s * v.gps.rate_hz), 5 / 20., 0.05);
    forget(&h);
}

FACT(a_sensor_clips_at_its_range_and_counts_in_its_steps)
{
    struct sim_vehicle v = perfect();
    v.imu.range_mps2 = 1.5 * G;
    v.imu.accel_step_mps2 = 0.05;
    struct heard h = drive_blocks(&v, 8, 300);
    int clipped = 0;

    for (size_t i = 0; i < h.n_samples; i++)
        for (int k = 0; k < 3; k++) {
            const double a = (double)h.samples[i].accel_mps2[k];
            clipped += fabs(a) >= v.imu.range_mps2 - 1e-4;
            CHECK(fabs(a) <= v.imu.range_mps2 + 1e-4);
            if (fabs(a) < v.imu.range_mps2 - 1e-4)
                CHECK_NEAR(a / 0.05, round(a / 0.05), 1e-3);
        }
    CHECK(clipped > 5);
    forget(&h);
}

FACT(a_device_without_gyroscope_says_nothing_of_turns)
{
    struct sim_vehicle v = perfect();
    v.imu.has_gyro = false;
    struct heard h = drive(&v, 9);

    CHECK(isnan(h.samples[500].gyro_radps[0]) && isnan(h.samples[500].gyro_radps[2]));
    forget(&h);
}

/* 0.4 s late: what a fix says, the car was 0.4 s before; found by asking which delay brings the tracks together. */
FACT(fixes_are_late_by_the_receivers_lag)
{
    struct sim_vehicle now = perfect(), late = perfect();
    now.gps.rate_hz = late.gps.rate_hz = 10;
    late.gps.lag_s = 0.4;
    struct heard a = drive(&now, 10), b = drive(&late, 10);
    double worst_m = 0;

    CHECK_INT(a.n_fixes, b.n_fixes);
    for (size_t i = 4; i < a.n_fixes; i++) {
        /* 10 Hz: four fixes earlier; a fix comes with a sample, so up to 10 ms (14 cm) early or late. */
        const double north = (b.fixes[i].lat_deg - a.fixes[i - 4].lat_deg) * 111195;
        const double east = (b.fixes[i].lon_deg - a.fixes[i - 4].lon_deg) * 111195 * cos(30.28 * M_PI / 180);
        worst_m = fmax(worst_m, hypot(north, east));
    }
    CHECK(worst_m < 0.2);
    forget(&a);
    forget(&b);
}

/* First-order Gauss-Markov: its spread over many drives, and how much of it is left after tau. */
FACT(receiver_errors_have_their_sigma_and_hang_together_for_tau)
{
    const struct sim_gps gps = {.gnss = GNSS_CONSUMER, .sigma_m = 2.5, .tau_s = 60, .rate_hz = 1};
    double square = 0, product = 0;
    struct sim_random random;

    sim_random_init(&random, 3);
    for (int i = 0; i < 4000; i++) {
        struct sim_gps_state state;
        sim_gps_init(&state, &gps, &random);
        const double first = state.east.value;
        for (int k = 1; k <= 60; k++)
            CHECK(sim_gps_is_due(&state, k, &random));
        square += first * first / 4000;
        product += first * state.east.value / 4000;
    }
    CHECK_NEAR(sqrt(square), 2.5, 0.12);
    CHECK_NEAR(product / square, exp(-1), 0.05);
}

FACT(events_that_are_not_the_roads_shake_the_device_when_they_say)
{
    struct sim_vehicle v = perfect();
    v.door_slams = 3;
    v.handlings_per_h = 60;
    v.hard_brakes_per_km = 1;
    v.red_light_share = 0.5;
    struct heard h = drive_blocks(&v, 11, 300);
    int n[SIM_LANE + 1] = {0};

    for (int i = 0; i < h.result.n_crossings; i++) {
        const struct sim_crossing *c = &h.result.crossings[i];
        double most = 0, least_along = 0;
        n[c->event]++;
        if (c->event != SIM_DOOR && c->event != SIM_BRAKING)
            continue;
        for (size_t k = (size_t)(c->time_s * v.imu.rate_hz); k < h.n_samples && time_of(&h.samples[k]) < c->time_s + 1; k++)
            if (time_of(&h.samples[k]) > c->time_s && time_of(&h.samples[k]) < c->time_s + fmin(0.7, c->seconds)) {
                const float *a = h.samples[k].accel_mps2;
                most = fmax(most, fabs(sqrt((double)(a[0] * a[0] + a[1] * a[1] + a[2] * a[2])) - G));
                least_along = fmin(least_along, (double)a[0]);
            }
        CHECK(c->event != SIM_DOOR || most > 0.2);
        CHECK(c->event != SIM_BRAKING || n[SIM_HANDLING] > 0 || least_along < -2.5);
        CHECK(c->event != SIM_DOOR || c->speed_mps < 0.05);
    }
    CHECK(n[SIM_DOOR] > 2 && n[SIM_BRAKING] > 2 && n[SIM_HANDLING] > 2);
    CHECK(n[SIM_LANE] == SIM_LANES);
    forget(&h);
}

static uint32_t fingerprint(const struct heard *h)
{
    uint32_t sum = 2166136261u;
    const uint8_t *bytes = (const uint8_t *)h->samples;

    for (size_t i = 0; i < h->n_samples * sizeof *h->samples; i++)
        sum = (sum ^ bytes[i]) * 16777619u;
    return sum;
}

FACT(one_seed_gives_one_drive_and_another_another)
{
    const struct sim_vehicle v = sim_vehicle_draw(5, 1), again = sim_vehicle_draw(5, 1), other = sim_vehicle_draw(6, 1);
    struct heard a = drive(&v, 12), b = drive(&again, 12), c = drive(&v, 13);

    CHECK(memcmp(&v, &again, sizeof v) == 0);
    CHECK(v.car.sprung_kg != other.car.sprung_kg);
    CHECK_INT(a.n_samples, b.n_samples);
    CHECK(fingerprint(&a) == fingerprint(&b));
    CHECK(fingerprint(&a) != fingerprint(&c));
    forget(&a);
    forget(&b);
    forget(&c);
}

/* What the road holds is passed: every lane once, everything in it once. */
FACT(every_placed_thing_is_passed_once_a_round)
{
    struct sim_vehicle v = perfect();
    struct heard h = drive_blocks(&v, 14, 300);
    int seen[SIM_PLACED_MAX] = {0};

    for (int i = 0; i < h.result.n_crossings; i++)
        if (h.result.crossings[i].event == SIM_PASSING)
            seen[h.result.crossings[i].placed]++;
    for (int i = 0; i < district.n_placed; i++)
        CHECK_INT(seen[i], 1);
    CHECK(district.n_placed > 30);
    forget(&h);
}

FACT(times_of_what_comes_out_never_go_back)
{
    struct sim_vehicle v = sim_vehicle_draw(7, 1);
    v.imu.rate_hz = 200;
    v.imu.jitter_s = 0.003;
    struct heard h = drive(&v, 15);

    for (size_t i = 1; i < h.n_samples; i++)
        CHECK(h.samples[i].time_ns > h.samples[i - 1].time_ns);
    for (size_t i = 1; i < h.n_fixes; i++)
        CHECK(h.fixes[i].time_ns > h.fixes[i - 1].time_ns);
    forget(&h);
}

int main(int argc, char **argv)
{
    const int status = check_main(argc, argv);

    sim_route_done(&route);
    sim_district_done(&district);
    return status;
}
