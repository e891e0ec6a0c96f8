/* source_pair.c - a folder with one motion file and where it was driven in another file: merged in time order.
 *
 * The rule: exactly one file that is a drive (a motion table), and at least one that holds positions only. Of several
 * position files the one counts whose format stands first in source_formats (NMEA before GPX before a track table); two
 * of that format are refused, for nobody knows which one is right. Positions inside the motion file are left out: two
 * receivers told as one would jump. Both clocks must be UTC, or the start of the motion file be given; drives that do not
 * overlap in time are refused. */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "sensor-node/source_formats.h"

#define PATH_SIZE 4096
#define FILES_MAX 64 /* looked at in a folder */

struct side {
    struct source *source;
    struct source_event event;
    bool has_event;
};

struct pair {
    struct source base;
    struct side motion, position;
    uint64_t left_out; /* positions of the motion file */
};

struct found {
    const struct source_format *motion, *position;
    char motion_path[PATH_SIZE], position_path[PATH_SIZE];
    size_t motions, positions; /* files of this kind; positions: of the first format only */
};

static int is_shown(const struct dirent *entry)
{
    return *entry->d_name != '.';
}

static void look_at_file(struct found *found, const char *path)
{
    const struct source_format *format = format_of_file(path);

    if (!format || format->role == FORMAT_CLIP)
        return;
    if (format->role == FORMAT_DRIVE) {
        found->motions++;
        found->motion = format;
        strcpy(found->motion_path, path);
        return;
    }
    if (found->position && found->position < format)
        return;
    found->positions = found->position == format ? found->positions + 1 : 1;
    found->position = format;
    strcpy(found->position_path, path);
}

static void look_into(const char *folder, struct found *ret_found)
{
    struct dirent **entries = NULL;
    const int n = scandir(folder, &entries, is_shown, alphasort);

    *ret_found = (struct found){0};
    for (int i = 0; i < n; i++) {
        char path[PATH_SIZE];
        struct stat info;
        if (i < FILES_MAX &&
            snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name) < (int)sizeof path &&
            stat(path, &info) == 0 && S_ISREG(info.st_mode))
            look_at_file(ret_found, path);
        free(entries[i]);
    }
    free(entries);
}

bool format_is_pair(const char *folder)
{
    struct found found;

    look_into(folder, &found);
    return found.motions > 0 && found.positions > 0;
}

static int64_t event_time_ns(const struct source_event *event)
{
    return event->kind == SOURCE_FIX ? event->fix.time_ns : event->motion.time_ns;
}

static enum road_status fill(struct side *side, enum source_kind wanted, uint64_t *left_out, char *ret_error)
{
    while (!side->has_event && side->event.kind != SOURCE_END) {
        const enum road_status status = source_next(side->source, &side->event, ret_error);
        if (status)
            return status;
        side->has_event = side->event.kind == wanted;
        *left_out += side->event.kind != wanted && side->event.kind != SOURCE_END;
    }
    return ROAD_OK;
}

static enum road_status pair_next(struct source *base, struct source_event *ret_event, char *ret_error)
{
    struct pair *pair = (struct pair *)base;
    struct side *motion = &pair->motion, *position = &pair->position;
    uint64_t ignored = 0;
    enum road_status status = fill(motion, SOURCE_MOTION, &pair->left_out, ret_error);

    if (!status)
        status = fill(position, SOURCE_FIX, &ignored, ret_error);
    if (status)
        return status;
    struct side *first = position->has_event && (!motion->has_event ||
                                                 event_time_ns(&position->event) <= event_time_ns(&motion->event))
                             ? position
                             : motion;
    *ret_event = first->event;
    first->has_event = false;
    pair->base.is_own_clock = first->source->is_own_clock;
    return ROAD_OK;
}

static struct source_stats pair_stats(const struct source *base)
{
    const struct pair *pair = (const struct pair *)base;
    const struct source_stats m = source_stats(pair->motion.source), p = source_stats(pair->position.source);

    return (struct source_stats){m.rows + p.rows, m.rows_refused + p.rows_refused, pair->left_out + p.fixes_stale};
}

