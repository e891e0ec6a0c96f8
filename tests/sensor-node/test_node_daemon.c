/* roadchief-node as a black box: the real program, a real mosquitto (plain TCP on loopback), and a gateway played
 * here that verifies, keeps and acknowledges. The drive is made up: a straight street, one kilometre, 100 Hz. */
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "front/broker.h"
#include "front/child.h"
#include "link/registry.h"
#include "link/session.h"
#include "tests/check.h"
#include "tests/sensor-node/gpsd_rig.h"

#define SAMPLES  10000 /* 100 s at 100 Hz, 10 m/s */
#define SEQS_MAX 256
#define WAIT_MS  30000

static struct bench {
    char dir[64];
    struct broker *broker;
    struct child node;
    struct registry *registry;
    struct verifier *node_key; /* of the registry */
    struct signer *gateway_key;
    struct session *session;
    uint64_t upto, received, unverified, altered;
    uint8_t digest[SEQS_MAX][SHA256_SIZE];
} t;

static const char *in_dir(const char *name)
{
    static char path[4][128];
    static int turn;

    turn = (turn + 1) % 4;
    snprintf(path[turn], sizeof path[turn], "%s/%s", t.dir, name);
    return path[turn];
}

static void must(bool is_true, const char *what)
{
    if (is_true)
        return;
    fprintf(stderr, "cannot set up: %s\n", what);
    exit(2);
}

/* ---- the gateway ----------------------------------------------------------------------------------------- */

static void send_ack(void)
{
    const struct registry_entry *node = registry_by_name(t.registry, "car-1");
    const struct ack ack = {.speaker = node->kid, .upto = t.upto};
    uint8_t payload[1024], sealed[1024 + SEAL_OVERHEAD];
    size_t payload_length, sealed_length;

    must(ack_encode(&ack, payload, sizeof payload, &payload_length) == ROAD_OK, "ack");
    must(cose_seal(t.gateway_key, payload, payload_length, sealed, sizeof sealed, &sealed_length) == ROAD_OK, "seal");
    session_publish(t.session, "road/v1/330103/ack/car-1", sealed, sealed_length, false, NULL);
}

static void on_message(void *context, const char *topic, const void *bytes, size_t length)
{
    const uint8_t *payload;
    size_t payload_length;
    uint64_t seq;
    uint8_t digest[SHA256_SIZE];

    (void)context;
    (void)topic;
    t.received++;
    if (cose_open(t.node_key, bytes, length, &payload, &payload_length) != ROAD_OK ||
        batch_peek_seq(payload, payload_length, &seq) != ROAD_OK || seq == 0 || seq >= SEQS_MAX) {
        t.unverified++;
        return;
    }
    sha256(bytes, length, digest);
    if (seq <= t.upto)
        t.altered += memcmp(digest, t.digest[seq], SHA256_SIZE) != 0 ? 1 : 0;
    if (seq == t.upto + 1) {
        t.upto = seq;
        memcpy(t.digest[seq], digest, SHA256_SIZE);
    }
    send_ack();
}

static void gateway_start(void)
{
    const struct session_config config = {
        .client_id = "gw-1", .brokers = broker_address(t.broker), .keepalive_s = 30, .on_message = on_message};

    must(session_open(&config, &t.session) == ROAD_OK, "session");
    must(session_subscribe(t.session, "road/v1/330103/obs/+") == ROAD_OK, "subscription");
}

/* ---- the node -------------------------------------------------------------------------------------------- */

static void write_drive(void)
{
    FILE *out = fopen(in_dir("drive.csv"), "w");

    must(out != NULL, "drive.csv");
    fputs("time_s,ax_mps2,ay_mps2,az_mps2,gx_radps,gy_radps,gz_radps,lat_deg,lon_deg,speed_mps\n", out);
    for (int i = 0; i < SAMPLES; i++) {
        const double time_s = i / 100.;
        fprintf(out, "%.2f,%.4f,%.4f,%.4f,0,0,0,", time_s, 0.05 * sin(time_s * 7), 0.05 * sin(time_s * 5),
                9.81 + 0.3 * sin(time_s * 60));
        if (i % 100 == 0) /* 10 m/s north; 111,111 m a degree is near enough for a made-up street */
            fprintf(out, "%.9f,120.160000000,10.0\n", 30.27 + time_s * 10 / 111111);
        else
            fputs(",,\n", out);
    }
    must(fclose(out) == 0, "drive.csv");
}

