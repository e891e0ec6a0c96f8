#include "tests/evaluate/clips.h"

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define LINE_MAX_BYTES 64
#define FILE_MAX_BYTES ((size_t)CLIP_SAMPLES_MAX * LINE_MAX_BYTES)

static bool is_csv(const char *name)
{
    const size_t length = strlen(name);
    return length > 4 && length - 4 < CLIPS_NAME_MAX && strcmp(name + length - 4, ".csv") == 0;
}

static enum road_status add_file(struct clips_list *list, const char *path, const char *folder, const char *name)
{
    struct clips_file *f;

    if (list->count == CLIPS_MAX)
        return ROAD_TOO_LARGE;
    if (list->count % 256 == 0) {
        struct clips_file *more = realloc(list->files, (list->count + 256) * sizeof *more);
        if (!more)
            return ROAD_NO_MEMORY;
        list->files = more;
    }
    f = &list->files[list->count++];
    snprintf(f->path, sizeof f->path, "%s", path);
    snprintf(f->folder, sizeof f->folder, "%s", folder);
    snprintf(f->name, sizeof f->name, "%.*s", (int)(strlen(name) - 4), name);
    return ROAD_OK;
}

static enum road_status list_folder(struct clips_list *list, const char *path, const char *folder);

/* Folders in the set's own folder are looked into; deeper ones and what starts with a dot are not. */
static enum road_status list_entry(struct clips_list *list, const char *parent, const char *folder, const char *name)
{
    char path[CLIPS_PATH_MAX];
    struct stat info;

    if (name[0] == '.' || snprintf(path, sizeof path, "%s/%s", parent, name) >= (int)sizeof path ||
        stat(path, &info) != 0)
        return ROAD_OK;
    if (S_ISDIR(info.st_mode))
        return *folder || strlen(name) >= CLIPS_NAME_MAX ? ROAD_OK : list_folder(list, path, name);
    return is_csv(name) ? add_file(list, path, folder, name) : ROAD_OK;
}

static enum road_status list_folder(struct clips_list *list, const char *path, const char *folder)
{
    DIR *dir = opendir(path);
    enum road_status status = ROAD_OK;

    if (!dir)
        return ROAD_IO;
    for (struct dirent *entry; status == ROAD_OK && (entry = readdir(dir));)
        status = list_entry(list, path, folder, entry->d_name);
    closedir(dir);
    return status;
}

static int compare_files(const void *a, const void *b)
{
    const struct clips_file *x = a, *y = b;
    const int folders = strcmp(x->folder, y->folder);
    return folders ? folders : strcmp(x->name, y->name);
}

enum road_status clips_list_new(const char *folder, struct clips_list *ret_list)
{
    struct clips_list list = {0};
    const enum road_status status = list_folder(&list, folder, "");

    if (status != ROAD_OK) {
        clips_list_free(&list);
        return status;
    }
    if (list.count)
        qsort(list.files, list.count, sizeof *list.files, compare_files);
    *ret_list = list;
    return ROAD_OK;
}

void clips_list_free(struct clips_list *list)
{
    free(list->files);
    *list = (struct clips_list){0};
}

static bool parse_number(const char *line, size_t length, float *ret_value)
{
    char copy[LINE_MAX_BYTES + 1], *end;

    if (length == 0 || length > LINE_MAX_BYTES)
        return false;
    memcpy(copy, line, length);
    copy[length] = '\0';
    const float value = strtof(copy, &end);
    while (*end == ' ' || *end == '\t')
        end++;
    if (end == copy || *end || !isfinite(value))
        return false;
    *ret_value = value;
    return true;
}

static enum road_status refuse(enum road_status status, const char *reason, const char **ret_reason)
{
    *ret_reason = reason;
    return status;
}

enum road_status clips_parse(const char *text, size_t size, struct clips_samples *ret_samples, const char **ret_reason)
{
    const char *at = text, *const end = text + size;
    struct clips_samples *s = ret_samples;
    float value;

    s->count = 0;
    for (int line = 0; at < end; line++) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        size_t length = (size_t)((stop ? stop : end) - at);
        const bool is_last = !stop || stop + 1 == end;
        if (length && at[length - 1] == '\r')
            length--;
        if (parse_number(at, length, &value)) {
            if (s->count == CLIP_SAMPLES_MAX)
                return refuse(ROAD_TOO_LARGE, "longer than a minute: a drive and no clip", ret_reason);
            s->accel_mps2[s->count++] = value;
        } else if (line > 0 && (length > 0 || !is_last)) {
            return refuse(ROAD_BAD_INPUT, "a line is not one finite number", ret_reason);
        }
        at = stop ? stop + 1 : end;
    }
    return s->count ? ROAD_OK : refuse(ROAD_BAD_INPUT, "no samples", ret_reason);
}

enum road_status clips_read(const char *path, struct clips_samples *ret_samples, const char **ret_reason)
{
    static char text[FILE_MAX_BYTES + 1]; /* the tool has one thread */
    FILE *file = fopen(path, "rb");

    if (!file)
        return refuse(ROAD_IO, strerror(errno), ret_reason);
    const size_t size = fread(text, 1, sizeof text, file);
    const bool failed = ferror(file) != 0;
    fclose(file);
    if (failed)
        return refuse(ROAD_IO, "it cannot be read", ret_reason);
    if (size > FILE_MAX_BYTES)
        return refuse(ROAD_TOO_LARGE, "longer than a minute: a drive and no clip", ret_reason);
    return clips_parse(text, size, ret_samples, ret_reason);
}

uint64_t clips_digest(const struct clips_samples *samples)
{
    uint64_t value = 0xCBF29CE484222325;

    for (int i = 0; i < samples->count; i++) {
        uint32_t bits;
        memcpy(&bits, &samples->accel_mps2[i], sizeof bits);
        for (int shift = 0; shift < 32; shift += 8)
            value = (value ^ (bits >> shift & 255)) * 0x100000001B3;
    }
    return value;
}
