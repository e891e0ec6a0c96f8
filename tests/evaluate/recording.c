#include "tests/evaluate/recording.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "gateway/room.h"

#define FOLDERS_BELOW 2
#define PATH_SIZE     1024

/* ---- finding ------------------------------------------------------------------------------------------- */

static bool ends_in(const char *name, const char *suffix)
{
    const size_t n = strlen(name), m = strlen(suffix);

    return n >= m && strcmp(name + n - m, suffix) == 0;
}

static void add_path(struct paths *paths, const char *path)
{
    ROOM(paths->items, paths->capacity, paths->n + 1);
    if (!(paths->items[paths->n++] = strdup(path)))
        abort();
}

static enum road_status find_below(const char *folder, const char *suffix, bool is_folder, int depth,
                                   struct paths *paths)
{
    DIR *dir = opendir(folder);
    const struct dirent *entry;
    struct stat about;
    char path[PATH_SIZE];

    if (!dir)
        return ROAD_IO;
    while ((entry = readdir(dir))) {
        const int length = snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (entry->d_name[0] == '.' || length >= (int)sizeof path || stat(path, &about) != 0)
            continue;
        if (S_ISDIR(about.st_mode) && depth < FOLDERS_BELOW)
            (void)find_below(path, suffix, is_folder, depth + 1,
                             paths); /* one that is closed to us has nothing */
        else if (S_ISREG(about.st_mode) && is_folder && strcmp(entry->d_name, suffix) == 0)
            add_path(paths, folder);
        else if (S_ISREG(about.st_mode) && !is_folder && ends_in(entry->d_name, suffix))
            add_path(paths, path);
    }
    closedir(dir);
    return ROAD_OK;
}

static int by_path(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

enum road_status paths_find(const char *folder, const char *suffix, bool is_folder, struct paths *ret_paths)
{
    struct paths paths = {0};

    if (find_below(folder, suffix, is_folder, 0, &paths) != ROAD_OK) {
        fprintf(stderr, "evaluate: cannot read %s: %m\n", folder);
        return ROAD_IO;
    }
    if (paths.n)
        qsort(paths.items, paths.n, sizeof *paths.items, by_path);
    *ret_paths = paths;
    return ROAD_OK;
}

void paths_done(struct paths *paths)
{
    for (size_t i = 0; i < paths->n; i++)
        free(paths->items[i]);
    free(paths->items);
    *paths = (struct paths){0};
}

/* ---- driving ------------------------------------------------------------------------------------------- */

static void keep_fix(struct recording *r, const struct fix *fix)
{
    ROOM(r->fixes, r->fix_capacity, r->n_fixes + 1);
    r->fixes[r->n_fixes++] = *fix;
}

static void keep_batch(struct recording *r, const struct batch *batch)
{
    static uint8_t bytes[BATCH_PAYLOAD_MAX];
    size_t length = 0;

    for (size_t i = 0; i < batch->n_detections; i++) {
        ROOM(r->detections, r->detection_capacity, r->n_detections + 1);
        r->detections[r->n_detections++] = batch->detections[i];
    }
    if (batch_encode(batch, bytes, sizeof bytes, &length) != ROAD_OK)
        abort(); /* the batcher keeps to the limits of the wire */
    ROOM(r->batches, r->batch_capacity, r->n_batches + 1);
    struct sent_batch *sent = &r->batches[r->n_batches++];
    *sent = (struct sent_batch){room_zeroed(length + 1, 1), length};
    memcpy(sent->bytes, bytes, length);
}

static void take_batches(struct node_core *core, struct recording *r)
{
    const struct batch *batch;

    while ((batch = node_core_take(core)))
        keep_batch(r, batch);
}

/* What the core refuses it has counted. */
static void give(struct node_core *core, const struct source_event *event, struct recording *r)
{
    take_batches(core, r);
    if (event->kind == SOURCE_MOTION)
        (void)node_core_motion(core, &event->motion);
    else if (event->kind == SOURCE_FIX)
        (void)node_core_fix(core, &event->fix);
    else if (event->kind == SOURCE_GAP)
        node_core_gap(core, event->gap_from_ns, event->gap_to_ns);
    if (event->kind == SOURCE_FIX)
        keep_fix(r, &event->fix);
}

static enum road_status read_all(struct source *source, struct node_core *core, struct recording *r)
{
    struct source_event event = {.kind = SOURCE_IDLE};
    char error[SOURCE_ERROR_SIZE] = "";

    while (event.kind != SOURCE_END) {
        const enum road_status status = source_next(source, &event, error);
        if (status == ROAD_BAD_INPUT)
            continue; /* counted by the source */
        if (status != ROAD_OK) {
            fprintf(stderr, "evaluate: %s\n", error);
            return status;
        }
        give(core, &event, r);
    }
    node_core_finish(core);
    take_batches(core, r);
    return ROAD_OK;
}

static int by_time(const void *a, const void *b)
{
    const int64_t x = ((const struct detection *)a)->time_ns, y = ((const struct detection *)b)->time_ns;

    return (x > y) - (x < y);
}

enum road_status recording_drive(const char *path, const struct node_core_config *config,
                                 struct recording *ret_recording)
{
    struct recording r = {0};
    struct source *source = NULL;
    struct node_core *core = NULL;
    char error[SOURCE_ERROR_SIZE] = "";

    enum road_status status = source_open_recording(path, RECORDING_START_NS, -1, 0, &source, error);
    if (status != ROAD_OK) {
        fprintf(stderr, "evaluate: %s\n", error);
        return status;
    }
    status = node_core_new(config, 1, &core);
    if (status == ROAD_OK)
        status = read_all(source, core, &r);
    r.source = source_stats(source);
    if (core)
        r.node = node_core_stats(core);
    source_close(source);
    node_core_free(core);
    if (status != ROAD_OK) {
        recording_done(&r);
        return status;
    }
    if (r.n_detections)
        qsort(r.detections, r.n_detections, sizeof *r.detections, by_time);
    *ret_recording = r;
    return ROAD_OK;
}

void recording_done(struct recording *recording)
{
    for (size_t i = 0; i < recording->n_batches; i++)
        free(recording->batches[i].bytes);
    free(recording->fixes);
    free(recording->detections);
    free(recording->batches);
    *recording = (struct recording){0};
}

static bool zone_of(const char *path, struct grid_zone *ret_zone)
{
    struct source_event event = {.kind = SOURCE_IDLE};
    struct source *source;
    char error[SOURCE_ERROR_SIZE];

    if (source_open_recording(path, RECORDING_START_NS, -1, 0, &source, error) != ROAD_OK)
        return false;
    while (event.kind != SOURCE_FIX && event.kind != SOURCE_END) {
        const enum road_status status = source_next(source, &event, error);
        if (status != ROAD_OK && status != ROAD_BAD_INPUT)
            break;
    }
    source_close(source);
    if (event.kind == SOURCE_FIX)
        *ret_zone = grid_zone_nearest(event.fix.lat_deg, event.fix.lon_deg);
    return event.kind == SOURCE_FIX;
}

bool recording_zone(const struct paths *paths, struct grid_zone *ret_zone)
{
    for (size_t i = 0; i < paths->n; i++)
        if (zone_of(paths->items[i], ret_zone))
            return true;
    return false;
}