static void write_config_of(const char *source, const char *more)
{
    FILE *out = fopen(in_dir("node.conf"), "w");

    must(out != NULL, "node.conf");
    fprintf(out,
            "name = car-1\ndistrict = 330103\ndata_dir = %s\nbrokers = %s\nkey_file = %s\nregistry = %s\n"
            "gateway = gw-1\ngnss_class = sbas\nbatch_m = 50\nresend_after_ms = 300\n%s%s",
            t.dir, broker_address(t.broker), in_dir("node.key"), in_dir("registry"), source, more);
    must(fclose(out) == 0, "node.conf");
}

static void write_config(const char *more)
{
    char source[256];

    snprintf(source, sizeof source,
             "source = recording\ndrive = %s\nstart = 2026-11-01T08:00:00Z\nexit_when_done = yes\n",
             in_dir("drive.csv"));
    write_config_of(source, more);
}

static void node_start(void)
{
    char config[128], line[256];
    char *argv[] = {(char *)(uintptr_t)ROAD_NODE, (char *)(uintptr_t) "--config", config, NULL};

    snprintf(config, sizeof config, "%s", in_dir("node.conf"));
    must(child_start(&t.node, argv, in_dir("node.log")) == ROAD_OK, "node");
    CHECK_STATUS(child_wait_line(&t.node, "ready ", 10000, line, sizeof line), ROAD_OK);
    CHECK(strstr(line, "name=car-1"));
}

static bool log_holds(const char *text)
{
    static char log[1 << 18];
    FILE *in = fopen(in_dir("node.log"), "r");

    if (!in)
        return false;
    log[fread(log, 1, sizeof log - 1, in)] = '\0';
    fclose(in);
    return strstr(log, text) != NULL;
}

/* A number of facts.json; -1 if it is not there yet. */
static double fact(const char *name)
{
    char text[4096] = "", key[64];
    FILE *in = fopen(in_dir("facts.json"), "r");

    if (!in)
        return -1;
    text[fread(text, 1, sizeof text - 1, in)] = '\0';
    fclose(in);
    snprintf(key, sizeof key, "\"%s\":", name);
    const char *at = strstr(text, key);
    if (!at)
        return -1;
    at += strlen(key);
    return strncmp(at, "true", 4) == 0 ? 1 : strtod(at, NULL);
}

static void wait_for_fact(const char *name, double least)
{
    const int64_t limit_ms = now_ms() + WAIT_MS;

    while (fact(name) < least && now_ms() < limit_ms)
        poll(NULL, 0, 20);
    if (fact(name) < least)
        CHECK_FAILED("%s stays at %g, want %g", name, fact(name), least);
}

/* Until the node has written its facts twice more: the second ones are of after this call. */
static void wait_for_fresh_facts(void)
{
    const int64_t limit_ms = now_ms() + WAIT_MS;
    struct stat seen = {0}, now = {0};

    for (int fresh = -1; fresh < 2 && now_ms() < limit_ms; poll(NULL, 0, 20)) {
        if (stat(in_dir("facts.json"), &now) || now.st_ino + (ino_t)now.st_mtim.tv_nsec ==
                                                    seen.st_ino + (ino_t)seen.st_mtim.tv_nsec)
            continue;
        seen = now;
        fresh++;
    }
}

static void serve_until_node_ends(void)
{
    const int64_t limit_ms = now_ms() + WAIT_MS;

    while (child_is_running(&t.node) && now_ms() < limit_ms)
        session_wait(t.session, 50);
    CHECK(!child_is_running(&t.node));
    CHECK(WIFEXITED(t.node.status) && WEXITSTATUS(t.node.status) == 0);
}

/* ---- set-up ---------------------------------------------------------------------------------------------- */

static void enroll(const char *name, enum registry_role role, const char *key_file)
{
    struct registry_entry entry = {.role = role, .district = "330103"};
    struct signer *signer;
    char error[512];

    snprintf(entry.name, sizeof entry.name, "%s", name);
    must(signer_create(key_file) == ROAD_OK && signer_open(key_file, &signer) == ROAD_OK, key_file);
    signer_public(signer, &entry.key);
    entry.kid = signer_kid(signer);
    must(registry_add(in_dir("registry"), &entry, error) == ROAD_OK, error);
    signer_close(signer);
}

static bool begin(void)
{
    char error[BROKER_ERROR_SIZE], folder[128];

    memset(&t, 0, sizeof t);
    strcpy(t.dir, "/tmp/road-node-XXXXXX");
    must(mkdtemp(t.dir) != NULL, t.dir);
    snprintf(folder, sizeof folder, "%s", in_dir("broker"));
    const struct broker_config broker = {.dir = folder};
    const enum road_status status = broker_start_with(&broker, &t.broker, error);
    if (status == ROAD_NOT_FOUND)
        return false;
    must(status == ROAD_OK, error);
    enroll("car-1", ROLE_NODE, in_dir("node.key"));
    enroll("gw-1", ROLE_GATEWAY, in_dir("gw.key"));
    must(registry_load(in_dir("registry"), &t.registry, error) == ROAD_OK, error);
    t.node_key = registry_by_name(t.registry, "car-1")->verifier;
    must(signer_open(in_dir("gw.key"), &t.gateway_key) == ROAD_OK, "gw.key");
    write_drive();
    return true;
}

