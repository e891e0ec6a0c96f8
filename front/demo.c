/* demo.c - `roadchief demo`: the whole system on this machine, on a recorded drive or on a simulated district.
 *
 * The map is up before the first kilometre is driven. With --check the drives run as fast as the parts take
 * them, and the run is held to what was promised; without it the map stays until Ctrl-C. */
#include "front/demo.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "front/facts.h"
#include "front/http.h"
#include "front/stack.h"
#include "gateway/roads_import.h"
#include "link/road_file.h"
#include "tests/sim/simulate.h"

#define ERROR_SIZE 512
#define WATCH_SPEED 20.0      /* times real time, when a person watches */
#define FINISH_MS (15 * 60000) /* a run that takes longer has failed */
#define QUIET_NS  INT64_C(1000000000) /* longer than the gateway gathers before it tells */
#define SETTLE_MS 20000        /* from the last acknowledgement until the map knows */

struct demo {
    const char *drive, *data_dir, *start;
    bool is_check, is_json, is_verbose;
    double speed; /* < 0 = by mode */
    int port;
    uint64_t seed;
    char dir[STACK_PATH_SIZE], bin_dir[PATH_MAX], truth[STACK_PATH_SIZE], roads[STACK_PATH_SIZE], network[STACK_PATH_SIZE], district[STACK_PATH_SIZE], pages[PATH_MAX + 32];
    struct stack stack;
    struct events *events;
    struct simulate_options simulation;
};

static volatile sig_atomic_t is_stopping;

static void on_signal(int number)
{
    (void)number;
    is_stopping = 1;
}

static int64_t monotonic_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool make_data_dir(struct demo *d)
{
    if (d->data_dir) {
        if (mkdir(d->data_dir, 0755) != 0 && errno != EEXIST) {
            fprintf(stderr, "demo: cannot make %s: %s\n", d->data_dir, strerror(errno));
            return false;
        }
        return realpath(d->data_dir, d->dir) != NULL;
    }
    const char *base = getenv("TMPDIR");
    snprintf(d->dir, sizeof d->dir, "%s/roadchief-demo-XXXXXX", base && *base ? base : "/tmp");
    if (!mkdtemp(d->dir)) {
        fprintf(stderr, "demo: cannot make %s: %s\n", d->dir, strerror(errno));
        return false;
    }
    return chmod(d->dir, 0755) == 0; /* the broker drops to its own user */
}

static void remove_data_dir(const struct demo *d)
{
    char command[STACK_PATH_SIZE + 16];

    if (d->data_dir || strstr(d->dir, "/roadchief-demo-") == NULL || strchr(d->dir, '\''))
        return;
    snprintf(command, sizeof command, "rm -rf '%s'", d->dir);
    if (system(command) != 0)
        fprintf(stderr, "demo: could not remove %s\n", d->dir);
}

/* Zone, bounds and files of what will be driven. */
static bool choose_place(struct demo *d, struct stack_options *o, char *error)
{
    if (d->drive) {
        o->truth_file = o->roads_file = o->network_file = NULL;
        return stack_zone_of(d->drive, &o->zone, o->bounds, error) == ROAD_OK;
    }
    const struct simulate_options *s = &d->simulation;
    const double north = 2 * s->block_m / 111000, east = north / cos(s->lat_deg * M_PI / 180);
    o->zone = grid_zone_nearest(s->lat_deg, s->lon_deg);
    o->bounds[0] = s->lon_deg - 0.0002;
    o->bounds[1] = s->lat_deg - 0.0002;
    o->bounds[2] = s->lon_deg + east + 0.0002;
    o->bounds[3] = s->lat_deg + north + 0.0002;
    o->truth_file = d->truth;
    o->roads_file = d->roads;
    o->network_file = d->network;
    return true;
}

/* The built pages: of the checkout, as its front door says, or of the installation; NULL = none, plain HTML then. */
static const char *find_pages(struct demo *d)
{
    const char *given = getenv("ROAD_WEB_DIR");

    if (given && *given)
        return given;
    snprintf(d->pages, sizeof d->pages, "%.4000s/../share/roadchief/web", d->bin_dir);
    return access(d->pages, R_OK) == 0 ? d->pages : NULL;
}

