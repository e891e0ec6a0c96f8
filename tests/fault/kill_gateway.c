/* kill_gateway - kills a gateway's keeper with SIGKILL, over and over, and looks whether it kept its word.
 *
 *     kill_gateway [--cycles N] [--seed S] [--dir DIR]
 *
 * Each cycle a child opens the keeper on one database, says what it has and believes, and takes what comes through a pipe
 * from several nodes (in order, with repeats, gaps and old numbers among it); acknowledgements go back through a pipe
 * as they would to the broker. At a random moment the child is killed. The parent holds against the next child: nothing
 * acknowledged is missing, nothing is there that was not sent, and the digest of the beliefs is that of a reference which
 * applied each batch just once. When a database has taken a whole history the next one begins.
 * Ends with 1 and the seed on the first broken promise. */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "tests/fault/history.h"

#define GROUP_MAX 8
#define KILL_WITHIN_US 20000
#define OPEN_WITHIN_US 20000000
#define EARLY_OF 4 /* one kill in so many may strike while the database is being opened */
#define HISTORY_BATCHES 120

/* What a child says when it is open, and after each group. */
struct hello {
    uint64_t upto[RIG_NODES];
    uint8_t digest[SHA256_SIZE];
};
struct told {
    uint64_t upto[RIG_NODES]; /* 0 = not asked */
};

/* What a child is told to take. */
struct order {
    uint32_t n;
    struct {
        uint32_t node;
        uint32_t seq;
    } items[GROUP_MAX];
};

struct campaign {
    struct rig rig;
    struct history history;
    struct chance chance;
    uint64_t acked[RIG_NODES], sent[RIG_NODES];
    struct beliefs reference;
    uint64_t believed[RIG_NODES]; /* of each node in the reference */
    uint64_t kills, kills_before_hello, acks, histories, batches;
    uint64_t seed;
};

static struct campaign campaign;

static void die(const char *what)
{
    printf("kill_gateway: %s (seed %" PRIu64 ", cycle %" PRIu64 ")\n", what, campaign.seed, campaign.kills);
    exit(1);
}

/* ---- the child ----------------------------------------------------------------------------------------- */

static bool read_whole(int fd, void *bytes, size_t length)
{
    for (size_t at = 0; at < length;) {
        const ssize_t n = read(fd, (uint8_t *)bytes + at, length - at);
        if (n <= 0 && !(n < 0 && errno == EINTR))
            return false;
        at += n > 0 ? (size_t)n : 0;
    }
    return true;
}

static void fill_upto(struct rig *rig, uint64_t ret_upto[RIG_NODES])
{
    for (unsigned node = 0; node < RIG_NODES; node++) {
        const uint64_t upto = rig_ack(rig, node).upto;
        if (upto != UINT64_MAX)
            ret_upto[node] = upto;
    }
}

static void child_says_hello(struct campaign *c, int out)
{
    struct letter letters[RIG_NODES];
    struct hello hello = {{0}, {0}};

    rig_must(keeper_settle(c->rig.keeper, c->rig.now_ns), "keeper_settle"); /* what was not told yet */
    beliefs_digest(keeper_beliefs(c->rig.keeper), hello.digest);
    for (unsigned node = 0; node < RIG_NODES; node++) /* a number that leaves a gap asks without telling */
        letters[node] = *history_letter(&c->history, node, c->history.n_batches);
    rig_must(rig_take(&c->rig, letters, RIG_NODES), "keeper_take");
    fill_upto(&c->rig, hello.upto);
    if (write(out, &hello, sizeof hello) != sizeof hello)
        _exit(1);
}

static void child_run(struct campaign *c, int in, int out)
{
    struct letter letters[GROUP_MAX];
    struct order order;

    rig_open_keeper(&c->rig);
    child_says_hello(c, out);
    while (read_whole(in, &order, sizeof order)) {
        struct told told = {{0}};
        for (uint32_t i = 0; i < order.n; i++)
            letters[i] = *history_letter(&c->history, order.items[i].node, order.items[i].seq);
        rig_must(rig_take(&c->rig, letters, order.n), "keeper_take");
        fill_upto(&c->rig, told.upto);
        if (write(out, &told, sizeof told) != sizeof told)
            _exit(1);
    }
    _exit(0);
}

