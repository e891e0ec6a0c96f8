/* From a sealed change to durable rows and an acknowledgement: order, once in effect, refusals, failed
 * commits. */
#include "link/inbox.h"
#include "tests/server/sample.h"

static struct sample s;
static struct ack last_ack;
static int n_acks, n_events;
static int64_t last_change;
static char last_event[4096];
static bool seen_durable;

/* Whoever hears of something must find it on disk: asked through a connection of its own. */
static bool is_on_disk(const char *sql)
{
    char error[256];
    sqlite3 *other = NULL;

    if (database_open_readonly(s.db_path, &other, error))
        return false;
    const int64_t found = sample_count(other, sql);
    database_close(other);
    return found > 0;
}

static void on_ack(void *context, const char *gateway, const void *bytes, size_t length)
{
    struct verifier *verifier = NULL;
    struct public_key key;
    const uint8_t *payload;
    size_t payload_length;
    const char *field;

    (void)context;
    CHECK_STR(gateway, "gw-1");
    signer_public(s.server, &key);
    CHECK_STATUS(verifier_open(&key, &verifier), ROAD_OK);
    CHECK_STATUS(cose_open(verifier, bytes, length, &payload, &payload_length), ROAD_OK);
    CHECK_STATUS(ack_decode(payload, payload_length, &last_ack, &field), ROAD_OK);
    verifier_close(verifier);
    if (last_ack.upto > 0)
        seen_durable = seen_durable && is_on_disk("SELECT max(upto) FROM inbox");
    n_acks++;
}

static void on_change(void *context, int64_t id, const char *event, const struct store_touch *touch)
{
    char sql[128];

    (void)context, (void)touch;
    snprintf(sql, sizeof sql, "SELECT count(*) FROM change WHERE id = %lld", (long long)id);
    seen_durable = seen_durable && is_on_disk(sql) &&
                   is_on_disk("SELECT (SELECT max(size) FROM head) = (SELECT count(*) FROM entry)");
    last_change = id;
    snprintf(last_event, sizeof last_event, "%s", event);
    n_events++;
}

static void begin(void)
{
    const struct intake_config config = {.on_ack = on_ack, .on_change = on_change};

    n_acks = n_events = 0;
    last_change = 0;
    seen_durable = true;
    memset(&last_ack, 0, sizeof last_ack);
    sample_new(&s, &config);
}

static struct sample_change *defect_change(uint64_t seq)
{
    struct sample_change *c = sample_change_new(seq);

    sample_put_cell(c, sample_cell((int)seq, 0, 0), CODE_RED);
    sample_put_defect(c, 7, DEFECT_CONFIRMED, s.gateway);
    sample_put_digest(c, s.gateway);
    return c;
}

static void send(uint64_t seq)
{
    struct sample_change *c = defect_change(seq);

    CHECK_STATUS(sample_push(&s, c, s.gateway), ROAD_OK);
    free(c);
}

FACT(a_change_is_durable_with_its_entries_before_anybody_hears_of_it)
{
    begin();
    const uint64_t before = ledger_size(s.ledger);
    send(1);
    CHECK_INT(n_acks + n_events, 0);
    CHECK_STATUS(intake_step(s.intake, 1795419661000), ROAD_OK);
    CHECK_INT(n_acks, 1);
    CHECK_INT(n_events, 1);
    CHECK(seen_durable);
    CHECK_INT(last_ack.upto, 1);
    CHECK(!last_ack.is_gap);
    CHECK_INT(last_change, 1);
    CHECK_INT(ledger_size(s.ledger), before + 2);
    CHECK_INT(sample_count(s.db, "SELECT count(*) FROM cell WHERE code = 3"), 1);
    CHECK_INT(sample_count(s.db, "SELECT count(*) FROM defect WHERE state = 2 AND severity = 3 AND hits = 3"),
              1);
    CHECK_INT(sample_count(s.db, "SELECT value FROM fact WHERE name = 'gw-1.yellow_cm'"), 2000);
    CHECK_STATUS(intake_step(s.intake, 0), ROAD_END);
    sample_done(&s);
}

FACT(a_change_that_comes_again_is_acknowledged_and_not_applied_again)
{
    begin();
    send(1);
    intake_step(s.intake, 1795419661000);
    const uint64_t size = ledger_size(s.ledger);
    send(1);
    CHECK_STATUS(intake_step(s.intake, 1795419662000), ROAD_OK);
    CHECK_INT(n_acks, 2);
    CHECK_INT(n_events, 1);
    CHECK_INT(last_ack.upto, 1);
    CHECK_INT(ledger_size(s.ledger), size);
    CHECK_INT(sample_count(s.db, "SELECT count(*) FROM change"), 1);
    CHECK_INT(intake_stats(s.intake).duplicates, 1);
    sample_done(&s);
}

