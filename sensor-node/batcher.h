/* batcher.h - points, detections and holes become numbered batches.
 *
 * Borders follow metres and data time, never wall time; a severe detection closes at once. A pass that goes
 * on over a border repeats its last point, so that no road between the two is lost. All memory is taken in
 * batcher_new; BATCHER_SLOTS finished batches are held, the oldest first. One thread. */
#ifndef NODE_BATCHER_H
#define NODE_BATCHER_H

#include "link/message.h"

#define BATCHER_SLOTS         64
#define BATCHER_SLOTS_CROWDED 48
#define BATCHER_FEATURES_MAX  32 /* of one batch */

struct batcher_config {
    struct grid_zone zone;
    enum frame frame;
    uint16_t epoch_centiyear;
    uint16_t half_track_mm;
    double batch_m, batch_s;
    double point_m; /* distance between points, for sizing */
};

struct batcher; /* opaque */
enum road_status batcher_new(const struct batcher_config *config, uint64_t first_seq,
                             struct batcher **ret_batcher);
void batcher_free(struct batcher *batcher);
/* Data time goes on; closes the batch when its time is up. Call for every tick, in order. */
void batcher_clock(struct batcher *batcher, int64_t time_ns);
void batcher_time_source(struct batcher *batcher, enum time_source source);
/* A point of the pass under way (begins one if there is none), `way_m` after the point before. */
void batcher_point(struct batcher *batcher, const struct pass_point *point, enum gnss_class gnss,
                   double way_m);
void batcher_pass_end(struct batcher *batcher);
bool batcher_has_pass(const struct batcher *batcher);
/* On the pass under way; `pass` is filled in here. High severity closes the batch. */
void batcher_detection(struct batcher *batcher, const struct detection *detection);
/* Likewise. Detections go first: while BATCHER_SLOTS_CROWDED batches wait, a feature that no longer fits into the
 * batch under way is let go (false) and nothing is closed for it; the next vehicle meets it again. */
bool batcher_feature(struct batcher *batcher, const struct feature_sighting *feature);
void batcher_unplaced(struct batcher *batcher, double way_m);
void batcher_unwatched(struct batcher *batcher, double seconds);
/* Closes the batch under way, if it holds anything. */
void batcher_close(struct batcher *batcher);
/* Finished batches that wait to be taken. */
size_t batcher_waiting(const struct batcher *batcher);
/* The oldest one, quantised, valid until the next call; NULL if none. */
const struct batch *batcher_take(struct batcher *batcher);
uint64_t batcher_made(const struct batcher *batcher);

#endif
