#include "tests/sim/simulate.h"

#include <errno.h>
#include <math.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "tests/sim/output.h"

#define CROSSINGS_MAX 1024
#define DRIVE_GAP_S (2 * 3600 + 731) /* between a vehicle's drives: another hour, other satellites */

/* One car of each receiver class a city would have; figures of the class in docs/simulator.md. */
static const struct sim_vehicle fleet[] = {
    {.name = "rtk-1", .gnss = GNSS_RTK, .gnss_sigma_m = 0.03, .gnss_rate_hz = 5, .gnss_tau_s = 60, .gnss_lag_s = 0.05,
     .antenna_x_m = -1.2, .antenna_y_m = 0.3, .imu_x_m = -1.1, .wheelbase_m = 2.7, .half_track_m = 0.75,
     .cruise_mps = 11.0, .accel_noise_mps2 = 0.04, .gyro_noise_radps = 0.002, .accel_bias_mps2 = 0.05, .softness = 1.0},
    {.name = "rtk-2", .gnss = GNSS_RTK, .gnss_sigma_m = 0.03, .gnss_rate_hz = 5, .gnss_tau_s = 60, .gnss_lag_s = 0.05,
     .antenna_x_m = -1.5, .antenna_y_m = 0.0, .imu_x_m = -1.3, .wheelbase_m = 2.9, .half_track_m = 0.78,
     .cruise_mps = 9.0, .accel_noise_mps2 = 0.04, .gyro_noise_radps = 0.002, .accel_bias_mps2 = 0.05, .softness = 1.15},
    {.name = "taxi-1", .gnss = GNSS_SBAS, .gnss_sigma_m = 1.0, .gnss_rate_hz = 5, .gnss_tau_s = 60, .gnss_lag_s = 0.13,
     .antenna_x_m = -0.9, .antenna_y_m = 0.4, .imu_x_m = -1.0, .wheelbase_m = 2.6, .half_track_m = 0.74,
     .cruise_mps = 12.0, .mount_yaw_rad = 0.2, .accel_noise_mps2 = 0.05, .gyro_noise_radps = 0.003,
     .accel_bias_mps2 = 0.08, .softness = 0.9},
    {.name = "taxi-2", .gnss = GNSS_CONSUMER, .gnss_sigma_m = 2.5, .gnss_rate_hz = 1, .gnss_tau_s = 60, .gnss_lag_s = 0.13,
     .antenna_x_m = -0.8, .antenna_y_m = -0.3, .imu_x_m = -1.2, .wheelbase_m = 2.7, .half_track_m = 0.76,
     .cruise_mps = 10.0, .mount_roll_rad = 0.1, .mount_pitch_rad = -0.05, .accel_noise_mps2 = 0.05,
     .gyro_noise_radps = 0.003, .accel_bias_mps2 = 0.08, .softness = 1.0},
    {.name = "phone-1", .is_phone = true, .gnss = GNSS_PHONE, .gnss_sigma_m = 5.0, .gnss_rate_hz = 1, .gnss_tau_s = 60,
     .gnss_lag_s = 0.2, .antenna_x_m = -0.6, .antenna_y_m = -0.1, .imu_x_m = -0.6, .wheelbase_m = 2.7,
     .half_track_m = 0.75, .cruise_mps = 10.5, .mount_roll_rad = 0.4, .mount_pitch_rad = -0.6, .mount_yaw_rad = 0.1,
     .accel_noise_mps2 = 0.06, .gyro_noise_radps = 0.004, .accel_bias_mps2 = 0.1, .softness = 1.05},
};
#define FLEET ((int)(sizeof fleet / sizeof fleet[0]))

struct simulation {
    const struct simulate_options *options;
    struct sim_district district;
    json_t *crossings[SIM_PLACED_MAX];
    json_t *vehicles;
    double total_m;
    int64_t start_s;
};

