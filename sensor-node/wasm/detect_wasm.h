/* detect_wasm.h - the node's core for a browser: what detect.wasm exports, with no imports at all.
 *
 * A page writes structs into the module's exchange buffer and calls; everything is little-endian and laid out as C lays
 * it out. One core at a time. The same samples and fixes give the same bytes as a native node.
 *
 *     instance.exports._initialize()                 once, before anything else
 *     at = detect_exchange()                         address of the buffer, DETECT_EXCHANGE_SIZE bytes
 *     detect_init(at, bytes)                         struct detect_settings, in 8-byte floats; NaN = the usual value
 *     detect_motion(at, count) -> taken              structs of 32 bytes; fewer taken: take batches, give the rest again
 *     detect_fix(at) -> status                       struct of 56 bytes; ROAD_FULL: take batches, give it again
 *     detect_gap(from_ns, to_ns)                     a source lost data here (BigInt)
 *     detect_finish()                                end of the drive
 *     detect_take(at, capacity) -> length            the oldest batch as the bytes to be signed; 0 = none yet
 *     detect_counts() -> at                          struct detect_counts, in 8-byte floats
 */
#ifndef SENSOR_NODE_DETECT_WASM_H
#define SENSOR_NODE_DETECT_WASM_H

#include "sensor-node/core.h"

#define DETECT_EXCHANGE_SIZE 65536

/* As the keys of the same names in node.conf. */
struct detect_settings {
    double zone_meridian_deg, zone_south; /* these two must be given */
    double antenna_x_m, antenna_y_m, imu_x_m, wheelbase_m, half_track_m;
    double gnss_lag_s, timing_sigma_s, ride_gain, batch_m, batch_s;
};

struct detect_counts {
    double samples, samples_refused, fixes, fixes_refused, distance_m, unplaced_m, unwatched_s, detections, look_alikes,
        batches;
};

uint8_t *detect_exchange(void);
/* 0, or enum road_status: ROAD_BAD_RANGE, ROAD_NO_MEMORY. What was under way is dropped. */
int detect_init(const struct detect_settings *settings, size_t size);
size_t detect_motion(const struct motion_sample *samples, size_t count);
int detect_fix(const struct fix *fix);
void detect_gap(int64_t from_ns, int64_t to_ns);
void detect_finish(void);
size_t detect_take(uint8_t *ret_bytes, size_t capacity);
const struct detect_counts *detect_counts(void);

#endif
