/* core.h - the node without its wires: motion samples and position fixes in, numbered batches out.
 *
 * Pure: no clock, no files, no network; the same samples give the same batches, byte for byte, whether they
 * come one by one or in blocks. All memory is taken in node_core_new. One thread.
 *
 *     fixes ---> position/ (filter, covariance, lever arm, lag) --+
 *                                                                 +--> batcher ---> struct batch
 *     samples -> motion/ (orientation, background, detector, iri)-+
 *
 * Samples may come up to `hold_s` before the fix that places them: they wait. Vehicle frame: x forward, y
 * left, z up, origin in the middle between the front wheels on the road. */
#ifndef SENSOR_NODE_CORE_H
#define SENSOR_NODE_CORE_H

#include "link/message.h"
#include "sensor-node/reason.h"

/* Specific force (gravity included, about +9.81 along "up" at rest) and turn rate in the sensor's own axes.
 */
struct motion_sample {
    int64_t time_ns; /* UTC, same clock as the fixes */
    float accel_mps2[3];
    float gyro_radps[3]; /* NAN where the device has none */
};

/* One position report. */
struct fix {
    int64_t time_ns; /* UTC the report is valid for */
    double lat_deg, lon_deg;
    double sigma_m;     /* 1 sigma per axis, from the receiver's own estimate */
    double speed_mps;   /* NAN if unknown */
    double heading_deg; /* NAN if unknown */
    enum gnss_class gnss;
    enum time_source time_source;
};

struct node_core_config {
    struct grid_zone zone;
    double antenna_x_m, antenna_y_m; /* in the vehicle frame */
    double imu_x_m;                  /* behind the front axle: negative */
    double wheelbase_m, half_track_m;
    double gnss_lag_s;       /* reports are late by this much */
    double antenna_sigma_m;  /* how unsure the antenna's place is; the core learns it better; 0 = measured: 0.1 */
    double batch_m, batch_s; /* borders: metres or seconds of data, whichever first */
    double hold_s;           /* how long samples wait for a fix before they count as unplaced: 5 */
    enum frame frame;
    uint16_t epoch_centiyear;
    double watch_step_s; /* samples farther apart are a gap, and steadily fewer than two in that time are too few to be
                            watched: 0.1; a longer one claims more than it sees */
    double timing_sigma_s; /* how unsure gnss_lag_s is; the core learns it better; 0 = measured: 0.1 */
    double ride_gain;    /* vertical RMS at the sensor over that of a corner of the standard car, 0.05 to 50: 1.0 fits the
                            phone on whose drives it was chosen; of a vehicle found by motion/ride_calibrate.h */
};
void node_core_config_default(
    struct node_core_config *ret_config); /* a passenger car with a phone at the windscreen */

struct node_core_stats {
    uint64_t samples,
        samples_refused; /* refused: not finite, going back in time, beyond any sensor's range */
    uint64_t fixes, fixes_refused;
    uint64_t fixes_frozen, fixes_jumped; /* of the refused ones: one position over and over, a leap */
    double distance_m, unplaced_m, unwatched_s;
    double unwatched_by_s[UNWATCHED_COUNT], unplaced_by_m[UNPLACED_COUNT]; /* the same two, by reason */
    double without_gyro_s; /* watched, but the side of a hit is unknown: no gyroscope, or one that does not move */
    uint64_t detections, batches;
    uint64_t jolts;       /* of the detections, those of samples too few to be watched (motion/coarse.h) */
    uint64_t look_alikes; /* events that a speed bump or hump explains best: no detections */
    uint64_t features;    /* of them, those sent as feature sightings */
    double gnss_lag_s, timing_sigma_s; /* applied now, and how well the lag is known */
    double antenna_x_m, antenna_y_m;
    uint64_t recrossed; /* things crossed again, which taught lag and lever arm */
    double sample_hz; /* measured over the last second; rows that repeat the row before are none */
};

struct node_core; /* opaque */
/* `first_seq`: number of the first batch, 1 for a rerun from the first sample. */
enum road_status node_core_new(const struct node_core_config *config, uint64_t first_seq,
                               struct node_core **ret_core);
void node_core_free(struct node_core *core);
/* Makes now (20 ms) what else is made at the first event of each speed: for a device that has no time to lose later. */
void node_core_prepare(struct node_core *core);
/* ROAD_OK, ROAD_BAD_RANGE / ROAD_BAD_TIME (counted, the core goes on), ROAD_FULL: take the batches, then give
 * the same again. A time that leaps ahead by more than 60 s is refused until three in a row agree on it. */
enum road_status node_core_motion(struct node_core *core, const struct motion_sample *sample);
enum road_status node_core_fix(struct node_core *core, const struct fix *fix);
/* A live source lost data here: what lies between is not watched. */
void node_core_gap(struct node_core *core, int64_t from_ns, int64_t to_ns);
/* Closes the batch under way: call at the end of a drive; another drive may follow (background is kept). */
void node_core_finish(struct node_core *core);
/* The oldest finished batch, quantised, valid until the next call on the core; NULL if there is none. */
const struct batch *node_core_take(struct node_core *core);
/* What the vehicle learnt, between drives: the bytes of vehicle.h. A core that was loaded goes on as the one that was
 * saved would have. Load before the first sample; ROAD_CORRUPT, ROAD_BAD_VERSION: it starts with nothing learnt. */
#define NODE_CORE_BYTES_MAX 49152
size_t node_core_save(const struct node_core *core, uint8_t *ret_bytes);
enum road_status node_core_load(struct node_core *core, const uint8_t *bytes, size_t length);
/* For training: hears of every event and its traits (motion/detector.h), before it is judged. */
struct event;
struct match;
void node_core_watch_events(struct node_core *core,
                            void (*watcher)(void *context, const struct event *event,
                                            const struct match *matches, const float *traits),
                            void *context);
struct node_core_stats node_core_stats(const struct node_core *core);

#endif