void simulate_options_default(struct simulate_options *ret_options)
{
    *ret_options = (struct simulate_options){.seed = 1, .rounds = 2, .block_m = 170, .sample_hz = 100,
                                             .lat_deg = 30.2741, .lon_deg = 120.1636};
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

static void keep_crossings(struct simulation *s, const struct sim_vehicle *v, int drive, double start_s,
                           const struct sim_drive_result *result)
{
    for (int i = 0; i < result->n_crossings; i++) {
        const struct sim_crossing *c = &result->crossings[i];
        char when[32];
        sim_format_time(start_s + c->time_s, when);
        s->district.placed[c->placed].wheel_crossings++;
        json_array_append_new(s->crossings[c->placed],
                              json_pack("{s:s,s:i,s:s,s:s}", "vehicle", v->name, "drive", drive, "time", when, "side",
                                        c->is_left ? "left" : "right"));
    }
}

static bool make_drive(struct simulation *s, int vehicle, int drive, json_t *drives)
{
    const struct simulate_options *o = s->options;
    const struct sim_vehicle *v = &fleet[vehicle];
    const uint64_t seed = o->seed * 1000003u + (uint64_t)(vehicle * 64 + drive);
    const double start_s = (double)s->start_s + drive * DRIVE_GAP_S + vehicle * 97;
    struct sim_crossing crossings[CROSSINGS_MAX];
    struct sim_drive_result result = {.crossings = crossings, .crossings_capacity = CROSSINGS_MAX};
    struct sim_route route;
    char name[NAME_SIZE + 16], path[4096], when[32];

    snprintf(name, sizeof name, "%.32s-%d.csv", v->name, drive + 1);
    snprintf(path, sizeof path, "%s/%s", o->out, name);
    if (!sim_route_init(&route, &s->district, seed ^ 0x5EED)) {
        fprintf(stderr, "simulate: no round through the district\n");
        return false;
    }
    FILE *csv = fopen(path, "w");
    bool is_good = csv && sim_drive(&s->district, &route, v, o->sample_hz, seed, csv, &result);
    sim_route_done(&route);
    if (csv && fclose(csv) != 0)
        is_good = false;
    if (!is_good) {
        fprintf(stderr, "simulate: cannot write %s: %s\n", path, strerror(errno));
        return false;
    }
    keep_crossings(s, v, drive, start_s, &result);
    s->total_m += result.distance_m;
    sim_format_time(start_s, when);
    json_array_append_new(drives, json_pack("{s:s,s:s,s:f,s:f}", "file", name, "start", when, "distance_m",
                                            result.distance_m, "duration_s", result.duration_s));
    if (!o->is_quiet)
        printf("%s  %.2f km, %.0f s\n", name, result.distance_m / 1000, result.duration_s);
    return true;
}

static bool make_all(struct simulation *s)
{
    const struct simulate_options *o = s->options;

    for (int vehicle = 0; vehicle < FLEET; vehicle++) {
        json_t *row = sim_vehicle_json(&fleet[vehicle]);
        json_array_append_new(s->vehicles, row);
        for (int drive = 0; drive < o->rounds; drive++)
            if (!make_drive(s, vehicle, drive, json_object_get(row, "drives")))
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
    if (!sim_district_init(ret_district, zone, o->lat_deg, o->lon_deg, o->block_m, o->seed)) {
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
    puts("usage: roadchief simulate --out DIR [--seed N] [--rounds N] [--hz RATE] [--block METRES] [--at LAT,LON]\n\n"
         "Makes a small district with known defects and drives five vehicles through it (two RTK, one SBAS, one\n"
         "consumer GPS, one phone). Everything follows from the seed.\n\n"
         "  --out DIR        where the files go: manifest.json, truth.geojson, roads.geojson, NAME-K.csv\n"
         "  --seed N         default 1\n"
         "  --rounds N       drives of each vehicle, 1 to 50; each covers every lane once (default 2, about 40 km in all)\n"
         "  --hz RATE        samples a second, 50 to 1000 (default 100)\n"
         "  --block METRES   distance between crossings, 100 to 1000 (default 170)\n"
         "  --at LAT,LON     south-west corner (default 30.2741,120.1636)\n"
         "  --start SECONDS  UTC of the first drive, seconds since 1970 (default: so that the last one is just over)\n\n"
         "Simulated: quarter-car corners, ISO 8608 roads, Gauss-Markov GPS errors. What rests on it says so.");
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
                                            {"hz", 1, NULL, 'z'},   {"block", 1, NULL, 'b'}, {"at", 1, NULL, 'a'},
                                            {"start", 1, NULL, 't'}, {"quiet", 0, NULL, 'q'}, {"help", 0, NULL, 'h'}, {NULL, 0, NULL, 0}};
    struct simulate_options o;
    int option;

    simulate_options_default(&o);
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
    return simulate_district(&o);
}

const struct verb sim_verbs[] = {
    {"simulate", "a district with known defects: ground truth and recorded drives", run_simulate},
    {NULL, NULL, NULL},
};
