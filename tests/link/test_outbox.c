#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "link/outbox.h"
#include "tests/check.h"
#include "tests/link/fault_vfs.h"
#include "tests/temp.h"

static char dir[TEMP_PATH_SIZE], path[TEMP_PATH_SIZE + 16], error[256];
static sqlite3 *db;
static struct outbox *outbox;
static const struct outbox_config roomy = {.max_bytes = 1 << 30, .max_items = 1000000};

static uint64_t random_state;
static uint32_t draw(uint32_t below) /* splitmix64 (Steele et al. 2014) */
{
    uint64_t z = (random_state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (uint32_t)((z ^ (z >> 31)) % below);
}

/* What message `seq` holds in these tests: its length and bytes follow from its number. */
static uint8_t text[SEALED_MAX];
static size_t make_message(uint64_t seq)
{
    const size_t length = 1 + seq * 7919 % 3000;
    for (size_t i = 0; i < length; i++)
        text[i] = (uint8_t)(seq * 31 + i);
    return length;
}

static void open_outbox(const struct outbox_config *config)
{
    db = NULL;
    outbox = NULL;
    CHECK_STATUS(database_open(path, NULL, &db, error), ROAD_OK);
    CHECK_STATUS(outbox_open(db, config, &outbox), ROAD_OK);
}

static void close_outbox(void)
{
    outbox_close(outbox);
    database_close(db);
}

static void begin_test(const struct outbox_config *config)
{
    temp_make(dir);
    snprintf(path, sizeof path, "%s/o.db", dir);
    open_outbox(config);
}

static void end_test(void)
{
    close_outbox();
    temp_remove(dir);
}

static enum road_status append(uint64_t seq)
{
    const size_t length = make_message(seq);
    return outbox_append(outbox, seq, text, length);
}

/* Every waiting message in order, each as it was made; returns how many. */
static uint64_t check_content(uint64_t first)
{
    uint64_t after = first - 1, seq = 0;
    const void *bytes;
    size_t length;

    while (outbox_next(outbox, after, &seq, &bytes, &length) == ROAD_OK) {
        CHECK_INT(seq, after + 1);
        CHECK_INT(length, make_message(seq));
        CHECK(memcmp(bytes, text, length) == 0);
        after = seq;
    }
    return after;
}

FACT(messages_come_back_in_order_and_whole)
{
    begin_test(&roomy);
    for (uint64_t seq = 1; seq <= 20; seq++)
        CHECK_STATUS(append(seq), ROAD_OK);
    CHECK_INT(check_content(1), 20);
    close_outbox();
    open_outbox(&roomy);
    CHECK_INT(check_content(1), 20);
    CHECK_INT(outbox_stats(outbox).last_seq, 20);
    end_test();
}

FACT(numbers_have_no_holes_and_are_never_used_twice)
{
    struct ack ack = {.upto = 3};

    begin_test(&roomy);
    CHECK_STATUS(append(2), ROAD_BAD_SEQUENCE);
    CHECK_STATUS(append(0), ROAD_BAD_SEQUENCE);
    for (uint64_t seq = 1; seq <= 3; seq++)
        CHECK_STATUS(append(seq), ROAD_OK);
    CHECK_STATUS(append(3), ROAD_BAD_SEQUENCE);
    CHECK_STATUS(append(5), ROAD_BAD_SEQUENCE);
    CHECK_STATUS(outbox_ack(outbox, &ack), ROAD_OK); /* empty again, and still not from the start */
    CHECK_STATUS(append(1), ROAD_BAD_SEQUENCE);
    close_outbox();
    open_outbox(&roomy);
    CHECK_STATUS(append(1), ROAD_BAD_SEQUENCE);
    CHECK_STATUS(append(4), ROAD_OK);
    end_test();
}

FACT(a_full_outbox_refuses_and_says_so)
{
    const struct outbox_config small = {.max_bytes = 1000, .max_items = 3};
    struct ack ack = {.upto = 1};

    begin_test(&small);
    memset(text, 1, sizeof text);
    CHECK_STATUS(outbox_append(outbox, 1, text, 10), ROAD_OK);
    CHECK_STATUS(outbox_append(outbox, 2, text, 990), ROAD_OK); /* exactly full */
    CHECK_STATUS(outbox_append(outbox, 3, text, 1), ROAD_FULL);
    CHECK_INT(outbox_stats(outbox).rejected_full, 1);
    CHECK_INT(outbox_stats(outbox).last_seq, 2);
    CHECK_INT(outbox_stats(outbox).bytes, 1000);
    CHECK_STATUS(outbox_ack(outbox, &ack), ROAD_OK);
    CHECK_STATUS(outbox_append(outbox, 3, text, 1), ROAD_OK);
    CHECK_STATUS(outbox_append(outbox, 4, text, 1), ROAD_OK);
    CHECK_STATUS(outbox_append(outbox, 5, text, 1), ROAD_FULL); /* by items */
    CHECK_INT(outbox_stats(outbox).items, 3);
    CHECK_INT(outbox_stats(outbox).rejected_full, 2);
    end_test();
}

FACT(empty_and_oversized_messages_are_refused)
{
    begin_test(&roomy);
    CHECK_STATUS(outbox_append(outbox, 1, text, 0), ROAD_BAD_INPUT);
    CHECK_STATUS(outbox_append(outbox, 1, text, SEALED_MAX + 1), ROAD_TOO_LARGE);
    CHECK_STATUS(outbox_append(outbox, 1, text, SEALED_MAX), ROAD_OK);
    end_test();
}

FACT(limits_that_make_no_sense_are_refused)
{
    struct outbox *none = NULL;

    begin_test(&roomy);
    CHECK_STATUS(outbox_open(db, &(struct outbox_config){.max_bytes = 0, .max_items = 1}, &none),
                 ROAD_BAD_RANGE);
    CHECK_STATUS(outbox_open(db, &(struct outbox_config){.max_bytes = 1, .max_items = -1}, &none),
                 ROAD_BAD_RANGE);
    CHECK(none == NULL);
    end_test();
}

FACT(a_rollback_takes_message_and_number_back)
{
    begin_test(&roomy);
    CHECK_STATUS(append(1), ROAD_OK);
    database_begin(db);
    CHECK_STATUS(append(2), ROAD_OK);
    CHECK_STATUS(append(3), ROAD_OK);
    database_rollback(db);
    CHECK_INT(outbox_stats(outbox).last_seq, 1);
    CHECK_INT(check_content(1), 1);
    database_begin(db);
    CHECK_STATUS(append(2), ROAD_OK);
    CHECK_STATUS(database_commit(db), ROAD_OK);
    CHECK_INT(check_content(1), 2);
    end_test();
}

FACT(acknowledgements_are_idempotent_and_never_go_back)
{
    struct ack ack = {.upto = 6};

    begin_test(&roomy);
    for (uint64_t seq = 1; seq <= 10; seq++)
        append(seq);
    CHECK_STATUS(outbox_ack(outbox, &ack), ROAD_OK);
    const struct outbox_stats once = outbox_stats(outbox);
    CHECK_INT(once.acked_upto, 6);
    CHECK_INT(once.items, 4);
    CHECK_STATUS(outbox_ack(outbox, &ack), ROAD_OK);
    ack.upto = 3;
    ack.is_gap = true;
    CHECK_STATUS(outbox_ack(outbox, &ack), ROAD_OK);
    const struct outbox_stats thrice = outbox_stats(outbox);
    CHECK(memcmp(&once, &thrice, sizeof once) == 0);
    CHECK_INT(check_content(7), 10);
    end_test();
}

FACT(an_acknowledgement_of_what_was_never_sent_changes_nothing)
{
    struct ack ack = {.upto = 3};

    begin_test(&roomy);
    append(1);
    append(2);
    CHECK_STATUS(outbox_ack(outbox, &ack), ROAD_BAD_SEQUENCE);
    CHECK_INT(check_content(1), 2);
    end_test();
}

static int64_t ask(const char *sql)
{
    sqlite3_stmt *q = NULL;
    int64_t value = -1;

    database_prepare(db, sql, &q);
    if (sqlite3_step(q) == SQLITE_ROW)
        value = sqlite3_column_int64(q, 0);
    sqlite3_finalize(q);
    return value;
}

FACT(what_the_far_end_refused_is_kept_with_its_reason)
{
    struct ack ack = {.upto = 4, .n_refused = 3};

    begin_test(&roomy);
    for (uint64_t seq = 1; seq <= 5; seq++)
        append(seq);
    ack.refused[0].seq = 2, ack.refused[0].reason = ROAD_BAD_TIME;
    ack.refused[1].seq = 4, ack.refused[1].reason = ROAD_BAD_RANGE;
    ack.refused[2].seq = 5, ack.refused[2].reason = ROAD_BAD_RANGE; /* beyond upto: not done yet */
    CHECK_STATUS(outbox_ack(outbox, &ack), ROAD_OK);
    CHECK_STATUS(outbox_ack(outbox, &ack), ROAD_OK);
    CHECK_INT(outbox_stats(outbox).refused, 2);
    CHECK_INT(ask("SELECT reason FROM outbox_refused WHERE seq = 2"), ROAD_BAD_TIME);
    CHECK_INT(ask("SELECT reason FROM outbox_refused WHERE seq = 4"), ROAD_BAD_RANGE);
    CHECK_INT(ask("SELECT count(*) FROM outbox_refused"), 2);
    CHECK_INT(ask("SELECT length(bytes) FROM outbox_refused WHERE seq = 4"), (int64_t)make_message(4));
    CHECK_INT(check_content(5), 5);
    end_test();
}

FACT(the_refused_are_bounded_and_the_lost_ones_counted)
{
    begin_test(&roomy);
    sqlite3_exec(db, "PRAGMA synchronous = OFF", NULL, NULL, NULL);
    for (uint64_t upto = 10; upto <= 300; upto += 10) {
        struct ack ack = {.upto = upto, .n_refused = 10};
        for (uint64_t i = 0; i < 10; i++) {
            append(upto - 9 + i);
            ack.refused[i].seq = upto - 9 + i, ack.refused[i].reason = ROAD_BAD_RANGE;
        }
        CHECK_STATUS(outbox_ack(outbox, &ack), ROAD_OK);
    }
    CHECK_INT(outbox_stats(outbox).refused, 300);
    CHECK_INT(ask("SELECT count(*) FROM outbox_refused"), 256);
    CHECK_INT(ask("SELECT min(seq) FROM outbox_refused"), 45);
    CHECK_INT(ask("SELECT refused_dropped FROM outbox_meta"), 44);
    end_test();
}

/* The model: numbers, lengths and two sums, in the plainest form. */
struct model {
    uint64_t last, acked;
    size_t length[4096];
    struct outbox_config config;
};

static int64_t model_bytes(const struct model *m)
{
    int64_t sum = 0;
    for (uint64_t seq = m->acked + 1; seq <= m->last; seq++)
        sum += (int64_t)m->length[seq];
    return sum;
}

static void random_append(struct model *m)
{
    const uint64_t seq = draw(10) ? m->last + 1 : draw((uint32_t)m->last + 3);
    const size_t length = 1 + draw(400);
    enum road_status want = ROAD_OK;

    if (seq != m->last + 1)
        want = ROAD_BAD_SEQUENCE;
    else if ((int64_t)(m->last - m->acked) >= m->config.max_items ||
             model_bytes(m) + (int64_t)length > m->config.max_bytes)
        want = ROAD_FULL;
    memset(text, (int)(seq & 0xff), length);
    CHECK_STATUS(outbox_append(outbox, seq, text, length), want);
    if (want == ROAD_OK)
        m->length[++m->last] = length;
}

static void random_ack(struct model *m)
{
    struct ack ack = {.upto = draw(20) ? m->acked + draw((uint32_t)(m->last - m->acked) + 1)
                                       : draw((uint32_t)m->last + 3)};

    CHECK_STATUS(outbox_ack(outbox, &ack), ack.upto > m->last ? ROAD_BAD_SEQUENCE : ROAD_OK);
    if (ack.upto <= m->last && ack.upto > m->acked)
        m->acked = ack.upto;
}

static void compare_next(const struct model *m)
{
    const uint64_t after = draw((uint32_t)m->last + 2);
    const uint64_t want = after < m->acked ? m->acked + 1 : after + 1;
    const void *bytes;
    size_t length;
    uint64_t seq;

    const enum road_status got = outbox_next(outbox, after, &seq, &bytes, &length);
    CHECK_STATUS(got, want > m->last ? ROAD_END : ROAD_OK);
    if (got != ROAD_OK || want > m->last)
        return;
    CHECK_INT(seq, want);
    CHECK_INT(length, m->length[want]);
    CHECK_INT(((const uint8_t *)bytes)[length - 1], want & 0xff);
}

FACT(random_steps_agree_with_a_naive_model)
{
    static struct model m;

    random_state = 20261;
    m = (struct model){.config = {.max_bytes = 5000, .max_items = 30}};
    begin_test(&m.config);
    database_exec(db, "PRAGMA synchronous = OFF"); /* what is durable is not the question here */
    for (int step = 0; step < 6000 && m.last < 4000 && !check_failures; step++) {
        if (draw(3))
            random_append(&m);
        else
            random_ack(&m);
        compare_next(&m);
        const struct outbox_stats stats = outbox_stats(outbox);
        CHECK_INT(stats.last_seq, m.last);
        CHECK_INT(stats.acked_upto, m.acked);
        CHECK_INT(stats.items, m.last - m.acked);
        CHECK_INT(stats.bytes, model_bytes(&m));
        if (draw(500) == 0) {
            close_outbox();
            open_outbox(&m.config);
            database_exec(db, "PRAGMA synchronous = OFF");
        }
    }
    end_test();
}

/* Appends for ever, telling each number through the pipe once outbox_append has returned OK. */
static void child_append(int pipe_fd)
{
    open_outbox(&roomy);
    for (uint64_t seq = outbox_stats(outbox).last_seq + 1;; seq++)
        if (append(seq) != ROAD_OK || write(pipe_fd, &seq, sizeof seq) != sizeof seq)
            _exit(1);
}

FACT(every_append_that_returned_survives_kill_9)
{
    uint64_t told = 0, seq;
    int fds[2];

    random_state = 42;
    begin_test(&roomy);
    close_outbox();
    for (int round = 0; round < 25; round++) {
        CHECK_INT(pipe(fds), 0);
        fflush(stdout);
        const pid_t child = fork();
        if (child == 0) {
            close(fds[0]);
            child_append(fds[1]);
        }
        close(fds[1]);
        for (uint32_t n = draw(12); n > 0 && read(fds[0], &seq, sizeof seq) == sizeof seq; n--)
            told = seq;
        usleep(draw(700)); /* anywhere within an append; no outcome depends on how long */
        kill(child, SIGKILL);
        while (read(fds[0], &seq, sizeof seq) == sizeof seq)
            told = seq;
        CHECK_INT(waitpid(child, NULL, 0), child);
        close(fds[0]);
        open_outbox(&roomy);
        const uint64_t there = outbox_stats(outbox).last_seq;
        CHECK(there >= told && there <= told + 1);
        CHECK_INT(check_content(1), there);
        close_outbox();
    }
    CHECK(told > 25);
    open_outbox(&roomy);
    end_test();
}

/* An append, an acknowledgement with a refusal, an append: with the n-th write or sync failing. */
static void step_under_fault(int n, bool is_sticky, int code, bool *ret_struck)
{
    struct ack ack = {.upto = 5, .n_refused = 1};

    ack.refused[0].seq = 4, ack.refused[0].reason = ROAD_BAD_RANGE;
    begin_test(&roomy);
    for (uint64_t seq = 1; seq <= 9; seq++)
        append(seq);
    fault_vfs_arm(n, is_sticky, code);
    const enum road_status first = append(10), acked = outbox_ack(outbox, &ack);
    *ret_struck = fault_vfs_disarm();
    CHECK(first == ROAD_OK || first == ROAD_FULL || first == ROAD_IO);
    CHECK(acked == ROAD_OK || acked == ROAD_FULL || acked == ROAD_IO);
    const struct outbox_stats now = outbox_stats(outbox);
    CHECK_INT(now.last_seq, first == ROAD_OK ? 10 : 9);
    CHECK_INT(now.acked_upto, acked == ROAD_OK ? 5 : 0);
    CHECK_INT(now.refused, acked == ROAD_OK ? 1 : 0);
    CHECK_INT(now.items, (int64_t)(now.last_seq - now.acked_upto));
    CHECK_INT(check_content(now.acked_upto + 1), now.last_seq);
    CHECK_STATUS(append(now.last_seq + 1), ROAD_OK); /* the disk has room again: life goes on */
    close_outbox();
    open_outbox(&roomy);
    CHECK_INT(outbox_stats(outbox).last_seq, now.last_seq + 1);
    CHECK_INT(check_content(outbox_stats(outbox).acked_upto + 1), now.last_seq + 1);
    end_test();
}

FACT(no_failing_write_or_sync_loses_or_halves_anything)
{
    static const int codes[] = {SQLITE_FULL, SQLITE_IOERR_WRITE};

    fault_vfs_install();
    for (int kind = 0; kind < 4; kind++) {
        bool struck = true;
        int n = 1;
        for (; struck && n < 200 && !check_failures; n++)
            step_under_fault(n, kind & 1, codes[kind / 2], &struck);
        CHECK(n > 4); /* the fault did strike in several places */
    }
}

FACT(a_file_that_may_not_grow_refuses_and_recovers)
{
    struct rlimit old, tight;
    uint64_t seq = 1;

    begin_test(&roomy);
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &old);
    tight = old;
    tight.rlim_cur = 200000;
    setrlimit(RLIMIT_FSIZE, &tight);
    enum road_status status = ROAD_OK;
    while (seq < 1000 && (status = append(seq)) == ROAD_OK)
        seq++;
    CHECK(status == ROAD_FULL || status == ROAD_IO);
    CHECK(seq > 10 && seq < 1000);
    CHECK_INT(check_content(1), seq - 1);
    setrlimit(RLIMIT_FSIZE, &old);
    CHECK_STATUS(append(seq), ROAD_OK);
    close_outbox();
    open_outbox(&roomy);
    CHECK_INT(check_content(1), seq);
    end_test();
}

int main(int argc, char **argv)
{
    return check_main(argc, argv);
}