/* ---- the parent ---------------------------------------------------------------------------------------- */

/* Mostly what comes next, in order; now and then a repeat, an old number or one too far. */
static struct order make_order(struct campaign *c)
{
    struct order order = {.n = 1 + (uint32_t)(chance_next(&c->chance) % GROUP_MAX)};
    const uint64_t last = c->history.n_batches - 2;

    for (uint32_t i = 0; i < order.n; i++) {
        const unsigned node = (unsigned)(chance_next(&c->chance) % RIG_NODES), kind = chance_next(&c->chance) % 16;
        uint64_t seq = c->sent[node] + 1;
        if (kind == 0 && c->sent[node])
            seq = 1 + chance_next(&c->chance) % c->sent[node];
        else if (kind == 1)
            seq += 3;
        if (seq > last)
            seq = last;
        if (seq == c->sent[node] + 1)
            c->sent[node] = seq;
        order.items[i].node = node;
        order.items[i].seq = (uint32_t)seq;
    }
    return order;
}

static void reference_reset(struct campaign *c)
{
    beliefs_done(&c->reference);
    beliefs_init(&c->reference, &c->rig.config.beliefs);
    memset(c->believed, 0, sizeof c->believed);
}

/* Adds what is durable by now, each batch once. */
static void reference_follow(struct campaign *c, const uint64_t upto[RIG_NODES])
{
    for (unsigned node = 0; node < RIG_NODES; node++)
        for (; c->believed[node] < upto[node]; c->believed[node]++, c->batches++)
            beliefs_add(&c->reference, &c->history.drives[node * c->history.n_batches + c->believed[node]].batch,
                        signer_kid(c->rig.nodes[node]), node == 3);
    beliefs_settle(&c->reference, INT64_MIN, NULL);
}

static void check_hello(struct campaign *c, const struct hello *hello)
{
    uint8_t wanted[SHA256_SIZE];

    for (unsigned node = 0; node < RIG_NODES; node++) {
        if (hello->upto[node] < c->acked[node])
            die("an acknowledged batch is lost");
        if (hello->upto[node] > c->sent[node])
            die("a batch is there that was never sent");
    }
    reference_follow(c, hello->upto);
    beliefs_digest(&c->reference, wanted);
    if (memcmp(wanted, hello->digest, SHA256_SIZE) != 0)
        die("it believes other things than what it was told once");
    memcpy(c->sent, hello->upto, sizeof c->sent); /* what did not arrive is sent again */
}

static int64_t now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static bool wait_readable(int fd, int64_t until_us)
{
    struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
    const int64_t left_us = until_us - now_us();
    const int64_t wait_us = left_us > 0 ? left_us : 0;
    const struct timespec timeout = {wait_us / 1000000, wait_us % 1000000 * 1000};

    return ppoll(&poll_fd, 1, &timeout, NULL) > 0;
}

static void take_told(struct campaign *c, const struct told *told)
{
    for (unsigned node = 0; node < RIG_NODES; node++)
        if (told->upto[node] > c->acked[node])
            c->acked[node] = told->upto[node];
    c->acks++;
}

/* Feeds the child until its time has come. What it wrote before it died counts as sent. */
static void feed(struct campaign *c, int to, int from, pid_t child)
{
    const bool is_early = chance_next(&c->chance) % EARLY_OF == 0;
    const int64_t life_us = (int64_t)(chance_next(&c->chance) % KILL_WITHIN_US);
    int64_t until_us = now_us() + (is_early ? life_us : OPEN_WITHIN_US);
    struct hello hello;
    struct told told;
    bool is_open = false;

    for (int in_flight = 0;;) {
        if (is_open && in_flight < 2) {
            const struct order order = make_order(c);
            if (write(to, &order, sizeof order) != sizeof order)
                die("the child went away by itself");
            in_flight++;
        }
        if (!wait_readable(from, until_us))
            break;
        if (!is_open) {
            if (!read_whole(from, &hello, sizeof hello))
                die("the child could not open its database");
            check_hello(c, &hello);
            is_open = true;
            until_us = is_early ? until_us : now_us() + life_us;
            continue;
        }
        if (!read_whole(from, &told, sizeof told))
            die("the child went away by itself");
        take_told(c, &told);
        in_flight--;
    }
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    c->kills_before_hello += !is_open;
    if (!is_open) {
        if (read(from, &hello, sizeof hello) == sizeof hello)
            check_hello(c, &hello);
        return;
    }
    while (read(from, &told, sizeof told) == sizeof told)
        take_told(c, &told);
}

