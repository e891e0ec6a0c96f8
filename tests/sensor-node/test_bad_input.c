/* Bad input, one row a kind: it is recognised under its own reason, nothing false is found, nothing of it is claimed as
 * watched, and the drive goes on by itself. Each row spoils seconds 20 to 28 of a minute's drive on a smooth road. */
#include "tests/sensor-node/hearing.h"

#define FROM_S  20.0
#define TO_S    28.0
#define DRIVE_S 60.0

struct spoiler {
    struct motion_sample before; /* the one before the trouble */
    bool has_before;
    float clip_mps2;
    uint64_t n;
};

struct bad_input {
    const char *name;
    /* Changes the sample, or false to drop it. */
    bool (*spoil)(struct spoiler *s, double time_s, struct motion_sample *sample);
    bool (*spoil_fix)(double time_s, struct fix *fix);
    enum unwatched_reason unwatched;
    enum unplaced_reason unplaced;
    double least_s, most_s; /* counted under the reason: seconds, or seconds' worth of metres at 10 m/s */
    double slack_s;         /* so much after the start it may still be claimed as watched */
};

static bool is_bad(double time_s)
{
    return time_s > FROM_S && time_s < TO_S;
}

static bool lose(struct spoiler *s, double time_s, struct motion_sample *sample)
{
    (void)s;
    (void)sample;
    return !is_bad(time_s);
}

static bool stick(struct spoiler *s, double time_s, struct motion_sample *sample)
{
    if (is_bad(time_s))
        memcpy(sample->accel_mps2, s->before.accel_mps2, sizeof sample->accel_mps2);
    return true;
}

static bool stick_upright_axis(struct spoiler *s, double time_s, struct motion_sample *sample)
{
    if (is_bad(time_s))
        sample->accel_mps2[2] = s->before.accel_mps2[2];
    return true;
}

static bool stick_side_axis(struct spoiler *s, double time_s, struct motion_sample *sample)
{
    if (is_bad(time_s))
        sample->accel_mps2[1] = s->before.accel_mps2[1];
    return true;
}

static bool stick_at_zero(struct spoiler *s, double time_s, struct motion_sample *sample)
{
    (void)s;
    if (is_bad(time_s))
        memset(sample->accel_mps2, 0, sizeof sample->accel_mps2);
    return true;
}

/* A violent stretch beyond +-2 g, cut off there: 8 Hz, 3 g. */
static bool clip(struct spoiler *s, double time_s, struct motion_sample *sample)
{
    (void)s;
    if (is_bad(time_s))
        sample->accel_mps2[2] += (float)(30 * sin(2 * M_PI * 8 * time_s));
    sample->accel_mps2[2] = fminf(19.6133F, fmaxf(-19.6133F, sample->accel_mps2[2]));
    return true;
}

/* A phone that slides over and lies on its side from then on. */
static bool move(struct spoiler *s, double time_s, struct motion_sample *sample)
{
    const float *a = sample->accel_mps2, turned[3] = {a[2], a[1], -a[0]};

    (void)s;
    if (time_s > FROM_S)
        memcpy(sample->accel_mps2, turned, sizeof turned);
    return true;
}

static bool swap_axes(struct spoiler *s, double time_s, struct motion_sample *sample)
{
    const float *a = sample->accel_mps2, swapped[3] = {a[0], a[2], a[1]};

    (void)s;
    if (is_bad(time_s))
        memcpy(sample->accel_mps2, swapped, sizeof swapped);
    return true;
}

static bool slow_down(struct spoiler *s, double time_s, struct motion_sample *sample)
{
    (void)sample;
    return !is_bad(time_s) || s->n % 20 == 0; /* 5 Hz */
}

static bool repeat_rows(struct spoiler *s, double time_s, struct motion_sample *sample)
{
    if (is_bad(time_s) && s->n % 20 != 0) {
        memcpy(sample->accel_mps2, s->before.accel_mps2, sizeof sample->accel_mps2);
        memcpy(sample->gyro_radps, s->before.gyro_radps, sizeof sample->gyro_radps);
    }
    return true;
}

static bool refuse(struct spoiler *s, double time_s, struct motion_sample *sample)
{
    (void)s;
    if (is_bad(time_s))
        sample->accel_mps2[0] = NAN;
    return true;
}

