/* What people say: from a row to the ledger and the gateway's outbox, and who may say it. */
#include "server/ledger/verify.h"
#include "server/store/repair.h"
#include "server/voice.h"
#include "tests/server/sample.h"

#define SECOND_NS INT64_C(1000000000)
#define NOW_MS 1795419670000

static struct sample s;
static struct signer *crew, *inspector;
static struct voice *voice;
static char defect[DEFECT_ID_TEXT_SIZE];
static int64_t now_ns;

static struct voice_config voice_config(void)
{
    return (struct voice_config){
        .district = SAMPLE_DISTRICT, .registry = s.registry, .signer = s.server, .log_signer = s.log};
}

/* A defect that gw-1 told of; two departments. */
static void begin(void)
{
    const struct defect_id id = sample_defect_id(1);
    struct operator_statement what = {.server = "server-1", .district = SAMPLE_DISTRICT, .now_ms = NOW_MS};
    char error[512] = "";

    sample_new(&s, &(struct intake_config){0});
    crew = sample_signer("crew"), inspector = sample_signer("inspector");
    sample_register(&s, "roads", ROLE_DEPARTMENT, crew);
    sample_register(&s, "inspection", ROLE_DEPARTMENT, inspector);
    registry_close(s.registry);
    CHECK_STATUS(registry_load(s.registry_path, &s.registry, error), ROAD_OK);
    intake_set_registry(s.intake, s.registry);
    what.registry = s.registry;
    CHECK_STATUS(operator_register_keys(s.db, s.ledger, s.log, &what), ROAD_OK);
    struct sample_change *c = sample_change_new(1);
    sample_put_defect(c, 1, DEFECT_CONFIRMED, s.gateway);
    CHECK_STATUS(sample_push(&s, c, s.gateway), ROAD_OK);
    free(c);
    CHECK_STATUS(intake_step(s.intake, NOW_MS), ROAD_OK);
    defect_id_format(&id, defect);
    const struct voice_config config = voice_config();
    CHECK_STATUS(voice_open(s.db, s.ledger, &config, &voice), ROAD_OK);
    now_ns = 0;
}

static void finish(void)
{
    voice_close(voice);
    signer_close(crew), signer_close(inspector);
    sample_done(&s);
}

static void ask(const char *about, enum verdict_kind kind, enum verdict_reason reason, const char *by)
{
    CHECK_STATUS(verdict_ask(s.db, about, kind, reason, SAMPLE_TIME_NS, by, NULL), ROAD_OK);
}

static enum road_status turn(void)
{
    now_ns += SECOND_NS;
    return voice_step(voice, now_ns, NOW_MS);
}

/* The message with the smallest number beyond `after` in the outbox to gw-1, opened as the gateway does. */
static struct verdict sent(uint64_t after, uint64_t *ret_seq)
{
    struct verdict verdict = {.reason = REASON_NONE};
    struct public_key key;
    struct verifier *verifier;
    const void *bytes;
    const uint8_t *payload;
    size_t length, payload_length;
    uint64_t seq, seq_inside = 0;

    signer_public(s.server, &key);
    CHECK_STATUS(verifier_open(&key, &verifier), ROAD_OK);
    CHECK_STATUS(outbox_next(voice_outbox(voice, "gw-1"), after, &seq, &bytes, &length), ROAD_OK);
    CHECK_STATUS(cose_open(verifier, bytes, length, &payload, &payload_length), ROAD_OK);
    CHECK_STATUS(verdict_decode(payload, payload_length, &verdict, &seq_inside, NULL), ROAD_OK);
    CHECK(seq == seq_inside);
    verifier_close(verifier);
    *ret_seq = seq;
    return verdict;
}

static void check_log_verifies(uint64_t statements)
{
    struct log_source *source = NULL;
    struct verify_report report;
    char error[256] = "";
    const struct verify_config config = {.registry = s.registry};

    CHECK_STATUS(log_source_open(s.db_path, &source, error), ROAD_OK);
    if (verify_run(source, &config, &report))
        CHECK_FAILED("entry %lld: %s", (long long)report.bad_index, report.reason);
    CHECK_INT(report.statements, statements);
    log_source_close(source);
}

