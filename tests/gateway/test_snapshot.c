/* What is believed is the same live, after a restart from a snapshot and the batches since, and rebuilt from the batches;
 * whatever is wrong with a snapshot, it only costs time. */
#include <fcntl.h>
#include <sys/stat.h>

#include "tests/check.h"
#include "tests/gateway/rig.h"

static struct drive drive;
static struct letter letters[RIG_NODES];
static char snapshot[128], old[136];

static void open_with_snapshots(struct rig *rig)
{
    rig_open(rig);
    keeper_close(rig->keeper);
    snprintf(snapshot, sizeof snapshot, "%s/gateway.snapshot", rig->dir);
    snprintf(old, sizeof old, "%s.old", snapshot);
    rig->config.snapshot_path = snapshot;
    rig_open_keeper(rig);
}

static void reopen(struct rig *rig, bool is_rebuild)
{
    keeper_close(rig->keeper);
    rig->config.is_rebuild = is_rebuild;
    rig_open_keeper(rig);
}

/* One batch of each node, in hour `round`. */
static void take_round(struct rig *rig, uint64_t round)
{
    static const double sigmas[RIG_NODES] = {0.05, 1, 3, 8};

    for (unsigned node = 0; node < RIG_NODES; node++) {
        const int64_t start = DAY0_NS + (int64_t)round * 3600 * SECOND_NS + node * SECOND_NS;
        rig_drive(&drive, round, start, (enum gnss_class)node, sigmas[node]);
        drive_feature(&drive, FEATURE_SPEED_BUMP, start, 50, 40, 0.05, 9, 90);
        seal_from(rig, node, &drive.batch, &letters[node]);
    }
    CHECK_STATUS(rig_take(rig, letters, RIG_NODES), ROAD_OK);
}

static void check_hash(struct rig *rig, const uint8_t wanted[SHA256_SIZE], const char *what)
{
    uint8_t got[SHA256_SIZE];

    keeper_state_hash(rig->keeper, got);
    if (memcmp(got, wanted, SHA256_SIZE) != 0)
        CHECK_FAILED("%s: it believes something else", what);
}

static int64_t ask(struct rig *rig, const char *sql)
{
    char error[256];
    sqlite3 *db;
    sqlite3_stmt *q;
    int64_t value = -1;

    rig_must(database_open_readonly(rig->db_path, &db, error), "database");
    rig_must(database_prepare(db, sql, &q), sql);
    if (sqlite3_step(q) == SQLITE_ROW)
        value = sqlite3_column_int64(q, 0);
    sqlite3_finalize(q);
    database_close(db);
    return value;
}

FACT(live_restarted_and_rebuilt_believe_the_same_and_say_nothing_again)
{
    struct rig rig;
    uint8_t live[SHA256_SIZE];

    open_with_snapshots(&rig);
    for (uint64_t round = 1; round <= 8; round++) {
        take_round(&rig, round);
        if (round % 3 == 0)
            CHECK_STATUS(keeper_snapshot(rig.keeper), ROAD_OK);
        const uint64_t said = outbox_stats(keeper_outbox(rig.keeper)).last_seq;
        keeper_state_hash(rig.keeper, live);
        reopen(&rig, false);
        check_hash(&rig, live, "restart");
        reopen(&rig, true);
        check_hash(&rig, live, "rebuild");
        reopen(&rig, false);
        CHECK_STATUS(keeper_settle(rig.keeper, rig.now_ns), ROAD_OK);
        CHECK_INT(outbox_stats(keeper_outbox(rig.keeper)).last_seq, said);
    }
    rig_close(&rig);
}

/* The batches are taken out of the database, so that only the snapshot can know of them. */
FACT(what_a_snapshot_holds_is_not_folded_again)
{
    struct rig rig;
    uint8_t live[SHA256_SIZE];

    open_with_snapshots(&rig);
    take_round(&rig, 1);
    take_round(&rig, 2);
    CHECK(keeper_wants_snapshot(rig.keeper));
    CHECK_STATUS(keeper_snapshot(rig.keeper), ROAD_OK);
    CHECK(!keeper_wants_snapshot(rig.keeper));
    take_round(&rig, 3);
    keeper_state_hash(rig.keeper, live);
    keeper_close(rig.keeper);
    char error[256];
    sqlite3 *db;
    rig_must(database_open_readonly(rig.db_path, &db, error), "database");
    database_close(db);
    CHECK_INT(sqlite3_open(rig.db_path, &db), SQLITE_OK);
    CHECK_STATUS(database_exec(db, "DELETE FROM batch WHERE id <= 8"), ROAD_OK);
    database_close(db);
    rig_open_keeper(&rig);
    check_hash(&rig, live, "snapshot and tail");
    rig_close(&rig);
}

