#include "tests/sim/simulate.h"

#include <errno.h>
#include <math.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "tests/sim/city/verb.h"
#include "tests/sim/output.h"
#include "tests/sim/recording.h"
#include "tests/sim/reference.h"

#define DRIVE_GAP_S (2 * 3600 + 731) /* between a vehicle's drives: another hour, other satellites */

struct simulation {
    const struct simulate_options *options;
    struct sim_district district;
    json_t *crossings[SIM_PLACED_MAX];
    json_t *vehicles;
    FILE *truth; /* crossings.csv */
    double total_m;
    int64_t start_s;
};

void simulate_options_default(struct simulate_options *ret_options)
{
    *ret_options = (struct simulate_options){.seed = 1, .rounds = 2, .block_m = 170, .vehicles = 8,
                                             .lat_deg = 30.2741, .lon_deg = 120.1636, .defects_per_km = 5,
                                             .look_alikes_per_km = 5};
}

static bool write_json(const char *folder, const char *name, json_t *value)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    const bool is_written = json_dump_file(value, path, JSON_INDENT(1) | JSON_REAL_PRECISION(12)) == 0;

    json_decref(value);
    if (!is_written)
        fprintf(stderr, "simulate: cannot write %s: %s\n", path, strerror(errno));
    return is_written;
}

static void keep_wheel(struct simulation *s, const struct sim_crossing *c, const char *vehicle, int drive, double start_s,
                       const char *side)
{
    char when[32];

    sim_format_time(start_s + c->time_s, when);
    s->district.placed[c->placed].wheel_crossings++;
    json_array_append_new(s->crossings[c->placed], json_pack("{s:s,s:i,s:s,s:s}", "vehicle", vehicle, "drive", drive, "time",
                                                             when, "side", side));
}

static void keep_crossings(struct simulation *s, const struct sim_vehicle *v, int drive, double start_s,
                           const struct sim_drive_result *result)
{
    for (int i = 0; i < result->n_crossings; i++) {
        const struct sim_crossing *c = &result->crossings[i];
        if (c->event != SIM_PASSING)
            continue;
        if (c->left >= SIM_OVERLAP_CROSSES)
            keep_wheel(s, c, v->name, drive, start_s, "left");
        if (c->right >= SIM_OVERLAP_CROSSES)
            keep_wheel(s, c, v->name, drive, start_s, "right");
    }
}

/* Drives once round and writes the recording to `path`. */
static bool record(struct simulation *s, const struct sim_vehicle *v, uint64_t seed, double start_s, const char *path,
                   struct sim_drive_result *ret_result)
{
    struct sim_recording recording = {.start_s = start_s};
    struct sim_route route;
    bool is_good = false;

    if (!sim_route_init(&route, &s->district, seed ^ 0x5EED)) {
        fprintf(stderr, "simulate: no round through the district\n");
        return false;
    }
    recording.csv = fopen(path, "w");
    if (recording.csv) {
        const struct sim_sink sink = sim_recording_sink(&recording);
        is_good = sim_drive(&s->district, &route, v, seed, start_s, &sink, ret_result) && !ferror(recording.csv);
        is_good = fclose(recording.csv) == 0 && is_good;
    }
    sim_route_done(&route);
    if (!is_good)
        fprintf(stderr, "simulate: cannot write %s: %s\n", path, strerror(errno));
    return is_good;
}

static bool make_drive(struct simulation *s, const struct sim_vehicle *v, int vehicle, int drive, json_t *drives)
{
    const struct simulate_options *o = s->options;
    const uint64_t seed = o->seed * 1000003u + (uint64_t)(vehicle * 64 + drive + 1);
    const double start_s = (double)s->start_s + drive * DRIVE_GAP_S + vehicle * 97;
    struct sim_drive_result result;
    char name[NAME_SIZE + 16], path[4096], when[32];

    snprintf(name, sizeof name, "%.32s-%d", v->name, drive + 1);
    snprintf(path, sizeof path, "%s/%s.csv", o->out, name);
    if (!record(s, v, seed, start_s, path, &result))
        return false;
    keep_crossings(s, v, drive, start_s, &result);
    sim_crossings_write(s->truth, &s->district, name, v, &result);
    s->total_m += result.distance_m;
    sim_format_time(start_s, when);
    json_array_append_new(drives, json_pack("{s:o,s:s,s:f,s:f}", "file", json_sprintf("%s.csv", name), "start", when,
                                            "distance_m", result.distance_m, "duration_s", result.duration_s));
    if (!o->is_quiet)
        printf("%s.csv  %.2f km, %.0f s\n", name, result.distance_m / 1000, result.duration_s);
    sim_drive_result_done(&result);
    return true;
}

/* The next vehicle of the demo's fleet or of the course's; false when there are no more. */
static bool next_vehicle(const struct simulate_options *o, int index, struct sim_vehicle *ret_vehicle)
{
    if (o->is_course && index < o->vehicles)
        *ret_vehicle = sim_vehicle_draw(o->seed, index);
    else if (o->is_course || !sim_fleet_vehicle(index, ret_vehicle))
        return false;
    if (o->sample_hz > 0)
        ret_vehicle->imu.rate_hz = o->sample_hz;
    return true;
}