static bool set_clock_back(struct spoiler *s, double time_s, struct motion_sample *sample)
{
    (void)s;
    if (is_bad(time_s))
        sample->time_ns -= INT64_C(3600) * 1000000000;
    return true;
}

static bool lose_fixes(double time_s, struct fix *fix)
{
    (void)fix;
    return !is_bad(time_s);
}

static struct fix frozen;

static bool freeze(double time_s, struct fix *fix)
{
    if (is_bad(time_s)) {
        fix->lat_deg = frozen.lat_deg;
        fix->lon_deg = frozen.lon_deg;
    }
    frozen = *fix;
    return true;
}

static bool jump(double time_s, struct fix *fix)
{
    if (is_bad(time_s)) /* 300 m off, and somewhere else each time */
        fix->lat_deg += 0.0027 * (1 + fmod(floor(time_s * 5) * 0.37, 1));
    return true;
}

static bool make_coarse(double time_s, struct fix *fix)
{
    if (is_bad(time_s))
        fix->sigma_m = 30;
    return true;
}

static bool forget_utc(double time_s, struct fix *fix)
{
    if (is_bad(time_s))
        fix->time_source = TIME_NONE;
    return true;
}

static const struct bad_input inputs[] = {
    {"a gap in the samples", lose, NULL, UNWATCHED_GAP, 0, 7.9, 8.1, 0.1},
    {"samples that are no numbers", refuse, NULL, UNWATCHED_GAP, 0, 7.9, 8.1, 0.1},
    {"a sensor stuck at its last value", stick, NULL, UNWATCHED_STUCK, 0, 7.9, 8.2, 0.1},
    {"a sensor stuck at zero", stick_at_zero, NULL, UNWATCHED_STUCK, 0, 7.9, 8.2, 0.1},
    {"the upright axis stuck", stick_upright_axis, NULL, UNWATCHED_STUCK, 0, 7.9, 8.2, 0.1},
    {"another axis stuck", stick_side_axis, NULL, UNWATCHED_STUCK, 0, 7.9, 8.2, 0.1},
    {"an axis cut off at 2 g", clip, NULL, UNWATCHED_CLIPPED, 0, 8.0, 10.5, 0},
    {"a phone moved while driving", move, NULL, UNWATCHED_MOVED, 0, 3, 10, 0.2},
    {"axes that change places", swap_axes, NULL, UNWATCHED_MOVED, 0, 7, 20, 0.2},
    {"5 Hz in the middle of a drive", slow_down, NULL, UNWATCHED_RATE, 0, 6.0, 9.2, 1.1},
    {"rows repeated with new times", repeat_rows, NULL, UNWATCHED_RATE, 0, 6.0, 9.2, 0.6},
    {"a clock set back by an hour for a while", set_clock_back, NULL, UNWATCHED_CLOCK, 0, 2.9, 8.2, 0.1},
    {"no fixes", NULL, lose_fixes, 0, UNPLACED_NO_FIX, 7.5, 8.5, 0.1},
    {"a frozen receiver", NULL, freeze, 0, UNPLACED_FROZEN, 7.5, 8.5, 0.1},
    {"a receiver that leaps about", NULL, jump, 0, UNPLACED_JUMP, 7.5, 8.5, 0.1},
    {"a receiver that knows 30 m", NULL, make_coarse, 0, UNPLACED_COARSE, 7.5, 8.5, 0.2},
    {"fixes without UTC", NULL, forget_utc, 0, UNPLACED_NO_UTC, 7.5, 8.5, 0.2},
};

static double road(double x, bool is_left)
{
    /* A smooth street: waves of 2 mm and 15 m, 1 mm and 3 m; every centimetre of 93 m, after which they come again. */
    static double heights[9300];

    (void)is_left;
    if (heights[1] == 0)
        for (int i = 0; i < 9300; i++)
            heights[i] = 0.002 * sin(2 * M_PI * i / 1550) + 0.001 * sin(2 * M_PI * i / 310);
    return heights[(int)(x * 100 + 93000) % 9300];
}

static struct node_core *drive_bad(const struct bad_input *input, struct said *s)
{
    struct synthetic d;
    struct spoiler spoiler = {0};
    struct motion_sample sample;
    struct fix fix;
    bool has_fix;

