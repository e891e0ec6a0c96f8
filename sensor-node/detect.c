/* detect.c - `roadchief detect PATH`: what a node would find on a recording, without any network. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sensor-node/detect.h"
#include "sensor-node/detect_clip.h"
#include "sensor-node/detect_image.h"
#include "sensor-node/detect_positions.h"
#include "sensor-node/detect_put.h"
#include "sensor-node/detect_summary.h"
#include "sensor-node/drives.h"
#include "sensor-node/source_formats.h"

#define REFUSED_SHOWN 10

struct detect {
    const char *path, *start;
    int meridian_deg; /* -1 = the one nearest to the drive */
    int64_t start_ns;
    struct put put;
    struct tally tally;
};

static enum road_status hand_on(struct node_core *core, const struct source_event *event)
{
    return event->kind == SOURCE_FIX ? node_core_fix(core, &event->fix) : node_core_motion(core, &event->motion);
}

static void take_batches(struct detect *d, struct node_core *core)
{
    const struct batch *batch;

    while ((batch = node_core_take(core))) {
        tally_batch(&d->tally, batch);
        put_batch(&d->put, batch);
    }
}

static enum road_status read_through(struct detect *d, struct source *source, struct node_core *core, char *ret_error)
{
    struct source_event event = {.kind = SOURCE_IDLE};
    uint64_t refused = 0;

    for (;;) {
        const enum road_status status = source_next(source, &event, ret_error);
        if (status == ROAD_BAD_INPUT) {
            if (refused++ < REFUSED_SHOWN)
                fprintf(stderr, "row refused: %s\n", ret_error);
            continue;
        }
        if (status != ROAD_OK)
            return status;
        if (event.kind == SOURCE_END)
            break;
        tally_event(&d->tally, &event);
        if (hand_on(core, &event) == ROAD_FULL) {
            take_batches(d, core);
            hand_on(core, &event);
        }
        take_batches(d, core);
    }
    node_core_finish(core);
    take_batches(d, core);
    return ROAD_OK;
}

static enum road_status find_start(struct detect *d, char *ret_error)
{
    double duration_s;
    struct timespec now;

    if (d->start) {
        const enum road_status status = time_parse(d->start, &d->start_ns);
        if (status != ROAD_OK)
            snprintf(ret_error, SOURCE_ERROR_SIZE, "--start '%.60s' is no time like 2026-11-23T07:41:00Z", d->start);
        return status;
    }
    const enum road_status status = source_duration(d->path, &duration_s, ret_error);
    clock_gettime(CLOCK_REALTIME, &now);
    if (status == ROAD_OK)
        d->start_ns = ((int64_t)now.tv_sec - (int64_t)ceil(duration_s)) * 1000000000;
    return status;
}

static void tell(const struct detect *d, const struct source *source, const struct node_core *core)
{
    char members[SUMMARY_SIZE];

    summary_json(&d->tally, source, core, d->put.zone.meridian_deg, members);
    put_summary(&d->put, members);
    fflush(stdout);
    summary_words(&d->tally, source, core);
}

static enum road_status feel(struct detect *d, struct source *source, char *ret_error)
{
    struct node_core_config config;
    struct node_core *core = NULL;

    node_core_config_default(&config);
    config.zone = d->put.zone;
    snprintf(ret_error, SOURCE_ERROR_SIZE, "%.200s: the detector cannot be set up", d->path);
    enum road_status status = node_core_new(&config, 1, &core);
    if (status != ROAD_OK)
        return status;
    put_start(&d->put);
    status = read_through(d, source, core, ret_error);
    if (status == ROAD_OK)
        tell(d, source, core);
    node_core_free(core);
    return status;
}

/* Positions alone: where somebody was, in stretches without a hole, and that nothing was watched there. */
static enum road_status follow(struct detect *d, struct source *source, char *ret_error)
{
    put_start(&d->put);
    const enum road_status status = positions_follow(source, &d->put, &d->tally, ret_error);
    if (status == ROAD_OK)
        tell(d, source, NULL);
    return status;
}