static void end(void)
{
    char command[128];

    child_stop(&t.node, 3000);
    session_close(t.session);
    registry_close(t.registry);
    signer_close(t.gateway_key);
    broker_stop(t.broker);
    snprintf(command, sizeof command, "rm -r '%s'", t.dir);
    if (system(command))
        printf("  %s stays\n", t.dir);
}

static void check_delivery(void)
{
    CHECK(t.upto >= 15); /* 1 km in batches of 50 m, less what the start takes */
    CHECK_INT(t.unverified, 0);
    CHECK_INT(t.altered, 0);
    CHECK_INT(fact("batches_sent"), t.upto);
    CHECK_INT(fact("batches_acked"), t.upto);
    CHECK_INT(fact("outbox_items"), 0);
    CHECK_INT(fact("samples"), SAMPLES);
    CHECK_INT(fact("done"), 1);
}

FACT(a_node_offline_for_a_whole_drive_delivers_it_afterwards)
{
    char error[BROKER_ERROR_SIZE];

    if (!begin())
        SKIP("no mosquitto");
    broker_kill(t.broker);
    write_config("replay_speed = 0\n");
    node_start();
    wait_for_fact("samples", SAMPLES);
    CHECK(fact("outbox_items") >= 15);
    CHECK_INT(fact("batches_acked"), 0);
    CHECK_STATUS(broker_restart(t.broker, error), ROAD_OK);
    gateway_start();
    serve_until_node_ends();
    check_delivery();
    end();
}

FACT(a_recording_waits_while_the_outbox_is_full_and_loses_nothing)
{
    char error[BROKER_ERROR_SIZE];

    if (!begin())
        SKIP("no mosquitto");
    broker_kill(t.broker);
    write_config("replay_speed = 0\noutbox_max_items = 3\n");
    node_start();
    wait_for_fact("outbox_items", 3);
    const double waiting = fact("samples");
    wait_for_fresh_facts();
    CHECK_INT(fact("outbox_items"), 3);
    CHECK_NEAR(fact("samples"), waiting, 2000); /* it read on for a turn at most */
    CHECK(fact("samples") < SAMPLES);
    CHECK_STATUS(broker_restart(t.broker, error), ROAD_OK);
    gateway_start();
    serve_until_node_ends();
    check_delivery();
    end();
}

FACT(a_node_stopped_in_mid_drive_goes_on_where_it_was)
{
    if (!begin())
        SKIP("no mosquitto");
    write_config("replay_speed = 40\n");
    gateway_start();
    node_start();
    const int64_t limit_ms = now_ms() + WAIT_MS;
    while (t.upto < 5 && now_ms() < limit_ms)
        session_wait(t.session, 50);
    child_stop(&t.node, 5000);
    CHECK(WIFEXITED(t.node.status) && WEXITSTATUS(t.node.status) == 0); /* SIGTERM is a clean end */
    CHECK(t.upto >= 5 && t.upto < 15);
    node_start();
    serve_until_node_ends();
    check_delivery();
    end();
}

/* The state on disk has changed between the two runs, yet the rerun gives the bytes that the outbox has (check_delivery
 * counts altered ones): it starts from what the first run started with. */
FACT(a_rerun_starts_from_what_the_vehicle_knew_at_first)
{
    if (!begin())
        SKIP("no mosquitto");
    FILE *out = fopen(in_dir("vehicle.state"), "w");
    must(out != NULL, "vehicle.state");
    fputs("RCVEHIC but torn", out);
    must(fclose(out) == 0, "vehicle.state");
    write_config("replay_speed = 0\n");
    gateway_start();
    node_start();
    serve_until_node_ends();
    CHECK(log_holds("set aside"));
    CHECK(access(in_dir("vehicle.state.bad"), F_OK) == 0);
    CHECK(access(in_dir("vehicle.state"), F_OK) == 0); /* what this drive taught */
    check_delivery();
    const double lag_s = fact("gnss_lag_s");
    node_start();
    serve_until_node_ends();
    check_delivery();
    CHECK_NEAR(fact("gnss_lag_s"), lag_s, 0);
    end();
}