FACT(what_a_department_says_enters_the_ledger_and_goes_to_the_gateway_of_the_defect)
{
    begin();
    const uint64_t before = ledger_size(s.ledger);
    uint64_t seq = 0;
    ask(defect, VERDICT_REPAIRED, REASON_NONE, "roads");
    ask(defect, VERDICT_REJECTED, REASON_FEATURE, "inspection");
    CHECK_STATUS(turn(), ROAD_OK);
    CHECK_INT(ledger_size(s.ledger), before + 2);
    CHECK_INT(voice_stats(voice).said, 2);
    struct verdict v = sent(0, &seq);
    CHECK_INT(seq, 1);
    CHECK_INT(v.kind, VERDICT_REPAIRED);
    CHECK_INT(kid_compare(v.by, signer_kid(crew)), 0);
    CHECK_INT(v.time_ns, SAMPLE_TIME_NS);
    v = sent(1, &seq);
    CHECK_INT(seq, 2);
    CHECK_INT(v.kind, VERDICT_REJECTED);
    CHECK_INT(v.reason, REASON_FEATURE);
    CHECK_INT(sample_count(s.db, "SELECT count(*) FROM verdict WHERE state = 1 AND gateway = 'gw-1' AND entry > 0"), 2);
    check_log_verifies(before + 2);
    CHECK_STATUS(turn(), ROAD_OK); /* and once only */
    CHECK_INT(ledger_size(s.ledger), before + 2);
    finish();
}

FACT(who_may_not_say_it_is_refused_and_nothing_is_said)
{
    static const char nobody[] = "1795419660000000000.0102030405060708.99.0";

    begin();
    const uint64_t before = ledger_size(s.ledger);
    ask(defect, VERDICT_REPAIRED, REASON_NONE, "somebody"); /* not registered */
    ask(defect, VERDICT_REPAIRED, REASON_NONE, "gw-1");     /* no department */
    ask(nobody, VERDICT_REPAIRED, REASON_NONE, "roads");    /* no such defect */
    ask("x", VERDICT_REPAIRED, REASON_NONE, "roads");       /* no name of one */
    ask(defect, VERDICT_REJECTED, REASON_NONE, "roads");    /* no reason */
    CHECK_STATUS(turn(), ROAD_OK);
    CHECK_INT(ledger_size(s.ledger), before);
    CHECK_INT(outbox_stats(voice_outbox(voice, "gw-1")).last_seq, 0);
    CHECK_INT(sample_count(s.db, "SELECT count(*) FROM verdict WHERE state = 2 AND note IS NOT NULL"), 5);
    finish();
}

static void tell_claim_by(struct kid by, uint64_t seq)
{
    struct sample_change *c = sample_change_new(seq);

    c->defects[c->change.n_defects] = sample_belief(1, DEFECT_CONFIRMED);
    c->defects[c->change.n_defects++].repair = (struct repair){
        .stage = REPAIR_CLAIMED, .claimed_ns = SAMPLE_TIME_NS, .by = by, .passes = 4, .passes_needed = 10, .miss_ppm = 152588};
    CHECK_STATUS(sample_push(&s, c, s.gateway), ROAD_OK);
    free(c);
    CHECK_STATUS(intake_step(s.intake, NOW_MS), ROAD_OK);
}

FACT(who_repaired_it_does_not_verify_it)
{
    begin();
    tell_claim_by(signer_kid(crew), 2);
    CHECK_INT(sample_count(s.db, "SELECT passes FROM defect_repair WHERE stage = 1"), 4);
    ask(defect, VERDICT_WHOLE, REASON_NONE, "roads");
    ask(defect, VERDICT_WHOLE, REASON_NONE, "inspection");
    CHECK_STATUS(turn(), ROAD_OK);
    CHECK_INT(sample_count(s.db, "SELECT state FROM verdict WHERE id = 1"), VERDICT_REFUSED);
    CHECK_INT(sample_count(s.db, "SELECT state FROM verdict WHERE id = 2"), VERDICT_SAID);
    finish();
}

