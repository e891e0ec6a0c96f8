#include "tests/bench/node_live.h"

#include <math.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "front/broker.h"
#include "front/child.h"
#include "link/session.h"
#include "tests/sensor-node/gpsd_rig.h"
#include "tests/tape/tape.h"

#define SKIP_S    30 /* of the drive: it stands at first */
#define WARM_MS   6000
#define MEASURE_MS 12000

struct stage {
    char dir[64];
    struct broker *broker;
    struct rig rig;
    struct child node;
    struct registry *registry;
    struct signer *gateway_key;
    struct session *session;
    uint64_t acked;
    uint8_t *bytes;
    const uint8_t *at, *end;
    int64_t shift_ns; /* from the drive's time to now */
};

static const char *in_dir(const struct stage *s, const char *name)
{
    static char path[4][128];
    static int turn;

    turn = (turn + 1) % 4;
    snprintf(path[turn], sizeof path[turn], "%s/%s", s->dir, name);
    return path[turn];
}

/* ---- the gateway ----------------------------------------------------------------------------------------- */

static void on_batch(void *context, const char *topic, const void *bytes, size_t length)
{
    struct stage *s = context;
    const struct registry_entry *node = registry_by_name(s->registry, "car-1");
    const uint8_t *payload;
    size_t payload_length, sealed_length;
    uint8_t plain[1024], sealed[1024 + SEAL_OVERHEAD];
    uint64_t seq;

    (void)topic;
    if (cose_open(node->verifier, bytes, length, &payload, &payload_length) != ROAD_OK ||
        batch_peek_seq(payload, payload_length, &seq) != ROAD_OK)
        return;
    s->acked = seq == s->acked + 1 ? seq : s->acked;
    const struct ack ack = {.speaker = node->kid, .upto = s->acked};
    if (ack_encode(&ack, plain, sizeof plain, &payload_length) == ROAD_OK &&
        cose_seal(s->gateway_key, plain, payload_length, sealed, sizeof sealed, &sealed_length) == ROAD_OK)
        session_publish(s->session, "road/v1/330103/ack/car-1", sealed, sealed_length, false, NULL);
}

static bool enroll(const struct stage *s, const char *name, enum registry_role role, const char *key_file)
{
    struct registry_entry entry = {.role = role, .district = "330103"};
    struct signer *signer;
    char error[512];

    snprintf(entry.name, sizeof entry.name, "%s", name);
    if (signer_create(key_file) != ROAD_OK || signer_open(key_file, &signer) != ROAD_OK)
        return false;
    signer_public(signer, &entry.key);
    entry.kid = signer_kid(signer);
    const bool is_added = registry_add(in_dir(s, "registry"), &entry, error) == ROAD_OK;
    signer_close(signer);
    return is_added;
}

static bool open_gateway(struct stage *s)
{
    const struct session_config config = {.client_id = "gw-1", .brokers = broker_address(s->broker), .keepalive_s = 30,
                                          .on_message = on_batch, .context = s};
    char error[512];

    return registry_load(in_dir(s, "registry"), &s->registry, error) == ROAD_OK &&
           signer_open(in_dir(s, "gw.key"), &s->gateway_key) == ROAD_OK &&
           session_open(&config, &s->session) == ROAD_OK &&
           session_subscribe(s->session, "road/v1/330103/obs/+") == ROAD_OK;
}

/* ---- the drive ------------------------------------------------------------------------------------------- */

static bool load(struct stage *s, const char *tape)
{
    FILE *in = fopen(tape, "rb");
    struct stat info;

    if (!in)
        return false;
    if (fstat(fileno(in), &info) == 0 && (s->bytes = malloc((size_t)info.st_size)))
        s->end = s->bytes + fread(s->bytes, 1, (size_t)info.st_size, in);
    fclose(in);
    s->at = s->bytes;
    return s->bytes != NULL;
}

