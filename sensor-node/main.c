/* main.c - roadchief-node: samples in, signed batches out. One thread, one poll.
 *
 * A recording is driven at replay_speed and waits while the outbox is full; after a crash it is driven again from its
 * first sample, and batches that the outbox had are skipped (without pacing: they are no news). A live source cannot
 * wait: what the full outbox refuses is counted and said. */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "link/log.h"
#include "sensor-node/core.h"
#include "sensor-node/drives.h"
#include "sensor-node/uplink.h"

#define EVENTS_A_TURN 2000
#define REPORT_EVERY_NS INT64_C(1000000000)
#define REFUSED_LOGGED 20 /* rows refused are counted all, logged so many a drive */
#define FDS_MAX 8

struct node {
    struct node_config config;
    struct uplink *uplink;
    struct node_core *core;
    struct drives drives;
    size_t next_drive;
    struct source *source;      /* NULL between drives */
    struct source_event waiting; /* read, not yet due */
    bool has_waiting, is_over;
    uint64_t stored_before; /* last sequence of earlier runs: up to there nothing is paced */
    int64_t pace_wall_ns, pace_data_ns;
    int64_t first_handed_ns;
    int64_t drive_first_ns, drive_last_ns, data_ns; /* event time driven, for the replay speed */
    int64_t began_ns, driven_ns, report_due_ns;
    uint64_t rows_refused, refused_full;
    uint32_t refused_ms; /* watched, but in a batch that the outbox refused: told as not watched in the next one */
    uint32_t logged;
    uint64_t drive_fixes;
    FILE *handed;
};

static volatile sig_atomic_t stop_wanted;

static void on_signal(int number)
{
    (void)number;
    stop_wanted = 1;
}

