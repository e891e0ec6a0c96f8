/* What a vehicle learns of its receiver: from crossing things again, and from what both sensors feel. Worlds are drawn here,
 * apart from the code under test; the share within the 95 % bound is counted over many of them. */
#include "sensor-node/position/calibrate.h"

#include "sensor-node/core.h"
#include "sensor-node/motion/resample.h"
#include "sensor-node/position/lag.h"
#include "sensor-node/source.h"
#include "tests/check.h"

#define S INT64_C(1000000000)

static uint64_t state;

static double uniform(void) /* splitmix64 */
{
    uint64_t z = state += 0x9E3779B97F4A7C15u;

    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return (double)((z ^ (z >> 31)) >> 11) / 9007199254740992.0;
}

static double gauss(double sigma)
{
    return sigma * sqrt(-2 * log(uniform() + 1e-300)) * cos(2 * M_PI * uniform());
}

static struct calibrate calibrate;

/* As a vehicle with this true mount would see (e, n), whose receiver is off by (bias_e, bias_n). */
static struct sighting see(const struct mount *truth, const struct mount *applied, double e_m, double n_m,
                           double heading_rad, double speed_mps, double bias_e_m, double bias_n_m)
{
    const double along = -speed_mps * (truth->lag_s - applied->lag_s) + truth->antenna_x_m - applied->antenna_x_m;
    const double left = truth->antenna_y_m - applied->antenna_y_m, s = sin(heading_rad), c = cos(heading_rad);

    return (struct sighting){.e_m = e_m + along * s - left * c + bias_e_m,
                             .n_m = n_m + along * c + left * s + bias_n_m,
                             .heading_rad = heading_rad,
                             .speed_mps = speed_mps,
                             .receiver_sigma_m = 0.02,
                             .along_sigma_m = 0.05,
                             .across_sigma_m = 0.1,
                             .applied = *applied};
}

FACT(both_ways_over_one_cover_part_it_by_the_sum_of_speeds_times_lag)
{
    /* 0.05 s more than configured at 10 m/s north and 15 m/s south: 0.5 m too far south, then 0.75 m too far north. */
    const struct mount prior = {0.1, -1, 0}, sigma = {0.05, 0, 0}, truth = {0.15, -1, 0};
    struct sighting s = see(&truth, &prior, 100, 200, 0, 10, 0, 0);

    CHECK_NEAR(s.n_m, 199.5, 1e-9);
    calibrate_init(&calibrate, &prior, &sigma);
    s.time_ns = 1000 * S;
    CHECK(!calibrate_sight(&calibrate, &s));
    s = see(&truth, &prior, 100, 200, M_PI, 15, 0, 0);
    CHECK_NEAR(s.n_m, 200.75, 1e-9);
    s.time_ns = 1600 * S;
    CHECK(calibrate_sight(&calibrate, &s));
    CHECK_NEAR(calibrate_mount(&calibrate).lag_s, 0.15, 0.001);
    /* The split over 25 m/s, two crossings of 0.05 and 0.02 m each: 0.076 m / 25 m/s = 0.003 s; and half a percent that it
     * was another cover: sqrt(0.005) * 0.05 s = 0.0035 s. */
    CHECK(calibrate_sigma(&calibrate).lag_s > 0.003 && calibrate_sigma(&calibrate).lag_s < 0.006);
    CHECK_NEAR(calibrate_mount(&calibrate).antenna_x_m, -1, 0); /* measured: not touched */
}

FACT(speeds_tell_the_lag_from_the_lever_arm)
{
    const struct mount prior = {0.1, -1, 0}, sigma = {0.2, 0.5, 0.25}, truth = {0.25, -1.4, 0.3};

    calibrate_init(&calibrate, &prior, &sigma);
    state = 5;
    for (int i = 0; i < 60; i++) {
        const double speed = i % 3 == 0 ? 5 : 15, heading = i % 2 ? M_PI / 2 : -M_PI / 2;
        struct sighting s = see(&truth, &prior, 50 * (i % 5), 0, heading, speed, gauss(0.02), gauss(0.02));
        s.time_ns = (1000 + 200 * i) * S;
        calibrate_sight(&calibrate, &s);
    }
    const struct mount got = calibrate_mount(&calibrate);
    CHECK_NEAR(got.lag_s, 0.25, 0.01);
    CHECK_NEAR(got.antenna_x_m, -1.4, 0.1);
    CHECK_NEAR(got.antenna_y_m, 0.3, 0.05);
}

/* A world: things along a street, several drives up and down it, an error of the receiver that hangs together for a minute.
 * Gives how far off lag and lever arm are, in their own sigmas squared. */