FACT(numbers_go_on_after_a_restart_and_what_was_asked_meanwhile_is_said)
{
    uint64_t seq = 0;

    begin();
    ask(defect, VERDICT_REPAIRED, REASON_NONE, "roads");
    CHECK_STATUS(turn(), ROAD_OK);
    voice_close(voice);
    ask(defect, VERDICT_DAMAGED, REASON_NONE, "inspection");
    const struct voice_config config = voice_config();
    CHECK_STATUS(voice_open(s.db, s.ledger, &config, &voice), ROAD_OK);
    CHECK_STATUS(turn(), ROAD_OK);
    CHECK_INT(sent(1, &seq).kind, VERDICT_DAMAGED);
    CHECK_INT(seq, 2);
    finish();
}

/* An operator cannot put a verdict under another defect's name, and a gateway cannot speak for people. */
FACT(a_verdict_filed_under_another_name_does_not_verify)
{
    const struct defect_id other = sample_defect_id(2);
    const struct verdict v = {.defect = other, .kind = VERDICT_WHOLE, .time_ns = SAMPLE_TIME_NS, .by = {{1}}};
    uint8_t payload[256], sealed[512];
    char subject[96], error[256] = "";
    size_t length, sealed_length;

    for (int by_gateway = 0; by_gateway <= 1; by_gateway++) {
        struct log_source *source = NULL;
        struct verify_report report;
        begin();
        snprintf(subject, sizeof subject, "defect/%s", defect);
        CHECK_STATUS(verdict_statement_encode(&v, payload, sizeof payload, &length), ROAD_OK);
        CHECK_STATUS(cose_seal(by_gateway ? s.gateway : s.log, payload, length, sealed, sizeof sealed, &sealed_length), ROAD_OK);
        CHECK_STATUS(database_begin(s.db), ROAD_OK);
        CHECK_STATUS(ledger_say(s.ledger, "verdict", subject, sealed, sealed_length, NOW_MS, NULL), ROAD_OK);
        CHECK_STATUS(ledger_sign(s.ledger), ROAD_OK);
        CHECK_STATUS(database_commit(s.db), ROAD_OK);
        CHECK_STATUS(log_source_open(s.db_path, &source, error), ROAD_OK);
        CHECK(verify_run(source, &(struct verify_config){0}, &report) != ROAD_OK);
        CHECK_INT(report.bad_index, ledger_size(s.ledger) - 1);
        log_source_close(source);
        finish();
    }
}

FACT(a_gateway_cannot_send_a_verdict_as_its_own_statement)
{
    const struct verdict v = {.defect = sample_defect_id(1), .kind = VERDICT_WHOLE, .time_ns = SAMPLE_TIME_NS, .by = {{1}}};
    struct sample_change *c = sample_change_new(2);
    uint8_t payload[256];
    char subject[96];
    size_t length;

    begin();
    snprintf(subject, sizeof subject, "defect/%s", defect);
    CHECK_STATUS(verdict_statement_encode(&v, payload, sizeof payload, &length), ROAD_OK);
    sample_put_statement(c, "verdict", subject, s.gateway, payload, length);
    const uint64_t before = ledger_size(s.ledger);
    CHECK_STATUS(sample_push(&s, c, s.gateway), ROAD_OK);
    CHECK_STATUS(intake_step(s.intake, NOW_MS), ROAD_OK);
    CHECK_INT(intake_stats(s.intake).refused, 1);
    CHECK_INT(ledger_size(s.ledger), before);
    free(c);
    finish();
}

int main(int argc, char **argv)
{
    return check_main(argc, argv);
}
