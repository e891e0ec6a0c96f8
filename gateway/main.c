/* main.c - roadchief-gateway: batches from the broker, changes to the server. One thread, one poll. */
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "gateway/config.h"
#include "gateway/keeper.h"
#include "gateway/rate.h"
#include "gateway/rules.h"
#include "link/log.h"
#include "link/road_file.h"
#include "link/session.h"

#define HEARD_MAX 64               /* verdicts of one turn; the server sends at most as many unacknowledged */
#define QUEUE_MAX KEEPER_GROUP_MAX /* messages of one turn: as many as the session reads */
#define QUEUE_BYTES (8u << 20)     /* of them: nothing is allocated for a message */
#define STATUS_EVERY_NS (5 * INT64_C(1000000000))
#define FULL_PAUSE_NS INT64_C(500000000)
/* 64 MiB: two syncs and some 50,000 batches later; a short log would hold up one group in a hundred. */
#define WAL_PAGES 16384
#define PURGE_EVERY_NS (60 * INT64_C(1000000000))
#define PURGE_AGAIN_NS INT64_C(100000000) /* while there is more to delete */
#define TOPIC_SIZE 128
#define REPORT_SIZE 8192
#define HELD_BACK_MAX 32 /* names told at once */

struct queued {
    char topic[TOPIC_SIZE];
    const uint8_t *bytes; /* in `room` */
    size_t length;
};

struct gateway {
    struct gateway_config config;
    struct gateway_rules rules;
    struct signer *signer;
    struct registry *registry;
    struct road_file roads; /* without ways if none is given */
    struct keeper *keeper;
    struct rates *rates;
    struct session *session;
    struct sender *sender;
    char change_topic[TOPIC_SIZE], change_ack_topic[TOPIC_SIZE], status_topic[TOPIC_SIZE], obs_topic[TOPIC_SIZE];
    char verdict_topic[TOPIC_SIZE], verdict_ack_topic[TOPIC_SIZE];
    struct queued heard[HEARD_MAX];
    size_t n_heard;
    struct queued queue[QUEUE_MAX];
    uint8_t room[QUEUE_BYTES];
    size_t n_queued, n_bytes;
    uint8_t change_ack[SEALED_MAX]; /* the newest of the turn: it says all that earlier ones said */
    size_t change_ack_length;
    struct keeper_ack acks[KEEPER_GROUP_MAX];
    uint64_t dropped, told_commits;
    enum road_status store; /* as logged and told last */
    int64_t status_due_ns, full_until_ns, snapshot_due_ns, purge_due_ns;
    bool is_rebuild;
    char snapshot_path[1100];
};

static volatile sig_atomic_t stop_wanted, report_wanted, reload_wanted;

static void on_signal(int number)
{
    if (number == SIGUSR1)
        report_wanted = 1;
    else if (number == SIGHUP)
        reload_wanted = 1;
    else
        stop_wanted = 1;
}

