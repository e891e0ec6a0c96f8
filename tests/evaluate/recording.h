/* recording.h - the recordings of a folder, each driven through the product's node, for the sets made of
 * whole drives. */
#ifndef EVALUATE_RECORDING_H
#define EVALUATE_RECORDING_H

#include "sensor-node/source.h"

#define RECORDING_START_NS                                                                                   \
    (INT64_C(1600000000) * 1000000000) /* of recordings without a date: any day will do */

/* Paths ascending, owned by the list. */
struct paths {
    char **items;
    size_t n, capacity;
};
/* Everything at most two folders below `folder` whose name ends in `suffix`; `is_folder`: folders that hold a
 * file of that name instead. ROAD_IO with a sentence on standard error when the folder cannot be read. */
enum road_status paths_find(const char *folder, const char *suffix, bool is_folder, struct paths *ret_paths);
void paths_done(struct paths *paths);

/* Batches as they would be sent. */
struct sent_batch {
    uint8_t *bytes;
    size_t length;
};

struct recording {
    struct fix *fixes; /* as the source gives them */
    size_t n_fixes, fix_capacity;
    struct detection *detections; /* as sent, in order of time */
    size_t n_detections, detection_capacity;
    struct sent_batch *batches;
    size_t n_batches, batch_capacity;
    struct source_stats source;
    struct node_core_stats node;
};

/* Drives the recording through a node set up by `config`. A file that cannot be read: a sentence on standard
 * error. Bad rows are counted in `source`. */
enum road_status recording_drive(const char *path, const struct node_core_config *config,
                                 struct recording *ret_recording);
void recording_done(struct recording *recording);
/* The zone of the first fix of the first recording that has one; false if none has. */
bool recording_zone(const struct paths *paths, struct grid_zone *ret_zone);

#endif
