#include "sensor-node/core_parts.h"

#include <math.h>
#include <stdlib.h>

#include "sensor-node/vehicle.h"

#define HOLD_MAX_S 15.0
#define WAIT_SLACK_NS 1000 /* more than rounding, less than a tick */
#define RATE_STEPS 1.9 /* samples per watch_step_s, at least: two, with a little room for jitter */

void node_core_config_default(struct node_core_config *ret_config)
{
    *ret_config = (struct node_core_config){.zone = {120, false},
                                            .antenna_x_m = -0.6,
                                            .antenna_y_m = 0,
                                            .imu_x_m = -0.6,
                                            .wheelbase_m = 2.7,
                                            .half_track_m = 0.75,
                                            .gnss_lag_s = 0.15,
                                            .antenna_sigma_m = 0.1,
                                            .batch_m = 200,
                                            .batch_s = 30,
                                            .hold_s = 5,
                                            .frame = FRAME_ITRF_CURRENT,
                                            .epoch_centiyear = 2690,
                                            .watch_step_s = 0.1,
                                            .timing_sigma_s = 0.1,
                                            .ride_gain = 1.0};
}

static bool is_between(double value, double low, double high)
{
    return value >= low && value <= high; /* false for NAN */
}

static bool config_is_valid(const struct node_core_config *c)
{
    return grid_zone_is_valid(c->zone) && is_between(c->antenna_x_m, -30, 30) &&
           is_between(c->antenna_y_m, -5, 5) && is_between(c->imu_x_m, -30, 30) &&
           is_between(c->wheelbase_m, 0.8, 12) && is_between(c->half_track_m, 0.1, 2) &&
           is_between(c->gnss_lag_s, -5, 5) &&
           is_between(c->antenna_sigma_m, 0, 5) && is_between(c->batch_m, 20, 2000) &&
           is_between(c->batch_s, 1, 3600) && is_between(c->hold_s, 1, HOLD_MAX_S) &&
           is_between(c->watch_step_s, 0.005, 1) && is_between(c->ride_gain, RIDE_GAIN_MIN, RIDE_GAIN_MAX) &&
           is_between(c->timing_sigma_s, 0, 1);
}

void core_start_filters(struct node_core *core)
{
    biquad_high_pass(&core->felt_high, BANK_HIGH_PASS_HZ, TICK_HZ);
    biquad_low_pass(&core->felt_low, BANK_LOW_PASS_HZ, TICK_HZ);
    biquad_high_pass(&core->ride_high, RIDE_HIGH_PASS_HZ, TICK_HZ);
    biquad_low_pass(&core->ride_low, RIDE_LOW_PASS_HZ, TICK_HZ);
    biquad_high_pass(&core->roll_high, BANK_HIGH_PASS_HZ, TICK_HZ); /* takes bends out, too */
    biquad_low_pass(&core->roll_low, BANK_LOW_PASS_HZ, TICK_HZ);
    core->pitch_high = core->roll_high;
    core->pitch_low = core->roll_low;
}

void core_start_track(struct node_core *core)
{
    const struct mount *mount = &core->learn.applied;

    track_init(&core->track, mount->antenna_x_m, mount->antenna_y_m, core->config.hold_s);
    learn_restart_track(&core->learn);
}

enum road_status node_core_new(const struct node_core_config *config, uint64_t first_seq,
                               struct node_core **ret_core)
{
    const struct node_core_config *c = config;