static int64_t clock_ns(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* ---- what arrives -------------------------------------------------------------------------------------- */

/* What does not fit is dropped. It is not acknowledged, so it comes again. */
static void keep_message(struct gateway *g, struct queued *queue, size_t *n, size_t max, const char *topic,
                         const void *payload, size_t length)
{
    if (*n == max || length > QUEUE_BYTES - g->n_bytes) {
        g->dropped++;
        return;
    }
    queue[*n] = (struct queued){.bytes = g->room + g->n_bytes, .length = length};
    snprintf(queue[*n].topic, sizeof queue[*n].topic, "%s", topic);
    if (length)
        memcpy(g->room + g->n_bytes, payload, length);
    g->n_bytes += length;
    (*n)++;
}

static void on_message(void *context, const char *topic, const void *payload, size_t length)
{
    struct gateway *g = context;

    if (strcmp(topic, g->change_ack_topic) == 0) {
        g->change_ack_length = length <= SEALED_MAX ? length : 0;
        memcpy(g->change_ack, payload, g->change_ack_length);
    } else if (strcmp(topic, g->verdict_topic) == 0) {
        keep_message(g, g->heard, &g->n_heard, HEARD_MAX, topic, payload, length);
    } else if (rate_allow(g->rates, strrchr(topic, '/') + 1, clock_ns(CLOCK_MONOTONIC))) {
        keep_message(g, g->queue, &g->n_queued, QUEUE_MAX, topic, payload, length);
    }
}

static void on_connected(void *context)
{
    struct gateway *g = context;

    log_info("connected to the broker");
    sender_on_connected(g->sender);
    g->status_due_ns = 0;
}

/* ---- what is done with it ------------------------------------------------------------------------------ */

static void send_acks(struct gateway *g, size_t n)
{
    for (size_t i = 0; i < n; i++)
        session_publish(g->session, g->acks[i].topic, g->acks[i].bytes, g->acks[i].length, false, NULL);
}

/* One line when the store begins to refuse and one when it takes again; the status topic says so at once. */
static void note_store(struct gateway *g, enum road_status status, int64_t now_ns)
{
    if (status != ROAD_OK)
        g->full_until_ns = now_ns + FULL_PAUSE_NS;
    if (status == g->store)
        return;
    if (status == ROAD_OK)
        log_info("the store takes batches again");
    else
        log_error("nothing is taken or acknowledged reason=%s: batches stay with their nodes until there is room",
                  road_status_name(status));
    g->store = status;
    g->status_due_ns = 0;
}

/* What cannot be taken now is dropped: its node has it and sends it again. */
static void take_queue(struct gateway *g, int64_t now_ns)
{
    struct keeper_message group[KEEPER_GROUP_MAX];
    size_t n_acks = 0;

    if (g->n_queued && now_ns >= g->full_until_ns) {
        for (size_t i = 0; i < g->n_queued; i++)
            group[i] = (struct keeper_message){g->queue[i].topic, g->queue[i].bytes, g->queue[i].length};
        const enum road_status status =
            keeper_take(g->keeper, group, g->n_queued, clock_ns(CLOCK_REALTIME), g->acks, &n_acks);
        if (status == ROAD_OK)
            send_acks(g, n_acks);
        note_store(g, status, now_ns);
    }
    g->n_queued = 0;
}

/* Likewise; the server asks again. */
static void take_heard(struct gateway *g, int64_t now_ns)
{
    struct keeper_ack *ack = &g->acks[0];

    for (size_t i = 0; i < g->n_heard && now_ns >= g->full_until_ns; i++) {
        const struct keeper_message message = {g->heard[i].topic, g->heard[i].bytes, g->heard[i].length};
        const enum road_status status = keeper_hear(g->keeper, &message, clock_ns(CLOCK_REALTIME), ack);
        if (status == ROAD_OK && ack->length)
            session_publish(g->session, g->verdict_ack_topic, ack->bytes, ack->length, false, NULL);
        note_store(g, status, now_ns);
    }
    g->n_heard = g->n_bytes = 0;
}

/* Where messages come one after the other what moved is written with the next of them, else at once; and at once before a
 * snapshot, which holds nothing that waits. */
static void settle(struct gateway *g, int64_t now_ns, bool is_busy)
{
    const int64_t wall_ns = clock_ns(CLOCK_REALTIME);
    const bool may_wait = is_busy && !(g->config.snapshot_every_s && now_ns >= g->snapshot_due_ns);

    if (now_ns >= g->full_until_ns && keeper_wait_ns(g->keeper, wall_ns) == 0)
        note_store(g, may_wait ? keeper_prepare(g->keeper, wall_ns) : keeper_settle(g->keeper, wall_ns), now_ns);
    keeper_log_standing(g->keeper);
}

/* Both only when nothing waits: a snapshot costs the fork, deleting a few rows a transaction. */
static void tidy(struct gateway *g, int64_t now_ns)
{
    int64_t deleted;

    keeper_snapshot_step(g->keeper, false);
    if (g->config.snapshot_every_s && now_ns >= g->snapshot_due_ns && keeper_wants_snapshot(g->keeper)) {
        keeper_snapshot_start(g->keeper);
        g->snapshot_due_ns = now_ns + g->config.snapshot_every_s * 1000000000;
    }
    if (now_ns < g->purge_due_ns || now_ns < g->full_until_ns)
        return;
    const enum road_status status = keeper_purge(g->keeper, clock_ns(CLOCK_REALTIME), &deleted);
    if (status != ROAD_OK)
        log_warn("old batches not deleted reason=%s", road_status_name(status));
    g->purge_due_ns = now_ns + (status == ROAD_OK && deleted ? PURGE_AGAIN_NS : PURGE_EVERY_NS);
}

static void take_change_ack(struct gateway *g)
{
    const struct registry_entry *server = registry_by_name(g->registry, g->config.server);

    if (!g->change_ack_length)
        return;
    const enum road_status status =
        !server || server->role != ROLE_SERVER
            ? ROAD_UNKNOWN_KEY
            : sender_on_ack(g->sender, server->verifier, g->change_ack, g->change_ack_length);
    if (status != ROAD_OK)
        log_warn("change-ack not taken server=%s reason=%s", g->config.server, road_status_name(status));
    g->change_ack_length = 0;
}

/* The keeper's, and who was held back since the last. */
static size_t write_report(struct gateway *g, char report[REPORT_SIZE])
{
    static const char member[] = ",\"held_back\":";
    char held_back[HELD_BACK_MAX * 64];
    size_t length = keeper_report(g->keeper, g->config.name, report, REPORT_SIZE);
    const size_t more = rates_report(g->rates, HELD_BACK_MAX, held_back, sizeof held_back);

    if (more > 2)
        log_warn("nodes held back, they send too fast: %s", held_back);
    if (length + sizeof member + more < REPORT_SIZE) /* in front of the closing brace */
        length += (size_t)snprintf(report + length - 1, REPORT_SIZE - length, "%s%s}", member, held_back) - 1;
    return length;
}

static void publish_status(struct gateway *g, int64_t now_ns)
{
    char report[REPORT_SIZE];
    const uint64_t commits = keeper_stats(g->keeper).commits;

    if (now_ns < g->status_due_ns || !session_is_connected(g->session))
        return;
    if (g->status_due_ns && commits == g->told_commits)
        return;
    const size_t length = write_report(g, report);
    if (length < sizeof report)
        session_publish(g->session, g->status_topic, report, length, true, NULL);
    g->told_commits = commits;
    g->status_due_ns = now_ns + STATUS_EVERY_NS;
}

static void log_report(struct gateway *g)
{
    char report[REPORT_SIZE];

    keeper_report(g->keeper, g->config.name, report, sizeof report);
    log_info("report dropped=%" PRIu64 " %s", g->dropped, report);
}

static void reload_registry(struct gateway *g)
{
    char error[512];
    struct registry *fresh;

    if (registry_load(g->config.registry, &fresh, error) != ROAD_OK) {
        log_error("registry kept as it was: %s", error);
        return;
    }
    keeper_use_registry(g->keeper, fresh);
    registry_close(g->registry);
    g->registry = fresh;
    log_info("registry read again speakers=%zu", registry_count(fresh));
}

static void act_on_signals(struct gateway *g)
{
    if (report_wanted)
        log_report(g);
    if (reload_wanted)
        reload_registry(g);
    report_wanted = reload_wanted = 0;
}

/* ---- the loop ------------------------------------------------------------------------------------------ */

/* Signals are let in only while waiting, so that none falls between the test and the wait. */
static void wait_and_read(struct gateway *g, int64_t until_ns, const sigset_t *while_waiting)
{
    struct pollfd fd = session_pollfd(g->session);
    const int64_t left = until_ns - clock_ns(CLOCK_MONOTONIC), wait_ns = left > 0 ? left : 0;
    const struct timespec timeout = {wait_ns / 1000000000, wait_ns % 1000000000};

    if (ppoll(&fd, 1, &timeout, while_waiting) < 0)
        fd.revents = 0; /* a signal */
    session_step(g->session, fd.revents, clock_ns(CLOCK_MONOTONIC));
}

static int64_t nearest_deadline(const struct gateway *g)
{
    const int64_t now_ns = clock_ns(CLOCK_MONOTONIC);
    int64_t until_ns = now_ns + STATUS_EVERY_NS;
    const int64_t session_ns = session_deadline_ns(g->session, now_ns), sender_ns = sender_deadline_ns(g->sender, now_ns);
    const int64_t keeper_ns = keeper_wait_ns(g->keeper, clock_ns(CLOCK_REALTIME));

    if (keeper_ns < until_ns - now_ns)
        until_ns = now_ns + keeper_ns < g->full_until_ns ? g->full_until_ns : now_ns + keeper_ns;
    until_ns = session_ns < until_ns ? session_ns : until_ns;
    return sender_ns < until_ns ? sender_ns : until_ns;
}

/* While one group is written the next one gathers in the socket, so that the fsync is shared by all that came
 * meanwhile, and a message that comes alone waits for nobody. */
static void run(struct gateway *g, const sigset_t *while_waiting)
{
    while (!stop_wanted) {
        wait_and_read(g, nearest_deadline(g), while_waiting);
        const int64_t now_ns = clock_ns(CLOCK_MONOTONIC);
        const bool is_busy = g->n_queued > 0;
        take_queue(g, now_ns);
        take_heard(g, now_ns);
        settle(g, now_ns, is_busy);
        tidy(g, now_ns);
        take_change_ack(g);
        const enum road_status status = sender_step(g->sender, now_ns);
        if (status != ROAD_OK)
            log_error("outbox cannot be read: %s", road_status_sentence(status));
        publish_status(g, now_ns);
        act_on_signals(g);
    }
}

/* ---- start and stop ------------------------------------------------------------------------------------ */

static void make_topics(struct gateway *g)
{
    const char *d = g->config.district, *n = g->config.name;

    snprintf(g->obs_topic, TOPIC_SIZE, "road/v1/%s/obs/+", d);
    snprintf(g->change_topic, TOPIC_SIZE, "road/v1/%s/change/%s", d, n);
    snprintf(g->change_ack_topic, TOPIC_SIZE, "road/v1/%s/change-ack/%s", d, n);
    snprintf(g->verdict_topic, TOPIC_SIZE, "road/v1/%s/verdict/%s", d, n);
    snprintf(g->verdict_ack_topic, TOPIC_SIZE, "road/v1/%s/verdict-ack/%s", d, n);
    snprintf(g->status_topic, TOPIC_SIZE, "road/v1/%s/status/%s", d, n);
}

static void open_roads(struct gateway *g)
{
    const struct gateway_config *c = &g->config;
    char error[ROAD_FILE_ERROR_SIZE];

    if (!c->roads[0])
        return;
    if (road_file_read(c->roads, &g->roads, error) != ROAD_OK)
        fatal("%s", error);
    if (g->roads.network.zone.meridian_deg != c->zone_meridian_deg || g->roads.network.zone.is_south != c->zone_south)
        fatal("%s: is of meridian %d, this deployment of %" PRId64, c->roads, g->roads.network.zone.meridian_deg,
              c->zone_meridian_deg);
    log_info("roads ways=%" PRIu32 " digest=%02x%02x%02x%02x", g->roads.network.n_ways, g->roads.digest[0],
             g->roads.digest[1], g->roads.digest[2], g->roads.digest[3]);
}

static void open_keeper(struct gateway *g)
{
    const struct gateway_config *c = &g->config;
    char path[1100], error[KEEPER_ERROR_SIZE];
    struct keeper_config config = {
        .path = path,
        .district = c->district,
        .beliefs = {.evidence = {.zone = {(int)c->zone_meridian_deg, c->zone_south},
                                 .frame_de_mm = c->frame_de_mm,
                                 .frame_dn_mm = c->frame_dn_mm},
                    .road_class = (enum road_class)c->road_class,
                    .roads = c->roads[0] ? &g->roads.network : NULL,
                    .rules = g->rules.code,
                    .odds = &g->rules.evidence,
                    .standing = c->standing ? standing_rules_default : (struct standing_rules){0},
                    .feature_passes = (unsigned)g->rules.evidence.feature_passes},
        .outbox = {.max_bytes = c->outbox_max_bytes, .max_items = c->outbox_max_items},
        .quarantine_max_items = c->quarantine_max_items,
        .is_as_of_now = c->as_of == 1,
        .settle_ms = c->settle_ms,
        .wal_pages = WAL_PAGES,
        .snapshot_path = c->snapshot_every_s ? g->snapshot_path : NULL,
        .is_rebuild = g->is_rebuild,
        .retain_s = c->retain_days * 86400,
        .retain_phone_s = c->retain_phone_hours * 3600,
        .rules = &g->rules,
        .opened_ns = clock_ns(CLOCK_REALTIME),
        .signer = g->signer,
        .registry = g->registry,
    };

    snprintf(path, sizeof path, "%s/gateway.db", c->data_dir);
    snprintf(g->snapshot_path, sizeof g->snapshot_path, "%s/gateway.snapshot", c->data_dir);
    memcpy(config.roads, g->roads.digest, SHA256_SIZE);
    if (keeper_open(&config, &g->keeper, error) != ROAD_OK)
        fatal("%s: %s", path, error);
}

static void open_link(struct gateway *g)
{
    const struct gateway_config *c = &g->config;
    const struct session_config session = {.client_id = c->name,
                                           .brokers = c->brokers,
                                           .ca_file = c->ca_file,
                                           .cert_file = c->cert_file,
                                           .key_file = c->key_file,
                                           .will_topic = g->status_topic,
                                           .keepalive_s = 30,
                                           .on_message = on_message,
                                           .on_connected = on_connected,
                                           .context = g};
    const struct sender_config sender = {.topic = g->change_topic,
                                         .speaker = signer_kid(g->signer),
                                         .in_flight = (int)c->in_flight,
                                         .resend_after_ms = c->resend_after_ms};

    enum road_status status = session_open(&session, &g->session);
    if (status == ROAD_OK)
        status = sender_open(g->session, keeper_outbox(g->keeper), &sender, &g->sender);
    if (status == ROAD_OK)
        status = session_subscribe(g->session, g->obs_topic);
    if (status == ROAD_OK)
        status = session_subscribe(g->session, g->change_ack_topic);
    if (status == ROAD_OK)
        status = session_subscribe(g->session, g->verdict_topic);
    if (status != ROAD_OK)
        fatal("link: %s (brokers = %s)", road_status_sentence(status), c->brokers);
}

static void open_state(struct gateway *g)
{
    const struct gateway_config *c = &g->config;
    const struct grid_zone zone = {(int)c->zone_meridian_deg, c->zone_south};
    char error[512];

    if (!grid_zone_is_valid(zone))
        fatal("zone_meridian_deg = %" PRId64 ": not a multiple of 3", c->zone_meridian_deg);
    if (!name_is_valid(c->name))
        fatal("name = %s: 1 to 32 of a-z, 0-9 and -", c->name);
    const enum road_status status = signer_open(c->key_file, &g->signer);
    if (status != ROAD_OK)
        fatal("%s: %s", c->key_file, road_status_sentence(status));
    if (registry_load(c->registry, &g->registry, error) != ROAD_OK)
        fatal("%s", error);
    make_topics(g);
    g->rates = rates_new(g->config.node_messages_per_s);
    open_roads(g);
    open_keeper(g);
}

static void close_state(struct gateway *g)
{
    keeper_close(g->keeper);
    rates_free(g->rates);
    road_file_done(&g->roads);
    registry_close(g->registry);
    signer_close(g->signer);
}

static void close_all(struct gateway *g)
{
    keeper_settle(g->keeper, clock_ns(CLOCK_REALTIME)); /* if it cannot be told now, the next start tells it */
    sender_close(g->sender);
    session_publish(g->session, g->status_topic, "offline", strlen("offline"), true, NULL); /* a clean end has no will */
    session_close(g->session);
    keeper_snapshot_step(g->keeper, true);
    keeper_snapshot(g->keeper);
    close_state(g);
}

/* Blocked outside of waiting; *ret_while_waiting is the mask to wait with. */
static void catch_signals(sigset_t *ret_while_waiting)
{
    const int numbers[] = {SIGTERM, SIGINT, SIGUSR1, SIGHUP};
    struct sigaction action = {.sa_handler = on_signal};
    sigset_t ours;

    sigemptyset(&ours);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        sigaction(numbers[i], &action, NULL);
        sigaddset(&ours, numbers[i]);
    }
    sigprocmask(SIG_BLOCK, &ours, ret_while_waiting);
}