FACT(a_change_after_a_hole_is_not_applied_and_the_hole_is_told)
{
    begin();
    send(1);
    send(3);
    CHECK_STATUS(intake_step(s.intake, 1795419661000), ROAD_OK);
    CHECK_INT(last_ack.upto, 1);
    CHECK(last_ack.is_gap);
    CHECK_INT(sample_count(s.db, "SELECT count(*) FROM change"), 1);
    send(2);
    send(3);
    CHECK_STATUS(intake_step(s.intake, 1795419662000), ROAD_OK);
    CHECK_INT(last_ack.upto, 3);
    CHECK(!last_ack.is_gap);
    sample_done(&s);
}

FACT(the_state_after_a_restart_is_the_state_before)
{
    const struct intake_config config = {.on_ack = on_ack, .on_change = on_change};

    begin();
    send(1);
    send(2);
    intake_step(s.intake, 1795419661000);
    sample_close_db(&s);
    sample_open_db(&s, &config);
    send(2);
    send(3);
    CHECK_STATUS(intake_step(s.intake, 1795419662000), ROAD_OK);
    CHECK_INT(last_ack.upto, 3);
    CHECK_INT(sample_count(s.db, "SELECT count(*) FROM change"), 3);
    CHECK_INT(sample_count(s.db, "SELECT count(*) FROM entry WHERE kind = 'key'"), 4);
    CHECK_INT(sample_count(s.db, "SELECT count(*) FROM entry WHERE kind = 'operator'"), 2);
    CHECK_INT(sample_count(s.db, "SELECT count(*) FROM entry WHERE kind = 'config'"), 1);
    sample_done(&s);
}

static void expect_nothing(const char *what, int64_t quarantined)
{
    CHECK_STATUS(intake_step(s.intake, 1795419661000), ROAD_OK);
    if (n_acks || n_events || sample_count(s.db, "SELECT count(*) FROM change") != 0 ||
        sample_count(s.db, "SELECT count(*) FROM quarantine") != quarantined)
        CHECK_FAILED("%s: acks %d events %d", what, n_acks, n_events);
}

FACT(messages_of_nobody_go_to_the_quarantine_unanswered)
{
    static uint8_t sealed[SEALED_MAX];
    const char *topic = "road/v1/" SAMPLE_DISTRICT "/change/gw-1";

    begin();
    struct signer *stranger = sample_signer("stranger");
    struct sample_change *c = defect_change(1);
    CHECK_STATUS(sample_push(&s, c, stranger), ROAD_OK);
    expect_nothing("an unknown key", 1);
    CHECK_STATUS(sample_push(&s, c, s.node), ROAD_OK);
    expect_nothing("a node's key", 2);
    size_t length = sample_seal(c, s.gateway, sealed);
    sealed[length - 1] ^= 1;
    CHECK_STATUS(intake_push(s.intake, topic, sealed, length), ROAD_OK);
    expect_nothing("a flipped bit", 3);
    sealed[length - 1] ^= 1;
    CHECK_STATUS(intake_push(s.intake, "road/v1/" SAMPLE_DISTRICT "/change/gw-2", sealed, length), ROAD_OK);
    expect_nothing("another gateway's topic", 4);
    CHECK_STATUS(intake_push(s.intake, "road/v1/330106/change/gw-1", sealed, length), ROAD_OK);
    expect_nothing("another district's topic", 5);
    CHECK_STATUS(intake_push(s.intake, topic, sealed, length / 2), ROAD_OK);
    expect_nothing("half a message", 6);
    CHECK_STATUS(intake_push(s.intake, topic, "", 0), ROAD_OK);
    expect_nothing("no bytes", 7);
    CHECK_STATUS(intake_push(s.intake, topic, sealed, SEALED_MAX + 1), ROAD_TOO_LARGE);
    CHECK_STATUS(intake_push(s.intake, topic, sealed, length), ROAD_OK);
    CHECK_STATUS(intake_step(s.intake, 1795419661000), ROAD_OK);
    CHECK_INT(n_events, 1); /* the good one beside them is not lost */
    signer_close(stranger);
    free(c);
    sample_done(&s);
}

static void expect_refused(struct sample_change *c, enum road_status reason)
{
    CHECK_STATUS(sample_push(&s, c, s.gateway), ROAD_OK);
    CHECK_STATUS(intake_step(s.intake, 1795419661000), ROAD_OK);
    CHECK_INT(last_ack.upto, c->change.seq);
    CHECK(last_ack.n_refused > 0);
    CHECK_INT(last_ack.refused[last_ack.n_refused - 1].seq, c->change.seq);
    CHECK_STATUS(last_ack.refused[last_ack.n_refused - 1].reason, reason);
    CHECK_INT(n_events, 0);
    free(c);
}

