/* nothing_lost - one drive twice: once undisturbed, once while broker, gateway, server and the replaying node are each
 * killed with -9 at random points. Where both end must be equal, byte for byte: every square that is not grey with its
 * code, channel, paleness, day and reason, every defect that is suspected or confirmed and every feature that is
 * registered with all their numbers, the metres of road, and the gateway's own state hash, after a restart and rebuilt
 * from the batches. Every acknowledged sequence must be there once, every change once and without a hole; the ledger
 * must verify and be consistent with every checkpoint that was seen before a kill. How far the batches came between
 * two settlings depends on the clock, and so do the steps in between: how many changes and statements there are, and
 * what was told and taken back on the way. Those are printed.
 *
 * ROAD_SEED picks the random points (printed), ROAD_KILLS how many of each part (default 12), ROAD_PART one part that alone is
 * killed, ROAD_DRIVE another drive. */
#include <dirent.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "front/facts.h"
#include "front/http.h"
#include "front/stack.h"
#include "link/database.h"
#include "tests/check.h"
#include "tests/sim/random.h"
#include "tests/sim/simulate.h"

#define ERROR_SIZE 512
#define RUN_MS 240000
#define HEADS_MAX 250 /* `roadchief verify` takes 256 */
#define DRIVE_SPEED 7.0 /* so that the drive outlasts a hundred kills; slower for more */

enum part { PART_BROKER, PART_GATEWAY, PART_SERVER, PART_NODE, PARTS };
static const char *const part_names[] = {"broker", "gateway", "server", "node"};

static char root[256];
static char bin_dir[1024];

struct outcome {
    char cells[65], defects[65], features[65], road[65]; /* SHA-256 over the rows, hex */
    char state[65], rebuilt[65];
    int64_t n_cells, n_defects, n_said;
    int64_t n_batches, last_batch, n_changes, last_change;
};

static int64_t monotonic_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int shell(const char *format, const char *a, const char *b)
{
    char command[4096];

    snprintf(command, sizeof command, format, a, b);
    return system(command);
}

/* A hash over every column of every row, in order. */
static int64_t hash_rows(sqlite3 *db, const char *sql, char ret_hex[65])
{
    uint8_t digest[SHA256_SIZE] = {0};
    sqlite3_stmt *rows;
    int64_t n = 0;

    if (database_prepare(db, sql, &rows) != ROAD_OK)
        return -1;
    while (sqlite3_step(rows) == SQLITE_ROW) {
        for (int c = 0; c < sqlite3_column_count(rows); c++) {
            const void *bytes = sqlite3_column_blob(rows, c);
            const size_t length = (size_t)sqlite3_column_bytes(rows, c);
            sha256_prefixed((uint8_t)sqlite3_column_type(rows, c), digest, sizeof digest, bytes ? bytes : "", length, digest);
        }
        n++;
    }
    sqlite3_finalize(rows);
    for (int i = 0; i < SHA256_SIZE; i++)
        snprintf(ret_hex + 2 * i, 3, "%02x", digest[i]);
    return n;
}

static int64_t one_number(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *row;
    int64_t value = -1;

    if (database_prepare(db, sql, &row) != ROAD_OK)
        return -1;
    if (sqlite3_step(row) == SQLITE_ROW)
        value = sqlite3_column_int64(row, 0);
    sqlite3_finalize(row);
    return value;
}

/* What the gateway, which has ended, says that it believes. */
static void read_state(const char *dir, const char *option, char ret_hex[65])
{
    char command[4096];

    snprintf(command, sizeof command, "'%s/roadchief-gateway' --config '%s/gateway/gateway.conf' %s --state-hash", bin_dir,
             dir, option);
    FILE *out = popen(command, "r");
    if (!out || fscanf(out, "%64s", ret_hex) != 1)
        snprintf(ret_hex, 65, "%s says nothing", option);
    if (out)
        pclose(out);
}

