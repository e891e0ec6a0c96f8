/* bench_gateway.c - from sealed batches to acknowledgements on disk, beside what cannot be saved: the signature checks
 * of the same batches, a sync of this disk, a broker that relays the same messages.
 *
 * An observation is one metre of road watched. Everything is measured in turn within one run, group by group, because
 * this machine's speed drifts. Times of one part are processor time; rates are by the clock, syncs included. Signing by
 * the vehicles is not measured; a group is 64 batches of 64 vehicles, so every batch has an acknowledgement of its own.
 * The beliefs take each batch within the intake. Settling and publishing come every 200 ms. */
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "gateway/keeper.h"
#include "link/log.h"
#include "link/wire.h"
#include "tests/bench/relay.h"
#include "tests/bench/traffic.h"

#define GROUP       64
#define SMALL_M     222.0
#define LARGE_M     2000.0
#define SMALL_ROUNDS 30
#define LARGE_ROUNDS 5
#define SYNCS       300
#define LATENCY_N   3000
#define RELAYED     40000

static char dir[64], db_path[96], snapshot_path[96];

static double seconds(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double wall_s(void)
{
    return seconds(CLOCK_MONOTONIC);
}

static double cpu_s(void)
{
    return seconds(CLOCK_PROCESS_CPUTIME_ID);
}

static int64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void must(bool is_done, const char *what)
{
    if (is_done)
        return;
    fprintf(stderr, "bench_gateway: %s\n", what);
    exit(1);
}

/* ---- the keeper ---------------------------------------------------------------------------------------- */

static struct keeper *open_keeper(const struct traffic *traffic, bool is_rebuild)
{
    struct keeper_config config = {.path = db_path,
                                   .district = TRAFFIC_DISTRICT,
                                   .beliefs = {.evidence = {.zone = {120, false}},
                                               .road_class = ROAD_ARTERIAL,
                                               .rules = code_rules_default,
                                               .feature_passes = FEATURE_PASSES_DEFAULT},
                                   .outbox = {.max_bytes = INT64_C(1) << 32, .max_items = 10000000},
                                   .quarantine_max_items = 100,
                                   .settle_ms = 200,
                                   .wal_pages = 16384,
                                   .snapshot_path = snapshot_path,
                                   .is_rebuild = is_rebuild,
                                   .signer = traffic->gateway,
                                   .registry = traffic->registry};
    char error[KEEPER_ERROR_SIZE] = "";
    struct keeper *keeper;

    must(keeper_open(&config, &keeper, error) == ROAD_OK, error);
    return keeper;
}

static void forget_store(void)
{
    char command[512];

    snprintf(command, sizeof command, "rm -f %s* %s*", db_path, snapshot_path);
    must(system(command) == 0, "the store cannot be removed");
}

static size_t take(struct keeper *keeper, const struct traffic_letter *letters, size_t n)
{
    static struct keeper_ack acks[KEEPER_GROUP_MAX];
    struct keeper_message messages[KEEPER_GROUP_MAX];
    size_t n_acks = 0;

    for (size_t i = 0; i < n; i++)
        messages[i] = (struct keeper_message){letters[i].topic, letters[i].bytes, letters[i].length};
    must(keeper_take(keeper, messages, n, now_ns(), acks, &n_acks) == ROAD_OK, "keeper_take");
    return n_acks;
}

/* As the daemon does: what moved is written with the next group if one waits. */
static void settle_if_due(struct keeper *keeper, bool is_busy)
{
    const int64_t now = now_ns();

    if (keeper_wait_ns(keeper, now) == 0)
        must((is_busy ? keeper_prepare(keeper, now) : keeper_settle(keeper, now)) == ROAD_OK, "keeper_settle");
}

/* ---- what cannot be saved ------------------------------------------------------------------------------ */

/* The signature check alone: what is signed lies ready. Our seals begin with tag, array, 13 bytes of protected
 * header, an empty map, and end with 64 bytes of signature (docs/wire.md). */
static void verify_bare(const struct traffic *traffic, const struct traffic_letter *letter, double *cpu)
{
    static uint8_t to_sign[SEALED_MAX + 64];
    struct wire_writer writer;
    const uint8_t *payload;
    size_t length;
    struct kid kid;

    must(cose_peek(letter->bytes, letter->length, &kid, &payload, &length) == ROAD_OK, "cose_peek");
    wire_write(&writer, to_sign, sizeof to_sign);
    wire_put_array(&writer, 4);
    wire_put_text(&writer, "Signature1", 10);
    wire_put_bytes(&writer, letter->bytes + 3, 13);
    wire_put_bytes(&writer, NULL, 0);
    wire_put_bytes(&writer, payload, length);
    const struct registry_entry *speaker = registry_by_kid(traffic->registry, kid);
    const double start = cpu_s();
    const enum road_status status =
        verifier_check(speaker->verifier, to_sign, writer.length, letter->bytes + letter->length - 64, 64);
    *cpu += cpu_s() - start;
    must(status == ROAD_OK, "signature");
}

/* As many seals of a plain acknowledgement as the group had. */
static double sign_acks_cpu(const struct traffic *traffic, size_t n)
{
    const struct ack ack = {.upto = 12};
    uint8_t payload[128], sealed[512];
    size_t length, sealed_length;
    const double start = cpu_s();

    for (size_t i = 0; i < n; i++)
        must(ack_encode(&ack, payload, sizeof payload, &length) == ROAD_OK &&
                 cose_seal(traffic->gateway, payload, length, sealed, sizeof sealed, &sealed_length) == ROAD_OK,
             "ack");
    return cpu_s() - start;
}

static int by_size(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Median of a 4 KiB append with fdatasync, in the folder of the database. */
static double fdatasync_s(void)
{
    static const uint8_t page[4096];
    double took[SYNCS];
    char path[128];

    snprintf(path, sizeof path, "%s/sync", dir);
    const int fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
    must(fd >= 0, "sync file");
    for (int i = 0; i < SYNCS; i++) {
        const double start = wall_s();
        must(write(fd, page, sizeof page) == sizeof page && fdatasync(fd) == 0, "fdatasync");
        took[i] = wall_s() - start;
    }
    close(fd);
    qsort(took, SYNCS, sizeof took[0], by_size);
    return took[SYNCS / 2];
}

/* ---- intake -------------------------------------------------------------------------------------------- */

struct intake_cost {
    double wall_s, settle_wall_s;                                 /* by the clock */
    double take_cpu_s, verify_cpu_s, acks_cpu_s, settle_cpu_s;    /* of the processor */
    size_t n, groups;
};

static void run_group(struct keeper *keeper, const struct traffic *traffic, size_t at, size_t n, struct intake_cost *cost)
{
    for (size_t i = at; i < at + n; i++)
        verify_bare(traffic, &traffic->letters[i], &cost->verify_cpu_s);
    double wall = wall_s(), cpu = cpu_s();
    const size_t n_acks = take(keeper, &traffic->letters[at], n);
    cost->take_cpu_s += cpu_s() - cpu;
    cost->wall_s += wall_s() - wall;
    cost->acks_cpu_s += sign_acks_cpu(traffic, n_acks);
    wall = wall_s();
    cpu = cpu_s();
    settle_if_due(keeper, false);
    cost->settle_cpu_s += cpu_s() - cpu;
    cost->settle_wall_s += wall_s() - wall;
    cost->n += n;
    cost->groups++;
}

static struct intake_cost run_intake(struct keeper *keeper, const struct traffic *traffic)
{
    struct intake_cost cost = {0};

    for (size_t at = 0; at < traffic->n; at += GROUP)
        run_group(keeper, traffic, at, traffic->n - at < GROUP ? traffic->n - at : GROUP, &cost);
    must(keeper_stats(keeper).batches_applied == traffic->n, "not all batches were applied");
    return cost;
}

/* ---- settling without publishing ----------------------------------------------------------------------- */

/* The same batches in beliefs of their own, settled as often: returns processor time of the settlings. */
static double settle_alone_cpu(const struct traffic *traffic, size_t settlings, double *ret_add_cpu)
{
    const struct beliefs_config config = {.evidence = {.zone = {120, false}}, .road_class = ROAD_ARTERIAL,
                                          .rules = code_rules_default, .feature_passes = FEATURE_PASSES_DEFAULT};
    const size_t each = traffic->n / (settlings ? settlings : 1) + 1;
    struct batch_memory memory = {0};
    struct beliefs beliefs;
    struct delta delta = {0};
    double settle = 0, add = 0;

    beliefs_init(&beliefs, &config);
    for (size_t i = 0; i < traffic->n; i++) {
        struct batch batch;
        const uint8_t *payload;
        size_t length;
        struct kid kid;
        must(cose_peek(traffic->letters[i].bytes, traffic->letters[i].length, &kid, &payload, &length) == ROAD_OK &&
                 batch_decode_in(payload, length, &memory, &batch, NULL) == ROAD_OK,
             "batch");
        double start = cpu_s();
        beliefs_add(&beliefs, &batch, kid, false);
        add += cpu_s() - start;
        if ((i + 1) % each && i + 1 < traffic->n)
            continue;
        start = cpu_s();
        beliefs_settle(&beliefs, INT64_MIN, &delta);
        settle += cpu_s() - start;
    }
    delta_done(&delta);
    beliefs_done(&beliefs);
    free(memory.block);
    *ret_add_cpu = add;
    return settle;
}

/* ---- latency ------------------------------------------------------------------------------------------- */

static void sleep_until(double at)
{
    const struct timespec t = {(time_t)at, (long)(1e9 * (at - floor(at)))};

    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
}

/* Batches arrive at random (exponential gaps) `rate` times a second; what has arrived is the next group. Returns the
 * 99th percentile from arrival to the group's acknowledgements. */
static double ack_p99_s(struct keeper *keeper, const struct traffic *traffic, size_t n, double rate, double *ret_median_s)
{
    double *arrives = malloc(n * sizeof *arrives), *took = malloc(n * sizeof *took), at = wall_s() + 0.01;
    uint64_t state = 88172645463325252u;

    must(arrives && took, "memory");
    for (size_t i = 0; i < n; i++) {
        state ^= state << 13, state ^= state >> 7, state ^= state << 17; /* xorshift64, Marsaglia 2003 */
        at -= log(((double)(state >> 11) + 1) / 9007199254740993.0) / rate;
        arrives[i] = at;
    }
    for (size_t done = 0, there = 0; done < n; done = there) {
        settle_if_due(keeper, done > 0 && arrives[done] <= wall_s());
        const double now = wall_s();
        if (arrives[done] > now)
            sleep_until(arrives[done]);
        const double from = wall_s();
        while (there < n && arrives[there] <= from && there - done < KEEPER_GROUP_MAX)
            there++;
        if (there == done)
            continue;
        take(keeper, &traffic->letters[done], there - done);
        for (size_t i = done; i < there; i++)
            took[i] = wall_s() - arrives[i];
    }
    qsort(took, n, sizeof *took, by_size);
    const double p99 = took[n * 99 / 100];
    *ret_median_s = took[n / 2];
    free(arrives);
    free(took);
    return p99;
}

/* ---- figures ------------------------------------------------------------------------------------------- */

static void print(const char *name, double value, const char *unit)
{
    printf("gateway.%s %.*f %s\n", name, value < 10 ? 3 : value < 1000 ? 1 : 0, value, unit);
    fflush(stdout);
}

static void print_cost(const struct traffic *traffic, const struct intake_cost *c, struct keeper *keeper)
{
    const double us = 1e6 / (double)c->n;
    double add_cpu;
    const double settle_alone = settle_alone_cpu(traffic, keeper_stats(keeper).settlings, &add_cpu);

    print("verify_us_per_batch", c->verify_cpu_s * us, "us");
    print("intake_us_per_batch", (c->take_cpu_s - c->acks_cpu_s) * us, "us");
    print("beliefs_add_us_per_batch", add_cpu * us, "us");
    print("ack_signatures_us_per_batch", c->acks_cpu_s * us, "us");
    print("settle_and_publish_us_per_batch", c->settle_cpu_s * us, "us");
    print("settle_alone_us_per_batch", settle_alone * us, "us");
    print("cpu_vs_verify", (c->take_cpu_s - c->acks_cpu_s) / c->verify_cpu_s, "x");
    print("cpu_with_acks_and_telling_vs_verify", (c->take_cpu_s + c->settle_cpu_s) / c->verify_cpu_s, "x");
}

static void measure_start(const struct traffic *traffic)
{
    double start = wall_s();
    struct keeper *keeper = open_keeper(traffic, true);

    print("rebuild_obs_per_s", traffic->metres / (wall_s() - start), "obs/s");
    must(keeper_settle(keeper, now_ns()) == ROAD_OK, "keeper_settle");
    must(keeper_snapshot(keeper) == ROAD_OK, "snapshot");
    keeper_close(keeper);
    start = wall_s();
    keeper = open_keeper(traffic, false);
    print("restart_from_snapshot_ms", 1e3 * (wall_s() - start), "ms");
    keeper_close(keeper);
}

static void print_latency(struct keeper *keeper, const struct traffic *traffic, double rate, const char *roads)
{
    double median_s, sync_s = fdatasync_s() / 2;
    char name[64];

    const double p99_s = ack_p99_s(keeper, traffic, LATENCY_N, rate, &median_s);
    sync_s += fdatasync_s() / 2;
    snprintf(name, sizeof name, "ack_median_us%s", roads);
    print(name, 1e6 * median_s, "us");
    snprintf(name, sizeof name, "ack_p99_us%s", roads);
    print(name, 1e6 * p99_s, "us");
    snprintf(name, sizeof name, "ack_p99_fdatasyncs%s", roads);
    print(name, p99_s / sync_s, "x");
    print("fdatasync_us", 1e6 * sync_s, "us");
}

/* At half load: on the roads of the run before, driven again hours later as a city is, and on roads nobody knows yet,
 * where each 256 m that turn green are a signature. */
static void measure_latency(const struct traffic *traffic, double rate)
{
    struct traffic again;

    traffic_make(&again, SMALL_ROUNDS, SMALL_M, SMALL_ROUNDS, now_ns() - INT64_C(1000000000));
    struct keeper *keeper = open_keeper(traffic, false);
    print_latency(keeper, &again, rate, "");
    keeper_close(keeper);
    traffic_done(&again);
    forget_store();
    keeper = open_keeper(traffic, false);
    print_latency(keeper, traffic, rate, "_new_roads");
    keeper_close(keeper);
}

static void measure_small(void)
{
    struct traffic traffic;

    traffic_make(&traffic, SMALL_ROUNDS, SMALL_M, 0, now_ns() - INT64_C(3) * 3600 * 1000000000);
    struct keeper *keeper = open_keeper(&traffic, false);
    const struct intake_cost cost = run_intake(keeper, &traffic);
    print("durable_obs_per_s", traffic.metres / cost.wall_s, "obs/s");
    print("durable_obs_per_cpu_s", traffic.metres / cost.take_cpu_s, "obs/s");
    print("durable_told_obs_per_s", traffic.metres / (cost.wall_s + cost.settle_wall_s), "obs/s");
    print_cost(&traffic, &cost, keeper);
    keeper_close(keeper);
    measure_start(&traffic);

    measure_latency(&traffic, (double)cost.n / (cost.wall_s + cost.settle_wall_s) / 2);
    forget_store();

    const double relay_cpu_s = relay_cpu(traffic.letters, traffic.n, RELAYED);
    if (relay_cpu_s > 0) {
        const double beyond_s = (cost.take_cpu_s - cost.acks_cpu_s - cost.verify_cpu_s) / (double)cost.n;
        print("mosquitto_us_per_message", 1e6 * relay_cpu_s / RELAYED, "us");
        print("cpu_beyond_verify_us", 1e6 * beyond_s, "us");
        print("cpu_beyond_verify_vs_mosquitto", beyond_s / (relay_cpu_s / RELAYED), "x");
    }
    traffic_done(&traffic);
}

static void measure_large(void)
{
    struct traffic traffic;

    traffic_make(&traffic, LARGE_ROUNDS, LARGE_M, 0, now_ns() - INT64_C(1000000000));
    struct keeper *keeper = open_keeper(&traffic, false);
    const struct intake_cost cost = run_intake(keeper, &traffic);
    print("durable_obs_large_per_s", traffic.metres / cost.wall_s, "obs/s");
    print("durable_obs_large_per_cpu_s", traffic.metres / cost.take_cpu_s, "obs/s");
    print("durable_told_obs_large_per_s", traffic.metres / (cost.wall_s + cost.settle_wall_s), "obs/s");
    keeper_close(keeper);
    forget_store();
    traffic_done(&traffic);
}

int main(void)
{
    log_init("bench", LOG_LEVEL_WARN);
    snprintf(dir, sizeof dir, "/tmp/road-bench-XXXXXX");
    must(mkdtemp(dir) != NULL, "no folder in /tmp");
    snprintf(db_path, sizeof db_path, "%s/gateway.db", dir);
    snprintf(snapshot_path, sizeof snapshot_path, "%s/gateway.snapshot", dir);
    measure_small();
    measure_large();
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", dir);
    return system(command) == 0 ? 0 : 1;
}
