/* main.c - roadchief-server: takes changes from the gateways, keeps the ledger and the store, answers over
 * HTTP. */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "link/database.h"
#include "link/log.h"
#include "link/session.h"
#include "server/api/api.h"
#include "server/config.h"
#include "server/intake.h"
#include "server/operator.h"
#include "server/store/schema.h"
#include "server/voice.h"

#define TOPIC_SIZE    128
#define KEEPALIVE_S   30
#define GROUPS_A_TURN 4

struct server {
    struct server_config config;
    char database_path[SERVER_PATH_SIZE + 16];
    char vkey[NOTE_KEY_TEXT_SIZE];
    sqlite3 *db;
    struct signer *signer, *log_signer;
    struct registry *registry;
    struct ledger *ledger;
    struct intake *intake;
    struct voice *voice;
    struct api *api;
    struct session *session;
};

static volatile sig_atomic_t stop_wanted, reload_wanted;

static void on_signal(int number)
{
    if (number == SIGHUP)
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

static int64_t wall_ms(void)
{
    return clock_ns(CLOCK_REALTIME) / 1000000;
}

/* --- what the parts tell the loop --- */

/* True if it was a status; who says nothing of nodes (a server, "offline") is passed over. */
static bool take_status(struct server *server, const char *topic, const void *payload, size_t length)
{
    char prefix[TOPIC_SIZE];
    const int n = snprintf(prefix, sizeof prefix, "road/v1/%s/status/", server->config.district);

    if (n <= 0 || strncmp(topic, prefix, (size_t)n) != 0)
        return false;
    const struct registry_entry *entry = registry_by_name(server->registry, topic + n);
    if (entry && entry->role == ROLE_GATEWAY)
        api_set_status(server->api, entry->name, payload, length);
    return true;
}

static void on_message(void *context, const char *topic, const void *payload, size_t length)
{
    struct server *server = context;

    if (voice_on_message(server->voice, topic, payload, length) || take_status(server, topic, payload, length))
        return;
    const enum road_status status = intake_push(server->intake, topic, payload, length);

    if (status)
        log_warn("change not taken topic=%s status=%s", topic, road_status_name(status));
}

static void on_ack(void *context, const char *gateway, const void *bytes, size_t length)
{
    struct server *server = context;
    char topic[TOPIC_SIZE];

    snprintf(topic, sizeof topic, "road/v1/%s/change-ack/%s", server->config.district, gateway);
    if (session_publish(server->session, topic, bytes, length, false,
                        NULL)) /* asked for again by sending again */
        log_debug("acknowledgement not sent gateway=%s", gateway);
}

static void on_change(void *context, int64_t change_id, const char *event, const struct store_touch *touch)
{
    struct server *server = context;
    const struct api_touch seen = {touch->cells, touch->n_cells, touch->has_defects, touch->has_segments};

    api_publish_touched(server->api, change_id, event, &seen);
}

static void on_connected(void *context)
{
    struct server *server = context;

    voice_on_connected(server->voice);
    log_info("broker connected name=%s", server->config.name);
}

/* --- set-up, in the order of main --- */

static void parse_options(int argc, char **argv, struct server_config *config)
{
    static const struct option options[] = {{"config", required_argument, NULL, 'c'},
                                            {"check-config", no_argument, NULL, 'n'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    const char *path = NULL;
    char error[CONFIG_ERROR_SIZE] = "";
    bool only_check = false;
    int option;

    while ((option = getopt_long(argc, argv, "c:nh", options, NULL)) != -1) {
        if (option == 'c')
            path = optarg;
        else if (option == 'n')
            only_check = true;
        else {
            printf("usage: roadchief-server --config FILE [--check-config]\n\nKeys of the file:\n");
            config_help(server_config_keys, server_config_n_keys, stdout);
            exit(option == 'h' ? 0 : 2);
        }
    }
    if (!path || optind < argc) {
        fputs("usage: roadchief-server --config FILE [--check-config]\n", stderr);
        exit(2);
    }
    if (server_config_load(path, config, error)) {
        fprintf(stderr, "%s\n", error);
        exit(1);
    }
    if (only_check) {
        config_print(server_config_keys, server_config_n_keys, config, stdout);
        exit(0);
    }
}

static void must(enum road_status status, const char *what)
{
    if (status)
        fatal("%s: %s", what, road_status_sentence(status));
}

static void open_store(struct server *server)
{
    char error[CONFIG_ERROR_SIZE] = "";

    snprintf(server->database_path, sizeof server->database_path, "%s/server.db", server->config.data_dir);
    if (database_open(server->database_path, store_migrations, &server->db, error))
        fatal("%s: %s", server->database_path, error);
    must(signer_open(server->config.key_file, &server->signer), server->config.key_file);
    if (registry_load(server->config.registry, &server->registry, error))
        fatal("%s", error);
    must(operator_open_key(server->config.data_dir, server->db, &server->log_signer),
         "the log's key log.key");
    must(ledger_open(server->db, server->config.log_origin, server->log_signer, &server->ledger),
         "the ledger");
    note_key_format(ledger_key(server->ledger), server->vkey);
}

static struct operator_statement statement(const struct server *server)
{
    struct operator_statement what = {.server = server->config.name,
                                      .district = server->config.district,
                                      .registry = server->registry,
                                      .now_ms = wall_ms()};
    char *text = NULL;
    size_t length = 0;
    FILE *memory = open_memstream(&text, &length);

    if (!memory)
        fatal("out of memory");
    config_print(server_config_keys, server_config_n_keys, &server->config, memory);
    fclose(memory);
    sha256(text, length, what.config_sha256);
    free(text);
    return what;
}

static void open_intake(struct server *server)
{
    const struct operator_statement what = statement(server);
    const struct intake_config config = {.district = server->config.district,
                                         .zone = server_config_zone(&server->config),
                                         .registry = server->registry,
                                         .signer = server->signer,
                                         .on_ack = on_ack,
                                         .on_change = on_change,
                                         .context = server};

    must(operator_register_keys(server->db, server->ledger, server->log_signer, &what), "registering keys");
    must(operator_start(server->db, server->ledger, server->log_signer, &what), "the start entry");
    must(intake_open(server->db, server->ledger, &config, &server->intake), "the intake");
}

static const char *or_null(const char *text)
{
    return *text ? text : NULL;
}

static void open_api(struct server *server)
{
    const struct server_config *c = &server->config;
    char error[API_ERROR_SIZE] = "";
    struct api_config config = {.database_path = server->database_path,
                                .http_host = c->http_host,
                                .http_port = (int)c->http_port,
                                .tls_cert = or_null(c->tls_cert),
                                .tls_key = or_null(c->tls_key),
                                .web_dir = or_null(c->web_dir),
                                .truth_file = or_null(c->truth_file),
                                .roads_file = or_null(c->roads_file),
                                .district = c->district,
                                .log_origin = c->log_origin,
                                .log_vkey = server->vkey,
                                .zone = server_config_zone(c),
                                .ret_error = error};

    memcpy(config.bounds, c->bounds, sizeof config.bounds);
    const enum road_status status = api_start(&config, &server->api);
    if (status)
        fatal("http: %s", *error ? error : road_status_sentence(status));
}

static void open_session(struct server *server)
{
    const struct server_config *c = &server->config;
    char will[TOPIC_SIZE], changes[TOPIC_SIZE], verdict_acks[TOPIC_SIZE];
    const struct session_config config = {.client_id = c->name,
                                          .brokers = c->brokers,
                                          .ca_file = c->ca_file,
                                          .cert_file = c->cert_file,
                                          .key_file = c->key_file,
                                          .will_topic = will,
                                          .keepalive_s = KEEPALIVE_S,
                                          .on_message = on_message,
                                          .on_connected = on_connected,
                                          .context = server};

    snprintf(will, sizeof will, "road/v1/%s/status/%s", c->district, c->name);
    snprintf(changes, sizeof changes, "road/v1/%s/change/+", c->district);
    must(session_open(&config, &server->session), "the broker session");
    snprintf(verdict_acks, sizeof verdict_acks, "road/v1/%s/verdict-ack/+", c->district);
    must(session_subscribe(server->session, changes), "subscribing");
    must(session_subscribe(server->session, verdict_acks), "subscribing");
    snprintf(changes, sizeof changes, "road/v1/%s/status/+", c->district);
    must(session_subscribe(server->session, changes), "subscribing");
}

/* After the session, which carries it; before the first turn, in which messages arrive. */
static void open_voice(struct server *server)
{
    const struct voice_config config = {.district = server->config.district,
                                        .registry = server->registry,
                                        .signer = server->signer,
                                        .log_signer = server->log_signer,
                                        .session = server->session};

    must(voice_open(server->db, server->ledger, &config, &server->voice), "what people say");
}

/* Signals are let in only while ppoll waits, so that none falls between looking and waiting. */
static sigset_t catch_signals(void)
{
    const struct sigaction action = {.sa_handler = on_signal};
    sigset_t blocked, before;

    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    sigaddset(&blocked, SIGINT);
    sigaddset(&blocked, SIGHUP);
    sigprocmask(SIG_BLOCK, &blocked, &before);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
    sigdelset(&before, SIGTERM);
    sigdelset(&before, SIGINT);
    sigdelset(&before, SIGHUP);
    return before;
}

/* --- the loop --- */

/* A registry that cannot be read leaves the old one in force. */
static void reload(struct server *server)
{
    char error[CONFIG_ERROR_SIZE] = "";
    struct registry *fresh, *old = server->registry;

    reload_wanted = 0;
    if (registry_load(server->config.registry, &fresh, error)) {
        log_error("registry not reloaded: %s", error);
        return;
    }
    server->registry = fresh;
    intake_set_registry(server->intake, fresh);
    enum road_status status = voice_set_registry(server->voice, fresh);
    if (status)
        log_error("a gateway gets no verdicts status=%s", road_status_name(status));
    registry_close(old);
    const struct operator_statement what = statement(server);
    status = operator_register_keys(server->db, server->ledger, server->log_signer, &what);
    if (status)
        log_error("keys not registered status=%s", road_status_name(status));
    else
        log_info("registry reloaded speakers=%zu", registry_count(fresh));
}

static void tell_metrics(struct server *server)
{
    const struct intake_stats s = intake_stats(server->intake);
    const struct voice_stats voice = voice_stats(server->voice);
    const struct {
        const char *name, *help;
        uint64_t value;
    } rows[] = {
        {"roadchief_changes_applied_total", "changes applied since start", s.applied},
        {"roadchief_changes_duplicate_total", "changes that were had already", s.duplicates},
        {"roadchief_changes_gap_total", "changes that came before an earlier one", s.gaps},
        {"roadchief_changes_refused_total", "changes refused for good", s.refused},
        {"roadchief_changes_quarantined_total", "messages that nobody can be held to", s.quarantined},
        {"roadchief_changes_dropped_total", "messages dropped because too many were waiting", s.dropped_full},
        {"roadchief_commits_failed_total", "groups of changes rolled back", s.failed_commits},
        {"roadchief_verdicts_said_total", "what people said, entered and sent on", voice.said},
        {"roadchief_verdicts_refused_total", "what people may not say", voice.refused},
        {"roadchief_verdicts_acknowledged_total", "verdicts that a gateway has on disk", voice.acknowledged},
        {"roadchief_ledger_entries_total", "entries of the ledger", ledger_size(server->ledger)},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        api_set_metric(server->api, API_COUNTER, rows[i].name, rows[i].help, (double)rows[i].value);
    api_set_metric(server->api, API_GAUGE, "roadchief_broker_connected", "1 while the broker is connected",
                   session_is_connected(server->session) ? 1 : 0);
}

static void wait_for_work(struct server *server, const sigset_t *mask)
{
    const int64_t now_ns = clock_ns(CLOCK_MONOTONIC);
    const int64_t session_ns = session_deadline_ns(server->session, now_ns), voice_ns = voice_deadline_ns(server->voice, now_ns);
    int64_t wait_ns = (session_ns < voice_ns ? session_ns : voice_ns) - now_ns;
    struct pollfd fd = session_pollfd(server->session);

    if (wait_ns < 0 || intake_waiting(server->intake) > 0)
        wait_ns = 0;
    const struct timespec timeout = {.tv_sec = wait_ns / 1000000000, .tv_nsec = wait_ns % 1000000000};
    if (ppoll(&fd, 1, &timeout, mask) < 0)
        fd.revents = 0; /* a signal: the next turn looks at it */
    session_step(server->session, fd.revents, clock_ns(CLOCK_MONOTONIC));
}

/* False if the store is damaged: better no server than one that forgets. */
static bool apply_waiting(struct server *server)
{
    enum road_status status = ROAD_OK;

    for (int i = 0; i < GROUPS_A_TURN && status == ROAD_OK; i++)
        status = intake_step(server->intake, wall_ms());
    if (status != ROAD_CORRUPT)
        status = voice_step(server->voice, clock_ns(CLOCK_MONOTONIC), wall_ms());
    if (status == ROAD_CORRUPT)
        log_error("the store is damaged; stopping");
    return status != ROAD_CORRUPT;
}

static bool run(struct server *server, const sigset_t *mask)
{
    bool is_good = true;

    while (!stop_wanted && is_good) {
        if (reload_wanted)
            reload(server);
        wait_for_work(server, mask);
        is_good = apply_waiting(server);
        tell_metrics(server);
    }
    return is_good;
}

static void print_ready(const struct server *server)
{
    printf("ready name=%s http=%s://%s:%d\n", server->config.name,
           *server->config.tls_cert ? "https" : "http", server->config.http_host, api_port(server->api));
    fflush(stdout);
}

static void close_all(struct server *server)
{
    voice_close(server->voice);
    session_close(server->session);
    api_stop(server->api);
    intake_close(server->intake);
    ledger_close(server->ledger);
    signer_close(server->log_signer);
    signer_close(server->signer);
    registry_close(server->registry);
    database_close(server->db);
}

int main(int argc, char **argv)
{
    static struct server server;

    parse_options(argc, argv, &server.config);
    log_init("roadchief-server", (enum log_level)server.config.log_level);
    const sigset_t mask = catch_signals();
    open_store(&server);
    open_intake(&server);
    open_api(&server);
    open_session(&server);
    open_voice(&server);
    print_ready(&server);
    const bool is_good = run(&server, &mask);
    close_all(&server);
    log_info("stopped");
    return is_good ? 0 : 1;
}