/* The simulated streets as a road network, as `roadchief roads import` makes it. */
static bool import_roads(const struct demo *d, char *error)
{
    const struct grid_zone zone = grid_zone_nearest(d->simulation.lat_deg, d->simulation.lon_deg);
    const struct roads_options options = {.has_meridian = true, .meridian_deg = zone.meridian_deg};
    char why[ROAD_FILE_ERROR_SIZE] = "";
    struct roads_summary summary;
    struct road_network network;
    void *block = NULL;

    json_t *roads = json_load_file(d->roads, 0, NULL);
    char *text = roads ? json_dumps(roads, JSON_COMPACT) : NULL;
    json_decref(roads);
    enum road_status status = text ? roads_import(text, strlen(text), &options, &network, &block, &summary, why) : ROAD_IO;
    free(text);
    if (status == ROAD_OK)
        status = road_file_write(d->network, &network, why);
    free(block);
    if (status != ROAD_OK)
        snprintf(error, ERROR_SIZE, "the streets do not become a road network: %.300s", why);
    return status == ROAD_OK;
}

static bool start_house(struct demo *d, char *error)
{
    struct stack_options o = {.dir = d->dir, .bin_dir = d->bin_dir, .web_dir = find_pages(d), .http_port = d->port};

    snprintf(d->truth, sizeof d->truth, "%.900s/district/truth.geojson", d->dir);
    snprintf(d->roads, sizeof d->roads, "%.900s/district/roads.geojson", d->dir);
    snprintf(d->network, sizeof d->network, "%.900s/roads.net", d->dir);
    d->simulation.out = d->district;
    snprintf(d->district, sizeof d->district, "%.900s/district", d->dir);
    if (!d->drive && simulate_place(&d->simulation) != 0) {
        snprintf(error, ERROR_SIZE, "the simulation failed");
        return false;
    }
    if (!d->drive && !import_roads(d, error))
        return false;
    if (!choose_place(d, &o, error) || stack_init(&d->stack, &o, error) != ROAD_OK ||
        stack_start_broker(&d->stack, error) != ROAD_OK || stack_start_server(&d->stack, error) != ROAD_OK)
        return false;
    fprintf(stderr, "==> the map: %s/\n", d->stack.http);
    return events_start(d->stack.http, &d->events) == ROAD_OK;
}

static double demo_speed(const struct demo *d)
{
    return d->speed >= 0 ? d->speed : d->is_check ? 0 : WATCH_SPEED;
}

static bool write_drive_list(struct demo *d, struct stack_node *node, const json_t *drives, char *error)
{
    size_t i;
    json_t *drive;

    snprintf(node->drive_list, sizeof node->drive_list, "%.900s/drives-%s.list", d->dir, node->name);
    FILE *out = fopen(node->drive_list, "w");
    if (!out) {
        snprintf(error, ERROR_SIZE, "%.400s: %s", node->drive_list, strerror(errno));
        return false;
    }
    json_array_foreach(drives, i, drive)
        fprintf(out, "%s/%s %s\n", d->simulation.out, json_string_value(json_object_get(drive, "file")),
                json_string_value(json_object_get(drive, "start")));
    return fclose(out) == 0;
}

static bool add_vehicle(struct demo *d, const json_t *v, char *error)
{
    struct stack_node node;
    int index;

    stack_node_default(&node, json_string_value(json_object_get(v, "name")));
    node.is_phone = json_is_true(json_object_get(v, "is_phone"));
    node.gnss_class = json_string_value(json_object_get(v, "gnss_class"));
    node.gnss_sigma_m = json_number_value(json_object_get(v, "gnss_sigma_m"));
    node.gnss_lag_s = json_number_value(json_object_get(v, "gnss_lag_s"));
    node.antenna_x_m = json_number_value(json_object_get(v, "antenna_x_m"));
    node.antenna_y_m = json_number_value(json_object_get(v, "antenna_y_m"));
    node.imu_x_m = json_number_value(json_object_get(v, "imu_x_m"));
    node.wheelbase_m = json_number_value(json_object_get(v, "wheelbase_m"));
    node.half_track_m = json_number_value(json_object_get(v, "half_track_m"));
    node.timing_sigma_s = json_number_value(json_object_get(v, "timing_sigma_s"));
    node.ride_gain = json_number_value(json_object_get(v, "ride_gain"));
    node.replay_speed = demo_speed(d);
    return write_drive_list(d, &node, json_object_get(v, "drives"), error) &&
           stack_add_node(&d->stack, &node, &index, error) == ROAD_OK;
}

