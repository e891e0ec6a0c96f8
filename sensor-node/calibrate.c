/* calibrate.c - `roadchief calibrate PATH --iri M_PER_KM`: the recording through the node as `detect` does it, its ride at
 * a gain of 1 against the IRI that is known. */
#include "sensor-node/calibrate.h"

#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "sensor-node/motion/ride.h"
#include "sensor-node/motion/ride_calibrate.h"
#include "sensor-node/reason_text.h"
#include "sensor-node/source.h"

#define IRI_LEAST 0.3 /* m/km: nobody builds smoother, and a gravel track is no reference */
#define IRI_MOST  20.0
#define KMH       3.6
#define START_NS  INT64_C(1600000000000000000) /* of a recording with a clock of its own; nothing rests on it */

struct calibrate {
    const char *path;
    double iri, from_s, to_s; /* since the recording's first event */
    bool is_json, is_begun;
    int64_t first_ns;
    struct ride_pieces pieces;
};

static void take_batches(struct calibrate *c, struct node_core *core)
{
    const int64_t from_ns = c->first_ns + llround(c->from_s * 1e9), to_ns = c->first_ns + llround(c->to_s * 1e9);
    const struct batch *batch;

    while ((batch = node_core_take(core)))
        ride_pieces_batch(&c->pieces, batch, c->iri, from_ns, to_ns);
}

static enum road_status hand_on(struct node_core *core, const struct source_event *event)
{
    return event->kind == SOURCE_FIX ? node_core_fix(core, &event->fix) : node_core_motion(core, &event->motion);
}

static void feel(struct calibrate *c, const struct source_event *event, struct node_core *core)
{
    if (event->kind != SOURCE_FIX && event->kind != SOURCE_MOTION)
        return;
    if (!c->is_begun)
        c->first_ns = event->kind == SOURCE_FIX ? event->fix.time_ns : event->motion.time_ns;
    c->is_begun = true;
    if (hand_on(core, event) == ROAD_FULL) {
        take_batches(c, core);
        hand_on(core, event);
    }
    take_batches(c, core);
}

static enum road_status read_through(struct calibrate *c, struct source *source, struct node_core *core, char *ret_error)
{
    struct source_event event = {.kind = SOURCE_IDLE};

    while (event.kind != SOURCE_END) {
        const enum road_status status = source_next(source, &event, ret_error);
        if (status == ROAD_BAD_INPUT)
            continue; /* a row refused, as a node would */
        if (status != ROAD_OK)
            return status;
        feel(c, &event, core);
    }
    node_core_finish(core);
    take_batches(c, core);
    return ROAD_OK;
}

static void say_nothing_watched(const struct calibrate *c, const struct node_core *core, char *ret_error)
{
    const struct node_core_stats s = node_core_stats(core);
    char unwatched[REASONS_TEXT_SIZE], unplaced[REASONS_TEXT_SIZE];

    unwatched_json(s.unwatched_by_s, unwatched);
    unplaced_json(s.unplaced_by_m, unplaced);
    snprintf(ret_error, SOURCE_ERROR_SIZE,
             "%.120s: not 20 m of it were watched above 15 km/h and within --speed, --from and --to (not watched, s: %.120s; not placed, m: %.120s)",
             c->path, unwatched, unplaced);
}

static enum road_status calibrate(struct calibrate *c, struct ride_calibration *ret_calibration, char *ret_error)
{
    struct node_core_config config;
    struct node_core *core = NULL;
    struct source *source = NULL;

    node_core_config_default(&config);
    config.ride_gain = 1;
    source_find_zone(c->path, START_NS, &config.zone);
    enum road_status status = source_open_recording(c->path, START_NS, -1, 0, &source, ret_error);
    if (status == ROAD_OK)
        status = node_core_new(&config, 1, &core);
    if (status == ROAD_OK)
        status = read_through(c, source, core, ret_error);
    if (status == ROAD_OK) {
        status = ride_calibrate(&c->pieces, ret_calibration);
        if (status == ROAD_NOT_FOUND)
            say_nothing_watched(c, core, ret_error);
    }
    node_core_free(core);
    source_close(source);
    return status;
}

static void say_warnings(const struct ride_calibration *r)
{
    if (r->warnings & RIDE_FEW_PIECES)
        fputs("warning: fewer than 500 m: drive the stretch again, or a longer one\n", stderr);
    if (r->warnings & RIDE_NARROW_SPEEDS)
        fputs("warning: nearly one speed: what the vehicle tells at others is taken on trust; drive it at 30 and at 50 km/h too\n", stderr);
    if (r->warnings & RIDE_WIDE_SPREAD)
        fputs("warning: the pieces differ much: is all of it the stretch whose IRI is known? --from and --to cut it out\n", stderr);
    if (r->warnings & RIDE_BEYOND)
        fprintf(stderr, "warning: a node takes ride_gain from %g to %g only: is the IRI in m/km?\n", RIDE_GAIN_MIN, RIDE_GAIN_MAX);
}

