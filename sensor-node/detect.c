/* detect.c - `roadchief detect PATH`: what a node would find on a recording, without any network. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sensor-node/core.h"
#include "sensor-node/detect.h"
#include "sensor-node/detect_image.h"
#include "sensor-node/drives.h"
#include "sensor-node/source.h"

#define REFUSED_SHOWN 10
#define SIGMA_TRUSTED_M 100 /* a first fix worse than this may lie in another zone */

struct detect {
    const char *path, *start;
    int meridian_deg; /* -1 = the one nearest to the drive */
    bool is_geojson;
    struct grid_zone zone;
    int64_t start_ns;
    uint64_t features; /* written */
};

static char *time_text(int64_t time_ns, char ret_text[40])
{
    const time_t second = (time_t)(time_ns / 1000000000);
    struct tm utc;

    if (!gmtime_r(&second, &utc) || strftime(ret_text, 24, "%Y-%m-%dT%H:%M:%S", &utc) == 0)
        strcpy(ret_text, "");
    const size_t used = strlen(ret_text);
    snprintf(ret_text + used, 40 - used, ".%03dZ", (int)(time_ns / 1000000 % 1000));
    return ret_text;
}

static void put_position(const struct detect *d, struct grid_point at)
{
    double lat_deg = 0, lon_deg = 0;

    grid_unproject(d->zone, at, &lat_deg, &lon_deg);
    printf("[%.8f,%.8f]", lon_deg, lat_deg);
}

static const char *side_name(enum wheel_side side)
{
    static const char *const names[] = {"unknown", "left", "right", "both"};

    return names[side];
}

static void put_detection_facts(const struct detection *f, const struct batch *batch)
{
    static const char *const severities[] = {"none", "low", "medium", "high"};
    const struct defect_type *type = catalogue_type(f->type);
    struct cell cell = {0};
    char time[40], text[CELL_TEXT_SIZE] = "";

    if (cell_from_point(batch->zone, f->at, 0, &cell) == ROAD_OK)
        cell_format(cell, text);
    printf("\"kind\":\"detection\",\"batch\":%" PRIu64 ",\"time\":\"%s\",\"type\":\"%s\",\"severity\":\"%s\","
           "\"confidence\":%.3f,\"size\":%.3f,\"size_sigma\":%.3f,\"unit\":\"%s\",\"heading_deg\":%.2f,"
           "\"speed_mps\":%.2f,\"side\":\"%s\",\"cov_ee_m2\":%.4f,\"cov_en_m2\":%.4f,\"cov_nn_m2\":%.4f,\"cell\":\"%s\"",
           batch->seq, time_text(f->time_ns, time), type ? type->code : "unknown", severities[f->severity],
           f->confidence_permille / 1000., f->size_milli / 1000., f->size_sigma_milli / 1000., type ? type->unit : "",
           f->heading_cdeg / 100., f->speed_cmps / 100., side_name(f->side), f->cov_ee_cm2 / 1e4, f->cov_en_cm2 / 1e4,
           f->cov_nn_cm2 / 1e4, text);
}

static void put_pass_facts(const struct pass *p, const struct batch *batch)
{
    static const char *const classes[] = {"rtk", "sbas", "consumer", "phone"};
    const struct pass_point *first = &p->points[0], *last = &p->points[p->n_points - 1];
    double sigma_cm = 0, iri = 0;
    size_t rated = 0;
    char from[40], to[40];

    for (size_t i = 0; i < p->n_points; i++) {
        sigma_cm = fmax(sigma_cm, p->points[i].sigma_cm);
        rated += p->points[i].iri_centi != IRI_UNKNOWN;
        iri += p->points[i].iri_centi != IRI_UNKNOWN ? p->points[i].iri_centi / 100. : 0;
    }
    printf("\"kind\":\"pass\",\"batch\":%" PRIu64 ",\"from\":\"%s\",\"to\":\"%s\",\"sensor\":\"%s\",\"gnss\":\"%s\","
           "\"half_track_m\":%.3f,\"sigma_m_max\":%.2f,\"iri_mean\":",
           batch->seq, time_text(first->time_ns, from), time_text(last->time_ns, to),
           p->sensor == SENSE_CAMERA ? "camera" : "motion", classes[p->gnss], p->half_track_mm / 1000., sigma_cm / 100);
    if (rated > 0)
        printf("%.2f", iri / (double)rated);
    else
        fputs("null", stdout);
}