/* `manifest` lives as long as the stack: node settings point into it. */
static bool add_simulated(struct demo *d, json_t **ret_manifest, char *error)
{
    char path[STACK_PATH_SIZE];
    size_t i;
    json_t *vehicle;

    d->simulation.is_quiet = 1;
    fprintf(stderr, "==> no --drive: simulating a district with known defects (seed %llu)\n", (unsigned long long)d->seed);
    if (simulate_district(&d->simulation) != 0) {
        snprintf(error, ERROR_SIZE, "the simulation failed");
        return false;
    }
    snprintf(path, sizeof path, "%.1000s/manifest.json", d->district);
    *ret_manifest = json_load_file(path, 0, NULL);
    json_array_foreach(json_object_get(*ret_manifest, "vehicles"), i, vehicle) {
        fprintf(stderr, "==> vehicle %-8s GPS class %-8s sigma %.2f m per axis\n",
                json_string_value(json_object_get(vehicle, "name")), json_string_value(json_object_get(vehicle, "gnss_class")),
                json_number_value(json_object_get(vehicle, "gnss_sigma_m")));
        if (!add_vehicle(d, vehicle, error))
            return false;
    }
    return d->stack.n_nodes > 0;
}

static bool add_recording(struct demo *d, char *error)
{
    struct stack_node node;
    char path[PATH_MAX], start[40] = "";
    int index;

    if (!realpath(d->drive, path)) {
        snprintf(error, ERROR_SIZE, "%.300s: %s", d->drive, strerror(errno));
        return false;
    }
    stack_node_default(&node, "node-1");
    node.replay_speed = demo_speed(d);
    snprintf(node.drive_list, sizeof node.drive_list, "%.900s/drives-node-1.list", d->dir);
    if (d->start)
        snprintf(start, sizeof start, " %s", d->start);
    FILE *out = fopen(node.drive_list, "w");
    if (!out || fprintf(out, "%s%s\n", path, start) < 0 || fclose(out) != 0) {
        snprintf(error, ERROR_SIZE, "%.400s: %s", node.drive_list, strerror(errno));
        return false;
    }
    return stack_add_node(&d->stack, &node, &index, error) == ROAD_OK;
}

static bool nodes_are_running(struct demo *d)
{
    bool is_running = false;

    for (int i = 0; i < d->stack.n_nodes; i++)
        is_running |= child_is_running(&d->stack.nodes[i].child);
    return is_running;
}

static void show_progress(struct demo *d)
{
    struct facts f = {0};

    if (d->is_check || !facts_of_nodes(&d->stack, &f))
        return;
    fprintf(stderr, "\r    %.1f km driven, %llu batches on disk   ", f.distance_m / 1000, (unsigned long long)f.batches_acked);
}

/* Until every node has everything acknowledged, and every batch is seen on the map. */
static bool wait_for_end(struct demo *d, struct facts *facts, char *error)
{
    int64_t deadline_ms = monotonic_ms() + FINISH_MS;

    while (nodes_are_running(d) && !is_stopping) {
        if (monotonic_ms() > deadline_ms || !child_is_running(&d->stack.gateway) || !child_is_running(&d->stack.server)) {
            snprintf(error, ERROR_SIZE, "the run did not come to its end; the logs are in %.300s", d->dir);
            return false;
        }
        poll(NULL, 0, d->is_check ? 20 : 500);
        show_progress(d);
    }
    deadline_ms = monotonic_ms() + SETTLE_MS;
    do {
        *facts = (struct facts){0};
        if (!facts_of_nodes(&d->stack, facts)) {
            snprintf(error, ERROR_SIZE, "a node left no facts; its log is in %.300s", d->dir);
            return false;
        }
        facts_of_events(&d->stack, d->events, facts);
        if ((facts->batches_seen >= facts->batches_sent && events_quiet_ns(d->events) > QUIET_NS) || is_stopping)
            return true;
        poll(NULL, 0, 20);
    } while (monotonic_ms() < deadline_ms);
    return true; /* what is missing is counted as lost */
}

