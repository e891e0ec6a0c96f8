/* Roughness of sines whose RMS is known by hand. */
#include "sensor-node/motion/roughness.h"
#include "tests/check.h"

#define TICK_NS_ INT64_C(10000000)

static size_t feed(struct roughness *r, int from, int n, double amplitude, double hz, double speed_mps,
                   struct roughness_window *ret_last)
{
    size_t windows = 0;

    for (int i = from; i < from + n; i++)
        windows +=
            roughness_step(r, i * TICK_NS_, amplitude * sin(2 * M_PI * hz * i / 100), speed_mps, ret_last);
    return windows;
}

FACT(a_sine_within_the_band_has_its_own_rms)
{
    struct roughness r;
    struct roughness_window w = {0};

    roughness_init(&r);
    CHECK_INT(feed(&r, 0, 1100, 2.0, 5, 40 / 3.6, &w), 1); /* a second to settle, ten to measure */
    CHECK_NEAR(w.rms_mps2, 2 / sqrt(2), 0.02);
    CHECK_NEAR(w.speed_mps, 40 / 3.6, 1e-9);
    CHECK_NEAR(w.iri, 2 / sqrt(2) / (0.0106 * 9.80665), 0.3); /* at 40 km/h nothing is to be normalised */
    CHECK_INT(w.start_ns, 100 * TICK_NS_);
}

/* Butterworth of second order, 2 Hz corner ratio 10: 40 dB down at a tenth of the corner, and likewise above.
 */
FACT(hills_and_the_hum_of_the_mount_are_left_out)
{
    struct roughness r;
    struct roughness_window w = {0};

    roughness_init(&r);
    feed(&r, 0, 1100, 2.0, 0.1, 10, &w);
    CHECK(w.rms_mps2 < 0.05);
    roughness_init(&r);
    feed(&r, 0, 1100, 2.0, 45, 10, &w);
    CHECK(w.rms_mps2 < 0.05);
}

FACT(four_times_the_speed_excuses_twice_the_shaking)
{
    struct roughness r;
    struct roughness_window slow = {0}, fast = {0};

    roughness_init(&r);
    feed(&r, 0, 1100, 1.0, 5, 5, &slow);
    roughness_init(&r);
    feed(&r, 0, 1100, 2.0, 5, 20, &fast);
    CHECK_NEAR(fast.iri / slow.iri, 1, 1e-9);
}

FACT(a_stop_is_left_out_and_the_window_goes_on_behind_it)
{
    struct roughness r;
    struct roughness_window w = {0};

    roughness_init(&r);
    CHECK_INT(feed(&r, 0, 600, 2, 5, 10, &w), 0);
    CHECK_INT(feed(&r, 600, 3000, 2, 5, 1.9, &w), 0);
    CHECK_INT(feed(&r, 3600, 600, 2, 5, (double)NAN, &w), 0);
    CHECK_INT(feed(&r, 4200, 500, 2, 5, 10, &w), 1);
    CHECK_INT(w.start_ns, 100 * TICK_NS_);
    CHECK_NEAR(w.rms_mps2, 2 / sqrt(2), 0.02);
}

FACT(after_a_hole_the_filters_settle_first)
{
    struct roughness r;
    struct roughness_window w = {0};

    roughness_init(&r);
    CHECK_INT(feed(&r, 0, 1099, 0, 5, 10, &w), 0);
    roughness_break(&r);
    CHECK_INT(feed(&r, 2000, 100, 1000, 0.05, 10, &w), 0); /* not one of these counts */
    CHECK_INT(feed(&r, 2100, 1, 0, 5, 10, &w), 1);
}

int main(int argc, char **argv)
{
    return check_main(argc, argv);
}