static void begin_feature(struct detect *d)
{
    if (d->is_geojson)
        fputs(d->features ? ",\n{\"type\":\"Feature\",\"properties\":{" : "{\"type\":\"Feature\",\"properties\":{", stdout);
    else
        putchar('{');
    d->features++;
}

/* GeoJSON wants the geometry beside the properties; a JSON line has it among them. */
static void begin_geometry(const struct detect *d, const char *type)
{
    printf(d->is_geojson ? "},\"geometry\":{\"type\":\"%s\",\"coordinates\":" : ",\"geometry\":{\"type\":\"%s\",\"coordinates\":",
           type);
}

static void end_feature(const struct detect *d)
{
    fputs(d->is_geojson ? "}}" : "}}\n", stdout);
}

static void put_pass(struct detect *d, const struct pass *p, const struct batch *batch)
{
    if (p->n_points < 2)
        return; /* no line */
    begin_feature(d);
    put_pass_facts(p, batch);
    begin_geometry(d, "LineString");
    for (size_t i = 0; i < p->n_points; i++) {
        putchar(i ? ',' : '[');
        put_position(d, p->points[i].at);
    }
    putchar(']');
    end_feature(d);
}

static void put_batches(struct detect *d, struct node_core *core)
{
    const struct batch *batch;

    while ((batch = node_core_take(core))) {
        for (size_t i = 0; i < batch->n_passes; i++)
            put_pass(d, &batch->passes[i], batch);
        for (size_t i = 0; i < batch->n_detections; i++) {
            begin_feature(d);
            put_detection_facts(&batch->detections[i], batch);
            begin_geometry(d, "Point");
            put_position(d, batch->detections[i].at);
            end_feature(d);
        }
    }
}

/* The zone of the first fix that can be trusted; false if the recording has none. */
static bool find_zone(const struct detect *d, struct grid_zone *ret_zone)
{
    struct source *source;
    struct source_event event = {.kind = SOURCE_IDLE};
    char error[SOURCE_ERROR_SIZE];
    bool is_found = false;

    if (source_open_recording(d->path, d->start_ns, -1, 0, &source, error) != ROAD_OK)
        return false;
    while (!is_found && event.kind != SOURCE_END) {
        const enum road_status status = source_next(source, &event, error);
        if (status != ROAD_OK && status != ROAD_BAD_INPUT)
            break;
        is_found = status == ROAD_OK && event.kind == SOURCE_FIX && event.fix.sigma_m <= SIGMA_TRUSTED_M;
    }
    if (is_found)
        *ret_zone = grid_zone_nearest(event.fix.lat_deg, event.fix.lon_deg);
    source_close(source);
    return is_found;
}

static enum road_status hand_on(struct node_core *core, const struct source_event *event)
{
    return event->kind == SOURCE_FIX ? node_core_fix(core, &event->fix) : node_core_motion(core, &event->motion);
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
        if (hand_on(core, &event) == ROAD_FULL) {
            put_batches(d, core);
            hand_on(core, &event);
        }
        put_batches(d, core);
    }
    node_core_finish(core);
    put_batches(d, core);
    return ROAD_OK;
}

