/* source_clip.h - clips of one event: a table of one column, vertical acceleration with gravity at 50 Hz, no time and no
 * place. Nothing that a node can drive; motion/clip.h says what a clip passed over. */
#ifndef SENSOR_NODE_SOURCE_CLIP_H
#define SENSOR_NODE_SOURCE_CLIP_H

#include "sensor-node/source_formats.h"

/* Up to `capacity` values in m/s^2; ROAD_TOO_LARGE beyond. A bad row makes the whole clip bad (its neighbours would lie
 * at wrong times): ROAD_BAD_INPUT with file, line and reason. */
enum road_status clip_read(const char *path, float *ret_accel_mps2, size_t capacity, size_t *ret_count, char *ret_error);
/* The same from an open stream, which it takes over. */
enum road_status clip_read_file(FILE *file, const char *name, float *ret_accel_mps2, size_t capacity, size_t *ret_count,
                                char *ret_error);

#define CLIP_DEPTH_MAX 2 /* folders in a folder of clips: one a class */
/* Files of a folder of clips and of the folders in it, in order of their names; stops when `each` gives false. */
void clip_walk(const char *folder, bool (*each)(const char *path, void *context), void *context);

#endif
