/* The node without its wires: passes, batches, refusals, on made-up drives with known truth. */
#include "sensor-node/guard.h"
#include "tests/sensor-node/hearing.h"

static struct said other;

FACT(points_lie_on_the_way_every_two_to_five_metres)
{
    struct synthetic d;
    double e0, n0;

    synthetic_init(&d);
    d.turn_radius_m = 60;
    d.heading_rad = 1;
    struct node_core *core = drive(&d, 60, &said);
    const struct node_core_stats stats = node_core_stats(core);
    node_core_free(core);
    origin(&d, &e0, &n0);
    CHECK(said.n_points > 200);
    for (size_t i = 0; i < said.n_points; i++) {
        const struct pass_point *p = &said.points[i];
        const struct truth t = synthetic_truth(&d, (double)(p->time_ns - d.start_ns) / 1e9);
        CHECK_NEAR(hypot((double)p->at.e_mm / 1000 - e0 - t.e_m, (double)p->at.n_mm / 1000 - n0 - t.n_m), 0,
                   0.25);
        CHECK(p->sigma_cm >= 3 && p->sigma_cm < 30);
    }
    const double way_m = synthetic_truth(&d, 60).along_m;
    CHECK_NEAR(stats.distance_m + stats.unplaced_m + stats.unwatched_s * 12, way_m, 0.05 * way_m);
    CHECK(stats.distance_m > 0.9 * way_m);
}

FACT(batches_are_numbered_and_close_every_200_m)
{
    struct synthetic d;

    synthetic_init(&d);
    node_core_free(drive(&d, 100, &said));
    CHECK(said.n_batches >= 5);
    CHECK_INT(said.first_seq, 1);
    CHECK_INT(said.last_seq, said.n_batches);
    for (size_t i = 0; i + 1 < said.n_batches; i++)
        CHECK_NEAR(said.batch_m[i], 200, 5);
}

FACT(a_pass_costs_at_most_three_bytes_a_metre)
{
    struct synthetic d;
    double way_m = 0;

    synthetic_init(&d);
    d.turn_radius_m = 100;
    d.sigma_m = 2.5;
    node_core_free(drive(&d, 120, &said));
    for (size_t i = 0; i < said.n_batches; i++)
        way_m += said.batch_m[i];
    CHECK(way_m > 1000);
    CHECK((double)said.n_bytes / way_m <= 3.0);
}

FACT(a_rerun_and_any_blocks_give_the_same_bytes)
{
    static struct motion_sample samples[6000];
    static struct fix fixes[1000];
    struct synthetic d;
    size_t n_samples = 0, n_fixes = 0;
    bool has_fix;

    synthetic_init(&d);
    d.height_m = pothole;
    node_core_free(drive(&d, 50, &said));
    synthetic_init(&d);
    d.height_m = pothole;
    while (d.time_s < 50) {
        synthetic_next(&d, &samples[n_samples++], &fixes[n_fixes], &has_fix);
        n_fixes += has_fix;
    }
    /* Blocks: two seconds of samples, then the fixes of that time; what is taken waits until the end of a
     * block. */
    struct node_core *core = new_core(&d);
    clear(&other);
    for (size_t i = 0, f = 0; i < n_samples; i += 200) {
        const size_t end = i + 200 < n_samples ? i + 200 : n_samples;
        for (size_t k = i; k < end; k++)
            CHECK_STATUS(node_core_motion(core, &samples[k]), ROAD_OK);
        for (; f < n_fixes && fixes[f].time_ns <= samples[end - 1].time_ns + 10000000; f++)
            CHECK_STATUS(node_core_fix(core, &fixes[f]), ROAD_OK);
        listen(core, &other);
    }
    node_core_finish(core);
    listen(core, &other);
    node_core_free(core);
    CHECK(said.n_bytes > 500);
    CHECK_INT(said.n_bytes, other.n_bytes);
    CHECK(memcmp(said.bytes, other.bytes, said.n_bytes) == 0);
}

FACT(a_severe_detection_closes_its_batch_at_once)
{
    struct synthetic d;

    synthetic_init(&d);
    d.height_m = deep_pothole;
    node_core_free(drive(&d, 40, &said));
    CHECK_INT(said.n_detections, 1);
    CHECK_INT(said.detections[0].severity, SEVERITY_HIGH);
    CHECK_NEAR(said.batch_m[0], 200, 5);
    CHECK(said.batch_m[1] < 120); /* 305 m = 200 + 105, seen up to 2.6 s later in the window's past */
}

