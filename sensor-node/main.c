/* main.c - roadchief-node: samples in, signed batches out. One thread, one poll. */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "link/log.h"
#include "sensor-node/learnt.h"
#include "sensor-node/node.h"

#define TURN_NS INT64_C(1000000000)

static volatile sig_atomic_t stop_wanted;

static void on_signal(int number)
{
    (void)number;
    stop_wanted = 1;
}

/* ---- the loop ------------------------------------------------------------------------------------------ */

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Signals are let in only while waiting, so that none falls between the test and the wait. */
static short wait_until(struct node *n, int64_t until_ns, const sigset_t *while_waiting)
{
    struct pollfd uplink = uplink_pollfd(n->uplink);
    const int64_t left = until_ns - clock_ns(CLOCK_MONOTONIC), wait_ns = left > 0 ? left : 0;
    const struct timespec timeout = {wait_ns / 1000000000, wait_ns % 1000000000};

    return ppoll(&uplink, 1, &timeout, while_waiting) < 0 ? 0 : uplink.revents;
}

static void run(struct node *n, const sigset_t *while_waiting)
{
    while (!stop_wanted) {
        int64_t now_ns = clock_ns(CLOCK_MONOTONIC);
        int64_t until_ns = earlier(node_drive_on(n, now_ns), now_ns + TURN_NS);
        until_ns = earlier(until_ns, uplink_deadline_ns(n->uplink, now_ns));
        const short revents = wait_until(n, until_ns, while_waiting);
        now_ns = clock_ns(CLOCK_MONOTONIC);
        if (n->source && n->config.source == NODE_SOURCE_LIVE)
            source_step(n->source, now_ns);
        const enum road_status status = uplink_step(n->uplink, revents, now_ns);
        if (status != ROAD_OK)
            fatal("outbox cannot be read: %s", road_status_sentence(status));
        node_report(n, now_ns, false);
        if (node_is_done(n) && n->config.exit_when_done)
            return;
    }
}

/* ---- start and stop ------------------------------------------------------------------------------------ */

static void open_core(struct node *n)
{
    const struct node_config *c = &n->config;
    struct node_core_config core;

    node_core_config_default(&core);
    core.zone = (struct grid_zone){(int)c->zone_meridian_deg, c->zone_south};
    core.antenna_x_m = c->antenna_x_m;
    core.antenna_y_m = c->antenna_y_m;
    core.imu_x_m = c->imu_x_m;
    core.wheelbase_m = c->wheelbase_m;
    core.half_track_m = c->half_track_m;
    core.gnss_lag_s = c->gnss_lag_s;
    core.antenna_sigma_m = c->antenna_sigma_m;
    core.timing_sigma_s = c->timing_sigma_s;
    core.ride_gain = c->ride_gain;
    core.watch_step_s = c->watch_step_s;
    core.hold_s = c->hold_s;
    core.frame = (enum frame)c->frame;
    core.epoch_centiyear = (uint16_t)((c->epoch - 2000) * 100 + 0.5);
    core.batch_m = c->batch_m;
    core.batch_s = c->batch_s;
    if (!grid_zone_is_valid(core.zone))
        fatal("zone_meridian_deg = %" PRId64 ": not a multiple of 3", c->zone_meridian_deg);
    const uint64_t first = c->source == NODE_SOURCE_LIVE ? n->stored_before + 1 : 1;
    const enum road_status status = node_core_new(&core, first, &n->core);
    if (status != ROAD_OK)
        fatal("core: %s", road_status_sentence(status));
    node_core_prepare(n->core);
}

static void open_source(struct node *n)
{
    const struct node_config *c = &n->config;
    char error[SOURCE_ERROR_SIZE];
    const struct live_config live = {.gpsd_host = c->gpsd_host, .gpsd_port = c->gpsd_port, .iio_root = c->iio_root,
                                     .iio_device = c->iio_device, .gnss = c->gnss_class - 1, .sigma_m = c->gnss_sigma_m};

    const enum road_status status = c->source == NODE_SOURCE_LIVE ? source_open_live(&live, &n->source, error)
                                                                  : drives_load(c, &n->drives, error);
    if (status != ROAD_OK)
        fatal("%s", error);
}