static void pair_close(struct source *base)
{
    struct pair *pair = (struct pair *)base;

    source_close(pair->motion.source);
    source_close(pair->position.source);
    free(pair);
}

static const struct source_calls calls = {.next = pair_next, .stats = pair_stats, .close = pair_close};

/* First and last time of the wanted events; from > to if there are none. */
static enum road_status span(const struct source_format *format, const char *path, const struct recording_config *config,
                             enum source_kind wanted, int64_t ret_span_ns[2], char *ret_error)
{
    struct source *source;
    struct source_event event = {.kind = SOURCE_IDLE};
    enum road_status status = format_open(format, path, config, &source, ret_error);

    ret_span_ns[0] = INT64_MAX;
    ret_span_ns[1] = INT64_MIN;
    if (status)
        return status;
    while (event.kind != SOURCE_END && (!status || status == ROAD_BAD_INPUT)) {
        status = source_next(source, &event, ret_error);
        if (status || event.kind != wanted)
            continue;
        const int64_t time_ns = event_time_ns(&event);
        ret_span_ns[0] = time_ns < ret_span_ns[0] ? time_ns : ret_span_ns[0];
        ret_span_ns[1] = time_ns > ret_span_ns[1] ? time_ns : ret_span_ns[1];
    }
    source_close(source);
    return status == ROAD_BAD_INPUT ? ROAD_OK : status;
}

static enum road_status check_clocks(const struct found *found, const struct recording_config *config, char *ret_error)
{
    int64_t motion_ns[2], position_ns[2];
    char when[4][40];
    enum road_status status = span(found->motion, found->motion_path, config, SOURCE_MOTION, motion_ns, ret_error);

    if (!status)
        status = span(found->position, found->position_path, config, SOURCE_FIX, position_ns, ret_error);
    if (status || motion_ns[0] > motion_ns[1] || position_ns[0] > position_ns[1])
        return status; /* one of them is empty: the other speaks alone */
    if (motion_ns[0] <= position_ns[1] && position_ns[0] <= motion_ns[1])
        return ROAD_OK;
    for (int i = 0; i < 2; i++) {
        source_time_text(motion_ns[i], when[i]);
        source_time_text(position_ns[i], when[2 + i]);
    }
    snprintf(ret_error, SOURCE_ERROR_SIZE,
             "%.150s: motion from %.24s to %.24s, positions from %.24s to %.24s: they do not overlap. If the motion file "
             "has its own clock, give the time of its zero with --start",
             found->motion_path, when[0], when[1], when[2], when[3]);
    return ROAD_BAD_INPUT;
}

static enum road_status check_files(const char *folder, const struct found *found, char *ret_error)
{
    if (found->motions == 1 && found->positions == 1)
        return ROAD_OK;
    snprintf(ret_error, SOURCE_ERROR_SIZE, "%.200s: this folder holds %zu motion files and %zu %s files: give one of each",
             folder, found->motions, found->positions, found->position ? found->position->name : "position");
    return ROAD_BAD_INPUT;
}

enum road_status source_open_pair(const char *folder, const struct recording_config *config, struct source **ret_source,
                                  char *ret_error)
{
    struct found found;
    struct pair *pair = calloc(1, sizeof *pair);

    if (!pair) {
        snprintf(ret_error, SOURCE_ERROR_SIZE, "%.200s: %s", folder, road_status_sentence(ROAD_NO_MEMORY));
        return ROAD_NO_MEMORY;
    }
    pair->base.calls = &calls;
    pair->motion.event.kind = pair->position.event.kind = SOURCE_IDLE;
    look_into(folder, &found);
    enum road_status status = check_files(folder, &found, ret_error);
    if (!status)
        status = check_clocks(&found, config, ret_error);
    if (!status)
        status = format_open(found.motion, found.motion_path, config, &pair->motion.source, ret_error);
    if (!status)
        status = format_open(found.position, found.position_path, config, &pair->position.source, ret_error);
    if (status) {
        pair_close(&pair->base);
        return status;
    }
    *ret_source = &pair->base;
    return ROAD_OK;
}