static void world(uint64_t seed, double receiver_sigma_m, double *ret_lag, double *ret_x)
{
    const struct mount prior = {0.15, -0.6, 0}, sigma = {0.1, 0.3, 0.3};
    struct mount truth = {0.15 + gauss(0.1), -0.6 + gauss(0.3), gauss(0.3)};
    const double foot_m = gauss(0.15); /* where on a bump its middle is felt */
    double place[12], bias_e = 0, bias_n = 0;
    int64_t time_ns = 1000 * S;

    state = seed * 77777 + 1;
    calibrate_init(&calibrate, &prior, &sigma);
    for (int k = 0; k < 12; k++)
        place[k] = 120 * k + 20 * uniform();
    for (int drive = 0; drive < 6; drive++) {
        const bool is_back = drive % 2;
        bias_e = gauss(receiver_sigma_m);
        bias_n = gauss(receiver_sigma_m);
        for (int i = 0; i < 12; i++) {
            const double speed = 5 + 10 * uniform(), step_s = 120 / speed, share = exp(-step_s / 60);
            bias_e = share * bias_e + gauss(receiver_sigma_m * sqrt(1 - share * share));
            bias_n = share * bias_n + gauss(receiver_sigma_m * sqrt(1 - share * share));
            time_ns += (int64_t)(step_s * 1e9);
            struct sighting s = see(&truth, &prior, 0, place[is_back ? 11 - i : i], is_back ? M_PI : 0, speed,
                                    bias_e + gauss(0.1), bias_n + gauss(0.05) + (is_back ? -foot_m : foot_m));
            s.time_ns = time_ns;
            s.receiver_sigma_m = receiver_sigma_m;
            s.is_wide = true;
            s.across_sigma_m = 5;
            calibrate_sight(&calibrate, &s);
        }
        time_ns += 3600 * S;
        truth.lag_s += gauss(0.002); /* the mount itself changes a little from drive to drive */
        truth.antenna_x_m += gauss(0.01);
        calibrate_drive(&calibrate);
    }
    const struct mount got = calibrate_mount(&calibrate), own = calibrate_sigma(&calibrate);
    *ret_lag = pow((got.lag_s - truth.lag_s) / own.lag_s, 2);
    *ret_x = pow((got.antenna_x_m - truth.antenna_x_m) / own.antenna_x_m, 2);
}

FACT(what_it_says_of_its_own_sigma_holds_in_many_worlds)
{
    for (int kind = 0; kind < 2; kind++) {
        const double receiver_sigma_m = kind ? 2.5 : 0.05;
        int lag_in = 0, x_in = 0, n = 0;
        for (uint64_t seed = 1; seed <= 400; seed++) {
            double lag, x;
            state = seed;
            world(seed, receiver_sigma_m, &lag, &x);
            lag_in += lag < 3.84; /* chi square, one degree, 95 % */
            x_in += x < 3.84;
            n++;
        }
        printf("  receiver %.2f m: within 95 %%: lag %.3f, lever arm %.3f of %d worlds\n", receiver_sigma_m,
               (double)lag_in / n, (double)x_in / n, n);
        CHECK_NEAR((double)lag_in / n, 0.95, 0.03);
        CHECK((double)x_in / n >= 0.92);
    }
}

FACT(a_full_map_forgets_and_keeps_what_it_was_taught)
{
    const struct mount prior = {0.1, -1, 0}, sigma = {0.3, 0, 0}, truth = {0.2, -1, 0};

    calibrate_init(&calibrate, &prior, &sigma);
    for (int i = 0; i < 2 + 3 * CALIBRATE_OBJECTS; i++) {
        const bool is_first = i < 2;
        struct sighting s = see(&truth, &prior, is_first ? 0 : 100 * i, 0, i == 1 ? M_PI : 0, 10, 0, 0);
        s.time_ns = (1000 + 300 * i) * S;
        calibrate_sight(&calibrate, &s);
    }
    CHECK_INT(calibrate.n, CALIBRATE_OBJECTS);
    CHECK_INT(calibrate.recrossed, 1);
    CHECK_NEAR(calibrate_mount(&calibrate).lag_s, 0.2, 0.002);
}

FACT(a_crossing_that_could_be_two_things_teaches_nothing)
{
    const struct mount prior = {0.1, -1, 0}, sigma = {0.3, 0, 0};

    calibrate_init(&calibrate, &prior, &sigma);
    for (int i = 0; i < 3; i++) {
        struct sighting s = see(&prior, &prior, i == 2 ? 11 : 22 * i, 0, 0, 10, 0, 0);
        s.time_ns = (1000 + 600 * i) * S;
        s.receiver_sigma_m = 3; /* 22 m are 5.2 sigma: another thing; 11 m are 2.6: either of the two */
        CHECK(!calibrate_sight(&calibrate, &s));
    }
    CHECK_NEAR(calibrate_mount(&calibrate).lag_s, 0.1, 1e-9);
}

