/* cmu_drives.h - the drives of `evaluate cmu`: what is predicted of them, and only then what was pressed on
 * them. */
#ifndef EVALUATE_CMU_DRIVES_H
#define EVALUATE_CMU_DRIVES_H

#include <stdio.h>

#include "tests/evaluate/match.h"
#include "tests/evaluate/recording.h"

#define CMU_SENSORS   "_sensors.csv"
#define CMU_PRESSES   "_potholes.csv"
#define CMU_NAME_SIZE 64

struct cmu_drive {
    char name[CMU_NAME_SIZE]; /* of its file, before _sensors.csv */
    const char *path;
    struct recording recording;
    double *predicted_s; /* of the detections it stands by, ascending */
    size_t n_predicted;
    bool is_labelled, is_known; /* known: the detector was trained on it */
    double *presses_s;          /* ascending */
    size_t n_presses, press_capacity;
    uint64_t presses_refused;
    struct place_m *press_places; /* where the vehicle was a moment before */
};

struct cmu_drives {
    struct paths paths;
    struct grid_zone zone;
    struct cmu_drive *items;
    size_t n, unreadable;
};

/* Drives everything below `folder` through the node. A reason on standard error: ROAD_IO (no such folder),
 * ROAD_BAD_INPUT (no recording with a position in it). */
enum road_status cmu_drives_predict(const char *folder, struct cmu_drives *ret_drives);
void cmu_drives_write(const struct cmu_drives *drives, FILE *out);
/* Opens label files: after all predictions. Returns the drives that have one. */
size_t cmu_drives_read_labels(struct cmu_drives *drives);
void cmu_drives_done(struct cmu_drives *drives);

#endif