static void print_help(FILE *out)
{
    fputs("roadchief-gateway - fuses what vehicles saw and colours the road\n\n"
          "usage: roadchief gateway --config FILE [--rebuild] [--state-hash | --check-config | --print-rules]\n\n"
          "Takes signed batches from the broker (road/v1/<district>/obs/<node>), keeps each on disk before it\n"
          "acknowledges it, believes (positions, probabilities, codes) and sends what moved to the server. Kill it\n"
          "at any time: a restart reads its snapshot, folds the batches since, and believes the same.\n\n"
          "  --rebuild        fold every batch that is kept, whatever the snapshot says\n"
          "  --state-hash     start, print a SHA-256 of all that is believed, and end\n"
          "  --check-config   read the config and its rules, print what was understood, and end\n"
          "  --print-rules    print the rules in force, each with its range and source, and end; as shipped without\n"
          "                   --config\n"
          "  SIGTERM stops it, SIGUSR1 logs its counters, SIGHUP reads the registry again\n\n"
          "Config, one `key = value` a line:\n\n",
          out);
    config_help(gateway_keys, gateway_keys_count, out);
    fputs("\nExample:\n\n"
          "  name = gw-1\n  district = 330103\n  data_dir = /var/lib/roadchief/gateway\n"
          "  brokers = 127.0.0.1:8883\n  ca_file = /etc/roadchief/ca.crt\n  cert_file = /etc/roadchief/gw-1.crt\n"
          "  key_file = /etc/roadchief/gw-1.key\n  registry = /etc/roadchief/registry\n  server = server\n",
          out);
}