FACT(a_child_writes_what_was_believed_when_it_began)
{
    struct rig rig;
    uint8_t live[SHA256_SIZE];

    open_with_snapshots(&rig);
    take_round(&rig, 1);
    keeper_snapshot_start(rig.keeper);
    take_round(&rig, 2); /* while it writes */
    while (keeper_snapshot_step(rig.keeper, true))
        continue;
    CHECK_INT(keeper_stats(rig.keeper).snapshots, 1);
    CHECK_INT(keeper_stats(rig.keeper).snapshots_failed, 0);
    take_round(&rig, 3);
    keeper_state_hash(rig.keeper, live);
    reopen(&rig, false);
    check_hash(&rig, live, "restart");
    rig_close(&rig);
}

static void overwrite(const char *path, off_t at, uint8_t flip)
{
    const int fd = open(path, O_RDWR);
    uint8_t byte = 0;

    if (fd < 0 || pread(fd, &byte, 1, at) != 1)
        rig_must(ROAD_IO, path);
    byte ^= flip;
    if (pwrite(fd, &byte, 1, at) != 1)
        rig_must(ROAD_IO, path);
    close(fd);
}

static off_t size_of(const char *path)
{
    struct stat info;

    return stat(path, &info) == 0 ? info.st_size : -1;
}

FACT(a_damaged_or_cut_snapshot_is_not_used_and_the_batches_are_folded)
{
    struct rig rig;
    uint8_t live[SHA256_SIZE];

    open_with_snapshots(&rig);
    take_round(&rig, 1);
    take_round(&rig, 2);
    CHECK_STATUS(keeper_snapshot(rig.keeper), ROAD_OK);
    keeper_state_hash(rig.keeper, live);
    const off_t size = size_of(snapshot);
    CHECK(size > 1000);
    for (off_t at = 0; at < size; at += at < 256 ? 13 : size / 40) {
        overwrite(snapshot, at, 0x41);
        reopen(&rig, false);
        check_hash(&rig, live, "damaged");
        overwrite(snapshot, at, 0x41);
    }
    for (off_t length = size - 1; length > 0; length /= 3) {
        CHECK_INT(truncate(snapshot, length), 0);
        reopen(&rig, false);
        check_hash(&rig, live, "cut");
    }
    rig_close(&rig);
}

FACT(the_one_before_is_used_when_the_newest_is_damaged)
{
    struct rig rig;
    uint8_t live[SHA256_SIZE];

    open_with_snapshots(&rig);
    take_round(&rig, 1);
    CHECK_STATUS(keeper_snapshot(rig.keeper), ROAD_OK);
    take_round(&rig, 2);
    CHECK_STATUS(keeper_snapshot(rig.keeper), ROAD_OK);
    CHECK(size_of(old) > 0);
    keeper_state_hash(rig.keeper, live);
    overwrite(snapshot, size_of(snapshot) - 1, 1);
    keeper_close(rig.keeper);
    sqlite3 *db;
    CHECK_INT(sqlite3_open(rig.db_path, &db), SQLITE_OK);
    CHECK_STATUS(database_exec(db, "DELETE FROM batch WHERE id <= 4"), ROAD_OK); /* only the older one knows of them */
    database_close(db);
    rig_open_keeper(&rig);
    check_hash(&rig, live, "the one before");
    rig_close(&rig);
}