static enum road_status detect(struct detect *d, const struct source_format *format, char *ret_error)
{
    struct source *source = NULL;
    enum road_status status = find_start(d, ret_error);

    if (status != ROAD_OK)
        return status;
    d->put.zone = (struct grid_zone){120, false};
    if (d->meridian_deg >= 0)
        d->put.zone.meridian_deg = d->meridian_deg;
    else
        source_find_zone(d->path, d->start_ns, &d->put.zone);
    status = source_open_recording(d->path, d->start_ns, -1, 0, &source, ret_error);
    if (status != ROAD_OK)
        return status;
    if (d->start)
        source_move_to(source, d->start_ns);
    status = format->role == FORMAT_POSITIONS ? follow(d, source, ret_error) : feel(d, source, ret_error);
    source_close(source);
    return status;
}

static void print_help(FILE *out)
{
    fputs("roadchief detect - what a node would find on a recording, without any network\n\n"
          "usage: roadchief detect PATH [--start TIME] [--json | --geojson] [--meridian DEG]\n\n"
          "PATH is one of these, known by its content, whatever it is called:\n\n",
          out);
    for (const struct source_format *f = source_formats; f->name; f++)
        fprintf(out, "  %-14s %s\n%17s%s\n", f->name, f->what, "$ ", f->example);
    fputs("  image          jpg or png: whether the frame could be watched; there is no camera detector yet\n\n"
          "Standard output: passes, detections and features as found, a summary at the end. Standard error: what was read,\n"
          "rows that were refused (file, line, reason), and what was watched, not placed and not watched, with the reasons.\n"
          "A clip of one event has neither time nor place: its class and probabilities are told, and nothing is placed.\n"
          "docs/recordings.md tells more of each format.\n\n"
          "  --json           one JSON object a line (the default)\n"
          "  --geojson        one GeoJSON FeatureCollection\n"
          "  --start TIME     RFC 3339 time of the recording's zero (phyphox, plain CSV; default: now - its duration); one\n"
          "                   that holds UTC is moved so that it begins there (default: as it was recorded)\n"
          "  --meridian DEG   central meridian; default: the one nearest to the drive\n",
          out);
}

/* Exit status to end with at once, or -1 to go on. */
static int read_options(int argc, char **argv, struct detect *d)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0) {
            print_help(stdout);
            return 0;
        }
        if (strcmp(argv[i], "--geojson") == 0 || strcmp(argv[i], "--json") == 0) {
            d->put.is_geojson = argv[i][2] == 'g';
        } else if (strcmp(argv[i], "--start") == 0 && i + 1 < argc) {
            d->start = argv[++i];
        } else if (strcmp(argv[i], "--meridian") == 0 && i + 1 < argc) {
            char *end;
            const long value = strtol(argv[++i], &end, 10);
            d->meridian_deg = *end || value < 0 || value > 357 || value % 3 != 0 ? -2 : (int)value;
        } else if (*argv[i] != '-' && !d->path) {
            d->path = argv[i];
        } else {
            fprintf(stderr, "roadchief detect: '%s' is not an option; --help tells more\n", argv[i]);
            return 2;
        }
    }
    if (d->meridian_deg == -2)
        fputs("roadchief detect: --meridian takes a multiple of 3 from 0 to 357\n", stderr);
    if (!d->path)
        fputs("roadchief detect: give a recording; --help tells more\n", stderr);
    return d->path && d->meridian_deg != -2 ? -1 : 2;
}

int detect_run(int argc, char **argv)
{
    struct detect d = {.meridian_deg = -1};
    const struct source_format *format = NULL;
    char error[SOURCE_ERROR_SIZE] = "";

    const int done = read_options(argc, argv, &d);
    if (done >= 0)
        return done;
    if (is_image_path(d.path))
        return detect_image(d.path);
    enum road_status status = format_find(d.path, &format, error);
    if (status == ROAD_OK && format->role == FORMAT_CLIP)
        return clip_tell(d.path);
    if (status == ROAD_OK)
        status = detect(&d, format, error);
    if (status != ROAD_OK)
        fprintf(stderr, "roadchief detect: %s\n", *error ? error : road_status_sentence(status));
    return status != ROAD_OK;
}