/* The rules the config names; its own cadence goes before theirs. */
static enum road_status read_rules(struct gateway *g, char *ret_error)
{
    const struct gateway_config *c = &g->config;
    enum road_status status = ROAD_OK;

    if (*c->rules)
        status = rules_load(c->rules, &g->rules, ret_error);
    else
        rules_default(&g->rules);
    if (c->cadence_d > 0)
        g->rules.code.cadence_d[c->road_class] = c->cadence_d;
    return status;
}

struct options {
    const char *config;
    bool is_check, is_print_rules, is_rebuild, is_state_hash;
};

/* Exit status to end with at once, or -1 to go on. */
static int read_options(int argc, char **argv, struct options *options)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0) {
            print_help(stdout);
            return 0;
        }
        if (strcmp(argv[i], "--config") == 0 && i + 1 < argc) {
            options->config = argv[++i];
        } else if (strcmp(argv[i], "--check-config") == 0) {
            options->is_check = true;
        } else if (strcmp(argv[i], "--rebuild") == 0) {
            options->is_rebuild = true;
        } else if (strcmp(argv[i], "--state-hash") == 0) {
            options->is_state_hash = true;
        } else if (strcmp(argv[i], "--print-rules") == 0) {
            options->is_print_rules = true;
        } else {
            fprintf(stderr, "roadchief-gateway: '%s' is not an option; --help tells more\n", argv[i]);
            return 2;
        }
    }
    if (!options->config && !options->is_print_rules) {
        fputs("roadchief-gateway: --config FILE is needed; --help tells more\n", stderr);
        return 2;
    }
    return -1;
}

