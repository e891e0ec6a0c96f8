/* Jolts of slow samples: what is found in signals made by hand, and that pushing order is all that counts. */
#include "sensor-node/motion/coarse.h"
#include "tests/check.h"

#define STEP_NS  INT64_C(200000000) /* 5 Hz */
#define START_NS INT64_C(1492637237800000000)

static struct coarse coarse;

/* A small repeating unrest about gravity along a slanted axis. */
static void sample_at(int i, double kick_mps2, double ret_value[TICK_AXES])
{
    static const double unrest[7] = {0.2, -0.3, 0.1, 0.35, -0.25, 0.05, -0.15};

    ret_value[0] = 2.0 + unrest[(i + 3) % 7] / 2;
    ret_value[1] = 9.4 + unrest[i % 7] + kick_mps2;
    ret_value[2] = -1.5 + unrest[(i + 5) % 7] / 2;
    for (int k = 3; k < TICK_AXES; k++)
        ret_value[k] = 0.01;
}

static void push(int i, double kick_mps2)
{
    double value[TICK_AXES];

    sample_at(i, kick_mps2, value);
    coarse_push(&coarse, START_NS + i * STEP_NS, value);
}

static size_t take_all(struct coarse_jolt *ret_jolts, size_t capacity)
{
    size_t n = 0;

    for (const struct coarse_jolt *j; (j = coarse_next(&coarse)) && n < capacity; coarse_drop(&coarse))
        ret_jolts[n++] = *j;
    return n;
}

FACT(a_quiet_road_has_no_jolts)
{
    struct coarse_jolt jolts[8];

    coarse_init(&coarse);
    for (int i = 0; i < 300; i++)
        push(i, 0);
    coarse_break(&coarse);
    CHECK_INT(take_all(jolts, 8), 0);
}

FACT(a_kick_is_one_jolt_at_its_sample)
{
    struct coarse_jolt jolts[8];

    coarse_init(&coarse);
    for (int i = 0; i < 100; i++)
        push(i, i == 50 ? -8 : 0);
    coarse_break(&coarse);
    CHECK_INT(take_all(jolts, 8), 1);
    CHECK_INT(jolts[0].time_ns, START_NS + 50 * STEP_NS);
    /* 8 m/s2 less its share of the mean of 15 samples, times the root of the middle weight 1 of 1 + 2 * 1/4.
     */
    CHECK_NEAR(jolts[0].energy_mps2, 8 * 14 / 15.0 * sqrt(1 / 1.5), 0.5);
    CHECK(jolts[0].confidence > 0.3 && jolts[0].confidence < 0.9);
}

FACT(a_jolt_is_known_after_its_lag_and_not_before)
{
    struct coarse_jolt jolts[8];
    int known_at = -1;

    coarse_init(&coarse);
    for (int i = 0; i < 100 && known_at < 0; i++) {
        push(i, i == 50 ? 8 : 0);
        known_at = take_all(jolts, 8) ? i : -1;
    }
    CHECK(known_at > 50);
    CHECK((known_at - 50) * 0.2 <= COARSE_LAG_S + 0.2 + 1e-9);
}

FACT(of_two_kicks_a_second_apart_the_greater_one_counts)
{
    struct coarse_jolt jolts[8];

    coarse_init(&coarse);
    for (int i = 0; i < 100; i++)
        push(i, i == 45 ? 6 : i == 50 ? 9 : 0);
    coarse_break(&coarse);
    CHECK_INT(take_all(jolts, 8), 1);
    CHECK_INT(jolts[0].time_ns, START_NS + 50 * STEP_NS);
}

/* The middle one is the greatest, so the two beside it fall to it, and the outer ones are far enough from it.
 */
FACT(peaks_are_taken_greatest_first)
{
    struct coarse_jolt jolts[8];

    coarse_init(&coarse);
    for (int i = 0; i < 100; i++)
        push(i, i == 40 ? 7 : i == 45 ? 8 : i == 50 ? 12 : i == 55 ? 8 : i == 60 ? 7 : 0);
    coarse_break(&coarse);
    CHECK_INT(take_all(jolts, 8), 3);
    CHECK_INT(jolts[0].time_ns, START_NS + 40 * STEP_NS);
    CHECK_INT(jolts[1].time_ns, START_NS + 50 * STEP_NS);
    CHECK_INT(jolts[2].time_ns, START_NS + 60 * STEP_NS);
}

