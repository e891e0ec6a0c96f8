/* hearing.h - drives a core along a made-up way (synthetic.h) and keeps everything that it says. */
#ifndef TESTS_HEARING_H
#define TESTS_HEARING_H

#include "sensor-node/core.h"
#include "tests/check.h"
#include "tests/sensor-node/synthetic.h"

#define HOLE_M    305.0 /* along the way */
#define BYTES_MAX (4 << 20)

/* Everything that the core said, flattened: for comparing runs and for looking at. */
struct said {
    size_t n_detections, n_features, n_points, n_passes, n_batches, n_bytes;
    struct detection detections[256];
    struct feature_sighting features[256];
    struct pass_point points[20000];
    size_t pass_starts[512]; /* index of each pass's first point */
    double batch_m[512];
    uint64_t first_seq, last_seq;
    uint32_t unplaced_cm, unwatched_ms;
    uint8_t bytes[BYTES_MAX]; /* of all batches as they go on the wire */
};
static struct said said;

static inline void listen(struct node_core *core, struct said *s)
{
    const struct batch *b;

    while ((b = node_core_take(core))) {
        size_t length = 0;
        CHECK_STATUS(batch_encode(b, s->bytes + s->n_bytes, BYTES_MAX - s->n_bytes, &length), ROAD_OK);
        s->n_bytes += length;
        s->first_seq = s->n_batches++ ? s->first_seq : b->seq;
        s->last_seq = b->seq;
        s->unplaced_cm += b->unplaced_cm;
        s->unwatched_ms += b->unwatched_ms;
        for (size_t i = 0; i < b->n_passes; i++) {
            const struct pass *p = &b->passes[i];
            s->pass_starts[s->n_passes++] = s->n_points;
            for (size_t k = 0; k < p->n_points; k++) {
                s->points[s->n_points++] = p->points[k];
                if (k)
                    s->batch_m[s->n_batches - 1] +=
                        hypot((double)(p->points[k].at.e_mm - p->points[k - 1].at.e_mm),
                              (double)(p->points[k].at.n_mm - p->points[k - 1].at.n_mm)) /
                        1000;
            }
        }
        for (size_t i = 0; i < b->n_detections; i++) {
            CHECK(b->detections[i].pass < b->n_passes);
            s->detections[s->n_detections++] = b->detections[i];
        }
        for (size_t i = 0; i < b->n_features; i++) {
            CHECK(b->features[i].pass < b->n_passes);
            s->features[s->n_features++] = b->features[i];
        }
    }
}

static inline struct node_core_config config_of(const struct synthetic *d)
{
    struct node_core_config config;

    node_core_config_default(&config);
    config.antenna_x_m = d->antenna_x_m;
    config.antenna_y_m = d->antenna_y_m;
    config.imu_x_m = d->imu_x_m;
    config.wheelbase_m = d->wheelbase_m;
    config.half_track_m = d->half_track_m;
    config.gnss_lag_s = d->lag_s;
    config.timing_sigma_s = config.antenna_sigma_m = 0; /* measured */
    return config;
}

static inline struct node_core *new_core(const struct synthetic *d)
{
    const struct node_core_config config = config_of(d);
    struct node_core *core = NULL;

    CHECK_STATUS(node_core_new(&config, 1, &core), ROAD_OK);
    return core;
}

static inline void clear(struct said *s)
{
    memset(s, 0, sizeof *s);
}

/* Drives for so long; returns the core, finished, for its stats. */
static inline struct node_core *drive(struct synthetic *d, double seconds, struct said *s)
{
    struct node_core *core = new_core(d);
    struct motion_sample sample;
    struct fix fix;
    bool has_fix;

    clear(s);
    while (d->time_s < seconds) {
        synthetic_next(d, &sample, &fix, &has_fix);
        CHECK_STATUS(node_core_motion(core, &sample), ROAD_OK);
        if (has_fix)
            CHECK_STATUS(node_core_fix(core, &fix), ROAD_OK);
        listen(core, s);
    }
    node_core_finish(core);
    listen(core, s);
    return core;
}

static inline void origin(const struct synthetic *d, double *ret_e_m, double *ret_n_m)
{
    CHECK_STATUS(grid_project_m((struct grid_zone){120, false}, d->lat_deg, d->lon_deg, ret_e_m, ret_n_m),
                 ROAD_OK);
}

/* A hole under the left wheels. */
static inline double pothole(double x, bool is_left)
{
    return is_left && fabs(x - HOLE_M) < 0.2 ? -0.05 : 0;
}
static inline double deep_pothole(double x, bool is_left)
{
    return is_left && fabs(x - HOLE_M) < 0.3 ? -0.08 : 0;
}

#endif
