/* Drives too slow to be watched, through the node's core: what shook is told, and no road is claimed. */
#include "sensor-node/core.h"
#include "tests/check.h"

#define START_NS        INT64_C(1700000000000000000)
#define STEP_NS         INT64_C(200000000)
#define SAMPLES         600            /* two minutes */
#define NORTH_DEG_PER_M (1 / 110856.0) /* at 30.27 degrees: WGS 84 */

struct told {
    struct detection detections[32];
    struct pass_point at[32]; /* of their passes */
    size_t n_points[32], n, passes, batches;
    double unwatched_s;
};

static void hear(struct node_core *core, struct told *told)
{
    for (const struct batch *b; (b = node_core_take(core)); told->batches++) {
        told->passes += b->n_passes;
        for (size_t i = 0; i < b->n_detections && told->n < 32; i++) {
            const struct pass *pass = &b->passes[b->detections[i].pass];
            told->at[told->n] = pass->points[0];
            told->n_points[told->n] = pass->n_points;
            told->detections[told->n++] = b->detections[i];
        }
    }
}

static int turned_at = SAMPLES; /* from this sample on the phone lies on its side */

static struct motion_sample sample_at(int i, bool is_kick)
{
    static const float unrest[7] = {0.2f, -0.3f, 0.1f, 0.35f, -0.25f, 0.05f, -0.15f};
    const float up = 9.7f + unrest[i % 7] + (is_kick ? -9.0f : 0);

    const float side = unrest[(i + 2) % 7] / 3;

    return (struct motion_sample){
        START_NS + i * STEP_NS,
        {i < turned_at ? side : up, i < turned_at ? up : side, 1.2f + unrest[(i + 4) % 7] / 3},
        {0.01f * unrest[i % 7], 0.02f * unrest[(i + 1) % 7], 0.01f * unrest[(i + 5) % 7]}};
}

static struct fix fix_at(int i, double speed_mps)
{
    return (struct fix){.time_ns = START_NS + i * STEP_NS,
                        .lat_deg = 30.27 + i * 0.2 * speed_mps * NORTH_DEG_PER_M,
                        .lon_deg = 120.16,
                        .sigma_m = 6,
                        .speed_mps = speed_mps,
                        .heading_deg = NAN,
                        .gnss = GNSS_PHONE,
                        .time_source = TIME_NTP};
}

/* Fixes come `late` samples after the moment they are of. */
static void drive(int late, double speed_mps, const int *kicks, size_t n_kicks, struct told *told,
                  struct node_core_stats *ret_stats)
{
    struct node_core_config config;
    struct node_core *core;

    node_core_config_default(&config);
    if (node_core_new(&config, 1, &core) != ROAD_OK)
        abort();
    *told = (struct told){.n = 0};
    for (int i = 0; i < SAMPLES + late; i++) {
        if (i >= late && (i - late) % 5 == 0) {
            const struct fix fix = fix_at(i - late, speed_mps);
            CHECK_STATUS(node_core_fix(core, &fix), ROAD_OK);
        }
        bool is_kick = false;
        for (size_t k = 0; k < n_kicks; k++)
            is_kick |= kicks[k] == i;
        if (i < SAMPLES) {
            const struct motion_sample sample = sample_at(i, is_kick);
            CHECK_STATUS(node_core_motion(core, &sample), ROAD_OK);
        }
        hear(core, told);
    }
    node_core_finish(core);
    hear(core, told);
    *ret_stats = node_core_stats(core);
    node_core_free(core);
}

static const int kicks[] = {150, 300, 303, 590};
static struct told told, other;
static struct node_core_stats stats;

FACT(what_shook_is_told_at_its_place_and_nothing_else_is)
{
    drive(0, 10, kicks, 4, &told, &stats);
    CHECK_INT(told.n, 3); /* 300 and 303 are one */
    CHECK_INT(stats.jolts, 3);
    CHECK_INT(stats.detections, 3);
    CHECK_INT(told.detections[0].time_ns, START_NS + 150 * STEP_NS);
    CHECK_INT(told.detections[2].time_ns, START_NS + 590 * STEP_NS); /* 2 s before the end */
    const int64_t apart_mm = told.detections[2].at.n_mm - told.detections[0].at.n_mm;
    CHECK_NEAR((double)apart_mm / 1000, 440 * 0.2 * 10, 3); /* GPS without noise */
}

FACT(type_is_a_guess_and_size_and_side_are_none)
{
    drive(0, 10, kicks, 4, &told, &stats);
    for (size_t i = 0; i < told.n; i++) {
        CHECK_INT(told.detections[i].type, DEFECT_POTHOLE);
        CHECK_INT(told.detections[i].severity, SEVERITY_NONE);
        CHECK_INT(told.detections[i].size_milli, 0);
        CHECK_INT(told.detections[i].side, WHEEL_UNKNOWN);
        CHECK(told.detections[i].confidence_permille > 80 && told.detections[i].confidence_permille < 950);
    }
}

FACT(no_road_is_claimed_as_watched)
{
    drive(0, 10, kicks, 4, &told, &stats);
    CHECK_INT(told.passes, told.n);
    for (size_t i = 0; i < told.n; i++)
        CHECK_INT(told.n_points[i], 1);
    CHECK(stats.unwatched_by_s[UNWATCHED_RATE] > 0.95 * SAMPLES * 0.2);
}

FACT(a_quiet_drive_tells_nothing)
{
    drive(0, 10, NULL, 0, &told, &stats);
    CHECK_INT(told.n, 0);
    CHECK_INT(told.passes, 0);
}

FACT(a_parked_car_whose_door_slams_tells_nothing)
{
    drive(0, 0.3, kicks, 4, &told, &stats);
    CHECK_INT(told.n, 0);
}

FACT(a_phone_that_is_turned_does_not_count_as_shaken)
{
    turned_at = 300;
    drive(0, 10, kicks, 4, &told, &stats);
    turned_at = SAMPLES;
    CHECK_INT(told.n, 2); /* neither the turning nor the kicks at that moment */
    CHECK_INT(told.detections[0].time_ns, START_NS + 150 * STEP_NS);
    CHECK_INT(told.detections[1].time_ns, START_NS + 590 * STEP_NS);
}

FACT(late_fixes_change_no_jolt)
{
    drive(0, 10, kicks, 4, &told, &stats);
    drive(15, 10, kicks, 4, &other, &stats); /* 3 s */
    CHECK_INT(other.n, told.n);
    for (size_t i = 0; i < told.n && i < other.n; i++) {
        CHECK_NEAR((double)(other.detections[i].at.e_mm - told.detections[i].at.e_mm), 0, 100);
        CHECK_NEAR((double)(other.detections[i].at.n_mm - told.detections[i].at.n_mm), 0, 100);
        CHECK_INT(other.detections[i].time_ns, told.detections[i].time_ns);
    }
}

int main(int argc, char **argv)
{
    return check_main(argc, argv);
}