static bool read_outcome(const char *dir, struct outcome *o)
{
    char path[1200], error[ERROR_SIZE];
    sqlite3 *db;

    memset(o, 0, sizeof *o);
    snprintf(path, sizeof path, "%s/server/server.db", dir);
    if (database_open_readonly(path, &db, error) != ROAD_OK)
        return false;
    /* Of a square that no defect speaks for only what is told when it moves: not the running sums, and the day, not the moment. */
    o->n_cells = hash_rows(db, "SELECT id, code, channel, pale, type, severity, seen_ns / 86400000000000, defect,"
                               " iif(defect IS NULL, 0, hits), iif(defect IS NULL, 0, posterior_permille)"
                               " FROM cell WHERE code > 0 ORDER BY id", o->cells);
    o->n_defects = hash_rows(db, "SELECT * FROM defect WHERE state IN (1, 2) ORDER BY id", o->defects);
    hash_rows(db, "SELECT * FROM feature WHERE state = 2 ORDER BY id", o->features);
    hash_rows(db, "SELECT * FROM fact ORDER BY name", o->road);
    o->n_said = one_number(db, "SELECT count(*) FROM entry WHERE kind IN ('defect', 'change-digest')");
    o->n_changes = one_number(db, "SELECT count(DISTINCT seq) FROM change");
    o->last_change = one_number(db, "SELECT max(seq) FROM change");
    CHECK_INT(one_number(db, "SELECT count(*) FROM change"), o->n_changes);
    database_close(db);
    read_state(dir, "", o->state);
    read_state(dir, "--rebuild", o->rebuilt);
    return true;
}

static bool start_part(struct stack *s, enum part part, char *error)
{
    switch (part) {
    case PART_BROKER:
        return stack_start_broker(s, error) == ROAD_OK;
    case PART_GATEWAY:
        return stack_start_gateway(s, error) == ROAD_OK;
    case PART_SERVER:
        return stack_start_server(s, error) == ROAD_OK;
    default:
        return stack_start_node(s, 0, error) == ROAD_OK;
    }
}

static void kill_part(struct stack *s, enum part part)
{
    if (part == PART_BROKER)
        broker_kill(s->broker);
    else
        child_kill(part == PART_GATEWAY ? &s->gateway : part == PART_SERVER ? &s->server : &s->nodes[0].child);
}

static bool start_all(struct stack *s, const char *dir, const char *drive, double speed, char *error)
{
    struct stack_options o = {.dir = dir, .bin_dir = bin_dir};
    struct stack_node node;
    int index;

    if (stack_zone_of(drive, &o.zone, o.bounds, error) != ROAD_OK || stack_init(s, &o, error) != ROAD_OK)
        return false;
    stack_node_default(&node, "node-1");
    node.gnss_class = "rtk";
    node.gnss_sigma_m = 0.05;
    node.replay_speed = speed;
    snprintf(node.drive_list, sizeof node.drive_list, "%s/drives.list", root);
    if (!start_part(s, PART_BROKER, error) || stack_add_node(s, &node, &index, error) != ROAD_OK)
        return false;
    return start_part(s, PART_SERVER, error) && start_part(s, PART_GATEWAY, error) && start_part(s, PART_NODE, error);
}

/* Until the node has everything acknowledged, and the gateway has told all and the server has it. */
static bool wait_for_end(struct stack *s)
{
    const int64_t deadline_ms = monotonic_ms() + RUN_MS;
    char path[1200], error[ERROR_SIZE];
    sqlite3 *db;

    while (child_is_running(&s->nodes[0].child) && monotonic_ms() < deadline_ms)
        poll(NULL, 0, 20);
    snprintf(path, sizeof path, "%s/gateway/gateway.db", s->dir);
    while (monotonic_ms() < deadline_ms) {
        int64_t waiting = -1;
        if (database_open_readonly(path, &db, error) == ROAD_OK) {
            waiting = one_number(db, "SELECT (SELECT count(*) FROM outbox) + (SELECT max(id) FROM batch) -"
                                     " (SELECT batch FROM settled)");
            database_close(db);
        }
        if (waiting == 0)
            return true;
        poll(NULL, 0, 50);
    }
    return false;
}

static void undisturbed(const char *dir, const char *drive, struct outcome *o)
{
    static struct stack s;
    char error[ERROR_SIZE] = "";

    const bool is_started = start_all(&s, dir, drive, 0, error);
    if (!is_started)
        CHECK_FAILED("undisturbed: %s", error);
    CHECK(is_started && wait_for_end(&s));
    stack_done(&s);
    CHECK(read_outcome(dir, o));
}