/* Where nothing could be watched the gain stays at the installation's guess. */
static void calibrate(struct sim_reference *reference, struct sim_vehicle *v)
{
    struct ride_calibration c;

    if (sim_reference_calibrate(reference, v, &c) && !(c.warnings & RIDE_BEYOND))
        v->known.ride_gain = c.gain;
}

static bool drive_vehicle(struct simulation *s, const struct sim_vehicle *v, int vehicle)
{
    json_t *row = sim_vehicle_json(v);

    json_array_append_new(s->vehicles, row);
    for (int drive = 0; drive < s->options->rounds; drive++)
        if (!make_drive(s, v, vehicle, drive, json_object_get(row, "drives")))
            return false;
    return true;
}

static bool drive_all(struct simulation *s)
{
    struct sim_reference *reference = sim_reference_new(SIM_REFERENCE_SEED);
    struct sim_vehicle v;
    bool is_good = reference != NULL;

    for (int vehicle = 0; is_good && next_vehicle(s->options, vehicle, &v); vehicle++) {
        calibrate(reference, &v);
        is_good = drive_vehicle(s, &v, vehicle);
    }
    sim_reference_free(reference);
    return is_good;
}

static bool make_all(struct simulation *s)
{
    const struct simulate_options *o = s->options;
    char path[4096];

    snprintf(path, sizeof path, "%s/crossings.csv", o->out);
    s->truth = fopen(path, "w");
    if (s->truth)
        sim_crossings_header(s->truth);
    bool is_good = s->truth && drive_all(s);
    is_good = s->truth && fclose(s->truth) == 0 && is_good;
    if (!is_good) {
        fprintf(stderr, "simulate: the drives are not complete\n");
        return false;
    }
    return write_json(o->out, "truth.geojson", sim_truth_json(&s->district, s->crossings)) &&
           write_json(o->out, "roads.geojson", sim_roads_json(&s->district)) &&
           write_json(o->out, "manifest.json",
                      json_pack("{s:I,s:{s:i,s:b},s:f,s:O}", "seed", (json_int_t)o->seed, "zone", "meridian_deg",
                                s->district.zone.meridian_deg, "is_south", s->district.zone.is_south, "total_km",
                                s->total_m / 1000, "vehicles", s->vehicles));
}

/* Whole hours, so that the last drive is over by now: a gateway refuses what lies in the future or is months old. */
static int64_t recent_start_s(int rounds)
{
    return time(NULL) / 3600 * 3600 - (int64_t)rounds * DRIVE_GAP_S;
}

/* The folder and the district in it; 0 or 1. */
static int make_district(const struct simulate_options *o, struct sim_district *ret_district)
{
    const struct grid_zone zone = grid_zone_nearest(o->lat_deg, o->lon_deg);

    if (mkdir(o->out, 0755) != 0 && errno != EEXIST) {
        fprintf(stderr, "simulate: cannot make %s: %s\n", o->out, strerror(errno));
        return 1;
    }
    const struct sim_course course = {o->lat_deg, o->lon_deg, o->block_m, o->defects_per_km,
                                      o->look_alikes_per_km, 0.25};
    const bool is_good = o->is_course ? sim_course_init(ret_district, &course, o->seed)
                                      : sim_district_init(ret_district, zone, o->lat_deg, o->lon_deg, o->block_m, o->seed);
    if (!is_good) {
        fprintf(stderr, "simulate: no memory for the district, or a place outside the grid\n");
        return 1;
    }
    return 0;
}

int simulate_place(const struct simulate_options *options)
{
    struct sim_district district;

    if (make_district(options, &district) != 0)
        return 1;
    json_t *crossings[SIM_PLACED_MAX];
    for (int i = 0; i < district.n_placed; i++)
        crossings[i] = json_array();
    const bool is_good = write_json(options->out, "roads.geojson", sim_roads_json(&district)) &&
                         write_json(options->out, "truth.geojson", sim_truth_json(&district, crossings));
    sim_district_done(&district);
    return is_good ? 0 : 1;
}

int simulate_district(const struct simulate_options *options)
{
    struct simulation s = {.options = options};
    s.start_s = options->start_s ? options->start_s : recent_start_s(options->rounds);
    if (make_district(options, &s.district) != 0)
        return 1;
    s.vehicles = json_array();
    for (int i = 0; i < s.district.n_placed; i++)
        s.crossings[i] = json_array();
    const bool is_good = make_all(&s);
    if (is_good && !options->is_quiet)
        printf("seed %llu: %d things placed, %.1f km driven, in %s\n", (unsigned long long)options->seed,
               s.district.n_placed, s.total_m / 1000, options->out);
    json_decref(s.vehicles);
    sim_district_done(&s.district);
    return is_good ? 0 : 1;
}