static bool check_truth(const struct truth_score *score, double km)
{
    const struct truth_score s = *score;
    const struct {
        const char *promise;
        bool is_kept;
    } rows[] = {
        {"at least 30 km driven", km >= 30},
        {"at least 90 % of the potholes confirmed", s.potholes_confirmed >= 0.9 * s.potholes},
        {"at least 93 % of those within 2.45 sigma", s.potholes_inside >= 0.93 * s.potholes_confirmed},
        {"mean normalised error squared 1.5 to 2.5", s.nees_mean >= 1.5 && s.nees_mean <= 2.5},
        {"at most 1 false confirmed defect in 10 km", s.false_confirmed * 10 <= km},
    };
    bool is_kept = true;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (!rows[i].is_kept)
            fprintf(stderr, "demo: not kept: %s\n", rows[i].promise);
        is_kept &= rows[i].is_kept;
    }
    return is_kept;
}

static bool report(struct demo *d, struct facts *f)
{
    bool is_kept = facts_of_server(&d->stack, f) && facts_verify(&d->stack, f);

    struct truth_score score;
    const bool has_truth = !d->drive && truth_compare(d->stack.http, d->truth, d->stack.options.zone, d->is_verbose, &score);

    facts_print(f, has_truth ? &score : NULL, d->is_json, stdout);
    if (has_truth)
        is_kept &= check_truth(&score, f->distance_m / 1000);
    else if (!d->drive)
        fprintf(stderr, "demo: belief could not be compared with truth\n"), is_kept = false;
    if (f->batches_acked != f->batches_sent || f->batches_seen != f->batches_sent || f->batches_refused != 0)
        fprintf(stderr, "demo: not kept: nothing lost, nothing refused\n"), is_kept = false;
    if (!f->is_verified)
        fprintf(stderr, "demo: not kept: the ledger verifies\n"), is_kept = false;
    if (!(f->road_m_covered > 0) || f->batches_sent == 0)
        fprintf(stderr, "demo: not kept: some road was covered\n"), is_kept = false;
    return is_kept;
}

static bool drive_all(struct demo *d, char *error)
{
    if (stack_start_gateway(&d->stack, error) != ROAD_OK)
        return false;
    for (int i = 0; i < d->stack.n_nodes; i++)
        if (stack_start_node(&d->stack, i, error) != ROAD_OK)
            return false;
    fprintf(stderr, "==> %d vehicle%s driving\n", d->stack.n_nodes, d->stack.n_nodes == 1 ? "" : "s");
    return true;
}

static void stay(struct demo *d)
{
    fprintf(stderr, "==> the map stays at %s/ until Ctrl-C; logs and stores in %s\n", d->stack.http, d->dir);
    while (!is_stopping && child_is_running(&d->stack.server))
        poll(NULL, 0, 200);
}

static int run(struct demo *d)
{
    char error[ERROR_SIZE] = "";
    json_t *manifest = NULL;
    struct facts facts = {0};
    bool is_kept = false;

    bool is_good = start_house(d, error) && (d->drive ? add_recording(d, error) : add_simulated(d, &manifest, error)) &&
                   drive_all(d, error) && wait_for_end(d, &facts, error);
    if (is_good && !is_stopping) {
        fputs("\r", stderr);
        is_kept = report(d, &facts);
        fflush(stdout);
        if (!d->is_check)
            stay(d);
    }
    if (!is_good)
        fprintf(stderr, "demo: %s\n", error);
    events_stop(d->events);
    stack_done(&d->stack);
    json_decref(manifest);
    /* Kept only where somebody would look into it: after a run that went wrong by itself. */
    if (is_stopping || (is_good && is_kept) || d->stack.n_nodes == 0)
        remove_data_dir(d);
    else if (!d->data_dir)
        fprintf(stderr, "demo: logs and stores are kept in %s\n", d->dir);
    return is_good && (is_kept || !d->is_check) ? 0 : 1;
}