static int64_t clock_ns(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* One block of the drive at its own time: a sample each millisecond, as a device gives them. */
static void play_block(struct stage *s, const struct tape_block *block)
{
    const struct motion_sample *samples = block->items;

    for (uint32_t i = 0; block->kind == TAPE_MOTION && i < block->count; i++) {
        struct motion_sample sample = samples[i];
        sample.time_ns += s->shift_ns;
        const int64_t wait_ns = sample.time_ns - clock_ns(CLOCK_REALTIME);
        const struct timespec wait = {0, wait_ns > 0 && wait_ns < 1000000000 ? wait_ns : 0};
        nanosleep(&wait, NULL);
        fake_iio_write(&s->rig.iio, &sample);
    }
    if (block->kind == TAPE_FIX) {
        struct fix fix = *(const struct fix *)block->items;
        fix.time_ns += s->shift_ns;
        send_fix(&s->rig, &fix);
    }
    session_wait(s->session, 0);
}

static void play_for(struct stage *s, int64_t ms)
{
    const int64_t until_ms = now_ms() + ms;
    struct tape_block block;

    while (now_ms() < until_ms && tape_next(&s->at, s->end, &block))
        play_block(s, &block);
}

static void skip_to_drive(struct stage *s)
{
    struct tape_block block;
    int64_t first_ns = 0, now_ns = 0;

    while (now_ns - first_ns < SKIP_S * INT64_C(1000000000) && tape_next(&s->at, s->end, &block)) {
        if (block.kind != TAPE_MOTION)
            continue;
        now_ns = ((const struct motion_sample *)block.items)->time_ns;
        first_ns = first_ns ? first_ns : now_ns;
    }
    s->shift_ns = clock_ns(CLOCK_REALTIME) - now_ns;
}

/* ---- the node -------------------------------------------------------------------------------------------- */

static bool start_node(struct stage *s, const char *program)
{
    char config[128], path[512], line[256];
    char *argv[] = {path, (char *)(uintptr_t) "--config", config, NULL};
    FILE *out = fopen(in_dir(s, "node.conf"), "w");

    if (!out)
        return false;
    snprintf(path, sizeof path, "%s", program);
    snprintf(config, sizeof config, "%s", in_dir(s, "node.conf"));
    fprintf(out,
            "name = car-1\ndistrict = 330103\ndata_dir = %s\nbrokers = %s\nkey_file = %s\nregistry = %s\n"
            "gateway = gw-1\nsource = live\ngpsd_port = %d\niio_root = %s\n",
            s->dir, broker_address(s->broker), in_dir(s, "node.key"), in_dir(s, "registry"), s->rig.tcp_port,
            s->rig.root);
    return fclose(out) == 0 && child_start(&s->node, argv, in_dir(s, "node.log")) == ROAD_OK &&
           child_wait_line(&s->node, "ready ", 10000, line, sizeof line) == ROAD_OK;
}

/* The first number after `name` in a file of /proc/PID. */
static double process_number(pid_t pid, const char *file, const char *name)
{
    char path[64], text[8192];
    double value = NAN;

    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, file);
    FILE *in = fopen(path, "re");
    if (!in)
        return NAN;
    text[fread(text, 1, sizeof text - 1, in)] = '\0';
    fclose(in);
    const char *at = strstr(text, name);
    if (at)
        value = strtod(at + strlen(name), NULL);
    return value;
}

static void measure(struct stage *s, struct node_live *ret_live)
{
    const pid_t pid = s->node.pid;

    fake_iio_start(&s->rig.iio);
    skip_to_drive(s);
    play_for(s, WARM_MS);
    const double wakeups = process_number(pid, "status", "\nvoluntary_ctxt_switches:");
    const double cpu_ns = process_number(pid, "schedstat", "");
    const int64_t from_ms = now_ms();
    play_for(s, MEASURE_MS);
    const double seconds = (double)(now_ms() - from_ms) / 1000;
    ret_live->seconds = seconds;
    ret_live->wakeups_per_s = (process_number(pid, "status", "\nvoluntary_ctxt_switches:") - wakeups) / seconds;
    ret_live->cpu_percent = (process_number(pid, "schedstat", "") - cpu_ns) / 1e9 / seconds * 100;
}

static const char *set_up(struct stage *s, const char *tape, const char *program)
{
    char error[BROKER_ERROR_SIZE], folder[128];

    strcpy(s->dir, "/tmp/road-bench-XXXXXX");
    if (!mkdtemp(s->dir) || !load(s, tape))
        return "no room for the drive";
    snprintf(folder, sizeof folder, "%s", in_dir(s, "broker"));
    const struct broker_config broker = {.dir = folder};
    if (broker_start_with(&broker, &s->broker, error) != ROAD_OK)
        return "no mosquitto";
    if (access("/usr/sbin/gpsd", X_OK))
        return "no gpsd";
    rig_start(&s->rig);
    if (!enroll(s, "car-1", ROLE_NODE, in_dir(s, "node.key")) ||
        !enroll(s, "gw-1", ROLE_GATEWAY, in_dir(s, "gw.key")) || !open_gateway(s))
        return "the gateway cannot be played";
    return start_node(s, program) ? NULL : "the node does not start";
}

bool node_live_measure(const char *tape, const char *program, struct node_live *ret_live)
{
    static struct stage s;
    char command[128];

    const char *reason = set_up(&s, tape, program);
    if (!reason)
        measure(&s, ret_live);
    else
        fprintf(stderr, "node: not measured live: %s\n", reason);
    if (s.node.pid)
        child_stop(&s.node, 3000);
    session_close(s.session);
    registry_close(s.registry);
    signer_close(s.gateway_key);
    if (s.rig.gpsd)
        rig_stop(&s.rig);
    broker_stop(s.broker);
    free(s.bytes);
    snprintf(command, sizeof command, "rm -r '%s'", s.dir);
    if (system(command))
        fprintf(stderr, "%s stays\n", s.dir);
    return reason == NULL;
}
