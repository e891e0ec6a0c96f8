#include "sensor-node/motion/resample.h"

#include "tests/check.h"

#define START_NS  INT64_C(1795564800000000000)
#define TICKS_MAX 4096

struct ticks {
    int n;
    struct tick ticks[TICKS_MAX];
};
static struct ticks a, b;

static void keep(void *context, const struct tick *tick)
{
    struct ticks *t = context;

    if (t->n < TICKS_MAX)
        t->ticks[t->n++] = *tick;
}

static void push(struct resample *r, struct ticks *to, double time_s, double x)
{
    const double value[TICK_AXES] = {x, 2 * x, -x, NAN, NAN, NAN};

    resample_push(r, START_NS + llround(time_s * 1e9), value, keep, to);
}

FACT(a_straight_line_comes_out_exact_at_any_rate)
{
    static const double rates[] = {11, 60, 99.6, 100, 200, 500, 1000};

    for (size_t k = 0; k < sizeof rates / sizeof rates[0]; k++) {
        struct resample r = {0};
        a.n = 0;
        for (int i = 0; i < 10 * rates[k]; i++)
            push(&r, &a, i / rates[k], 3 * i / rates[k] - 1);
        CHECK(a.n >= 985 && a.n <= 1000);
        for (int i = 0; i < a.n; i++) {
            const double t = (double)(a.ticks[i].time_ns - START_NS) / 1e9;
            CHECK_NEAR(a.ticks[i].value[0], 3 * t - 1, 1e-6);
        }
    }
}

FACT(ticks_stand_on_the_utc_grid_and_follow_each_other)
{
    struct resample r = {0};

    a.n = 0;
    for (int i = 0; i < 500; i++)
        push(&r, &a, 0.0037 + i / 99.6, 1);
    for (int i = 0; i < a.n; i++) {
        CHECK_INT(a.ticks[i].time_ns % TICK_NS, TICK_NS / 2);
        CHECK_INT(a.ticks[i].is_first, i == 0);
        if (i)
            CHECK_INT(a.ticks[i].time_ns - a.ticks[i - 1].time_ns, TICK_NS);
    }
}

FACT(a_fast_sensor_is_averaged)
{
    struct resample r = {0};

    a.n = 0;
    for (int i = 0; i < 2000; i++)
        push(&r, &a, i / 1000.0, i % 2 ? 1 : -1); /* 500 Hz square: its mean over 10 ms is 0 */
    for (int i = 0; i < a.n; i++)
        CHECK_NEAR(a.ticks[i].value[0], 0, 1e-9);
}

FACT(a_break_starts_a_new_stretch_and_says_how_long_it_was)
{
    struct resample r = {0};

    a.n = 0;
    for (int i = 0; i < 100; i++)
        push(&r, &a, i / 100.0, 1);
    const int before = a.n;
    resample_break(&r, 2.5, UNWATCHED_GAP);
    for (int i = 0; i < 100; i++)
        push(&r, &a, 3.5 + i / 100.0, 5);
    CHECK(a.n > before);
    CHECK(a.ticks[before].is_first);
    CHECK_NEAR(a.ticks[before].gap_s, 2.5, 1e-12);
    CHECK_NEAR(a.ticks[before].value[0], 5, 1e-12);
    CHECK_NEAR(a.ticks[before + 1].gap_s, 0, 0);
}

FACT(a_missing_gyroscope_stays_missing_and_harms_nothing)
{
    struct resample r = {0};

    b.n = 0;
    for (int i = 0; i < 100; i++)
        push(&r, &b, i / 100.0, 1);
    for (int i = 0; i < b.n; i++) {
        CHECK(isnan(b.ticks[i].value[3]));
        CHECK_NEAR(b.ticks[i].value[1], 2, 1e-12);
    }
}

int main(int argc, char **argv)
{
    return check_main(argc, argv);
}