static void cycle(struct campaign *c)
{
    int to[2], from[2];

    if (pipe(to) != 0 || pipe(from) != 0)
        die("no pipe");
    const pid_t child = fork();
    if (child < 0)
        die("no child");
    if (child == 0) {
        close(to[1]);
        close(from[0]);
        child_run(c, to[0], from[1]);
    }
    close(to[0]);
    close(from[1]);
    feed(c, to[1], from[0], child);
    close(to[1]);
    close(from[0]);
    c->kills++;
}

static bool is_history_done(const struct campaign *c)
{
    for (unsigned node = 0; node < RIG_NODES; node++)
        if (c->acked[node] + 2 < c->history.n_batches)
            return false;
    return true;
}

static void next_history(struct campaign *c)
{
    char command[128];

    history_done(&c->history);
    history_make(&c->history, &c->rig, c->seed + ++c->histories, HISTORY_BATCHES);
    memset(c->acked, 0, sizeof c->acked);
    memset(c->sent, 0, sizeof c->sent);
    reference_reset(c);
    snprintf(command, sizeof command, "rm -f %s/gateway*", c->rig.dir);
    if (system(command) != 0)
        die("the database cannot be removed");
}

static uint64_t read_number(const char *text)
{
    char *end;
    const uint64_t value = strtoull(text, &end, 10);

    if (*end || !*text)
        die("a number is wanted after --cycles and --seed");
    return value;
}

static uint64_t read_options(int argc, char **argv)
{
    uint64_t cycles = 300;

    campaign.seed = (uint64_t)time(NULL);
    for (int i = 1; i < argc; i += 2) {
        if (i + 1 < argc && strcmp(argv[i], "--cycles") == 0)
            cycles = read_number(argv[i + 1]);
        else if (i + 1 < argc && strcmp(argv[i], "--seed") == 0)
            campaign.seed = read_number(argv[i + 1]);
        else {
            printf("usage: kill_gateway [--cycles N] [--seed S]\n");
            exit(strcmp(argv[i], "--help") != 0);
        }
    }
    return cycles;
}

int main(int argc, char **argv)
{
    struct campaign *c = &campaign;
    const uint64_t cycles = read_options(argc, argv);
    const int64_t start_us = now_us();

    setvbuf(stdout, NULL, _IOLBF, 0);
    c->chance = (struct chance){c->seed * 2 + 1};
    rig_open(&c->rig);
    keeper_close(c->rig.keeper);
    c->rig.keeper = NULL;
    c->rig.now_ns = DAY0_NS + 30 * NS_PER_DAY;
    beliefs_init(&c->reference, &c->rig.config.beliefs);
    next_history(c);
    signal(SIGPIPE, SIG_IGN);
    while (c->kills < cycles) {
        cycle(c);
        if (is_history_done(c))
            next_history(c);
        if (c->kills % 1000 == 0)
            printf("  %" PRIu64 " kills, %" PRIu64 " groups acknowledged, %" PRIu64 " batches, %.0f s\n", c->kills, c->acks,
                   c->batches, (double)(now_us() - start_us) / 1e6);
    }
    printf("ok nothing_acknowledged_is_lost_over_%" PRIu64 "_kills\n", c->kills);
    printf("  seed %" PRIu64 ": %" PRIu64 " kills (%" PRIu64 " before it was open), %" PRIu64 " groups acknowledged, %" PRIu64
           " batches in %" PRIu64 " histories, %.1f s\n",
           c->seed, c->kills, c->kills_before_hello, c->acks, c->batches, c->histories, (double)(now_us() - start_us) / 1e6);
    beliefs_done(&c->reference);
    history_done(&c->history);
    rig_open_keeper(&c->rig);
    rig_close(&c->rig);
    return 0;
}
