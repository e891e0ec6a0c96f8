#include "tests/sim/city/verb.h"

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "link/road_file.h"
#include "tests/sim/city/report.h"
#include "tests/sim/city/sample.h"
#include "tests/sim/city/trust.h"

#define TOWN_E_M 515744.0 /* near Wulin square */
#define TOWN_N_M 3350528.0
#define STREETS 25
#define LANE_KM_A_BLOCK_METRE 2.4 /* of 25 streets */
#define LANE_KM_A_VEHICLE (10000.0 / 900)

struct fleet_options {
    struct city_config city;
    const char *out, *network;
    bool is_json, is_trust, is_sample;
    double scale; /* of the campaign */
};

static void print_help(void)
{
    puts("usage: roadchief simulate fleet --vehicles N --days D [--seed S] [--cameras N] [--network FILE] [--main-share F]\n"
         "                                [--settle SECONDS] [--threads N] [--out DIR] [--json]\n\n"
         "A town, its fleet, its gateway and its repair crews under a simulated clock. Taxis, patrols, buses and phones drive\n"
         "their hours and routes with RTK, SBAS, consumer and phone receivers; defects appear (1 for each 119 km driven), grow,\n"
         "are found, confirmed and repaired; look-alikes (5 a km) stay. What a pass tells is drawn from measured rates; what the\n"
         "gateway makes of it is the gateway's own code. Everything follows from the seed: the last line is the SHA-256 of all\n"
         "that happened, the same again on any number of threads.\n\n"
         "  --vehicles N       1 to 2000 (default 100); the built-in town has 11.1 lane-km for each, as 900 on 10,000 km\n"
         "  --level batch|sample   sample: whole cars over a rough road, real node cores, at most 16 vehicles on the evaluation's\n"
         "                     course of 24 km; a round of it, two hours, for each of the D days\n"
         "  --network FILE     real roads: a file that `roadchief roads import` wrote (docs/roads.md)\n"
         "  --days D           1 to 400 (default 7)\n"
         "  --seed S           default 1; below 1000 for choosing, from 1000 for evaluating\n"
         "  --cameras N        vehicles with a camera (default: a third)\n"
         "  --main-share F     of the kilometres, those on main roads (default 0.6)\n"
         "  --settle SECONDS   how often beliefs settle, 60 to 14400 (default 900)\n"
         "  --threads N        1 to 64 (default 1); changes nothing but the time it takes\n"
         "  --out DIR          writes things.csv (every defect: when it appeared, was suspected, confirmed, repaired) and\n"
         "                     report.json\n"
         "  --json             the report as JSON\n\n"
         "roadchief simulate fleet trust --days D [--scale F] [--seed S] [--domain-rates] [--crew-hours H] [...]\n"
         "The campaign: 900 vehicles, 300 of them with cameras, 23,000 km a day from 06 to 22 h on 10,000 lane-km, or the part F\n"
         "(0.005 to 1, default 0.05) of it with the same densities. D days are judged, after 10 of warm-up and before 13 in\n"
         "which the last may still be found. --clumping K: shape of the gamma by which look-alikes of a kind differ in how often they\n"
         "are called damage (default 0.5; 0 = all alike). Prints how many of the confirmed are real and how long real ones took, beside\n"
         "closed forms and wanted figures. Exit status 1 if one is missed.\n\n"
         "What is simulated and what is not, and the closed form: docs/fleet.md.");
}

static bool parse_number(const char *text, double low, double high, double *ret_value)
{
    char *end;
    const double value = strtod(text, &end);

    if (end == text || *end || !(value >= low && value <= high)) {
        fprintf(stderr, "simulate fleet: '%s' is not a number from %g to %g\n", text, low, high);
        return false;
    }
    *ret_value = value;
    return true;
}