static void print_help(void)
{
    puts("usage: roadchief simulate --out DIR [--course] [--seed N] [--rounds N] [--vehicles N] [--hz RATE] [--block METRES]\n"
         "                          [--defects PER_KM] [--look-alikes PER_KM] [--at LAT,LON] [--start SECONDS] [--quiet]\n\n"
         "Makes a small district with known defects and drives five vehicles through it (two RTK, one SBAS, one\n"
         "consumer GPS, one phone); with --course the evaluation's longer one, every size and every vehicle drawn at random.\n"
         "Everything follows from the seed: below 1000 for training, from 1000 for evaluation.\n\n"
         "  --out DIR        where the files go: manifest.json, crossings.csv, truth.geojson, roads.geojson, NAME-K.csv\n"
         "  --course         12 streets of 1 km, ISO class A or B, every kind of defect and look-alike; a quarter without any\n"
         "  --seed N         default 1\n"
         "  --rounds N       drives of each vehicle, 1 to 50; each covers every lane once (default 2; of a course 1, 24 km)\n"
         "  --vehicles N     of a course, 1 to 50: classes, mounts and receivers take turns (default 8)\n"
         "  --hz RATE        samples a second, 50 to 1000 (default: 100; of a course each vehicle's own)\n"
         "  --block METRES   distance between crossings, 100 to 1000 (default 170, of a course 1000)\n"
         "  --defects, --look-alikes PER_KM   of a course, in each lane of a busy street, 0 to 20 (default 5 and 5)\n"
         "  --at LAT,LON     south-west corner (default 30.2741,120.1636)\n"
         "  --start SECONDS  UTC of the first drive, seconds since 1970 (default: so that the last one is just over)\n\n"
         "`roadchief simulate fleet --help`: a whole town with its fleet and its gateway, for days.\n"
         "Physics and what is left out: docs/simulator.md. What rests on it says so.");
}

static bool parse_number(const char *text, double low, double high, double *ret_value)
{
    char *end;
    const double value = strtod(text, &end);

    if (end == text || *end || !(value >= low && value <= high)) {
        fprintf(stderr, "simulate: '%s' is not a number from %g to %g\n", text, low, high);
        return false;
    }
    *ret_value = value;
    return true;
}

static bool parse_option(int option, struct simulate_options *o)
{
    double value;

    switch (option) {
    case 'o':
        o->out = optarg;
        return true;
    case 's':
        if (!parse_number(optarg, 0, 1e15, &value))
            return false;
        o->seed = (uint64_t)value;
        return true;
    case 'r':
        if (!parse_number(optarg, 1, 50, &value))
            return false;
        o->rounds = (int)value;
        return true;
    case 'c':
        o->is_course = true;
        return true;
    case 'v':
        if (!parse_number(optarg, 1, 50, &value))
            return false;
        o->vehicles = (int)value;
        return true;
    case 'd':
        return parse_number(optarg, 0, 20, &o->defects_per_km);
    case 'l':
        return parse_number(optarg, 0, 20, &o->look_alikes_per_km);
    case 'z':
        return parse_number(optarg, 50, 1000, &o->sample_hz);
    case 'b':
        return parse_number(optarg, 100, 1000, &o->block_m);
    case 'a':
        if (sscanf(optarg, "%lf,%lf", &o->lat_deg, &o->lon_deg) == 2 && isfinite(o->lat_deg) && isfinite(o->lon_deg))
            return true;
        fprintf(stderr, "simulate: --at wants LAT,LON in degrees\n");
        return false;
    case 't':
        if (!parse_number(optarg, 1, 4e9, &value))
            return false;
        o->start_s = (int64_t)value;
        return true;
    case 'q':
        o->is_quiet = 1;
        return true;
    }
    return false;
}

static int run_simulate(int argc, char **argv)
{
    static const struct option options[] = {{"out", 1, NULL, 'o'},  {"seed", 1, NULL, 's'}, {"rounds", 1, NULL, 'r'},
                                            {"course", 0, NULL, 'c'}, {"vehicles", 1, NULL, 'v'},
                                            {"defects", 1, NULL, 'd'}, {"look-alikes", 1, NULL, 'l'}, {"hz", 1, NULL, 'z'},   {"block", 1, NULL, 'b'}, {"at", 1, NULL, 'a'},
                                            {"start", 1, NULL, 't'}, {"quiet", 0, NULL, 'q'}, {"help", 0, NULL, 'h'}, {NULL, 0, NULL, 0}};
    struct simulate_options o;
    int option;

    if (argc > 1 && strcmp(argv[1], "fleet") == 0)
        return simulate_fleet(argc - 1, argv + 1);
    simulate_options_default(&o);
    o.rounds = 0;
    o.block_m = 0;
    optind = 1;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 'h') {
            print_help();
            return 0;
        }
        if (!parse_option(option, &o))
            return 2;
    }
    if (!o.out || optind != argc) {
        fprintf(stderr, "simulate: --out DIR is needed; `roadchief simulate --help` tells more\n");
        return 2;
    }
    if (o.rounds == 0)
        o.rounds = o.is_course ? 1 : 2;
    if (o.block_m == 0)
        o.block_m = o.is_course ? 1000 : 170;
    return simulate_district(&o);
}

const struct verb sim_verbs[] = {
    {"simulate", "a district with known defects: ground truth and recorded drives", run_simulate},
    {NULL, NULL, NULL},
};
