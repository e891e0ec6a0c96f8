/* Features share batches with detections; where room is short, detections go first. */
#include "sensor-node/batcher.h"
#include "tests/check.h"

#define START_NS INT64_C(1795900000000000000)

static struct batcher *batcher_on_a_pass(void)
{
    const struct batcher_config config = {.zone = {120, false}, .batch_m = 200, .batch_s = 30, .point_m = 2.5};
    const struct pass_point a = {.time_ns = START_NS, .at = {500000000, 3000000000}, .sigma_cm = 2},
                            b = {.time_ns = START_NS + 1000000, .at = {500002500, 3000000000}, .sigma_cm = 2};
    struct batcher *batcher;

    CHECK_STATUS(batcher_new(&config, 1, &batcher), ROAD_OK);
    batcher_clock(batcher, START_NS);
    batcher_time_source(batcher, TIME_GPS);
    batcher_point(batcher, &a, GNSS_RTK, 0);
    batcher_point(batcher, &b, GNSS_RTK, 2.5);
    return batcher;
}

static bool meet_bump(struct batcher *batcher)
{
    return batcher_feature(batcher, &(struct feature_sighting){.kind = FEATURE_SPEED_BUMP,
                                                               .time_ns = START_NS,
                                                               .at = {500001234, 3000000000},
                                                               .strength_milli = 9000});
}

static void meet_hole(struct batcher *batcher, enum severity severity)
{
    batcher_detection(batcher, &(struct detection){.type = DEFECT_POTHOLE,
                                                   .severity = severity,
                                                   .sensor = SENSE_MOTION,
                                                   .time_ns = START_NS,
                                                   .at = {500001000, 3000000000}});
}

FACT(a_feature_travels_with_its_pass_quantised)
{
    struct batcher *batcher = batcher_on_a_pass();

    CHECK(meet_bump(batcher));
    batcher_close(batcher);
    const struct batch *batch = batcher_take(batcher);
    CHECK(batch && batch->n_features == 1 && batch->n_detections == 0);
    CHECK_INT(batch->features[0].pass, 0);
    CHECK_INT(batch->features[0].at.e_mm, 500001230);
    CHECK_INT(batch->features[0].strength_milli, 9000);
    batcher_free(batcher);
}

FACT(more_features_than_a_batch_holds_close_it)
{
    struct batcher *batcher = batcher_on_a_pass();
    size_t n = 0;

    for (int i = 0; i < 3 * BATCHER_FEATURES_MAX; i++)
        CHECK(meet_bump(batcher));
    batcher_close(batcher);
    for (const struct batch *batch; (batch = batcher_take(batcher));) {
        CHECK(batch->n_features <= BATCHER_FEATURES_MAX && batch->n_passes == 1);
        n += batch->n_features;
    }
    CHECK_INT(n, 3 * BATCHER_FEATURES_MAX);
    batcher_free(batcher);
}

/* Nobody takes batches: features stop closing them at the crowded mark, detections still get in. */
FACT(when_batches_pile_up_features_are_let_go_and_no_detection_is)
{
    struct batcher *batcher = batcher_on_a_pass();
    size_t features = 0, kept = 0, holes = 0;

    for (int i = 0; i < BATCHER_SLOTS * BATCHER_FEATURES_MAX; i++)
        kept += meet_bump(batcher);
    CHECK_INT(batcher_waiting(batcher), BATCHER_SLOTS_CROWDED);
    CHECK_INT(kept, (BATCHER_SLOTS_CROWDED + 1) * BATCHER_FEATURES_MAX);
    for (int i = 0; i < 100; i++) {
        meet_hole(batcher, SEVERITY_HIGH);
        meet_bump(batcher);
    }
    batcher_close(batcher);
    for (const struct batch *batch; (batch = batcher_take(batcher));) {
        features += batch->n_features;
        holes += batch->n_detections;
    }
    CHECK_INT(holes, 100);
    CHECK(features >= kept);
    batcher_free(batcher);
}

/* 2.5 m of pass behind a border, and on it a bump: it is no lone point that may be dropped. */
FACT(a_pass_of_one_point_is_kept_for_a_feature_on_it)
{
    struct batcher *batcher = batcher_on_a_pass();

    meet_hole(batcher, SEVERITY_HIGH);
    CHECK(batcher_take(batcher) != NULL);
    CHECK(meet_bump(batcher));
    batcher_pass_end(batcher);
    batcher_close(batcher);
    const struct batch *batch = batcher_take(batcher);
    CHECK(batch && batch->n_passes == 1 && batch->n_features == 1);
    batcher_free(batcher);
}

int main(int argc, char **argv)
{
    return check_main(argc, argv);
}
