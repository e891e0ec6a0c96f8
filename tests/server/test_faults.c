/* The store on a failing disk: the n-th write fails, for every n, once or for good, as an I/O error or as a
 * full disk; with and without a restart after it. Nothing acknowledged is lost, nothing is applied twice, the
 * log verifies. */
#include "server/ledger/verify.h"
#include "tests/link/fault_vfs.h"
#include "tests/server/sample.h"

static struct sample s;
static uint64_t acked_upto;

static void on_ack(void *context, const char *gateway, const void *bytes, size_t length)
{
    const uint8_t *payload;
    size_t payload_length;
    const char *field;
    struct kid kid;
    struct ack ack;

    (void)context, (void)gateway;
    CHECK_STATUS(cose_peek(bytes, length, &kid, &payload, &payload_length), ROAD_OK);
    CHECK_STATUS(ack_decode(payload, payload_length, &ack, &field), ROAD_OK);
    acked_upto = ack.upto;
}

static const struct intake_config config = {.on_ack = on_ack};

static void send(uint64_t seq)
{
    struct sample_change *c = sample_change_new(seq);

    for (int i = 0; i < 40; i++)
        sample_put_cell(c, sample_cell(i, (int)seq, 0), CODE_GREEN);
    sample_put_defect(c, seq, DEFECT_CONFIRMED, s.gateway);
    sample_put_digest(c, s.gateway);
    CHECK_STATUS(sample_push(&s, c, s.gateway), ROAD_OK);
    free(c);
}

static void check_verified(void)
{
    struct log_source *source = NULL;
    struct verify_report report;
    char error[256] = "";

    CHECK_STATUS(log_source_open(s.db_path, &source, error), ROAD_OK);
    if (verify_run(source, &(struct verify_config){0}, &report))
        CHECK_FAILED("entry %lld: %s", (long long)report.bad_index, report.reason);
    log_source_close(source);
}

/* One life with a fault at the n-th write of a change; false if there are not so many writes. */
static bool live_with_fault(int n, bool is_sticky, int code, bool is_restarted)
{
    acked_upto = 0;
    sample_new(&s, &config);
    send(1);
    CHECK_STATUS(intake_step(s.intake, 1795419661000), ROAD_OK);
    CHECK_STATUS(database_exec(s.db, "PRAGMA wal_checkpoint(TRUNCATE); PRAGMA wal_autocheckpoint = 4"),
                 ROAD_OK);
    send(2);
    fault_vfs_arm(n, is_sticky, code);
    enum road_status status = intake_step(s.intake, 1795419662000);
    const bool struck = fault_vfs_disarm();
    CHECK((status == ROAD_OK) == (acked_upto == 2));
    if (is_restarted || status == ROAD_CORRUPT) {
        sample_close_db(&s);
        sample_open_db(&s, &config);
    }
    CHECK(acked_upto < 2 || sample_count(s.db, "SELECT count(*) FROM change") == 2);
    send(2); /* as a gateway does that heard nothing, and as one that did */
    CHECK_STATUS(intake_step(s.intake, 1795419663000), ROAD_OK);
    CHECK_INT(acked_upto, 2);
    CHECK_INT(sample_count(s.db, "SELECT count(*) FROM change"), 2);
    CHECK_INT(sample_count(s.db, "SELECT count(*) FROM cell"), 80);
    CHECK_INT(sample_count(s.db, "SELECT count(*) FROM entry WHERE kind IN ('defect', 'change-digest')"), 4);
    CHECK_INT(sample_count(s.db, "SELECT max(green_m2) FROM square"), 80);
    check_verified();
    sample_done(&s);
    return struck;
}

static void live_through_all_faults(bool is_sticky, int code, bool is_restarted)
{
    int n = 1;

    while (live_with_fault(n, is_sticky, code, is_restarted))
        n++;
    CHECK(n > 10);
}

FACT(an_io_error_at_any_write_loses_and_doubles_nothing)
{
    live_through_all_faults(false, SQLITE_IOERR_WRITE, false);
}

FACT(a_disk_that_stays_full_from_any_write_on_loses_and_doubles_nothing)
{
    live_through_all_faults(true, SQLITE_FULL, false);
}

FACT(a_restart_after_a_failed_write_finds_all_or_nothing)
{
    live_through_all_faults(true, SQLITE_IOERR_FSYNC, true);
}

int main(int argc, char **argv)
{
    fault_vfs_install();
    return check_main(argc, argv);
}
