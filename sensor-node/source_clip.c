#include "sensor-node/source_clip.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define COLUMN "acc_z"
#define FILES_LOOKED_AT 8 /* to recognise a folder */

static enum road_status refuse(const char *name, const struct csv *csv, char *ret_error, const char *reason)
{
    snprintf(ret_error, SOURCE_ERROR_SIZE, "%.200s:%" PRIu64 ": %s", name, csv_line(csv), reason);
    return ROAD_BAD_INPUT;
}

static bool is_header(const struct csv_field *fields, size_t n)
{
    return n == 1 && fields[0].length == strlen(COLUMN) && memcmp(fields[0].text, COLUMN, fields[0].length) == 0;
}

static enum road_status read_rows(struct csv *csv, const char *name, float *ret_accel_mps2, size_t capacity,
                                  size_t *ret_count, char *ret_error)
{
    struct csv_field fields[CSV_FIELDS_MAX];
    size_t n = 0, count = 0;
    double value;
    enum road_status status = csv_next(csv, fields, &n);

    if (status || !is_header(fields, n))
        return refuse(name, csv, ret_error, "a clip begins with the column name " COLUMN " and has no other");
    while (!(status = csv_next(csv, fields, &n))) {
        if (n != 1 || !csv_number(csv, fields[0], &value))
            return refuse(name, csv, ret_error, "not one number");
        if (count == capacity) {
            snprintf(ret_error, SOURCE_ERROR_SIZE, "%.200s: more than %zu samples: a drive, not a clip of one event", name,
                     capacity);
            return ROAD_TOO_LARGE;
        }
        ret_accel_mps2[count++] = (float)value;
    }
    if (status != ROAD_END)
        return refuse(name, csv, ret_error, status == ROAD_IO ? strerror(errno) : "the line is too long");
    *ret_count = count;
    return ROAD_OK;
}

enum road_status clip_read_file(FILE *file, const char *name, float *ret_accel_mps2, size_t capacity, size_t *ret_count,
                                char *ret_error)
{
    struct csv *csv;

    if (csv_from_file(file, &csv)) {
        snprintf(ret_error, SOURCE_ERROR_SIZE, "%.200s: %s", name, road_status_sentence(ROAD_NO_MEMORY));
        return ROAD_NO_MEMORY;
    }
    const enum road_status status = read_rows(csv, name, ret_accel_mps2, capacity, ret_count, ret_error);
    csv_close(csv);
    return status;
}

enum road_status clip_read(const char *path, float *ret_accel_mps2, size_t capacity, size_t *ret_count, char *ret_error)
{
    FILE *file = fopen(path, "rbe");

    if (!file) {
        snprintf(ret_error, SOURCE_ERROR_SIZE, "%.200s: cannot be opened: %s", path, strerror(errno));
        return ROAD_IO;
    }
    return clip_read_file(file, path, ret_accel_mps2, capacity, ret_count, ret_error);
}

bool format_is_clip(const char *path)
{
    struct csv *csv;
    struct csv_field fields[CSV_FIELDS_MAX];
    size_t n = 0;

    if (csv_open(path, &csv))
        return false;
    const bool is_clip = !csv_next(csv, fields, &n) && is_header(fields, n);
    csv_close(csv);
    return is_clip;
}

static int is_shown(const struct dirent *entry)
{
    return *entry->d_name != '.';
}

/* Without slashes at the end: the names are shown. */
static size_t bare_length(const char *folder)
{
    size_t length = strlen(folder);

    while (length > 1 && folder[length - 1] == '/')
        length--;
    return length;
}

static bool walk(const char *folder, int depth, bool (*each)(const char *path, void *context), void *context)
{
    struct dirent **entries = NULL;
    const int n = scandir(folder, &entries, is_shown, alphasort);
    bool goes_on = true;

    for (int i = 0; i < n; i++) {
        char path[4096];
        struct stat info;
        if (goes_on &&
            snprintf(path, sizeof path, "%.*s/%s", (int)bare_length(folder), folder, entries[i]->d_name) <
                (int)sizeof path &&
            stat(path, &info) == 0) {
            if (S_ISREG(info.st_mode))
                goes_on = each(path, context);
            else if (S_ISDIR(info.st_mode) && depth < CLIP_DEPTH_MAX)
                goes_on = walk(path, depth + 1, each, context);
        }
        free(entries[i]);
    }
    free(entries);
    return goes_on;
}

void clip_walk(const char *folder, bool (*each)(const char *path, void *context), void *context)
{
    walk(folder, 1, each, context);
}

struct look {
    int files, clips;
};

static bool look_at(const char *path, void *context)
{
    struct look *look = context;

    look->clips += format_is_clip(path);
    return ++look->files < FILES_LOOKED_AT;
}

/* The first files are clips, and nothing else. */
bool format_is_clips(const char *folder)
{
    struct look look = {0};

    clip_walk(folder, look_at, &look);
    return look.clips > 0 && look.clips == look.files;
}

enum road_status source_open_clip(const char *path, const struct recording_config *config, struct source **ret_source,
                                  char *ret_error)
{
    (void)config, (void)ret_source;
    snprintf(ret_error, SOURCE_ERROR_SIZE,
             "%.200s: a clip of one event has neither time nor place: `roadchief detect` tells what it is, a node cannot "
             "drive it",
             path);
    return ROAD_UNSUPPORTED;
}