    synthetic_init(&d);
    d.height_m = road;
    d.sway_mps = 1;
    struct node_core *core = new_core(&d);
    clear(s);
    while (d.time_s < DRIVE_S) {
        synthetic_next(&d, &sample, &fix, &has_fix);
        if (!is_bad(d.time_s))
            spoiler.before = sample;
        else if (input->spoil == repeat_rows && spoiler.n % 20 == 0)
            spoiler.before = sample;
        spoiler.n++;
        if (!input->spoil || input->spoil(&spoiler, d.time_s, &sample))
            node_core_motion(core, &sample);
        if (has_fix && (!input->spoil_fix || input->spoil_fix(d.time_s, &fix)))
            node_core_fix(core, &fix);
        listen(core, s);
    }
    node_core_finish(core);
    listen(core, s);
    return core;
}

/* Seconds of data that the points claim between `from_s` and `to_s`, pass by pass. */
static double claimed_s(const struct said *s, int64_t start_ns, double from_s, double to_s)
{
    double sum = 0;
    size_t pass = 0;

    for (size_t i = 1; i < s->n_points; i++) {
        while (pass < s->n_passes && s->pass_starts[pass] < i)
            pass++;
        if (pass < s->n_passes && s->pass_starts[pass] == i)
            continue; /* another pass begins here */
        const double a = fmax(from_s, (double)(s->points[i - 1].time_ns - start_ns) / 1e9);
        const double b = fmin(to_s, (double)(s->points[i].time_ns - start_ns) / 1e9);
        sum += fmax(0, b - a);
    }
    return sum;
}

static void check_input(const struct bad_input *input)
{
    struct synthetic d;
    struct node_core *core = drive_bad(input, &said);
    const struct node_core_stats stats = node_core_stats(core);
    const bool is_motion = input->unwatched != UNWATCHED_NOT;
    const double counted_s = is_motion ? stats.unwatched_by_s[input->unwatched] : stats.unplaced_by_m[input->unplaced] / 10;
    /* A new mount is learnt, and watched with, while the trouble lasts. */
    const double until_s = input->unwatched == UNWATCHED_MOVED ? FROM_S + 3 : TO_S;

    synthetic_init(&d);
    const double bad_s = claimed_s(&said, d.start_ns, FROM_S + input->slack_s, until_s - 0.1);
    const double later_s = claimed_s(&said, d.start_ns, 45, 58);
    if (counted_s < input->least_s || counted_s > input->most_s)
        CHECK_FAILED("%s: %.2f s counted as %s, want %.1f to %.1f", input->name, counted_s,
                     is_motion ? unwatched_name(input->unwatched) : unplaced_name(input->unplaced), input->least_s,
                     input->most_s);
    if (bad_s > 0.31)
        CHECK_FAILED("%s: %.2f s of it are claimed as watched", input->name, bad_s);
    if (said.n_detections != 0)
        CHECK_FAILED("%s: %zu found, and there is nothing", input->name, said.n_detections);
    if (later_s < 12.5)
        CHECK_FAILED("%s: only %.2f of 13 s watched afterwards", input->name, later_s);
    node_core_free(core);
}

FACT(bad_input_is_told_as_not_watching_and_recovered_from)
{
    for (size_t i = 0; i < sizeof inputs / sizeof inputs[0]; i++)
        check_input(&inputs[i]);
}

/* Whole drives, at any rate and with less than everything. */
struct whole_drive {
    const char *name;
    double sample_hz;
    bool has_gyro, has_fixes;
    bool (*spoil)(struct spoiler *s, double time_s, struct motion_sample *sample);
    double least_watched_m, most_watched_m; /* of 600 */
    int detections;                         /* of the one hole */
    enum unwatched_reason unwatched;        /* that the rest is counted under */
};

/* Rows that a logger writes twice; the second is told by its time. */
static struct motion_sample repeated[64];
static size_t n_repeated;

static bool swing(struct spoiler *s, double time_s, struct motion_sample *sample)
{
    (void)s;
    (void)time_s; /* a gyroscope that always says the same */
    sample->gyro_radps[0] = sample->gyro_radps[1] = sample->gyro_radps[2] = 0.013F;
    return true;
}

