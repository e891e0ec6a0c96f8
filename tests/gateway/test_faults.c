/* The disk fails at each write and sync in turn, once or for good; after it, a restart and sending everything again
 * must end where an undisturbed run ends: same beliefs, same changes said, every number once. */
#include "tests/check.h"
#include "tests/gateway/rig.h"
#include "tests/link/fault_vfs.h"

#define BATCHES 6
#define FAULTS_MAX 400

static struct letter letters[BATCHES];

struct end {
    uint8_t beliefs[SHA256_SIZE], said[SHA256_SIZE];
    uint64_t upto[2], changes;
};

static void make_letters(struct rig *rig)
{
    static struct drive drive;

    for (uint64_t i = 0; i < BATCHES; i++) {
        rig_drive(&drive, i / 2 + 1, DAY0_NS + (int64_t)i * 7200 * SECOND_NS, GNSS_RTK, 0.05);
        seal_from(rig, (unsigned)(i % 2), &drive.batch, &letters[i]);
    }
}

/* Everything, two at a time, until all is acknowledged; a failing disk may refuse. */
static void send_all(struct rig *rig)
{
    for (size_t i = 0; i < BATCHES; i += 2)
        if (rig_take(rig, &letters[i], 2) != ROAD_OK)
            return;
}

static struct end read_end(struct rig *rig)
{
    struct end end = {.changes = 0};
    const void *bytes;
    size_t length;
    uint64_t seq;

    beliefs_digest(keeper_beliefs(rig->keeper), end.beliefs);
    while (outbox_next(keeper_outbox(rig->keeper), end.changes, &seq, &bytes, &length) == ROAD_OK) {
        uint8_t next[SHA256_SIZE];
        sha256_prefixed(0, end.said, SHA256_SIZE, bytes, length, next);
        memcpy(end.said, next, SHA256_SIZE);
        end.changes = seq;
    }
    rig_take(rig, letters, BATCHES); /* all duplicates by now */
    end.upto[0] = rig_ack(rig, 0).upto;
    end.upto[1] = rig_ack(rig, 1).upto;
    return end;
}

static struct end run(int fault, bool is_sticky, bool *ret_struck)
{
    struct rig rig;

    rig_open(&rig);
    make_letters(&rig);
    if (fault)
        fault_vfs_arm(fault, is_sticky, is_sticky ? SQLITE_FULL : SQLITE_IOERR);
    send_all(&rig);
    *ret_struck = fault && fault_vfs_disarm();
    if (fault) {
        if (fault % 2) { /* half of the runs go on in the same process */
            keeper_close(rig.keeper);
            rig_open_keeper(&rig);
        }
        send_all(&rig);
    }
    const struct end end = read_end(&rig);
    rig_close(&rig);
    return end;
}

FACT(whatever_write_fails_nothing_is_lost_and_nothing_said_twice)
{
    bool struck;
    const struct end undisturbed = run(0, false, &struck);

    CHECK_INT(undisturbed.upto[0], BATCHES / 2);
    CHECK_INT(undisturbed.upto[1], BATCHES / 2);
    for (int is_sticky = 0; is_sticky <= 1; is_sticky++) {
        int fault = 1;
        do {
            const struct end end = run(fault, is_sticky, &struck);
            if (memcmp(&end, &undisturbed, sizeof end) != 0)
                CHECK_FAILED("write %d failed %s: it ends elsewhere", fault, is_sticky ? "and all after it" : "once");
        } while (struck && ++fault < FAULTS_MAX);
        CHECK(fault > 20);         /* there were writes to fail */
        CHECK(fault < FAULTS_MAX); /* and all of them did */
    }
}

/* Nothing is believed, told or acknowledged that is not on disk; what is there can be read; room is all it needs. */
static void fill_disk(int code, enum road_status wanted, int64_t settle_ms)
{
    uint8_t before[SHA256_SIZE], after[SHA256_SIZE];
    char report[4096];
    struct rig rig;

    rig_open(&rig);
    keeper_close(rig.keeper);
    rig.config.settle_ms = settle_ms;
    rig_open_keeper(&rig);
    make_letters(&rig);
    CHECK_STATUS(rig_take(&rig, letters, 2), ROAD_OK);
    beliefs_digest(keeper_beliefs(rig.keeper), before);
    const int64_t waiting = outbox_stats(keeper_outbox(rig.keeper)).items;
    fault_vfs_arm(1, true, code);
    for (int i = 0; i < 3; i++) {
        CHECK_STATUS(rig_take(&rig, &letters[2], 2), wanted);
        CHECK_INT(rig.n_acks, 0);
        if (settle_ms && i == 1)
            CHECK_STATUS(keeper_settle(rig.keeper, rig.now_ns), wanted); /* what was taken before is told later */
    }
    CHECK_INT(outbox_stats(keeper_outbox(rig.keeper)).items, waiting);
    CHECK_STATUS(keeper_stats(rig.keeper).store, wanted);
    CHECK(keeper_report(rig.keeper, "gw-1", report, sizeof report) < sizeof report);
    CHECK(strstr(report, wanted == ROAD_FULL ? "\"store\":\"FULL\"" : "\"store\":\"IO\"") != NULL);
    if (!settle_ms) {
        beliefs_digest(keeper_beliefs(rig.keeper), after);
        CHECK(memcmp(before, after, SHA256_SIZE) == 0);
    }
    CHECK(fault_vfs_disarm());
    CHECK_STATUS(rig_take(&rig, &letters[2], 2), ROAD_OK); /* they come again, and there is room */
    CHECK_INT(rig_ack(&rig, 0).upto, 2);
    CHECK_INT(rig_ack(&rig, 1).upto, 2);
    CHECK_STATUS(keeper_settle(rig.keeper, rig.now_ns), ROAD_OK);
    CHECK_STATUS(keeper_stats(rig.keeper).store, ROAD_OK);
    CHECK_INT(keeper_stats(rig.keeper).not_settled, 0);
    CHECK_INT(keeper_stats(rig.keeper).batches_applied, 4); /* counted once, however often they came */
    rig_close(&rig);
}

FACT(a_full_disk_stops_acknowledgements_and_nothing_else_and_room_is_enough_to_go_on)
{
    for (int64_t settle_ms = 0; settle_ms <= 200; settle_ms += 200) {
        fill_disk(SQLITE_FULL, ROAD_FULL, settle_ms);
        fill_disk(SQLITE_IOERR_WRITE, ROAD_IO, settle_ms);
    }
}

int main(int argc, char **argv)
{
    fault_vfs_install();
    return check_main(argc, argv);
}