static bool parse_option(int option, struct fleet_options *o)
{
    double value = 0;

    switch (option) {
    case 'v':
        if (!parse_number(optarg, 1, 2000, &value))
            return false;
        o->city.vehicles = (int)value;
        return true;
    case 'd':
        if (!parse_number(optarg, 1, 400, &value))
            return false;
        o->city.days = (int)value;
        return true;
    case 's':
        if (!parse_number(optarg, 0, 1e15, &value))
            return false;
        o->city.seed = (uint64_t)value;
        return true;
    case 'c':
        if (!parse_number(optarg, 0, 2000, &value))
            return false;
        o->city.cameras = (int)value;
        return true;
    case 'm':
        return parse_number(optarg, 0.01, 0.99, &o->city.main_share);
    case 'e':
        if (!parse_number(optarg, 60, 14400, &value))
            return false;
        o->city.settle_s = (int)value;
        return true;
    case 'x':
        return parse_number(optarg, 0.005, 1, &value);
    case 'k':
        return parse_number(optarg, 0, 100, &o->city.truth.clumping);
    case 'w':
        return parse_number(optarg, 0, 1000, &o->city.crew_hours);
    case 'r':
        return o->city.rules.is_domain_rates = true;
    case 't':
        if (!parse_number(optarg, 1, 64, &value))
            return false;
        o->city.threads = (int)value;
        return true;
    case 'l':
        o->is_sample = strcmp(optarg, "sample") == 0;
        if (o->is_sample || strcmp(optarg, "batch") == 0)
            return true;
        fprintf(stderr, "simulate fleet: --level wants batch or sample\n");
        return false;
    case 'n':
        o->network = optarg;
        return true;
    case 'o':
        o->out = optarg;
        return true;
    case 'j':
        o->is_json = true;
        return true;
    }
    return false;
}

static double wall_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static bool write_file(const char *folder, const char *name, const struct city *city, const struct city_speed *speed)
{
    char path[4096];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *out = fopen(path, "w");
    if (out && strcmp(name, "things.csv") == 0)
        report_things(out, city);
    else if (out)
        report_json(out, city, speed);
    if (!out || fclose(out) != 0) {
        fprintf(stderr, "simulate fleet: cannot write %s: %s\n", path, strerror(errno));
        return false;
    }
    return true;
}

static bool write_all(const char *folder, const struct city *city, const struct city_speed *speed)
{
    if (mkdir(folder, 0755) != 0 && errno != EEXIST) {
        fprintf(stderr, "simulate fleet: cannot make %s: %s\n", folder, strerror(errno));
        return false;
    }
    return write_file(folder, "things.csv", city, speed) && write_file(folder, "report.json", city, speed);
}

static bool run_city(const struct fleet_options *o, struct city *city)
{
    const double began = wall_s();

    for (int hour = 0; hour < 24 * o->city.days; hour++)
        if (!city_hour(city)) {
            fprintf(stderr, "simulate fleet: out of memory after %d hours\n", hour);
            return false;
        }
    const struct city_speed speed = {wall_s() - began, (double)o->city.days * DAY_S};
    if (o->is_json)
        report_json(stdout, city, &speed);
    else
        report_text(stdout, city, &speed);
    return !o->out || write_all(o->out, city, &speed);
}

/* What the drawing is made of, and the table by type and size. */
static bool write_tables(const char *folder, const struct city *city)
{
    char path[4096];

    for (int k = 0; k < 2; k++) {
        snprintf(path, sizeof path, "%s/%s", folder, k ? "quantiles.tsv" : "distribution.md");
        FILE *out = fopen(path, "w");
        if (out && k)
            trust_quantiles(out, city);
        else if (out)
            trust_distribution(out, city);
        if (!out || fclose(out) != 0) {
            fprintf(stderr, "simulate fleet: cannot write %s: %s\n", path, strerror(errno));
            return false;
        }
    }
    return true;
}

/* The campaign: a part of the great city, so many days beside warm-up and tail. */
static int run_trust(struct fleet_options *o)
{
    static struct city city;
    struct town town;

    o->city.days += TRUST_WARM_UP_DAYS + TRUST_TAIL_DAYS;
    if (!trust_town(&town, o->scale) || !city_open(&city, &town, &o->city)) {
        fprintf(stderr, "simulate fleet: no memory for the town\n");
        town_done(&town);
        return 1;
    }
    bool is_good = run_city(o, &city);
    if (is_good) {
        puts("");
        is_good = trust_report(stdout, &city);
        puts("");
        trust_variants(stdout, &city);
        is_good = (!o->out || write_tables(o->out, &city)) && is_good;
    }
    city_close(&city);
    town_done(&town);
    return is_good ? 0 : 1;
}