FACT(bad_samples_are_refused_counted_and_harm_nothing)
{
    struct synthetic d;
    struct motion_sample sample, bad;
    struct fix fix;
    bool has_fix;

    synthetic_init(&d);
    d.height_m = pothole;
    node_core_free(drive(&d, 50, &said));
    synthetic_init(&d);
    d.height_m = pothole;
    struct node_core *core = new_core(&d);
    clear(&other);
    for (int i = 0; d.time_s < 50; i++) {
        synthetic_next(&d, &sample, &fix, &has_fix);
        CHECK_STATUS(node_core_motion(core, &sample), ROAD_OK);
        bad = sample;
        bad.time_ns += 1000000;
        switch (i % 6) {
        case 0:
            bad.accel_mps2[2] = NAN;
            break;
        case 1:
            bad.accel_mps2[0] = INFINITY;
            break;
        case 2:
            bad.gyro_radps[1] = -INFINITY;
            break;
        case 3:
            bad.time_ns = sample.time_ns; /* not later */
            break;
        case 4:
            bad.time_ns = sample.time_ns - 3600 * INT64_C(1000000000);
            break;
        case 5:
            bad.time_ns = sample.time_ns + 86400 * INT64_C(1000000000); /* a day ahead, alone */
            break;
        }
        CHECK_STATUS(node_core_motion(core, &bad), i % 6 < 3 ? ROAD_BAD_RANGE : ROAD_BAD_TIME);
        if (has_fix)
            CHECK_STATUS(node_core_fix(core, &fix), ROAD_OK);
        listen(core, &other);
    }
    node_core_finish(core);
    listen(core, &other);
    CHECK_INT(node_core_stats(core).samples_refused, node_core_stats(core).samples);
    CHECK(node_core_stats(core).samples >= 5000);
    node_core_free(core);
    CHECK_INT(said.n_bytes, other.n_bytes);
    CHECK(memcmp(said.bytes, other.bytes, said.n_bytes) == 0);
}

FACT(bad_fixes_are_refused_and_counted)
{
    struct synthetic d;
    struct motion_sample sample;
    struct fix good;
    bool has_fix = false;

    synthetic_init(&d);
    struct node_core *core = new_core(&d);
    while (!has_fix)
        synthetic_next(&d, &sample, &good, &has_fix);
    CHECK_STATUS(node_core_fix(core, &good), ROAD_OK);
    for (int k = 0; k < 10; k++) {
        struct fix bad = good;
        bad.time_ns += 1000000000;
        enum road_status want = ROAD_BAD_RANGE;
        switch (k) {
        case 0:
            bad.lat_deg = NAN;
            break;
        case 1:
            bad.lon_deg = INFINITY;
            break;
        case 2:
            bad.lat_deg = 91;
            break;
        case 3:
            bad.lon_deg = 30;
            break; /* far outside the zone */
        case 4:
            bad.sigma_m = NAN;
            break;
        case 5:
            bad.sigma_m = 0;
            break;
        case 6:
            bad.speed_mps = -1;
            break;
        case 7:
            bad.lat_deg += 1;
            break; /* 111 km in a second */
        case 8:
            bad.time_ns = 0;
            want = ROAD_BAD_TIME;
            break;
        case 9:
            bad.time_ns = good.time_ns;
            want = ROAD_BAD_TIME;
            break;
        }
        CHECK_STATUS(node_core_fix(core, &bad), want);
    }
    CHECK_INT(node_core_stats(core).fixes_refused, 10);
    node_core_free(core);
}

/* Drives on with fixes that `spoil` may change or drop. */
static struct node_core *drive_spoilt(struct synthetic *d, double seconds,
                                      bool (*spoil)(double, struct fix *), struct said *s)
{
    struct node_core *core = new_core(d);
    struct motion_sample sample;
    struct fix fix;
    bool has_fix;

    clear(s);
    while (d->time_s < seconds) {
        synthetic_next(d, &sample, &fix, &has_fix);
        CHECK_STATUS(node_core_motion(core, &sample), ROAD_OK);
        if (has_fix && spoil(d->time_s, &fix))
            CHECK_STATUS(node_core_fix(core, &fix), ROAD_OK);
        listen(core, s);
    }
    node_core_finish(core);
    listen(core, s);
    return core;
}

static bool make_coarse(double time_s, struct fix *fix)
{
    (void)time_s;
    fix->sigma_m = 16;
    return true;
}