FACT(a_node_given_another_drive_on_an_old_store_says_that_it_counts_as_sent)
{
    if (!begin())
        SKIP("no mosquitto");
    write_config("replay_speed = 0\n");
    gateway_start();
    node_start();
    serve_until_node_ends();
    CHECK(!log_holds("is not the one that node.db was filled from"));
    node_start(); /* the same again: nothing new, nothing to say */
    serve_until_node_ends();
    CHECK(!log_holds("is not the one that node.db was filled from"));
    must(rename(in_dir("drive.csv"), in_dir("other.csv")) == 0, "other.csv");
    write_config_of("source = recording\nstart = 2026-11-02T08:00:00Z\nexit_when_done = yes\n", "");
    FILE *out = fopen(in_dir("node.conf"), "a");
    must(out && fprintf(out, "drive = %s\nreplay_speed = 0\n", in_dir("other.csv")) > 0 && fclose(out) == 0, "node.conf");
    node_start();
    serve_until_node_ends();
    CHECK(log_holds("is not the one that node.db was filled from"));
    end();
}

FACT(a_drive_without_positions_runs_and_is_said_to_be_unplaced)
{
    if (!begin())
        SKIP("no mosquitto");
    FILE *out = fopen(in_dir("drive.csv"), "w");
    must(out != NULL, "drive.csv");
    fputs("time_s,ax_mps2,ay_mps2,az_mps2\n", out);
    for (int i = 0; i < 2000; i++)
        fprintf(out, "%.2f,0,0,%.2f\n", i / 100., 9.81 + 0.1 * (i % 2));
    must(fclose(out) == 0, "drive.csv");
    write_config("replay_speed = 0\n");
    gateway_start();
    node_start();
    serve_until_node_ends();
    CHECK_INT(fact("samples"), 2000);
    CHECK_INT(fact("done"), 1);
    CHECK(log_holds("no position in this drive"));
    end();
}

/* ---- live ------------------------------------------------------------------------------------------------ */

/* Seconds `from` to `to` of a way due north at 10 m/s, fifty times as fast; the gateway is served meanwhile. */
static void drive_live(struct rig *rig, int from, int to)
{
    for (int second = from; second < to; second++) {
        const int64_t start_ns = (INT64_C(1790000000) + second) * 1000000000;
        for (int i = 0; i < 100; i++) {
            const double time_s = second + i / 100.;
            const struct motion_sample sample = {
                .time_ns = start_ns + i * 10000000, .accel_mps2 = {0, 0, (float)(9.81 + 0.3 * sin(time_s * 60))}};
            for (int try = 0; !fake_iio_write(&rig->iio, &sample) && try < 500; try++)
                poll(NULL, 0, 10);
        }
        const struct fix fix = {.time_ns = start_ns, .lat_deg = 30.27 + second * 10. / 111111, .lon_deg = 120.16,
                                .sigma_m = 1.5, .speed_mps = 10, .heading_deg = 0};
        send_fix(rig, &fix);
        if (t.session)
            session_wait(t.session, 20);
        else
            poll(NULL, 0, 20);
    }
}

FACT(a_live_node_with_a_full_outbox_refuses_says_so_and_goes_on_without_a_hole)
{
    static struct rig rig;
    char error[BROKER_ERROR_SIZE], source[512];

    if (access("/usr/sbin/gpsd", X_OK) || !begin())
        SKIP("no gpsd or no mosquitto");
    broker_kill(t.broker);
    rig_start(&rig);
    snprintf(source, sizeof source, "source = live\ngpsd_port = %d\niio_root = %s\n", rig.tcp_port, rig.root);
    write_config_of(source, "outbox_max_items = 2\n");
    node_start();
    fake_iio_start(&rig.iio);
    for (int64_t limit_ms = now_ms() + WAIT_MS; !log_holds("gpsd: connected") && now_ms() < limit_ms;)
        poll(NULL, 0, 20);
    drive_live(&rig, 0, 100);
    wait_for_fact("outbox_full_refused", 5);
    CHECK_INT(fact("outbox_items"), 2);
    CHECK(log_holds("outbox full: batch refused; raise outbox_max_bytes or bring the gateway back"));
    CHECK_STATUS(broker_restart(t.broker, error), ROAD_OK);
    gateway_start();
    const int64_t limit_ms = now_ms() + WAIT_MS;
    while (t.upto < 2 && now_ms() < limit_ms)
        session_wait(t.session, 50);
    drive_live(&rig, 100, 200);
    while (t.upto < 8 && now_ms() < limit_ms)
        session_wait(t.session, 50);
    CHECK(t.upto >= 8); /* in order and without a hole: the gateway takes nothing else */
    CHECK_INT(t.unverified + t.altered, 0);
    child_stop(&t.node, 5000);
    CHECK(WIFEXITED(t.node.status) && WEXITSTATUS(t.node.status) == 0);
    rig_stop(&rig);
    end();
}

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN);
    return check_main(argc, argv);
}