/* Likewise. */
static int read_config(struct gateway *g, const struct options *options)
{
    char error[CONFIG_ERROR_SIZE];
    enum road_status status = ROAD_OK;

    if (options->config)
        status = config_load(gateway_keys, gateway_keys_count, &g->config, options->config, error);
    if (status == ROAD_OK)
        status = read_rules(g, error);
    if (status != ROAD_OK) {
        fprintf(stderr, "roadchief-gateway: %s\n", error);
        return 1;
    }
    if (options->is_check)
        config_print(gateway_keys, gateway_keys_count, &g->config, stdout);
    if (options->is_print_rules)
        rules_print(&g->rules, stdout);
    return options->is_check || options->is_print_rules ? 0 : -1;
}

static int print_state_hash(struct gateway *g)
{
    uint8_t digest[SHA256_SIZE];

    keeper_state_hash(g->keeper, digest);
    for (int i = 0; i < SHA256_SIZE; i++)
        printf("%02x", digest[i]);
    putchar('\n');
    close_state(g);
    return 0;
}

int main(int argc, char **argv)
{
    static struct gateway gateway;
    sigset_t while_waiting;

    struct options options = {.config = NULL};
    int done = read_options(argc, argv, &options);
    if (done < 0)
        done = read_config(&gateway, &options);
    if (done >= 0)
        return done;
    log_init("gateway", (enum log_level)gateway.config.log_level);
    catch_signals(&while_waiting);
    gateway.is_rebuild = options.is_rebuild;
    open_state(&gateway);
    if (options.is_state_hash)
        return print_state_hash(&gateway);
    open_link(&gateway);
    printf("ready name=%s\n", gateway.config.name);
    fflush(stdout);
    run(&gateway, &while_waiting);
    log_report(&gateway);
    close_all(&gateway);
    return 0;
}