FACT(a_snapshot_of_a_later_state_or_of_other_roads_is_not_used)
{
    char command[400];
    struct rig rig;
    uint8_t live[SHA256_SIZE];

    open_with_snapshots(&rig);
    take_round(&rig, 1);
    keeper_state_hash(rig.keeper, live);
    keeper_close(rig.keeper);
    snprintf(command, sizeof command, "cp %s %s/before", rig.db_path, rig.dir);
    CHECK_INT(system(command), 0);
    rig_open_keeper(&rig);
    take_round(&rig, 2);
    CHECK_STATUS(keeper_snapshot(rig.keeper), ROAD_OK);
    keeper_close(rig.keeper);
    snprintf(command, sizeof command, "rm -f %s-wal %s-shm; cp %s/before %s", rig.db_path, rig.db_path, rig.dir, rig.db_path);
    CHECK_INT(system(command), 0); /* a copy from yesterday is put back */
    rig_open_keeper(&rig);
    check_hash(&rig, live, "a later state");
    CHECK_INT(size_of(snapshot), -1); /* or its batches would be taken for known once as many have come again */
    take_round(&rig, 2);
    CHECK_STATUS(keeper_snapshot(rig.keeper), ROAD_OK);
    keeper_state_hash(rig.keeper, live);
    rig.config.roads[0] = 1;
    reopen(&rig, false);
    check_hash(&rig, live, "other roads");
    CHECK(keeper_wants_snapshot(rig.keeper)); /* it was not read */
    rig_close(&rig);
}

FACT(a_snapshot_that_cannot_be_written_hinders_nothing)
{
    struct rig rig;

    open_with_snapshots(&rig);
    snprintf(snapshot, sizeof snapshot, "%s/no-such-folder/gateway.snapshot", rig.dir);
    take_round(&rig, 1);
    CHECK_STATUS(keeper_snapshot(rig.keeper), ROAD_IO);
    keeper_snapshot_start(rig.keeper);
    CHECK(!keeper_snapshot_step(rig.keeper, true));
    CHECK_INT(keeper_stats(rig.keeper).snapshots_failed, 2);
    take_round(&rig, 2);
    CHECK_INT(rig_ack(&rig, 0).upto, 2);
    rig_close(&rig);
}

/* Phones' batches are kept for 100 s and the fleet's for 1,000; a round comes every 50 s. */
FACT(batches_are_deleted_once_they_are_old_and_two_snapshots_hold_them)
{
    struct rig rig;
    uint8_t live[SHA256_SIZE];
    int64_t deleted, pages = 0;

    open_with_snapshots(&rig);
    keeper_close(rig.keeper);
    rig.config.retain_s = 1000;
    rig.config.retain_phone_s = 100;
    rig_open_keeper(&rig);
    for (uint64_t round = 1; round <= 80; round++) {
        take_round(&rig, round);
        rig.now_ns += 50 * SECOND_NS;
        CHECK_STATUS(keeper_purge(rig.keeper, rig.now_ns, &deleted), ROAD_OK);
        if (round < 3)
            CHECK_INT(deleted, 0); /* nothing is covered yet */
        CHECK_STATUS(keeper_snapshot(rig.keeper), ROAD_OK);
        if (round == 40)
            pages = ask(&rig, "PRAGMA page_count");
        struct outbox_stats out = outbox_stats(keeper_outbox(rig.keeper));
        const struct ack all = {.upto = out.last_seq};
        CHECK_STATUS(outbox_ack(keeper_outbox(rig.keeper), &all), ROAD_OK); /* the server keeps up */
    }
    CHECK_INT(ask(&rig, "SELECT count(*) FROM batch WHERE is_phone"), 2);
    CHECK_INT(ask(&rig, "SELECT count(*) FROM batch WHERE NOT is_phone"), 3 * 20);
    CHECK_INT(ask(&rig, "SELECT max(id) FROM batch"), 80 * RIG_NODES); /* numbers go on */
    CHECK(ask(&rig, "PRAGMA page_count") <= pages + 2);
    CHECK_INT(keeper_stats(rig.keeper).batches_purged, 80 * 4 - 62);
    keeper_state_hash(rig.keeper, live);
    reopen(&rig, false);
    check_hash(&rig, live, "restart after batches were deleted");
    take_round(&rig, 81);
    CHECK_INT(rig_ack(&rig, 3).upto, 81);
    rig_close(&rig);
}

int main(int argc, char **argv)
{
    return check_main(argc, argv);
}