static bool read_network(const char *path, struct town *ret_town)
{
    char error[ROAD_FILE_ERROR_SIZE];
    struct road_file file;

    if (road_file_read(path, &file, error) != ROAD_OK) {
        fprintf(stderr, "simulate fleet: %s\n", error);
        return false;
    }
    const bool is_good = town_of_network(ret_town, &file.network);
    road_file_done(&file);
    if (!is_good)
        fprintf(stderr, "simulate fleet: %s: no roads, or no memory for them\n", path);
    return is_good;
}

static bool make_town(const struct fleet_options *o, struct town *ret_town)
{
    const double block_m = o->city.vehicles * LANE_KM_A_VEHICLE / LANE_KM_A_BLOCK_METRE;

    if (o->network)
        return read_network(o->network, ret_town);
    if (town_grid(ret_town, (struct grid_zone){120, false}, TOWN_E_M, TOWN_N_M, STREETS, fmax(block_m, 20), true))
        return true;
    fprintf(stderr, "simulate fleet: no memory for the town\n");
    return false;
}

/* `days` of rounds: at this level one round of two hours stands for each day asked for. */
static int run_sample(const struct fleet_options *o)
{
    const struct sample_config config = {o->city.vehicles, o->city.days, o->city.threads, 1000, o->city.seed};
    struct sample_report report;
    const double began = wall_s();

    if (!sample_run(&config, &report)) {
        fprintf(stderr, "simulate fleet: no memory, or more than 16 vehicles at sample level\n");
        return 1;
    }
    sample_text(stdout, &report, wall_s() - began);
    return 0;
}

static int run_fleet(const struct fleet_options *o)
{
    static struct city city;
    struct town town;

    if (!make_town(o, &town))
        return 1;
    if (!city_open(&city, &town, &o->city)) {
        fprintf(stderr, "simulate fleet: no memory for the town\n");
        town_done(&town);
        return 1;
    }
    const bool is_good = run_city(o, &city);
    city_close(&city);
    town_done(&town);
    return is_good ? 0 : 1;
}

/* The campaign's figures all follow from its scale, which other options may then change. */
static double find_scale(int argc, char **argv)
{
    double scale = 0.05;

    for (int i = 2; i + 1 < argc; i++)
        if (strcmp(argv[i], "--scale") == 0)
            scale = fmin(fmax(strtod(argv[i + 1], NULL), 0.005), 1);
    return scale;
}

int simulate_fleet(int argc, char **argv)
{
    static const struct option options[] = {{"vehicles", 1, NULL, 'v'}, {"days", 1, NULL, 'd'},    {"seed", 1, NULL, 's'},
                                            {"cameras", 1, NULL, 'c'},  {"main-share", 1, NULL, 'm'}, {"settle", 1, NULL, 'e'},
                                            {"threads", 1, NULL, 't'},  {"network", 1, NULL, 'n'}, {"level", 1, NULL, 'l'}, {"out", 1, NULL, 'o'},     {"json", 0, NULL, 'j'},
                                            {"scale", 1, NULL, 'x'},
                                            {"crew-hours", 1, NULL, 'w'}, {"clumping", 1, NULL, 'k'}, {"domain-rates", 0, NULL, 'r'},
                                            {"help", 0, NULL, 'h'},     {NULL, 0, NULL, 0}};
    struct fleet_options o = {.out = NULL};
    int option;

    o.is_trust = argc > 1 && strcmp(argv[1], "trust") == 0;
    if (o.is_trust)
        o.city = trust_config(o.scale = find_scale(argc, argv), 1);
    else
        city_config_default(&o.city);
    o.city.cameras = o.is_trust ? o.city.cameras : -1;
    optind = o.is_trust ? 2 : 1;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 'h') {
            print_help();
            return 0;
        }
        if (!parse_option(option, &o))
            return 2;
    }
    if (optind != argc) {
        fprintf(stderr, "simulate fleet: '%s' is not understood; `roadchief simulate fleet --help` tells more\n", argv[optind]);
        return 2;
    }
    if (o.city.cameras < 0)
        o.city.cameras = o.city.vehicles / 3;
    return o.is_trust ? run_trust(&o) : o.is_sample ? run_sample(&o) : run_fleet(&o);
}
