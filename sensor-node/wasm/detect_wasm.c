#include "sensor-node/wasm/detect_wasm.h"

#include <math.h>

_Static_assert(sizeof(struct motion_sample) == 32 && sizeof(struct fix) == 56, "the sizes that detect_wasm.h tells");

/* alignas: the page puts structs of 8-byte members at its start. */
static _Alignas(8) uint8_t exchange[DETECT_EXCHANGE_SIZE];
static struct node_core *core;
static struct detect_counts counts;

uint8_t *detect_exchange(void)
{
    return exchange;
}

static void set(double *value, double wanted)
{
    if (!isnan(wanted))
        *value = wanted;
}

int detect_init(const struct detect_settings *settings, size_t size)
{
    const struct detect_settings *s = settings;
    struct node_core_config config;

    if (size != sizeof *s || !(s->zone_meridian_deg >= 0 && s->zone_meridian_deg <= 357))
        return ROAD_BAD_RANGE;
    node_core_config_default(&config);
    config.zone = (struct grid_zone){(int)s->zone_meridian_deg, s->zone_south != 0};
    set(&config.antenna_x_m, s->antenna_x_m);
    set(&config.antenna_y_m, s->antenna_y_m);
    set(&config.imu_x_m, s->imu_x_m);
    set(&config.wheelbase_m, s->wheelbase_m);
    set(&config.half_track_m, s->half_track_m);
    set(&config.gnss_lag_s, s->gnss_lag_s);
    set(&config.timing_sigma_s, s->timing_sigma_s);
    set(&config.ride_gain, s->ride_gain);
    set(&config.batch_m, s->batch_m);
    set(&config.batch_s, s->batch_s);
    node_core_free(core);
    core = NULL;
    return (int)node_core_new(&config, 1, &core);
}

size_t detect_motion(const struct motion_sample *samples, size_t count)
{
    size_t taken = 0;

    while (core && taken < count && node_core_motion(core, &samples[taken]) != ROAD_FULL)
        taken++;
    return taken;
}

int detect_fix(const struct fix *fix)
{
    return (int)(core ? node_core_fix(core, fix) : ROAD_NOT_FOUND);
}

void detect_gap(int64_t from_ns, int64_t to_ns)
{
    if (core)
        node_core_gap(core, from_ns, to_ns);
}

void detect_finish(void)
{
    if (core)
        node_core_finish(core);
}

size_t detect_take(uint8_t *ret_bytes, size_t capacity)
{
    const struct batch *batch = core ? node_core_take(core) : NULL;
    size_t length = 0;

    return batch && batch_encode(batch, ret_bytes, capacity, &length) == ROAD_OK ? length : 0;
}

const struct detect_counts *detect_counts(void)
{
    const struct node_core_stats s = core ? node_core_stats(core) : (struct node_core_stats){0};

    counts = (struct detect_counts){.samples = (double)s.samples,
                                    .samples_refused = (double)s.samples_refused,
                                    .fixes = (double)s.fixes,
                                    .fixes_refused = (double)s.fixes_refused,
                                    .distance_m = s.distance_m,
                                    .unplaced_m = s.unplaced_m,
                                    .unwatched_s = s.unwatched_s,
                                    .detections = (double)s.detections,
                                    .look_alikes = (double)s.look_alikes,
                                    .batches = (double)s.batches};
    return &counts;
}