/* 100 Hz, then 25, then 50: the node is not told. */
static bool change_rate(struct spoiler *s, double time_s, struct motion_sample *sample)
{
    (void)sample;
    return time_s < 15 || s->n % (time_s < 25 ? 4 : 2) == 0;
}

static bool is_constant(struct spoiler *s, double time_s, struct motion_sample *sample)
{
    (void)s;
    (void)time_s;
    sample->accel_mps2[0] = sample->accel_mps2[1] = 0;
    sample->accel_mps2[2] = 9.80665F;
    return true;
}

static const struct whole_drive drives[] = {
    {"5 Hz", 5, true, true, NULL, 0, 0, 0, UNWATCHED_RATE},
    {"10 Hz", 10, true, true, NULL, 0, 30, 0, UNWATCHED_RATE},
    {"25 Hz", 25, true, true, NULL, 560, 600, -1, UNWATCHED_LEVEL},
    {"50 Hz", 50, true, true, NULL, 560, 600, 1, UNWATCHED_LEVEL},
    {"200 Hz", 200, true, true, NULL, 560, 600, 1, UNWATCHED_LEVEL},
    {"500 Hz", 500, true, true, NULL, 560, 600, 1, UNWATCHED_LEVEL},
    {"1000 Hz", 1000, true, true, NULL, 560, 600, 1, UNWATCHED_LEVEL},
    {"a rate that changes", 100, true, true, change_rate, 560, 600, 1, UNWATCHED_LEVEL},
    {"no gyroscope", 100, false, true, NULL, 560, 600, 1, UNWATCHED_LEVEL},
    {"a gyroscope that stands still", 100, true, true, swing, 560, 600, 1, UNWATCHED_LEVEL},
    {"no fixes at all", 100, true, false, NULL, 0, 0, 0, UNWATCHED_NOT},
    {"stuck from the first sample on", 100, true, true, is_constant, 0, 0, 0, UNWATCHED_STUCK},
};

static void check_drive(const struct whole_drive *w)
{
    struct synthetic d;
    struct spoiler spoiler = {0};
    struct motion_sample sample;
    struct fix fix;
    bool has_fix;

    synthetic_init(&d);
    d.sample_hz = w->sample_hz;
    d.has_gyro = w->has_gyro;
    d.height_m = pothole;
    d.sway_mps = 1;
    struct node_core *core = new_core(&d);
    clear(&said);
    while (d.time_s < DRIVE_S) {
        synthetic_next(&d, &sample, &fix, &has_fix);
        spoiler.n++;
        if (!w->spoil || w->spoil(&spoiler, d.time_s, &sample))
            node_core_motion(core, &sample);
        if (has_fix && w->has_fixes)
            node_core_fix(core, &fix);
        listen(core, &said);
    }
    node_core_finish(core);
    listen(core, &said);
    const struct node_core_stats s = node_core_stats(core);
    const double watched_s = claimed_s(&said, d.start_ns, 0, DRIVE_S);
    if (watched_s * 10 < w->least_watched_m || watched_s * 10 > w->most_watched_m)
        CHECK_FAILED("%s: %.0f m watched, want %.0f to %.0f", w->name, watched_s * 10, w->least_watched_m, w->most_watched_m);
    if (w->detections >= 0 && (int)said.n_detections != w->detections)
        CHECK_FAILED("%s: %zu found, want %d", w->name, said.n_detections, w->detections);
    if (watched_s < 1 && w->has_fixes && s.unwatched_by_s[w->unwatched] < 50)
        CHECK_FAILED("%s: %.1f s counted as %s", w->name, s.unwatched_by_s[w->unwatched], unwatched_name(w->unwatched));
    if (!w->has_fixes && watched_s > 0)
        CHECK_FAILED("%s: %.1f s watched without a place", w->name, watched_s);
    const bool is_without = !w->has_gyro || w->spoil == swing;
    if (is_without && said.n_detections == 1 && said.detections[0].side != WHEEL_UNKNOWN)
        CHECK_FAILED("%s: side %d known without a gyroscope", w->name, (int)said.detections[0].side);
    if (is_without != (s.without_gyro_s > 40))
        CHECK_FAILED("%s: %.1f s without a gyroscope", w->name, s.without_gyro_s);
    node_core_free(core);
}