static void open_all(struct node *n)
{
    char error[512], path[1100];

    if (uplink_open(&n->config, &n->uplink, error) != ROAD_OK)
        fatal("%s", error);
    n->stored_before = uplink_stats(n->uplink).last_seq;
    if (n->stored_before)
        log_info("going on after an earlier run stored=%" PRIu64, n->stored_before);
    open_core(n);
    learnt_begin(&n->config, uplink_database(n->uplink), n->core);
    open_source(n);
    snprintf(path, sizeof path, "%s/handed.csv", n->config.data_dir);
    n->handed = fopen(path, "ae");
    n->began_ns = clock_ns(CLOCK_MONOTONIC);
}

/* What a live source has seen up to now goes into a last batch; a recording comes again from its first sample. */
static void close_all(struct node *n)
{
    if (n->handed)
        fclose(n->handed);
    source_close(n->source);
    drives_done(&n->drives);
    node_core_free(n->core);
    uplink_close(n->uplink);
}

static void catch_signals(sigset_t *ret_while_waiting)
{
    struct sigaction action = {.sa_handler = on_signal};
    sigset_t ours;

    sigemptyset(&ours);
    sigaddset(&ours, SIGTERM);
    sigaddset(&ours, SIGINT);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    sigprocmask(SIG_BLOCK, &ours, ret_while_waiting);
}

static void print_help(FILE *out)
{
    fputs("roadchief-node - feels the road and tells its gateway\n\n"
          "usage: roadchief node --config FILE [--check-config] [--iio-root DIR] [--start TIME]\n\n"
          "Reads a recording (docs/recordings.md lists the formats) or live devices (gpsd and an IIO accelerometer), finds what\n"
          "is wrong with the road, and sends signed batches over MQTT. What it could not send yet is kept in\n"
          "node.db; kill it at any time, it goes on where it was. facts.json says how far it is.\n\n"
          "  --check-config   read the config, print what was understood, and end\n"
          "  --iio-root DIR   live: look for sys/ and dev/ below DIR (tests)\n"
          "  --start TIME     RFC 3339 time of the recording's zero\n"
          "  SIGTERM stops it\n\n"
          "Config, one `key = value` a line:\n\n",
          out);
    config_help(node_keys, node_keys_count, out);
}

/* Exit status to end with at once, or -1 to go on. */
static int read_options(int argc, char **argv, struct node_config *config)
{
    const char *path = NULL, *iio_root = NULL, *start = NULL;
    bool check_only = false;
    char error[CONFIG_ERROR_SIZE];

    for (int i = 1; i < argc; i++) {
        const char **value = strcmp(argv[i], "--config") == 0     ? &path
                             : strcmp(argv[i], "--iio-root") == 0 ? &iio_root
                             : strcmp(argv[i], "--start") == 0    ? &start
                                                                  : NULL;
        if (strcmp(argv[i], "--help") == 0) {
            print_help(stdout);
            return 0;
        }
        if (value && i + 1 < argc) {
            *value = argv[++i];
        } else if (strcmp(argv[i], "--check-config") == 0) {
            check_only = true;
        } else {
            fprintf(stderr, "roadchief-node: '%s' is not an option; --help tells more\n", argv[i]);
            return 2;
        }
    }
    if (!path) {
        fputs("roadchief-node: --config FILE is needed; --help tells more\n", stderr);
        return 2;
    }
    if (config_load(node_keys, node_keys_count, config, path, error) != ROAD_OK) {
        fprintf(stderr, "roadchief-node: %s\n", error);
        return 1;
    }
    if (iio_root)
        snprintf(config->iio_root, sizeof config->iio_root, "%s", iio_root);
    if (start)
        snprintf(config->start, sizeof config->start, "%s", start);
    if (check_only)
        config_print(node_keys, node_keys_count, config, stdout);
    return check_only ? 0 : -1;
}

int main(int argc, char **argv)
{
    static struct node node;
    sigset_t while_waiting;

    const int done = read_options(argc, argv, &node.config);
    if (done >= 0)
        return done;
    log_init("node", (enum log_level)node.config.log_level);
    catch_signals(&while_waiting);
    open_all(&node);
    printf("ready name=%s\n", node.config.name);
    fflush(stdout);
    run(&node, &while_waiting);
    node_finish_live(&node);
    node_report(&node, clock_ns(CLOCK_MONOTONIC), true);
    close_all(&node);
    return 0;
}