static void print_help(void)
{
    puts("usage: roadchief demo [--drive PATH] [--check] [--data DIR] [--start TIME] [--speed X] [--port N] [--seed N] [--json]\n\n"
         "The whole system on this machine: an MQTT broker with TLS, a gateway, a server and one or more vehicle nodes,\n"
         "each a process of its own. Prints the map's address and keeps the map up until Ctrl-C.\n\n"
         "  --drive PATH   replay a recorded drive: a phone app's export folder, a CSV, ... (docs/recordings.md)\n"
         "                 without it a district with known defects is simulated, and truth is shown beside belief\n"
         "  --check        run to the end as fast as it goes, print `key: value` facts, exit 0 only if all hold\n"
         "  --data DIR     keep the stores there (default: a temporary folder, removed after a good run)\n"
         "  --start TIME   RFC 3339 time of the recording's first sample (default: so that it ends now)\n"
         "  --speed X      times real time, 0 = as fast as it goes (default 20; 0 with --check)\n"
         "  --port N       port of the map (default: a free one)\n"
         "  --seed N       of the simulated district (default 1)\n"
         "  --verbose      with --check on a simulated district: belief beside truth, one line a placed thing\n"
         "  --json         the facts as one JSON object");
}

static bool find_programs(struct demo *d)
{
    const ssize_t length = readlink("/proc/self/exe", d->bin_dir, sizeof d->bin_dir - 1);

    if (length <= 0)
        return false;
    d->bin_dir[length] = '\0';
    *strrchr(d->bin_dir, '/') = '\0';
    return true;
}

static bool parse_number(const char *option, const char *text, double low, double high, double *ret_number)
{
    char *end;
    const double number = strtod(text, &end);

    if (end == text || *end || !(number >= low && number <= high)) {
        fprintf(stderr, "demo: %s wants a number from %g to %g, not '%s'\n", option, low, high, text);
        return false;
    }
    *ret_number = number;
    return true;
}

static int parse(int argc, char **argv, struct demo *d)
{
    static const struct option options[] = {
        {"drive", 1, NULL, 'd'}, {"check", 0, NULL, 'c'}, {"data", 1, NULL, 'D'}, {"start", 1, NULL, 's'},
        {"speed", 1, NULL, 'x'}, {"port", 1, NULL, 'p'},  {"seed", 1, NULL, 'S'}, {"json", 0, NULL, 'j'},
        {"verbose", 0, NULL, 'v'}, {"help", 0, NULL, 'h'}, {NULL, 0, NULL, 0}};
    bool is_good = true;
    double number = 0;
    int option;

    optind = 1;
    while (is_good && (option = getopt_long(argc, argv, "", options, NULL)) != -1)
        switch (option) {
        case 'd': d->drive = optarg; break;
        case 'c': d->is_check = true; break;
        case 'D': d->data_dir = optarg; break;
        case 's': d->start = optarg; break;
        case 'x': is_good = parse_number("--speed", optarg, 0, 1e5, &d->speed); break;
        case 'p': is_good = parse_number("--port", optarg, 0, 65535, &number), d->port = (int)number; break;
        case 'S': is_good = parse_number("--seed", optarg, 0, 1e15, &number), d->seed = (uint64_t)number; break;
        case 'j': d->is_json = true; break;
        case 'v': d->is_verbose = true; break;
        case 'h': print_help(); return 0;
        default: return 2;
        }
    if (!is_good)
        return 2;
    if (optind != argc) {
        fprintf(stderr, "demo: `roadchief demo --help` tells what it takes\n");
        return 2;
    }
    return -1;
}

int run_demo(int argc, char **argv)
{
    static struct demo d;
    struct sigaction action = {.sa_handler = on_signal};

    d = (struct demo){.speed = -1, .seed = 1};
    const int done = parse(argc, argv, &d);
    if (done >= 0)
        return done;
    simulate_options_default(&d.simulation);
    d.simulation.seed = d.seed;
    if (!find_programs(&d) || !make_data_dir(&d))
        return 1;
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
    return run(&d);
}