FACT(any_rate_and_any_missing_sensor_is_told_for_what_it_is)
{
    for (size_t i = 0; i < sizeof drives / sizeof drives[0]; i++)
        check_drive(&drives[i]);
}

/* Rows and whole blocks that come twice, or late, are refused and change nothing: the batches are the same bytes. */
static void drive_with_repeats(bool is_spoilt, struct said *s)
{
    struct synthetic d;
    struct motion_sample sample;
    struct fix fix;
    bool has_fix;

    synthetic_init(&d);
    d.height_m = pothole;
    struct node_core *core = new_core(&d);
    clear(s);
    n_repeated = 0;
    for (int i = 0; d.time_s < 50; i++) {
        synthetic_next(&d, &sample, &fix, &has_fix);
        CHECK_STATUS(node_core_motion(core, &sample), ROAD_OK);
        repeated[n_repeated++ % 64] = sample;
        if (is_spoilt && i % 10 == 3) /* the same row again */
            CHECK_STATUS(node_core_motion(core, &sample), ROAD_BAD_TIME);
        if (is_spoilt && i % 97 == 96) /* a late one */
            CHECK_STATUS(node_core_motion(core, &repeated[(n_repeated - 20) % 64]), ROAD_BAD_TIME);
        if (has_fix) {
            CHECK_STATUS(node_core_fix(core, &fix), ROAD_OK);
            if (is_spoilt)
                CHECK_STATUS(node_core_fix(core, &fix), ROAD_BAD_TIME);
        }
        listen(core, s);
    }
    node_core_finish(core);
    listen(core, s);
    node_core_free(core);
}

FACT(rows_that_come_twice_or_late_change_nothing)
{
    static struct said clean;

    drive_with_repeats(false, &clean);
    drive_with_repeats(true, &said);
    CHECK(clean.n_bytes > 500);
    CHECK_INT(said.n_bytes, clean.n_bytes);
    CHECK(memcmp(said.bytes, clean.bytes, clean.n_bytes) == 0);
}

/* Both clocks leap a day ahead in mid-drive, or an hour back: each believes it by itself, and the drive goes on. */
FACT(a_clock_that_leaps_for_good_is_followed)
{
    static const int64_t leaps_s[] = {86400, -3600};

    for (size_t k = 0; k < 2; k++) {
        struct synthetic d;
        struct motion_sample sample;
        struct fix fix;
        bool has_fix;
        synthetic_init(&d);
        d.height_m = road;
        struct node_core *core = new_core(&d);
        clear(&said);
        while (d.time_s < DRIVE_S) {
            synthetic_next(&d, &sample, &fix, &has_fix);
            const int64_t leap_ns = d.time_s > FROM_S ? leaps_s[k] * 1000000000 : 0;
            sample.time_ns += leap_ns;
            fix.time_ns += leap_ns;
            node_core_motion(core, &sample);
            if (has_fix)
                node_core_fix(core, &fix);
            listen(core, &said);
        }
        node_core_finish(core);
        listen(core, &said);
        const double later_s = claimed_s(&said, d.start_ns + leaps_s[k] * 1000000000, 35, 58);
        if (later_s < 22)
            CHECK_FAILED("leap of %lld s: %.1f of 23 s watched afterwards", (long long)leaps_s[k], later_s);
        CHECK_INT(said.n_detections, 0);
        CHECK(node_core_stats(core).unwatched_s < 60); /* a leap of a day is not a day unwatched */
        node_core_free(core);
    }
}

FACT(a_good_drive_has_no_reason_but_the_first_second)
{
    const struct bad_input none = {.name = "none"};
    struct node_core *core = drive_bad(&none, &said);
    const struct node_core_stats stats = node_core_stats(core);

    for (int i = 1; i < UNWATCHED_COUNT; i++)
        CHECK_NEAR(stats.unwatched_by_s[i], i == UNWATCHED_LEVEL ? 1.0 : 0, 0.05);
    for (int i = 1; i < UNPLACED_COUNT; i++) /* the first and last fix stand a little inside the samples */
        CHECK(stats.unplaced_by_m[i] < 5);
    CHECK_NEAR(stats.sample_hz, 100, 2);
    CHECK_NEAR(stats.without_gyro_s, 0, 0);
    node_core_free(core);
}

int main(int argc, char **argv)
{
    return check_main(argc, argv);
}
