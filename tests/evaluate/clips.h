/* clips.h - a folder of clips of one axis: the files in it, and the samples of one. */
#ifndef EVALUATE_CLIPS_H
#define EVALUATE_CLIPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sensor-node/motion/clip.h"

#define CLIPS_MAX      20000
#define CLIPS_PATH_MAX 1024
#define CLIPS_NAME_MAX 256

struct clips_file {
    char path[CLIPS_PATH_MAX];
    char folder[CLIPS_NAME_MAX]; /* the folder it lies in, "" where that is the set itself */
    char name[CLIPS_NAME_MAX];   /* without .csv */
};

struct clips_list {
    struct clips_file *files; /* by folder, then name */
    size_t count;
};

/* All *.csv in `folder` and the folders in it. IO where it cannot be read, TOO_LARGE beyond CLIPS_MAX. */
enum road_status clips_list_new(const char *folder, struct clips_list *ret_list);
void clips_list_free(struct clips_list *list);

struct clips_samples {
    int count;
    float accel_mps2[CLIP_SAMPLES_MAX];
};

/* One number a line, after at most one line of heading; an empty line at the end is fine. `ret_reason` gets a sentence
 * where something else stands there (BAD_INPUT), the file cannot be read (IO) or is longer than a clip (TOO_LARGE). */
enum road_status clips_read(const char *path, struct clips_samples *ret_samples, const char **ret_reason);

/* The same from text of `size` bytes. */
enum road_status clips_parse(const char *text, size_t size, struct clips_samples *ret_samples, const char **ret_reason);

/* FNV-1a of 64 bits over the samples as little-endian floats. */
uint64_t clips_digest(const struct clips_samples *samples);

#endif