/* The sum at the end: in GeoJSON a foreign member of the collection (RFC 7946, 6.1), else a last line. */
static void put_summary(const struct detect *d, const struct node_core *core, const struct source *source)
{
    const struct node_core_stats s = node_core_stats(core);
    const struct source_stats rows = source_stats(source);
    char start[40], unwatched[REASONS_TEXT_SIZE], unplaced[REASONS_TEXT_SIZE];

    unwatched_json(s.unwatched_by_s, unwatched);
    unplaced_json(s.unplaced_by_m, unplaced);
    fputs(d->is_geojson ? "\n],\"summary\":{" : "{\"kind\":\"summary\",", stdout);
    printf("\"start\":\"%s\",\"meridian_deg\":%d,\"rows\":%" PRIu64 ",\"rows_refused\":%" PRIu64 ",\"samples\":%" PRIu64
           ",\"samples_refused\":%" PRIu64 ",\"fixes\":%" PRIu64 ",\"fixes_refused\":%" PRIu64
           ",\"distance_m\":%.1f,\"unplaced_m\":%.1f,\"unwatched_s\":%.1f,\"unwatched_by_s\":%s,\"unplaced_by_m\":%s,\"detections\":%" PRIu64 ",\"look_alikes\":%" PRIu64,
           time_text(d->start_ns, start), d->zone.meridian_deg, rows.rows, rows.rows_refused, s.samples, s.samples_refused,
           s.fixes, s.fixes_refused, s.distance_m, s.unplaced_m, s.unwatched_s, unwatched, unplaced, s.detections, s.look_alikes);
    fputs(d->is_geojson ? "}}\n" : "}\n", stdout);
    if (s.fixes == 0)
        fputs("no position in the whole recording: nothing of it can be placed on the map\n", stderr);
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

static enum road_status detect(struct detect *d, char *ret_error)
{
    struct node_core_config config;
    struct node_core *core = NULL;
    struct source *source = NULL;
    enum road_status status = find_start(d, ret_error);

    if (status != ROAD_OK)
        return status;
    node_core_config_default(&config);
    if (d->meridian_deg >= 0)
        config.zone.meridian_deg = d->meridian_deg;
    else
        find_zone(d, &config.zone);
    d->zone = config.zone;
    status = source_open_recording(d->path, d->start_ns, -1, 0, &source, ret_error);
    if (status != ROAD_OK)
        return status;
    snprintf(ret_error, SOURCE_ERROR_SIZE, "%.200s: the detector cannot be set up", d->path);
    status = node_core_new(&config, 1, &core);
    if (status == ROAD_OK) {
        if (d->is_geojson)
            puts("{\"type\":\"FeatureCollection\",\"features\":[");
        status = read_through(d, source, core, ret_error);
    }
    if (status == ROAD_OK)
        put_summary(d, core, source);
    node_core_free(core);
    source_close(source);
    return status;
}

static void print_help(FILE *out)
{
    fputs("roadchief detect - what a node would find on a recording, without any network\n\n"
          "usage: roadchief detect PATH [--start TIME] [--json | --geojson] [--meridian DEG]\n\n"
          "PATH is a phyphox export folder or a plain CSV (time_s,ax_mps2,ay_mps2,az_mps2,gx_radps,gy_radps,gz_radps,\n"
          "lat_deg,lon_deg,speed_mps). Rows that are refused are told on standard error. Of an image (jpg, png) it says whether the\n"
          "frame is good enough to count as watched; there is no camera detector yet.\n\n"
          "  --json           one JSON object a line: passes, detections, a summary at the end (the default)\n"
          "  --geojson        one GeoJSON FeatureCollection\n"
          "  --start TIME     RFC 3339 time of the recording's zero; default: now - its duration\n"
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
            d->is_geojson = argv[i][2] == 'g';
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
    char error[SOURCE_ERROR_SIZE] = "";

    const int done = read_options(argc, argv, &d);
    if (done >= 0)
        return done;
    if (is_image_path(d.path))
        return detect_image(d.path);
    const enum road_status status = detect(&d, error);
    if (status != ROAD_OK)
        fprintf(stderr, "roadchief detect: %s\n", *error ? error : road_status_sentence(status));
    return status != ROAD_OK;
}