static bool forget_time(double time_s, struct fix *fix)
{
    (void)time_s;
    fix->time_source = TIME_NONE;
    return true;
}

static bool tunnel(double time_s, struct fix *fix)
{
    (void)fix;
    return time_s < 20 || time_s > 32;
}

FACT(no_pass_beyond_15_m_of_sigma_or_without_utc)
{
    bool (*const spoils[])(double, struct fix *) = {make_coarse, forget_time};

    for (int k = 0; k < 2; k++) {
        struct synthetic d;
        synthetic_init(&d);
        struct node_core *core = drive_spoilt(&d, 40, spoils[k], &said);
        CHECK_INT(said.n_points, 0);
        CHECK_NEAR(node_core_stats(core).distance_m, 0, 0);
        CHECK_NEAR(node_core_stats(core).unplaced_m, 400, 40);
        CHECK_NEAR(said.unplaced_cm / 100.0, node_core_stats(core).unplaced_m, 1);
        node_core_free(core);
    }
}

FACT(a_tunnel_ends_the_pass_and_its_metres_are_unplaced)
{
    struct synthetic d;

    synthetic_init(&d);
    struct node_core *core = drive_spoilt(&d, 50, tunnel, &said);
    CHECK_NEAR(node_core_stats(core).unplaced_m, 120, 25);
    for (size_t i = 0; i < said.n_points; i++) {
        const double t = (double)(said.points[i].time_ns - d.start_ns) / 1e9;
        CHECK(t < 20.1 || t > 31.9);
    }
    node_core_free(core);
}

FACT(a_hole_in_the_samples_is_unwatched)
{
    struct synthetic d;
    struct motion_sample sample;
    struct fix fix;
    bool has_fix;

    synthetic_init(&d);
    struct node_core *core = new_core(&d);
    clear(&said);
    while (d.time_s < 50) {
        synthetic_next(&d, &sample, &fix, &has_fix);
        if (d.time_s < 20 || d.time_s > 27)
            node_core_motion(core, &sample);
        if (has_fix)
            node_core_fix(core, &fix);
        listen(core, &said);
    }
    node_core_finish(core);
    listen(core, &said);
    /* The hole and the first second, in which "up" is not known yet. */
    CHECK_NEAR(node_core_stats(core).unwatched_s, 7 + 1, 0.1);
    CHECK_NEAR(said.unwatched_ms / 1000.0, 7 + 1, 0.1);
    bool is_bridged = false;
    for (size_t i = 1; i < said.n_points; i++)
        if (said.points[i].time_ns - said.points[i - 1].time_ns > INT64_C(2000000000)) {
            is_bridged = true;
            for (size_t p = 0; p < said.n_passes; p++)
                is_bridged &= said.pass_starts[p] != i;
        }
    CHECK(!is_bridged); /* the pass ended before the hole, another began behind it */
    node_core_free(core);
}

FACT(a_standing_vehicle_makes_no_metres_and_no_points)
{
    struct synthetic d;

    synthetic_init(&d);
    d.speed_mps = d.sway_mps = 0;
    d.sigma_m = 2.5;
    struct node_core *core = drive(&d, 120, &said);
    CHECK_INT(said.n_points, 0);
    CHECK_INT(said.n_batches, 0);
    CHECK_NEAR(node_core_stats(core).distance_m, 0, 0);
    node_core_free(core);
}

FACT(a_core_that_nobody_empties_refuses_and_loses_nothing)
{
    struct synthetic d;
    struct motion_sample sample;
    struct fix fix;
    bool has_fix, was_full = false;

    synthetic_init(&d);
    node_core_free(drive(&d, 250, &said));
    synthetic_init(&d);
    struct node_core *core = new_core(&d);
    clear(&other);
    while (d.time_s < 250) {
        synthetic_next(&d, &sample, &fix, &has_fix);
        if (node_core_motion(core, &sample) == ROAD_FULL) {
            was_full = true;
            listen(core, &other);
            CHECK_STATUS(node_core_motion(core, &sample), ROAD_OK);
        }
        if (has_fix && node_core_fix(core, &fix) == ROAD_FULL) {
            listen(core, &other);
            CHECK_STATUS(node_core_fix(core, &fix), ROAD_OK);
        }
    }
    node_core_finish(core);
    listen(core, &other);
    node_core_free(core);
    CHECK(was_full);
    CHECK_INT(said.n_bytes, other.n_bytes);
    CHECK(memcmp(said.bytes, other.bytes, said.n_bytes) == 0);
}