/* What a witness would have kept: the checkpoint as it stood before a kill. */
static void keep_checkpoint(const struct stack *s, int number)
{
    char url[128], path[300], *body;
    size_t length;

    snprintf(url, sizeof url, "%s/log/checkpoint", s->http);
    if (http_get(url, &body, &length) != ROAD_OK)
        return;
    snprintf(path, sizeof path, "%s/checkpoints/%04d", root, number);
    FILE *out = fopen(path, "w");
    if (out) {
        fwrite(body, 1, length, out);
        fclose(out);
    }
    free(body);
}

static void shuffle(struct sim_random *random, enum part *order, int n)
{
    for (int i = n - 1; i > 0; i--) {
        const int j = sim_integer(random, i + 1);
        const enum part kept = order[i];
        order[i] = order[j];
        order[j] = kept;
    }
}

static enum part part_named(const char *name)
{
    int p = 0;

    while (p < PARTS && strcmp(part_names[p], name) != 0)
        p++;
    if (p == PARTS) {
        printf("ROAD_PART=%s: broker, gateway, server or node\n", name);
        exit(1);
    }
    return (enum part)p;
}

static void disturbed(const char *dir, const char *drive, uint64_t seed, int kills_each, struct outcome *o)
{
    static struct stack s;
    enum part order[4000];
    int done[PARTS] = {0}, node_was_done = 0;
    struct sim_random random;
    char error[ERROR_SIZE] = "";
    const char *only = getenv("ROAD_PART");
    const int n = only ? kills_each : kills_each * PARTS;

    sim_random_init(&random, seed);
    for (int i = 0; i < n; i++)
        order[i] = only ? part_named(only) : (enum part)(i % PARTS);
    shuffle(&random, order, n);
    bool is_good = start_all(&s, dir, drive, n > 100 ? DRIVE_SPEED * 100 / n : DRIVE_SPEED, error);
    for (int i = 0; i < n && is_good; i++) {
        poll(NULL, 0, (int)sim_uniform(&random, 20, 450));
        if (i % (n / HEADS_MAX + 1) == 0)
            keep_checkpoint(&s, i);
        node_was_done += (order[i] == PART_NODE || only) && !child_is_running(&s.nodes[0].child);
        kill_part(&s, order[i]);
        poll(NULL, 0, (int)sim_uniform(&random, 0, 60));
        is_good = start_part(&s, order[i], error);
        done[order[i]]++;
    }
    if (!is_good)
        CHECK_FAILED("disturbed: %s", error);
    CHECK(is_good && wait_for_end(&s));
    for (int p = 0; p < PARTS; p++)
        printf("  killed %s %d times\n", part_names[p], done[p]);
    printf("  %d kills of the node, or of the one part, came after the drive was done\n", node_was_done);
    CHECK(node_was_done == 0);
    char command[4096];
    snprintf(command, sizeof command, "%s/roadchief verify %s/log $(printf -- '--checkpoint %%s ' %s/checkpoints/*) >%s/verify.log 2>&1",
             bin_dir, s.http, root, root);
    const int status = system(command);
    CHECK_INT(WIFEXITED(status) ? WEXITSTATUS(status) : -1, 0);
    stack_done(&s);
    CHECK(read_outcome(dir, o));
}

static void check_batches(const char *dir, const char *what)
{
    char path[1200], error[ERROR_SIZE];
    sqlite3 *node, *gateway;

    snprintf(path, sizeof path, "%s/node-node-1/node.db", dir);
    if (database_open_readonly(path, &node, error) != ROAD_OK) {
        CHECK_FAILED("%s: %s", what, error);
        return;
    }
    snprintf(path, sizeof path, "%s/gateway/gateway.db", dir);
    if (database_open_readonly(path, &gateway, error) != ROAD_OK) {
        database_close(node);
        CHECK_FAILED("%s: %s", what, error);
        return;
    }
    CHECK_INT(one_number(node, "SELECT count(*) FROM outbox"), 0);
    const int64_t n = one_number(gateway, "SELECT count(*) FROM batch");
    CHECK(n > 10);
    CHECK_INT(one_number(gateway, "SELECT count(DISTINCT seq) FROM batch"), n);
    CHECK_INT(one_number(gateway, "SELECT max(seq) FROM batch"), n);
    CHECK_INT(one_number(gateway, "SELECT min(seq) FROM batch"), 1);
    printf("  %s: %lld batches\n", what, (long long)n);
    database_close(node);
    database_close(gateway);
}