FACT(a_gateway_s_bad_change_is_refused_for_good_and_the_next_goes_on)
{
    struct sample_change *c;
    const uint8_t junk[] = {0xa0};

    begin();
    const uint64_t size = ledger_size(s.ledger);
    c = sample_change_new(1);
    c->change.zone.meridian_deg = 117;
    expect_refused(c, ROAD_BAD_RANGE);
    c = sample_change_new(2);
    sample_put_defect(c, 7, DEFECT_CONFIRMED, s.node); /* said by somebody else */
    expect_refused(c, ROAD_UNKNOWN_KEY);
    c = sample_change_new(3);
    sample_put_defect(c, 7, DEFECT_CONFIRMED, s.gateway);
    strcpy(c->subjects[0],
           "defect/1795419660000000000.0102030405060708.8.0"); /* filed under another's name */
    expect_refused(c, ROAD_BAD_INPUT);
    c = sample_change_new(4);
    sample_put_statement(c, "gossip", "defect/x", s.gateway, junk, sizeof junk);
    expect_refused(c, ROAD_BAD_INPUT);
    c = sample_change_new(5);
    sample_put_statement(c, "key", "key/0102030405060708", s.gateway, junk, sizeof junk);
    expect_refused(c, ROAD_BAD_INPUT);
    c = sample_change_new(6);
    sample_put_digest(c, s.gateway);
    c->cose[0][c->statements[0].cose_length - 1] ^= 1;
    expect_refused(c, ROAD_BAD_SIGNATURE);
    CHECK_INT(ledger_size(s.ledger), size);
    send(7);
    CHECK_STATUS(intake_step(s.intake, 1795419661000), ROAD_OK);
    CHECK_INT(last_ack.upto, 7);
    CHECK_INT(last_ack.n_refused, 6);
    CHECK_INT(n_events, 1);
    sample_done(&s);
}

FACT(a_group_closes_at_256_entries)
{
    begin();
    const uint64_t size = ledger_size(s.ledger);
    for (uint64_t seq = 1; seq <= 4; seq++) {
        struct sample_change *c = sample_change_new(seq);
        for (int i = 0; i < 60; i++)
            sample_put_digest(c, s.gateway);
        CHECK_STATUS(sample_push(&s, c, s.gateway), ROAD_OK);
        free(c);
    }
    send(5);
    while (intake_step(s.intake, 1795419661000) == ROAD_OK)
        ;
    CHECK_INT(ledger_size(s.ledger), size + 4 * 60 + 2);
    CHECK_INT(sample_count(s.db, "SELECT count(*) FROM head WHERE size > 6"), 1);
    for (uint64_t seq = 6; seq <= 10; seq++) {
        struct sample_change *c = sample_change_new(seq);
        for (int i = 0; i < 60; i++)
            sample_put_digest(c, s.gateway);
        CHECK_STATUS(sample_push(&s, c, s.gateway), ROAD_OK);
        free(c);
    }
    CHECK_STATUS(intake_step(s.intake, 1795419661000), ROAD_OK);
    CHECK_INT(intake_waiting(s.intake), 1);
    CHECK_STATUS(intake_step(s.intake, 1795419661000), ROAD_OK);
    CHECK_INT(last_ack.upto, 10);
    sample_done(&s);
}

FACT(a_full_queue_drops_and_says_so)
{
    begin();
    for (uint64_t seq = 1; seq <= INTAKE_QUEUE_MAX; seq++)
        send(seq);
    struct sample_change *c = defect_change(INTAKE_QUEUE_MAX + 1);
    CHECK_STATUS(sample_push(&s, c, s.gateway), ROAD_FULL);
    free(c);
    CHECK_INT(intake_stats(s.intake).dropped_full, 1);
    while (intake_step(s.intake, 1795419661000) == ROAD_OK)
        ;
    CHECK_INT(last_ack.upto, INTAKE_QUEUE_MAX);
    send(INTAKE_QUEUE_MAX + 1);
    CHECK_STATUS(intake_step(s.intake, 1795419661000), ROAD_OK);
    CHECK_INT(last_ack.upto, INTAKE_QUEUE_MAX + 1);
    sample_done(&s);
}

static int fail_commit(void *context)
{
    (void)context;
    return 1; /* SQLite then rolls back instead */
}

FACT(a_failed_commit_acknowledges_nothing_and_loses_nothing)
{
    begin();
    send(1);
    intake_step(s.intake, 1795419661000);
    const uint64_t size = ledger_size(s.ledger);
    sqlite3_commit_hook(s.db, fail_commit, NULL);
    send(2);
    CHECK(intake_step(s.intake, 1795419662000) != ROAD_OK);
    sqlite3_commit_hook(s.db, NULL, NULL);
    CHECK_INT(n_acks, 1);
    CHECK_INT(n_events, 1);
    CHECK_INT(ledger_size(s.ledger), size);
    CHECK_INT(intake_stats(s.intake).failed_commits, 1);
    send(2);
    CHECK_STATUS(intake_step(s.intake, 1795419663000), ROAD_OK);
    CHECK_INT(last_ack.upto, 2);
    CHECK_INT(ledger_size(s.ledger), size + 2);
    sample_done(&s);
}

int main(int argc, char **argv)
{
    return check_main(argc, argv);
}