FACT(more_energy_is_more_confidence)
{
    struct coarse_jolt jolts[16];
    size_t n;

    coarse_init(&coarse);
    for (int i = 0; i < 400; i++)
        push(i, i % 50 == 25 ? 3.0 + i / 50 : 0);
    coarse_break(&coarse);
    n = take_all(jolts, 16);
    CHECK(n >= 6);
    for (size_t i = 1; i < n; i++)
        CHECK(jolts[i].energy_mps2 > jolts[i - 1].energy_mps2 &&
              jolts[i].confidence > jolts[i - 1].confidence);
}

/* Twenty times the unrest, as of a mount on the axle, 6 m/s2: elsewhere each of its peaks would be a jolt. */
FACT(what_is_always_felt_is_no_sure_jolt)
{
    struct coarse_jolt jolts[COARSE_JOLTS];
    size_t loud = 0;

    coarse_init(&coarse);
    for (int i = 0; i < 1500; i++) {
        double value[TICK_AXES];
        sample_at(i, 0, value);
        for (int k = 0; k < 3; k++)
            value[k] *= 20;
        coarse_push(&coarse, START_NS + i * STEP_NS, value);
        for (size_t n = take_all(jolts, COARSE_JOLTS); n-- > 0;)
            loud += i > 300 && jolts[n].confidence > 0.25;
    }
    CHECK_INT(loud, 0);
}

FACT(which_axis_is_up_makes_no_difference)
{
    struct coarse_jolt upright[8], lying[8];

    coarse_init(&coarse);
    for (int i = 0; i < 100; i++)
        push(i, i == 50 ? 8 : 0);
    coarse_break(&coarse);
    CHECK_INT(take_all(upright, 8), 1);
    coarse_init(&coarse);
    for (int i = 0; i < 100; i++) {
        double value[TICK_AXES], turned[TICK_AXES];
        sample_at(i, i == 50 ? 8 : 0, value);
        for (int k = 0; k < TICK_AXES; k++)
            turned[k] = -value[k / 3 * 3 + (k + 1) % 3];
        coarse_push(&coarse, START_NS + i * STEP_NS, turned);
    }
    coarse_break(&coarse);
    CHECK_INT(take_all(lying, 8), 1);
    CHECK_NEAR(lying[0].energy_mps2, upright[0].energy_mps2, 1e-9);
}

FACT(a_missing_gyroscope_is_no_unrest)
{
    struct coarse_jolt jolts[8];

    coarse_init(&coarse);
    for (int i = 0; i < 100; i++) {
        double value[TICK_AXES];
        sample_at(i, i == 50 ? 8 : 0, value);
        value[3] = value[4] = value[5] = NAN;
        coarse_push(&coarse, START_NS + i * STEP_NS, value);
    }
    coarse_break(&coarse);
    CHECK_INT(take_all(jolts, 8), 1);
    CHECK(isfinite(jolts[0].energy_mps2));
}

/* Half of all samples is a kick: nothing overflows, and peaks keep their distance. */
FACT(a_storm_of_kicks_stays_within_bounds)
{
    struct coarse_jolt jolts[COARSE_JOLTS + 1];
    int64_t last_ns = 0;
    size_t n = 0;

    coarse_init(&coarse);
    for (int i = 0; i < 20000; i++) {
        push(i, (i * 7919 % 31) - 15);
        for (size_t k = n = take_all(jolts, COARSE_JOLTS + 1); k-- > 0;)
            CHECK(jolts[k].confidence >= 0 && jolts[k].confidence <= 1);
        if (n) {
            CHECK(jolts[0].time_ns - last_ns >= INT64_C(1399000000));
            last_ns = jolts[n - 1].time_ns;
        }
    }
    CHECK(last_ns > START_NS + 19900 * STEP_NS);
}

FACT(rates_beyond_its_own_do_no_harm)
{
    struct coarse_jolt jolts[COARSE_JOLTS + 1];
    double value[TICK_AXES];

    coarse_init(&coarse);
    for (int i = 0; i < 5000; i++) { /* 100 Hz */
        sample_at(i, i % 1000 == 500 ? 20 : 0, value);
        coarse_push(&coarse, START_NS + i * (STEP_NS / 20), value);
    }
    coarse_break(&coarse);
    CHECK(take_all(jolts, COARSE_JOLTS + 1) <= COARSE_JOLTS);
}

int main(int argc, char **argv)
{
    return check_main(argc, argv);
}