static int64_t clock_ns(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* ---- batches ------------------------------------------------------------------------------------------- */

static void note_handed(struct node *n, uint64_t seq)
{
    const int64_t now_ns = clock_ns(CLOCK_REALTIME);

    if (n->handed)
        fprintf(n->handed, "%" PRIu64 ",%" PRId64 ",%" PRId64 "\n", seq, n->first_handed_ns ? n->first_handed_ns : now_ns,
                now_ns);
    n->first_handed_ns = 0;
}

static uint32_t watched_ms(const struct batch *batch)
{
    int64_t sum_ns = 0;

    for (size_t i = 0; i < batch->n_passes; i++) {
        const struct pass *pass = &batch->passes[i];
        if (pass->n_points > 0)
            sum_ns += pass->points[pass->n_points - 1].time_ns - pass->points[0].time_ns;
    }
    return sum_ns > 0 ? (uint32_t)(sum_ns / 1000000) : 0;
}

static void refuse_batch(struct node *n, const struct batch *batch)
{
    n->refused_full++;
    n->refused_ms += watched_ms(batch);
    log_error("outbox full: batch refused; raise outbox_max_bytes or bring the gateway back (refused=%" PRIu64 ")",
              n->refused_full);
}

/* A live source's batch takes the next free number, because one that was refused must leave no hole; what the
 * refused ones had watched nobody will ever see. */
static void keep_batch(struct node *n, const struct batch *taken)
{
    struct batch batch = *taken;
    const bool is_live = n->config.source == NODE_SOURCE_LIVE;

    if (is_live) {
        batch.seq = uplink_stats(n->uplink).last_seq + 1;
        batch.unwatched_ms += n->refused_ms;
    }
    const enum road_status status = uplink_append(n->uplink, &batch);
    if (status == ROAD_OK) {
        n->refused_ms = 0;
        note_handed(n, batch.seq);
    } else if (status == ROAD_DUPLICATE) {
        n->first_handed_ns = 0;
    } else if (status == ROAD_FULL && is_live) {
        refuse_batch(n, taken);
    } else {
        fatal("batch %" PRIu64 " cannot be kept: %s", batch.seq, road_status_sentence(status));
    }
}

/* A recording takes a batch only when there is room for it; true if none is left waiting. */
static bool take_batches(struct node *n)
{
    const bool may_wait = n->config.source == NODE_SOURCE_RECORDING;
    const struct batch *batch;

    while (!may_wait || uplink_has_room(n->uplink)) {
        if (!(batch = node_core_take(n->core)))
            return true;
        keep_batch(n, batch);
    }
    return false;
}

/* ---- samples ------------------------------------------------------------------------------------------- */

static bool is_catching_up(const struct node *n)
{
    return node_core_stats(n->core).batches < n->stored_before;
}

static int64_t event_time_ns(const struct source_event *e)
{
    return e->kind == SOURCE_FIX ? e->fix.time_ns : e->motion.time_ns;
}

/* Monotonic time at which the waiting event may be handed on. */
static int64_t due_ns(struct node *n, int64_t now_ns)
{
    const int64_t data_ns = event_time_ns(&n->waiting);

    if (n->config.source == NODE_SOURCE_LIVE || n->config.replay_speed <= 0 || n->waiting.kind > SOURCE_FIX)
        return now_ns;
    if (is_catching_up(n) || n->pace_wall_ns == 0 || data_ns < n->pace_data_ns) {
        n->pace_wall_ns = now_ns;
        n->pace_data_ns = data_ns;
    }
    return n->pace_wall_ns + (int64_t)((double)(data_ns - n->pace_data_ns) / n->config.replay_speed);
}

static enum road_status hand_on(struct node *n, const struct source_event *e)
{
    const int64_t time_ns = event_time_ns(e);

    if (e->kind == SOURCE_GAP) {
        node_core_gap(n->core, e->gap_from_ns, e->gap_to_ns);
        log_warn("gap of %.1f s: not watched", (double)(e->gap_to_ns - e->gap_from_ns) / 1e9);
        return ROAD_OK;
    }
    if (e->kind > SOURCE_FIX)
        return ROAD_OK;
    if (n->first_handed_ns == 0)
        n->first_handed_ns = clock_ns(CLOCK_REALTIME);
    if (n->drive_first_ns == 0)
        n->drive_first_ns = time_ns;
    n->drive_last_ns = time_ns;
    n->drive_fixes += e->kind == SOURCE_FIX;
    return e->kind == SOURCE_FIX ? node_core_fix(n->core, &e->fix) : node_core_motion(n->core, &e->motion);
}

static void end_drive(struct node *n)
{
    const struct source_stats stats = source_stats(n->source);

    n->rows_refused += stats.rows_refused;
    n->data_ns += n->drive_last_ns - n->drive_first_ns;
    n->drive_first_ns = n->drive_last_ns = 0;
    n->pace_wall_ns = 0;
    node_core_finish(n->core);
    log_info("drive done path=%s rows=%" PRIu64 " refused=%" PRIu64, n->drives.items[n->next_drive - 1].path, stats.rows,
             stats.rows_refused);
    if (n->drive_fixes == 0)
        log_warn("no position in this drive: nothing of it can be placed on the map");
    source_close(n->source);
    n->source = NULL;
}

static void open_drive(struct node *n)
{
    const struct node_config *c = &n->config;
    char error[SOURCE_ERROR_SIZE];
    struct drive *drive = &n->drives.items[n->next_drive];

    if (drives_resolve(&n->drives, n->next_drive, uplink_database(n->uplink), clock_ns(CLOCK_REALTIME), error) != ROAD_OK ||
        source_open_recording(drive->path, drive->start_ns, c->gnss_class - 1, c->gnss_sigma_m, &n->source, error) != ROAD_OK)
        fatal("%s", error);
    if (drive->is_other && n->stored_before > 0)
        log_error("drive %zu is not the one that node.db was filled from: its batches up to %" PRIu64
                  " count as sent; give new drives a fresh data_dir and key",
                  n->next_drive + 1, n->stored_before);
    n->next_drive++;
    n->logged = 0;
    n->drive_fixes = 0;
}

static void refuse_row(struct node *n, const char *error)
{
    if (n->logged++ < REFUSED_LOGGED)
        log_warn("row refused: %s", error);
}

/* The next event into n->waiting; false if there is none now. */
static bool read_event(struct node *n)
{
    char error[SOURCE_ERROR_SIZE] = "";
    enum road_status status = ROAD_OK;

    while ((status = source_next(n->source, &n->waiting, error)) == ROAD_BAD_INPUT)
        refuse_row(n, error);
    if (status == ROAD_LINK_LOST) {
        log_warn("%s", error);
        return false;
    }
    if (status != ROAD_OK)
        fatal("%s", *error ? error : road_status_sentence(status));
    if (n->waiting.kind == SOURCE_IDLE && *error)
        log_info("%s", error);
    if (n->waiting.kind == SOURCE_END)
        end_drive(n);
    return n->waiting.kind != SOURCE_IDLE && n->waiting.kind != SOURCE_END;
}

static bool drive_is_open(struct node *n)
{
    if (n->source)
        return true;
    if (n->config.source == NODE_SOURCE_RECORDING && n->next_drive < n->drives.n) {
        open_drive(n);
        return true;
    }
    if (!n->is_over)
        n->driven_ns = clock_ns(CLOCK_MONOTONIC);
    n->is_over = true;
    return false;
}

/* Bounded work; gives the time by which to come again. */
static int64_t drive_on(struct node *n, int64_t now_ns)
{
    for (int i = 0; i < EVENTS_A_TURN; i++) {
        if (!take_batches(n))
            return now_ns + 20000000; /* full: room comes with an acknowledgement */
        if (!drive_is_open(n))
            return INT64_MAX;
        if (!n->has_waiting && !(n->has_waiting = read_event(n)))
            return n->source ? source_deadline_ns(n->source) : now_ns;
        const int64_t due = due_ns(n, now_ns);
        if (due > now_ns)
            return due;
        if (hand_on(n, &n->waiting) != ROAD_FULL)
            n->has_waiting = false;
    }
    return now_ns;
}

/* ---- what is told -------------------------------------------------------------------------------------- */

static bool is_done(const struct node *n)
{
    return n->is_over && uplink_stats(n->uplink).items == 0;
}

static double replay_speed(const struct node *n, int64_t now_ns)
{
    const int64_t wall_ns = (n->is_over ? n->driven_ns : now_ns) - n->began_ns;
    const int64_t data_ns = n->data_ns + n->drive_last_ns - n->drive_first_ns;

    return wall_ns > 0 ? (double)data_ns / (double)wall_ns : 0;
}

static int facts_json(const struct node *n, int64_t now_ns, char *text, size_t size)
{
    const struct node_core_stats s = node_core_stats(n->core);
    const struct outbox_stats o = uplink_stats(n->uplink);

    return snprintf(text, size,
                    "{\"name\":\"%s\",\"samples\":%" PRIu64 ",\"samples_refused\":%" PRIu64 ",\"rows_refused\":%" PRIu64
                    ",\"fixes\":%" PRIu64 ",\"fixes_refused\":%" PRIu64 ",\"distance_m\":%.1f,\"unplaced_m\":%.1f,\"unwatched_s\":%.1f"
                    ",\"detections\":%" PRIu64 ",\"look_alikes\":%" PRIu64 ",\"batches_sent\":%" PRIu64 ",\"batches_acked\":%" PRIu64
                    ",\"batches_refused\":%" PRIu64 ",\"outbox_items\":%" PRId64 ",\"outbox_bytes\":%" PRId64
                    ",\"outbox_full_refused\":%" PRIu64 ",\"replay_speed\":%.2f,\"done\":%s}\n",
                    n->config.name, s.samples, s.samples_refused, n->rows_refused, s.fixes, s.fixes_refused, s.distance_m, s.unplaced_m,
                    s.unwatched_s, s.detections, s.look_alikes, o.last_seq, o.acked_upto, o.refused, o.items, o.bytes,
                    n->refused_full, replay_speed(n, now_ns), is_done(n) ? "true" : "false");
}

/* Whole or not at all: a reader never sees half a file. */
static void write_facts(const struct node *n, const char *text, int length)
{
    char path[1100], fresh[1100];

    snprintf(path, sizeof path, "%s/facts.json", n->config.data_dir);
    snprintf(fresh, sizeof fresh, "%s/facts.json.new", n->config.data_dir);
    FILE *out = fopen(fresh, "we");
    if (!out || fwrite(text, 1, (size_t)length, out) != (size_t)length || fclose(out) != 0 || rename(fresh, path) != 0)
        log_warn("facts not written path=%s reason=%s", path, strerror(errno));
}

static void report(struct node *n, int64_t now_ns, bool is_last)
{
    char text[1536];

    if (now_ns < n->report_due_ns && !is_last)
        return;
    const int length = facts_json(n, now_ns, text, sizeof text);
    write_facts(n, text, length);
    uplink_tell_status(n->uplink, text, (size_t)length);
    if (n->handed)
        fflush(n->handed);
    n->report_due_ns = now_ns + REPORT_EVERY_NS;
    if (is_last)
        log_info("done %.*s", length - 1, text);
}

/* ---- the loop ------------------------------------------------------------------------------------------ */

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Signals are let in only while waiting, so that none falls between the test and the wait. */
static short wait_until(struct node *n, int64_t until_ns, const sigset_t *while_waiting)
{
    struct pollfd fds[FDS_MAX] = {uplink_pollfd(n->uplink)};
    const size_t more = n->source ? source_pollfds(n->source, fds + 1, FDS_MAX - 1) : 0;
    const int64_t left = until_ns - clock_ns(CLOCK_MONOTONIC), wait_ns = left > 0 ? left : 0;
    const struct timespec timeout = {wait_ns / 1000000000, wait_ns % 1000000000};

    return ppoll(fds, (nfds_t)(1 + more), &timeout, while_waiting) < 0 ? 0 : fds[0].revents;
}

static void run(struct node *n, const sigset_t *while_waiting)
{
    while (!stop_wanted) {
        int64_t now_ns = clock_ns(CLOCK_MONOTONIC);
        int64_t until_ns = earlier(drive_on(n, now_ns), now_ns + REPORT_EVERY_NS);
        until_ns = earlier(until_ns, uplink_deadline_ns(n->uplink, now_ns));
        const short revents = wait_until(n, until_ns, while_waiting);
        now_ns = clock_ns(CLOCK_MONOTONIC);
        if (n->source && n->config.source == NODE_SOURCE_LIVE)
            source_step(n->source, now_ns);
        const enum road_status status = uplink_step(n->uplink, revents, now_ns);
        if (status != ROAD_OK)
            fatal("outbox cannot be read: %s", road_status_sentence(status));
        report(n, now_ns, false);
        if (is_done(n) && n->config.exit_when_done)
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
    core.timing_sigma_s = c->timing_sigma_s;
    core.ride_gain = c->ride_gain;
    core.batch_m = c->batch_m;
    core.batch_s = c->batch_s;
    if (!grid_zone_is_valid(core.zone))
        fatal("zone_meridian_deg = %" PRId64 ": not a multiple of 3", c->zone_meridian_deg);
    const uint64_t first = c->source == NODE_SOURCE_LIVE ? n->stored_before + 1 : 1;
    const enum road_status status = node_core_new(&core, first, &n->core);
    if (status != ROAD_OK)
        fatal("core: %s", road_status_sentence(status));
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
    open_source(n);
    snprintf(path, sizeof path, "%s/handed.csv", n->config.data_dir);
    n->handed = fopen(path, "ae");
    n->began_ns = clock_ns(CLOCK_MONOTONIC);
}

/* What a live source has seen up to now goes into a last batch; a recording comes again from its first sample. */
static void finish_live(struct node *n)
{
    if (n->config.source != NODE_SOURCE_LIVE)
        return;
    node_core_finish(n->core);
    take_batches(n);
}

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
          "Reads a recording (phyphox folder or plain CSV) or live devices (gpsd and an IIO accelerometer), finds what\n"
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
    finish_live(&node);
    report(&node, clock_ns(CLOCK_MONOTONIC), true);
    close_all(&node);
    return 0;
}