FACT(a_wild_first_stamp_does_not_lock_out_the_drive)
{
    const int64_t years_ns = INT64_C(50) * 365 * 86400 * 1000000000;
    struct synthetic d;
    struct motion_sample sample;
    struct fix fix;
    bool has_fix;

    synthetic_init(&d);
    struct node_core *core = new_core(&d);
    clear(&said);
    synthetic_next(&d, &sample, &fix, &has_fix);
    sample.time_ns += years_ns;
    fix.time_ns += years_ns;
    CHECK(has_fix);
    CHECK_STATUS(node_core_motion(core, &sample), ROAD_OK); /* nothing yet tells that it is wrong */
    CHECK_STATUS(node_core_fix(core, &fix), ROAD_OK);
    while (d.time_s < 40) {
        synthetic_next(&d, &sample, &fix, &has_fix);
        node_core_motion(core, &sample);
        if (has_fix)
            node_core_fix(core, &fix);
        listen(core, &said);
    }
    node_core_finish(core);
    listen(core, &said);
    CHECK_INT(node_core_stats(core).samples_refused, 2);
    CHECK_INT(node_core_stats(core).fixes_refused, 2);
    CHECK_NEAR(node_core_stats(core).distance_m, synthetic_truth(&d, 40).along_m, 40);
    node_core_free(core);
}

FACT(another_drive_may_follow_even_an_earlier_one)
{
    struct synthetic d;
    struct motion_sample sample;
    struct fix fix;
    bool has_fix;

    synthetic_init(&d);
    struct node_core *core = new_core(&d);
    clear(&said);
    for (int drive = 0; drive < 2; drive++) {
        synthetic_init(&d);
        d.start_ns -= drive * INT64_C(86400) * 1000000000;
        while (d.time_s < 40) {
            synthetic_next(&d, &sample, &fix, &has_fix);
            CHECK_STATUS(node_core_motion(core, &sample), ROAD_OK);
            if (has_fix)
                CHECK_STATUS(node_core_fix(core, &fix), ROAD_OK);
            listen(core, &said);
        }
        node_core_finish(core);
        listen(core, &said);
    }
    CHECK_NEAR(node_core_stats(core).distance_m, 2 * synthetic_truth(&d, 40).along_m, 60);
    CHECK_INT(said.last_seq, said.n_batches); /* numbers go on */
    CHECK(said.n_batches >= 4); /* two of 200 m each */
    node_core_free(core);
}

FACT(a_config_beyond_sense_is_refused)
{
    struct node_core_config config;
    struct node_core *core = NULL;

    node_core_config_default(&config);
    CHECK_STATUS(node_core_new(&config, 0, &core), ROAD_BAD_RANGE);
    config.wheelbase_m = NAN;
    CHECK_STATUS(node_core_new(&config, 1, &core), ROAD_BAD_RANGE);
    CHECK(core == NULL);
    node_core_free(NULL);
}

FACT(a_leap_of_time_is_believed_when_three_agree)
{
    const int64_t start_ns = INT64_C(1795564800) * 1000000000, day_ns = INT64_C(86400) * 1000000000;
    struct guard guard;

    guard_init(&guard);
    for (int i = 0; i < 3; i++)
        CHECK_STATUS(guard_check(&guard, start_ns + i), ROAD_OK);
    CHECK_STATUS(guard_check(&guard, start_ns + day_ns), ROAD_BAD_TIME);
    CHECK_STATUS(guard_check(&guard, start_ns + 1000), ROAD_OK);
    for (int i = 0; i < 2; i++)
        CHECK_STATUS(guard_check(&guard, start_ns + day_ns + i * 1000), ROAD_BAD_TIME);
    CHECK_STATUS(guard_check(&guard, start_ns + day_ns + 5000), ROAD_OK);
    for (int i = 0; i < 2; i++)
        CHECK_STATUS(guard_check(&guard, start_ns + day_ns + 6000 + i), ROAD_OK);
    for (int i = 0; i < 10; i++) /* now it is sure: nothing goes back any more */
        CHECK_STATUS(guard_check(&guard, start_ns + 2000 + i), ROAD_BAD_TIME);
    guard_init(&guard);
    CHECK_STATUS(guard_check(&guard, 0), ROAD_BAD_TIME); /* 1970: a clock that was never set */
}

int main(int argc, char **argv)
{
    return check_main(argc, argv);
}