static bool make_drive(char *drive, size_t size)
{
    struct simulate_options o;
    char out[300];
    const char *given = getenv("ROAD_DRIVE");

    if (given) {
        snprintf(drive, size, "%s", given);
    } else {
        simulate_options_default(&o);
        snprintf(out, sizeof out, "%s/district", root);
        o.out = out;
        o.rounds = 1;
        o.is_quiet = 1;
        if (simulate_district(&o) != 0)
            return false;
        snprintf(drive, size, "%s/rtk-1-1.csv", out);
    }
    char path[300], when[32];
    const time_t start = time(NULL) - 86400;
    struct tm utc;
    gmtime_r(&start, &utc);
    strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &utc);
    snprintf(path, sizeof path, "%s/drives.list", root);
    FILE *list = fopen(path, "w");
    return list && fprintf(list, "%s %s\n", drive, when) > 0 && fclose(list) == 0;
}

FACT(nothing_lost)
{
    const char *seed_text = getenv("ROAD_SEED"), *kills_text = getenv("ROAD_KILLS");
    const uint64_t seed = seed_text ? strtoull(seed_text, NULL, 10) : (uint64_t)time(NULL);
    const int kills = kills_text ? atoi(kills_text) : 12;
    struct outcome calm, wild;
    char drive[512], a[300], b[300];

    printf("  seed %llu, %d kills of each part\n", (unsigned long long)seed, kills);
    if (kills < 1 || kills > 1000 || !make_drive(drive, sizeof drive)) {
        CHECK_FAILED("no drive could be made in %s", root);
        return;
    }
    snprintf(a, sizeof a, "%s/calm", root);
    snprintf(b, sizeof b, "%s/wild", root);
    undisturbed(a, drive, &calm);
    check_batches(a, "calm");
    /* The same keys, so that what was said can be compared byte for byte. */
    CHECK_INT(mkdir(b, 0755), 0);
    CHECK_INT(shell("cp -r '%s/ca' '%s/'", a, b), 0);
    CHECK_INT(shell("cp '%s/registry' '%s/'", a, b), 0);
    disturbed(b, drive, seed, kills, &wild);
    check_batches(b, "wild");
    CHECK(calm.n_cells > 100 && calm.n_said > 0);
    CHECK_STR(wild.cells, calm.cells);
    CHECK_STR(wild.defects, calm.defects);
    CHECK_STR(wild.features, calm.features);
    CHECK_STR(wild.road, calm.road);
    CHECK_STR(calm.rebuilt, calm.state);
    CHECK_STR(wild.state, calm.state);
    CHECK_STR(wild.rebuilt, calm.state);
    CHECK_INT(calm.n_changes, calm.last_change);
    CHECK_INT(wild.n_changes, wild.last_change);
    printf("  %lld cells and %lld defects equal; said in %lld changes and %lld statements, disturbed in %lld and %lld\n",
           (long long)calm.n_cells, (long long)calm.n_defects, (long long)calm.n_changes, (long long)calm.n_said,
           (long long)wild.n_changes, (long long)wild.n_said);
}

int main(int argc, char **argv)
{
    const ssize_t length = readlink("/proc/self/exe", bin_dir, sizeof bin_dir - 1);

    if (length <= 0)
        return 1;
    bin_dir[length] = '\0';
    *strrchr(bin_dir, '/') = '\0';
    signal(SIGPIPE, SIG_IGN);
    snprintf(root, sizeof root, "/tmp/roadchief-nothing-lost-XXXXXX");
    if (!mkdtemp(root) || chmod(root, 0755) != 0 || shell("mkdir '%s/checkpoints'%s", root, "") != 0)
        return 1;
    const int status = check_main(argc, argv);
    if (status == 0 && strncmp(root, "/tmp/roadchief-nothing-lost-", 28) == 0)
        shell("rm -rf '%s'%s", root, "");
    else
        printf("  stores and logs are kept in %s\n", root);
    return status;
}