/* A drive whose speed changes, felt by a sensor mounted anyhow; fixes at `hz`, `late_s` behind. */
static bool learn_lag(double late_s, double hz, double *ret_lag_s, double *ret_sigma_s)
{
    static struct lag lag;
    double next_fix_s = 0;

    lag_init(&lag);
    state = 9;
    for (int i = 0; i < 18000; i++) {
        const double t = i * 0.01 + 0.005, g = 9.81;
        const double forward = 0.8 * cos(t / 3) + 0.6 * cos(t / 1.7);
        const double accel[3] = {0.6 * forward + gauss(0.2), 0.8 * forward + gauss(0.2), g + gauss(0.5)};
        lag_tick(&lag, 1000 * S + (int64_t)i * 10000000 + 5000000, accel);
        if (t < next_fix_s)
            continue;
        const double at = next_fix_s - late_s;
        const struct lag_fix fix = {1000 * S + (int64_t)(next_fix_s * 1e9),
                                    12 + 2.4 * sin(at / 3) + 1.02 * sin(at / 1.7) + gauss(0.05)};
        lag_fix(&lag, &fix);
        next_fix_s += 1 / hz;
    }
    return lag_estimate(&lag, ret_lag_s, ret_sigma_s);
}

FACT(speeding_up_and_braking_tell_the_lag_within_three_minutes)
{
    static const double lates[] = {-0.1, 0.05, 0.128, 0.4, 1.0}, rates[] = {1, 5, 10};

    for (size_t r = 0; r < 3; r++)
        for (size_t k = 0; k < 5; k++) {
            double lag_s = NAN, sigma_s = NAN;
            CHECK(learn_lag(lates[k], rates[r], &lag_s, &sigma_s));
            CHECK_NEAR(lag_s, lates[k], 0.1);
            if (!(sigma_s < 0.1 && fabs(lag_s - lates[k]) < 3 * sigma_s))
                CHECK_FAILED("%g s late, %g Hz: %.3f +- %.3f s", lates[k], rates[r], lag_s, sigma_s);
        }
}

/* The recorded minute of comma2k19, which has one clock for all: read, levelled, given to lag.h. */
struct heard {
    struct lag lag;
    struct resample resample;
    struct lag_fix fixes[1024];
    size_t n_fixes, given;
    double from_s, to_s;
    int64_t first_ns;
};
static struct heard heard;

static void on_tick(void *context, const struct tick *tick)
{
    struct heard *h = context;

    h->first_ns = h->first_ns ? h->first_ns : tick->time_ns;
    const double t = (double)(tick->time_ns - h->first_ns) / 1e9;
    if (t < h->from_s || t > h->to_s)
        return;
    lag_tick(&h->lag, tick->time_ns, tick->value);
    for (; h->given < h->n_fixes && h->fixes[h->given].time_ns <= tick->time_ns; h->given++)
        lag_fix(&h->lag, &h->fixes[h->given]);
}

static bool hear(const char *path, double from_s, double to_s)
{
    struct source *source;
    struct source_event e = {.kind = SOURCE_IDLE};
    char error[SOURCE_ERROR_SIZE];

    memset(&heard, 0, sizeof heard);
    lag_init(&heard.lag);
    heard.from_s = from_s;
    heard.to_s = to_s;
    if (source_open_recording(path, 1533226488 * S, -1, 0, &source, error) != ROAD_OK)
        return false;
    while (source_next(source, &e, error) == ROAD_OK && e.kind != SOURCE_END) {
        double value[TICK_AXES];
        for (int k = 0; k < 3 && e.kind == SOURCE_MOTION; k++) {
            value[k] = (double)e.motion.accel_mps2[k];
            value[3 + k] = (double)e.motion.gyro_radps[k];
        }
        if (e.kind == SOURCE_MOTION)
            resample_push(&heard.resample, e.motion.time_ns, value, on_tick, &heard);
        else if (heard.n_fixes < 1024)
            heard.fixes[heard.n_fixes++] = (struct lag_fix){e.fix.time_ns, e.fix.speed_mps};
    }
    source_close(source);
    return true;
}

/* Against the wheel speed of the same car, which lag.h does not see, the receiver's speed comes 0.160 s later over the
 * whole minute, 0.185 and 0.160 s over its halves (least squares over shifts of 5 ms). */
FACT(a_recorded_minute_tells_the_lag_that_its_wheel_speed_tells)
{
    const char *data = getenv("ROAD_DATA");
    char path[1024];
    double whole, first, second, sigma, sigma_1, sigma_2;

    snprintf(path, sizeof path, "%s/comma2k19-sample", data ? data : ROAD_SOURCE_DIR "/../shared/data");
    if (!hear(path, 0, 60))
        SKIP("no ../shared/data");
    CHECK(lag_estimate(&heard.lag, &whole, &sigma));
    hear(path, 0, 30);
    CHECK(lag_estimate(&heard.lag, &first, &sigma_1));
    hear(path, 30, 60);
    CHECK(lag_estimate(&heard.lag, &second, &sigma_2));
    printf("  lag %.3f +- %.3f s; halves %.3f +- %.3f, %.3f +- %.3f\n", whole, sigma, first, sigma_1, second, sigma_2);
    CHECK_NEAR(whole, 0.160, 2 * sigma);
    CHECK_NEAR(first, 0.185, 2 * sigma_1);
    CHECK_NEAR(second, 0.160, 2 * sigma_2);
    CHECK(sigma < 0.08);
    CHECK_NEAR(first - second, 0, 2 * hypot(sigma_1, sigma_2));
}

int main(int argc, char **argv)
{
    return check_main(argc, argv);
}
