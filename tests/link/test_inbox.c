#include "link/inbox.h"

#include <signal.h>
#include <sys/wait.h>

#include "tests/check.h"
#include "tests/link/fault_vfs.h"
#include "tests/temp.h"

static char dir[TEMP_PATH_SIZE], path[TEMP_PATH_SIZE + 16], error[256];
static sqlite3 *db;
static struct inbox *inbox;
static const struct kid anna = {{1, 2, 3, 4, 5, 6, 7, 8}}, bert = {{1, 2, 3, 4, 5, 6, 7, 9}};

static uint64_t random_state;
static uint32_t draw(uint32_t below) /* splitmix64 (Steele et al. 2014) */
{
    uint64_t z = (random_state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (uint32_t)((z ^ (z >> 31)) % below);
}

static void open_inbox(int64_t quarantine)
{
    db = NULL;
    inbox = NULL;
    CHECK_STATUS(
        database_open(path, (const char *const[]){"CREATE TABLE effect(seq INTEGER)", NULL}, &db, error),
        ROAD_OK);
    CHECK_STATUS(inbox_open(db, quarantine, &inbox), ROAD_OK);
}

static void close_inbox(void)
{
    inbox_close(inbox);
    database_close(db);
}

static void begin_test(int64_t quarantine)
{
    temp_make(dir);
    snprintf(path, sizeof path, "%s/i.db", dir);
    open_inbox(quarantine);
}

static void end_test(void)
{
    close_inbox();
    temp_remove(dir);
}

static int64_t ask(const char *sql)
{
    sqlite3_stmt *q = NULL;
    int64_t value = -1;

    CHECK_STATUS(database_prepare(db, sql, &q), ROAD_OK);
    if (sqlite3_step(q) == SQLITE_ROW)
        value = sqlite3_column_int64(q, 0);
    sqlite3_finalize(q);
    return value;
}

/* The bytes of message `seq` are its number. */
static enum road_status check_seq(struct kid kid, uint64_t seq)
{
    return inbox_check(inbox, kid, seq, &seq, sizeof seq);
}

static enum road_status accept_seq(struct kid kid, uint64_t seq)
{
    return inbox_accept(inbox, kid, seq, &seq, sizeof seq);
}

static uint64_t upto(struct kid kid)
{
    struct ack ack = {0};
    CHECK_STATUS(inbox_ack(inbox, kid, false, &ack), ROAD_OK);
    CHECK_INT(kid_compare(ack.speaker, kid), 0);
    return ack.upto;
}

FACT(messages_are_accepted_in_order_only)
{
    begin_test(10);
    CHECK_STATUS(check_seq(anna, 2), ROAD_GAP);
    CHECK_STATUS(accept_seq(anna, 2), ROAD_GAP);
    CHECK_STATUS(check_seq(anna, 1), ROAD_OK);
    CHECK_STATUS(accept_seq(anna, 1), ROAD_OK);
    CHECK_STATUS(accept_seq(anna, 2), ROAD_OK);
    CHECK_STATUS(check_seq(anna, 1), ROAD_DUPLICATE);
    CHECK_STATUS(accept_seq(anna, 2), ROAD_DUPLICATE);
    CHECK_STATUS(check_seq(anna, 4), ROAD_GAP);
    CHECK_INT(upto(anna), 2);
    end_test();
}

FACT(each_speaker_has_numbers_of_its_own)
{
    begin_test(10);
    CHECK_STATUS(accept_seq(anna, 1), ROAD_OK);
    CHECK_STATUS(accept_seq(anna, 2), ROAD_OK);
    CHECK_INT(upto(bert), 0);
    CHECK_STATUS(check_seq(bert, 2), ROAD_GAP);
    CHECK_STATUS(accept_seq(bert, 1), ROAD_OK);
    CHECK_INT(upto(bert), 1);
    CHECK_INT(upto(anna), 2);
    end_test();
}

FACT(numbers_that_cannot_be_are_refused)
{
    begin_test(10);
    CHECK_STATUS(check_seq(anna, 0), ROAD_BAD_RANGE);
    CHECK_STATUS(accept_seq(anna, (uint64_t)INT64_MAX + 1), ROAD_BAD_RANGE);
    CHECK_STATUS(check_seq(anna, UINT64_MAX), ROAD_BAD_RANGE);
    CHECK_STATUS(inbox_refuse(inbox, anna, 0, "x", 1, ROAD_BAD_INPUT), ROAD_BAD_RANGE);
    CHECK_STATUS(check_seq(anna, INT64_MAX), ROAD_GAP);
    CHECK_INT(upto(anna), 0);
    end_test();
}

FACT(a_number_used_twice_with_other_bytes_is_told)
{
    begin_test(10);
    database_exec(db, "PRAGMA synchronous = OFF");
    for (uint64_t seq = 1; seq <= 1100; seq++)
        CHECK_STATUS(accept_seq(anna, seq), ROAD_OK);
    CHECK_STATUS(inbox_check(inbox, anna, 1100, "other", 5), ROAD_BAD_SEQUENCE);
    CHECK_STATUS(inbox_accept(inbox, anna, 1085, "other", 5), ROAD_BAD_SEQUENCE); /* 1100 - 16 + 1 */
    CHECK_STATUS(inbox_check(inbox, anna, 1084, "other", 5), ROAD_DUPLICATE);     /* its digest is gone */
    CHECK_STATUS(check_seq(anna, 1085), ROAD_DUPLICATE);
    close_inbox();
    open_inbox(10);
    CHECK_STATUS(inbox_check(inbox, anna, 1085, "other", 5), ROAD_BAD_SEQUENCE);
    CHECK_INT(ask("SELECT count(*) FROM inbox"), 1);
    CHECK_INT(upto(anna), 1100);
    end_test();
}

FACT(a_refusal_counts_as_done_and_is_told_in_the_acknowledgement)
{
    struct ack ack;

    begin_test(10);
    CHECK_STATUS(accept_seq(anna, 1), ROAD_OK);
    CHECK_STATUS(inbox_refuse(inbox, anna, 3, "bad", 3, ROAD_BAD_TIME), ROAD_GAP);
    CHECK_STATUS(inbox_refuse(inbox, anna, 2, "bad", 3, ROAD_BAD_TIME), ROAD_OK);
    CHECK_STATUS(inbox_refuse(inbox, anna, 2, "bad", 3, ROAD_BAD_TIME), ROAD_DUPLICATE);
    CHECK_STATUS(accept_seq(anna, 3), ROAD_OK);
    close_inbox();
    open_inbox(10);
    CHECK_STATUS(inbox_ack(inbox, anna, true, &ack), ROAD_OK);
    CHECK_INT(ack.upto, 3);
    CHECK(ack.is_gap);
    CHECK_INT(ack.n_refused, 1);
    CHECK_INT(ack.refused[0].seq, 2);
    CHECK_STATUS(ack.refused[0].reason, ROAD_BAD_TIME);
    CHECK_INT(
        ask("SELECT count(*) FROM quarantine WHERE seq = 2 AND reason = 11 AND bytes = CAST('bad' AS BLOB)"
            " AND kid = x'0102030405060708'"),
        1);
    end_test();
}

FACT(the_acknowledgement_lists_the_latest_refusals)
{
    struct ack ack;

    begin_test(10);
    database_exec(db, "PRAGMA synchronous = OFF");
    for (uint64_t seq = 1; seq <= 100; seq++)
        CHECK_STATUS(inbox_refuse(inbox, anna, seq, &seq, sizeof seq, ROAD_BAD_RANGE), ROAD_OK);
    CHECK_STATUS(inbox_ack(inbox, anna, false, &ack), ROAD_OK);
    CHECK_INT(ack.upto, 100);
    CHECK_INT(ack.n_refused, ACK_REFUSED_MAX);
    CHECK_INT(ack.refused[0].seq, 100 - ACK_REFUSED_MAX + 1);
    CHECK_INT(ack.refused[ACK_REFUSED_MAX - 1].seq, 100);
    CHECK_INT(ask("SELECT count(*) FROM quarantine"), 10); /* bounded apart */
    CHECK_INT(ask("SELECT min(seq) FROM quarantine"), 91);
    end_test();
}

FACT(the_quarantine_is_bounded_and_moves_no_number)
{
    static uint8_t huge[SEALED_MAX + 100];

    begin_test(5);
    for (int i = 0; i < 8; i++)
        CHECK_STATUS(inbox_quarantine(inbox, "mallory", &i, sizeof i, ROAD_BAD_SIGNATURE), ROAD_OK);
    CHECK_STATUS(inbox_quarantine(inbox, NULL, huge, sizeof huge, ROAD_TOO_LARGE), ROAD_OK);
    CHECK_STATUS(inbox_quarantine(inbox, "a-name-that-is-longer-than-any-name-may-be", "", 0, ROAD_BAD_INPUT),
                 ROAD_OK);
    CHECK_INT(ask("SELECT count(*) FROM quarantine"), 5);
    CHECK_INT(ask("SELECT count(*) FROM quarantine WHERE claimed = 'mallory'"), 3);
    CHECK_INT(ask("SELECT length(bytes) FROM quarantine WHERE reason = 3"), SEALED_MAX);
    CHECK_INT(ask("SELECT length FROM quarantine WHERE reason = 3"), SEALED_MAX + 100);
    CHECK_INT(ask("SELECT max(length(claimed)) FROM quarantine"), NAME_SIZE - 1);
    CHECK_INT(ask("SELECT count(*) FROM inbox"), 0);
    end_test();
}

FACT(what_the_caller_rolls_back_was_never_received)
{
    begin_test(10);
    database_begin(db);
    CHECK_STATUS(accept_seq(anna, 1), ROAD_OK);
    CHECK_STATUS(inbox_refuse(inbox, anna, 2, "x", 1, ROAD_BAD_RANGE), ROAD_OK);
    database_rollback(db);
    CHECK_INT(upto(anna), 0);
    CHECK_INT(ask("SELECT count(*) FROM quarantine"), 0);
    CHECK_STATUS(accept_seq(anna, 1), ROAD_OK);
    end_test();
}

/* Whole groups of random size; a third of them is rolled back. Beside it an inbox of its own that gathers nothing. */
FACT(gathered_numbers_are_those_of_an_inbox_that_writes_each)
{
    uint64_t done[2] = {0, 0};

    random_state = 11;
    begin_test(10);
    database_exec(db, "PRAGMA synchronous = OFF");
    inbox_gather(inbox);
    for (int round = 0; round < 300 && !check_failures; round++) {
        uint64_t now[2] = {done[0], done[1]};
        CHECK_STATUS(database_begin(db), ROAD_OK);
        for (uint32_t n = draw(20); n > 0; n--) {
            const uint32_t who = draw(2);
            const uint64_t seq = now[who] + draw(3);
            CHECK_STATUS(accept_seq(who ? bert : anna, seq), seq == 0               ? ROAD_BAD_RANGE
                                                             : seq <= now[who]      ? ROAD_DUPLICATE
                                                             : seq == now[who] + 1  ? ROAD_OK
                                                                                    : ROAD_GAP);
            now[who] += seq == now[who] + 1;
        }
        if (draw(3)) {
            CHECK_STATUS(inbox_write(inbox), ROAD_OK);
            CHECK_STATUS(database_commit(db), ROAD_OK);
            memcpy(done, now, sizeof done);
        } else {
            database_rollback(db);
            inbox_forget(inbox);
        }
        CHECK_INT(upto(anna), done[0]);
        struct inbox *other = NULL;
        struct ack ack;
        CHECK_STATUS(inbox_open(db, 10, &other), ROAD_OK);
        CHECK_STATUS(inbox_ack(other, bert, false, &ack), ROAD_OK);
        CHECK_INT(ack.upto, done[1]);
        CHECK_STATUS(inbox_check(other, anna, done[0], "other", 5), done[0] ? ROAD_BAD_SEQUENCE : ROAD_BAD_RANGE);
        inbox_close(other);
    }
    CHECK(done[0] > 300 && done[1] > 300);
    end_test();
}

FACT(more_speakers_than_it_had_room_for_are_all_remembered)
{
    begin_test(10);
    inbox_gather(inbox);
    CHECK_STATUS(database_begin(db), ROAD_OK);
    for (uint64_t i = 0; i < 1000; i++) {
        struct kid kid;
        const uint64_t clash = i << 32; /* the table's first places are wanted by all */
        memcpy(kid.bytes, &clash, KID_SIZE);
        CHECK_STATUS(accept_seq(kid, 1), ROAD_OK);
        CHECK_STATUS(accept_seq(kid, 2), ROAD_OK);
    }
    CHECK_STATUS(inbox_write(inbox), ROAD_OK);
    CHECK_STATUS(database_commit(db), ROAD_OK);
    CHECK_INT(ask("SELECT count(*) FROM inbox WHERE upto = 2"), 1000);
    end_test();
}

FACT(a_bound_of_nothing_is_refused)
{
    struct inbox *none = NULL;

    begin_test(10);
    CHECK_STATUS(inbox_open(db, 0, &none), ROAD_BAD_RANGE);
    CHECK(none == NULL);
    end_test();
}

/* The model: what each of two speakers has had, message by message. */
FACT(random_steps_agree_with_a_naive_model)
{
    uint64_t done[2] = {0, 0};
    bool was_refused[2][4096] = {{false}};

    random_state = 7;
    begin_test(50);
    database_exec(db, "PRAGMA synchronous = OFF");
    for (int step = 0; step < 4000 && !check_failures; step++) {
        const int who = (int)draw(2);
        const struct kid kid = who ? bert : anna;
        const uint64_t seq = draw(4) ? done[who] + 1 : draw((uint32_t)done[who] + 4);
        const bool is_refused = draw(10) == 0;
        const enum road_status want = seq == 0               ? ROAD_BAD_RANGE
                                      : seq <= done[who]     ? ROAD_DUPLICATE
                                      : seq == done[who] + 1 ? ROAD_OK
                                                             : ROAD_GAP;
        CHECK_STATUS(check_seq(kid, seq), want);
        CHECK_STATUS(is_refused ? inbox_refuse(inbox, kid, seq, &seq, sizeof seq, ROAD_BAD_RANGE)
                                : accept_seq(kid, seq),
                     want);
        if (want == ROAD_OK)
            was_refused[who][++done[who]] = is_refused;
        struct ack ack;
        CHECK_STATUS(inbox_ack(inbox, kid, false, &ack), ROAD_OK);
        CHECK_INT(ack.upto, done[who]);
        uint64_t at = done[who];
        for (size_t i = ack.n_refused; i-- > 0; at--) { /* backwards: the latest refusals and no other */
            while (at > 0 && !was_refused[who][at])
                at--;
            CHECK_INT(ack.refused[i].seq, at);
        }
        if (draw(400) == 0) {
            close_inbox();
            open_inbox(50);
            database_exec(db, "PRAGMA synchronous = OFF");
        }
    }
    CHECK(done[0] > 500 && done[1] > 500);
    end_test();
}

/* One effect a message, in the transaction that accepts it. */
static void child_receive(int pipe_fd)
{
    open_inbox(10);
    for (uint64_t seq = upto(anna) + 1;; seq++) {
        char sql[64];
        snprintf(sql, sizeof sql, "INSERT INTO effect VALUES(%" PRIu64 ")", seq);
        if (database_begin(db) != ROAD_OK || database_exec(db, sql) != ROAD_OK ||
            accept_seq(anna, seq) != ROAD_OK || database_commit(db) != ROAD_OK ||
            write(pipe_fd, &seq, sizeof seq) != sizeof seq)
            _exit(1);
    }
}

FACT(effect_and_number_survive_kill_9_together)
{
    uint64_t told = 0, seq;
    int fds[2];

    random_state = 99;
    begin_test(10);
    close_inbox();
    for (int round = 0; round < 20; round++) {
        CHECK_INT(pipe(fds), 0);
        fflush(stdout);
        const pid_t child = fork();
        if (child == 0) {
            close(fds[0]);
            child_receive(fds[1]);
        }
        close(fds[1]);
        for (uint32_t n = draw(12); n > 0 && read(fds[0], &seq, sizeof seq) == sizeof seq; n--)
            told = seq;
        usleep(draw(700)); /* anywhere within a transaction; no outcome depends on how long */
        kill(child, SIGKILL);
        while (read(fds[0], &seq, sizeof seq) == sizeof seq)
            told = seq;
        CHECK_INT(waitpid(child, NULL, 0), child);
        close(fds[0]);
        open_inbox(10);
        const uint64_t there = upto(anna);
        CHECK(there >= told && there <= told + 1);
        CHECK_INT(ask("SELECT count(*) FROM effect"), there);
        CHECK_INT(ask("SELECT count(DISTINCT seq) FROM effect"), there);
        CHECK_INT(ask("SELECT coalesce(max(seq), 0) FROM effect"), there);
        close_inbox();
    }
    CHECK(told > 20);
    open_inbox(10);
    end_test();
}

static bool receive_under_fault(int n, bool is_sticky, int code)
{
    begin_test(10);
    CHECK_STATUS(accept_seq(anna, 1), ROAD_OK);
    fault_vfs_arm(n, is_sticky, code);
    const enum road_status second = accept_seq(anna, 2);
    const uint64_t after = second == ROAD_OK ? 2 : 1;
    const enum road_status third = inbox_refuse(inbox, anna, after + 1, "x", 1, ROAD_BAD_RANGE);
    const bool has_struck = fault_vfs_disarm();
    CHECK(second == ROAD_OK || second == ROAD_FULL || second == ROAD_IO);
    CHECK(third == ROAD_OK || third == ROAD_FULL || third == ROAD_IO);
    const uint64_t want = after + (third == ROAD_OK);
    CHECK_INT(upto(anna), want);
    CHECK_STATUS(check_seq(anna, want), third == ROAD_OK ? ROAD_BAD_SEQUENCE : ROAD_DUPLICATE); /* the refused bytes are "x" */
    CHECK_INT(ask("SELECT count(*) FROM quarantine"), third == ROAD_OK);
    CHECK_INT(ask("SELECT count(*) FROM inbox_refused"), third == ROAD_OK);
    CHECK_STATUS(accept_seq(anna, want + 1), ROAD_OK);
    close_inbox();
    open_inbox(10);
    CHECK_INT(upto(anna), want + 1);
    end_test();
    return has_struck;
}

FACT(no_failing_write_or_sync_halves_a_receipt)
{
    static const int codes[] = {SQLITE_FULL, SQLITE_IOERR_WRITE};

    fault_vfs_install();
    for (int kind = 0; kind < 4; kind++) {
        int n = 1;
        while (n < 200 && !check_failures && receive_under_fault(n, kind & 1, codes[kind / 2]))
            n++;
        CHECK(n > 3);
    }
}

int main(int argc, char **argv)
{
    return check_main(argc, argv);
}