static void tell(const struct calibrate *c, const struct ride_calibration *r)
{
    const double way_m = (double)r->n_pieces * RIDE_PIECE_M;

    if (c->is_json)
        printf("{\"ride_gain\":%.4g,\"sigma\":%.2g,\"spread\":%.3f,\"iri\":%g,\"pieces\":%zu,\"left_out\":%zu,\"metres\":%.0f,"
               "\"speed_kmh\":[%.1f,%.1f,%.1f],\"few_pieces\":%s,\"narrow_speeds\":%s,\"wide_spread\":%s,\"beyond\":%s}\n",
               r->gain, r->gain_sigma, r->spread, c->iri, r->n_pieces, r->n_left_out, way_m, r->speed_low_mps * KMH,
               r->speed_mps * KMH, r->speed_high_mps * KMH, r->warnings & RIDE_FEW_PIECES ? "true" : "false",
               r->warnings & RIDE_NARROW_SPEEDS ? "true" : "false", r->warnings & RIDE_WIDE_SPREAD ? "true" : "false",
               r->warnings & RIDE_BEYOND ? "true" : "false");
    else
        printf("ride_gain = %.4g\n# +- %.2g (1 sigma of the mean); single pieces of %d m differ by %.0f %%; %zu pieces, %.0f m, %zu left out\n"
               "# speeds %.0f to %.0f km/h, half below %.0f\n",
               r->gain, r->gain_sigma, RIDE_PIECE_M, 100 * (r->spread - 1), r->n_pieces, way_m, r->n_left_out,
               r->speed_low_mps * KMH, r->speed_high_mps * KMH, r->speed_mps * KMH);
    fflush(stdout);
    say_warnings(r);
}

static void print_help(void)
{
    puts("roadchief calibrate - how much of the road this vehicle and mount feel: the ride_gain of its node.conf\n\n"
         "usage: roadchief calibrate PATH --iri M_PER_KM [--speed LOW-HIGH] [--from S] [--to S] [--json]\n\n"
         "PATH is a recording as for `roadchief detect`, driven over road whose IRI is known: from a profiler, or told by a\n"
         "vehicle that was calibrated. 500 m or more, at 30, 40 and 50 km/h, without stops, sensor mounted as it will be.\n\n"
         "  --iri M_PER_KM    IRI of the stretch, mean of both wheel tracks, 0.3 to 20\n"
         "  --speed LOW-HIGH  only what was driven at these speeds, km/h\n"
         "  --from, --to S    only these seconds of the recording: the stretch itself\n"
         "  --json            one JSON object\n\n"
         "Exit status 1: nothing was watched, or the recording cannot be read.");
}

static bool read_number(const char *text, double low, double high, double *ret_value)
{
    char *end;
    const double value = strtod(text, &end);

    if (end == text || *end || !(value >= low && value <= high))
        return false;
    *ret_value = value;
    return true;
}

static bool read_speeds(const char *text, struct ride_pieces *pieces)
{
    double low, high;
    char rest;

    if (sscanf(text, "%lf-%lf%c", &low, &high, &rest) != 2 || !(low >= 0 && high > low && high <= 200))
        return false;
    pieces->speed_low_mps = low / KMH;
    pieces->speed_high_mps = high / KMH;
    return true;
}

static bool read_option(int option, struct calibrate *c)
{
    switch (option) {
    case 'i':
        return read_number(optarg, IRI_LEAST, IRI_MOST, &c->iri);
    case 's':
        return read_speeds(optarg, &c->pieces);
    case 'f':
        return read_number(optarg, 0, 1e6, &c->from_s);
    case 't':
        return read_number(optarg, 0, 1e6, &c->to_s);
    case 'j':
        c->is_json = true;
        return true;
    }
    return false;
}

/* Exit status to end with at once, or -1 to go on. */
static int read_options(int argc, char **argv, struct calibrate *c)
{
    static const struct option options[] = {{"iri", 1, NULL, 'i'}, {"speed", 1, NULL, 's'}, {"from", 1, NULL, 'f'}, {"to", 1, NULL, 't'},
                                            {"json", 0, NULL, 'j'}, {"help", 0, NULL, 'h'}, {NULL, 0, NULL, 0}};
    int option;

    optind = 1;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 'h') {
            print_help();
            return 0;
        }
        if (!read_option(option, c)) {
            fputs("roadchief calibrate: --iri takes 0.3 to 20 m/km, --speed LOW-HIGH in km/h, --from and --to seconds; --help tells more\n", stderr);
            return 2;
        }
    }
    if (optind != argc - 1 || c->iri == 0) {
        fputs("roadchief calibrate: give one recording and --iri M_PER_KM; --help tells more\n", stderr);
        return 2;
    }
    c->path = argv[optind];
    return -1;
}

int calibrate_run(int argc, char **argv)
{
    struct calibrate *c = calloc(1, sizeof *c);
    struct ride_calibration r;
    char error[SOURCE_ERROR_SIZE] = "";

    if (!c)
        return 1;
    c->to_s = 1e6;
    int exit_status = read_options(argc, argv, c);
    if (exit_status < 0) {
        const enum road_status status = calibrate(c, &r, error);
        exit_status = status != ROAD_OK;
        if (status == ROAD_OK)
            tell(c, &r);
        else
            fprintf(stderr, "roadchief calibrate: %s\n", *error ? error : road_status_sentence(status));
    }
    free(c);
    return exit_status;
}