    if (!config_is_valid(c) || first_seq == 0)
        return ROAD_BAD_RANGE;
    struct node_core *core = calloc(1, sizeof *core);
    if (!core)
        return ROAD_NO_MEMORY;
    const struct batcher_config batches = {.zone = c->zone,
                                           .frame = c->frame,
                                           .epoch_centiyear = c->epoch_centiyear,
                                           .half_track_mm = (uint16_t)llround(c->half_track_m * 1000),
                                           .batch_m = c->batch_m,
                                           .batch_s = c->batch_s,
                                           .point_m = POINT_M};
    if (batcher_new(&batches, first_seq, &core->batcher) != ROAD_OK) {
        free(core);
        return ROAD_NO_MEMORY;
    }
    core->config = *c;
    guard_init(&core->motion_guard);
    fixes_init(&core->fixes, c->zone);
    fault_init(&core->fault);
    core->rate_min_hz = RATE_STEPS / c->watch_step_s;
    core->wait_ns = llround(c->hold_s * NS_PER_S) - WAIT_SLACK_NS;
    core->wait_to_ns = INT64_MIN;
    core->calm_step_ns = llround(c->watch_step_s * NS_PER_S);
    const struct mount mount = {c->gnss_lag_s, c->antenna_x_m, c->antenna_y_m};
    const struct mount sigma = {c->timing_sigma_s, c->antenna_sigma_m, c->antenna_sigma_m};
    learn_init(&core->learn, &mount, &sigma);
    core_start_track(core);
    detector_init(&core->detector, c->imu_x_m, c->wheelbase_m, c->half_track_m);
    coarse_init(&core->coarse);
    background_init(&core->background);
    core_start_filters(core);
    *ret_core = core;
    return ROAD_OK;
}

void node_core_prepare(struct node_core *core)
{
    bank_prepare_all(&core->detector.bank);
}

void node_core_free(struct node_core *core)
{
    if (core)
        batcher_free(core->batcher);
    free(core);
}

void node_core_finish(struct node_core *core)
{
    core->is_calm = false;
    coarse_break(&core->coarse);
    core_advance(core, true);
    core_flush(core);
    coarse_forget(&core->coarse);
    core_count_unwatched(core, core->resample.gap_s, core->resample.gap_reason);
    batcher_close(core->batcher);
    core->resample = (struct resample){0};
    learn_finish(&core->learn);
    core_start_track(core);
    orient_reset(&core->orient);
    core_start_filters(core);
    guard_init(&core->motion_guard);
    fixes_reset(&core->fixes);
    core->stats.sample_hz = core->fault.rate_hz;
    fault_init(&core->fault);
    core->background_ticks = 0;
    core->background_square = 0;
    core->is_moved = false;
    core->time_refused = 0;
    core->time_refused_ns = 0;
    core->speed_mps = 0;
    core->ride = (struct ride){0};
}

const struct batch *node_core_take(struct node_core *core)
{
    return batcher_take(core->batcher);
}

size_t node_core_save(const struct node_core *core, uint8_t *ret_bytes)
{
    _Static_assert(NODE_CORE_BYTES_MAX == VEHICLE_BYTES_MAX, "one buffer for both");
    return vehicle_save(&core->learn, &core->background, ret_bytes);
}

enum road_status node_core_load(struct node_core *core, const uint8_t *bytes, size_t length)
{
    const enum road_status status = vehicle_load(bytes, length, &core->learn, &core->background);

    core_start_track(core);
    return status;
}

void node_core_watch_events(struct node_core *core,
                            void (*watcher)(void *context, const struct event *event,
                                            const struct match *matches, const float *traits),
                            void *context)
{
    core->detector.watcher = watcher;
    core->detector.watcher_context = context;
}

struct node_core_stats node_core_stats(const struct node_core *core)
{
    struct node_core_stats stats = core->stats;

    stats.batches = batcher_made(core->batcher);
    stats.look_alikes = core->detector.look_alikes;
    if (core->fault.rate_hz > 0)
        stats.sample_hz = core->fault.rate_hz;
    stats.fixes_frozen = core->fixes.frozen;
    stats.fixes_jumped = core->fixes.jumped;
    stats.gnss_lag_s = core->learn.applied.lag_s;
    stats.timing_sigma_s = calibrate_sigma(&core->learn.calibrate).lag_s;
    stats.antenna_x_m = core->learn.applied.antenna_x_m;
    stats.antenna_y_m = core->learn.applied.antenna_y_m;
    stats.recrossed = core->learn.calibrate.recrossed;
    return stats;
}
