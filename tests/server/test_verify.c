/* The verifier against everything that can be done to a log: each byte of each file, rows of the database, an
 * operator who rewrites, invents, refiles or speaks for others. */
#include <ftw.h>

#include "server/ledger/export.h"
#include "server/ledger/key_event.h"
#include "server/ledger/verify.h"
#include "tests/server/sample.h"

static struct sample s;
static char vkey[NOTE_KEY_TEXT_SIZE], out[96];

static void begin(void)
{
    sample_new(&s, &(struct intake_config){0});
    note_key_format(ledger_key(s.ledger), vkey);
    snprintf(out, sizeof out, "%s/out", s.folder);
}

static void apply_changes(uint64_t first, uint64_t last)
{
    for (uint64_t seq = first; seq <= last; seq++) {
        struct sample_change *c = sample_change_new(seq);
        sample_put_cell(c, sample_cell((int)seq, 0, 0), CODE_RED);
        sample_put_defect(c, 1 + seq % 3, seq % 2 ? DEFECT_SUSPECTED : DEFECT_CONFIRMED, s.gateway);
        sample_put_digest(c, s.gateway);
        CHECK_STATUS(sample_push(&s, c, s.gateway), ROAD_OK);
        free(c);
        CHECK_STATUS(intake_step(s.intake, 1795419661000), ROAD_OK);
    }
}

static enum road_status verify(const char *where, const struct verify_config *config,
                               struct verify_report *report)
{
    struct log_source *source = NULL;
    char error[256] = "";

    if (log_source_open(where, &source, error)) {
        CHECK_FAILED("%s", error);
        return ROAD_IO;
    }
    const enum road_status status = verify_run(source, config, report);
    log_source_close(source);
    CHECK(report->is_verified == (status == ROAD_OK));
    CHECK((*report->reason != '\0') == (status != ROAD_OK));
    return status;
}

static void check_good(const char *where)
{
    const struct verify_config config = {.vkey = vkey, .registry = s.registry};
    struct verify_report report;

    if (verify(where, &config, &report))
        CHECK_FAILED("%s: entry %lld: %s", where, (long long)report.bad_index, report.reason);
    CHECK_INT(report.size, ledger_size(s.ledger));
    CHECK_INT(report.statements, report.size);
    CHECK_INT(report.keys, 4);
    CHECK(report.is_pinned);
    CHECK_STR(report.origin, SAMPLE_ORIGIN);
}

static void export(void)
{
    uint64_t size = 0;

    CHECK_STATUS(ledger_export(s.db, out, &size), ROAD_OK);
    CHECK_INT(size, ledger_size(s.ledger));
}

FACT(a_good_log_is_verified_as_database_and_as_files)
{
    begin();
    apply_changes(1, 5);
    check_good(s.db_path);
    export();
    check_good(out);
    apply_changes(6, 320);
    CHECK(ledger_size(s.ledger) > 2 * TILE_WIDTH);
    check_good(s.db_path);
    export();
    check_good(out);
    sample_done(&s);
}

FACT(without_a_key_the_log_names_its_own_and_that_is_said)
{
    struct verify_report report;

    begin();
    apply_changes(1, 2);
    CHECK_STATUS(verify(s.db_path, &(struct verify_config){0}, &report), ROAD_OK);
    CHECK(!report.is_pinned);
    CHECK_STR(report.vkey, vkey);
    sample_done(&s);
}

FACT(another_key_does_not_verify_it)
{
    struct signer *other = sample_signer("other");
    struct public_key public_key;
    struct note_key key;
    char text[NOTE_KEY_TEXT_SIZE];
    struct verify_report report;

    begin();
    signer_public(other, &public_key);
    CHECK_STATUS(note_key_init(&key, SAMPLE_ORIGIN, NOTE_KEY_ED25519, public_key.bytes), ROAD_OK);
    note_key_format(&key, text);
    CHECK_STATUS(verify(s.db_path, &(struct verify_config){.vkey = text}, &report), ROAD_BAD_SIGNATURE);
    signer_close(other);
    sample_done(&s);
}

/* --- flipped bytes in files --- */

static int flipped, unseen;

static void flip_in_file(const char *path, long length)
{
    const struct verify_config config = {.vkey = vkey};
    struct verify_report report;
    FILE *file = fopen(path, "r+b");

    for (long at = 0; at < length; at++) {
        fseek(file, at, SEEK_SET);
        const int byte = fgetc(file);
        fseek(file, at, SEEK_SET);
        fputc(byte ^ 1 << at % 8, file);
        fflush(file);
        if (verify(out, &config, &report) == ROAD_OK) {
            CHECK_FAILED("%s: byte %ld flipped and not seen", path, at);
            unseen++;
        }
        flipped++;
        fseek(file, at, SEEK_SET);
        fputc(byte, file);
        fflush(file);
    }
    fclose(file);
}

static int visit(const char *path, const struct stat *info, int type, struct FTW *where)
{
    (void)where;
    if (type == FTW_F)
        flip_in_file(path, (long)info->st_size);
    return 0;
}

FACT(no_flipped_byte_of_any_file_goes_unseen)
{
    begin();
    apply_changes(1, 1);
    export();
    check_good(out);
    flipped = unseen = 0;
    CHECK(nftw(out, visit, 8, FTW_PHYS) == 0);
    CHECK(flipped > 3000);
    CHECK_INT(unseen, 0);
    check_good(out);
    sample_done(&s);
}

static void check_file_damage(const char *name, const char *command)
{
    char path[256], line[512];
    struct verify_report report;

    export();
    snprintf(path, sizeof path, "%s/%s", out, name);
    snprintf(line, sizeof line, "%s '%s'", command, path);
    CHECK(system(line) == 0);
    if (verify(out, &(struct verify_config){.vkey = vkey}, &report) == ROAD_OK)
        CHECK_FAILED("%s %s was not seen", command, name);
}

FACT(missing_cut_and_grown_files_are_seen)
{
    static const char *const names[] = {"checkpoint",     "tile/0/000",       "tile/0/001.p/9",
                                        "tile/1/000.p/1", "tile/entries/000", "tile/entries/001.p/9"};

    begin();
    apply_changes(1, 129);
    CHECK_INT(ledger_size(s.ledger), 256 + 8);
    apply_changes(130, 130);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char name[64];
        snprintf(name, sizeof name, "%s", names[i]);
        char *width = strstr(name, ".p/9");
        if (width)
            strcpy(width, ".p/10");
        check_file_damage(name, "rm");
        check_file_damage(name, "truncate -s -1");
        check_file_damage(name, "truncate -s +1");
        check_file_damage(name, "truncate -s 0");
    }
    sample_done(&s);
}

/* --- rows of the database --- */

FACT(changed_rows_of_the_database_are_seen)
{
    static const char *const damages[] = {
        "UPDATE entry SET kind = 'defecT' WHERE idx = 8",
        "UPDATE entry SET subject = 'defect/x' WHERE idx = 8",
        "UPDATE entry SET leaf = zeroblob(32) WHERE idx = 8",
        "UPDATE entry SET body = cast(replace(body, '\"v\":1', '\"v\": 1') AS BLOB) WHERE idx = 8",
        "DELETE FROM entry WHERE idx = (SELECT max(idx) FROM entry)",
        "DELETE FROM entry WHERE idx = 8",
        "UPDATE node_hash SET hashes = zeroblob(8192)",
        "UPDATE head SET checkpoint = (SELECT checkpoint FROM head ORDER BY size LIMIT 1) WHERE size = "
        "(SELECT max(size) FROM head)",
        "UPDATE head SET checkpoint = (SELECT checkpoint FROM head ORDER BY size DESC LIMIT 1) WHERE size = "
        "12",
        "UPDATE head SET root = zeroblob(32) WHERE size = 12",
    };

    for (size_t i = 0; i < sizeof damages / sizeof damages[0]; i++) {
        const struct verify_config config = {.vkey = vkey};
        struct verify_report report;
        begin();
        apply_changes(1, 135);
        CHECK_STATUS(database_exec(s.db, "DROP TRIGGER entry_no_update; DROP TRIGGER entry_no_delete;"
                                         "DROP TRIGGER head_no_update; DROP TRIGGER node_hash_no_update"),
                     ROAD_OK);
        CHECK_STATUS(database_exec(s.db, damages[i]), ROAD_OK);
        if (verify(s.db_path, &config, &report) == ROAD_OK)
            CHECK_FAILED("not seen: %s", damages[i]);
        sample_done(&s);
    }
}

/* --- an operator who holds the log's key --- */

static void say_and_sign(const char *kind, const char *subject, const uint8_t *said, size_t length)
{
    CHECK_STATUS(database_begin(s.db), ROAD_OK);
    CHECK_STATUS(ledger_say(s.ledger, kind, subject, said, length, 1795419661000, NULL), ROAD_OK);
    CHECK_STATUS(ledger_sign(s.ledger), ROAD_OK);
    CHECK_STATUS(database_commit(s.db), ROAD_OK);
}

static void expect_bad_entry(enum road_status status)
{
    const struct verify_config config = {.vkey = vkey};
    struct verify_report report;

    CHECK_STATUS(verify(s.db_path, &config, &report), status);
    CHECK_INT(report.bad_index, ledger_size(s.ledger) - 1);
    sample_done(&s);
}

/* A sealed statement about defect 7, by whom one likes. */
static size_t statement(struct signer *signer, uint8_t ret_said[512], char ret_subject[96])
{
    struct sample_change *c = sample_change_new(1);

    sample_put_defect(c, 7, DEFECT_CONFIRMED, signer);
    const size_t length = c->statements[0].cose_length;
    memcpy(ret_said, c->cose[0], length);
    strcpy(ret_subject, c->subjects[0]);
    free(c);
    return length;
}

FACT(the_operator_cannot_invent_what_a_gateway_said)
{
    uint8_t said[512];
    char subject[96];

    begin();
    size_t length = statement(s.gateway, said, subject);
    said[length - 70] ^= 1; /* in the payload or the signature */
    say_and_sign("defect", subject, said, length);
    expect_bad_entry(ROAD_BAD_SIGNATURE);
}

FACT(the_operator_cannot_speak_for_a_gateway_nor_a_node_for_it)
{
    struct signer *stranger = sample_signer("stranger");
    uint8_t said[512];
    char subject[96];

    begin();
    size_t length = statement(s.log, said, subject);
    say_and_sign("defect", subject, said, length);
    expect_bad_entry(ROAD_DENIED);
    begin();
    length = statement(s.node, said, subject);
    say_and_sign("defect", subject, said, length);
    expect_bad_entry(ROAD_DENIED);
    begin();
    length = statement(stranger, said, subject);
    say_and_sign("defect", subject, said, length);
    expect_bad_entry(ROAD_UNKNOWN_KEY);
    signer_close(stranger);
}

FACT(a_gateway_cannot_register_keys)
{
    struct key_event event = {.name = "gw-9", .role = "gateway", .district = SAMPLE_DISTRICT};
    struct signer *stranger = sample_signer("stranger");
    char payload[KEY_EVENT_SIZE], subject[96], kid[KID_TEXT_SIZE];
    uint8_t said[KEY_EVENT_SIZE + SEAL_OVERHEAD];
    size_t length, said_length;

    begin();
    signer_public(stranger, &event.key);
    CHECK_STATUS(key_event_format(&event, payload, &length), ROAD_OK);
    CHECK_STATUS(cose_seal(s.gateway, payload, length, said, sizeof said, &said_length), ROAD_OK);
    snprintf(subject, sizeof subject, "key/%s", kid_format(signer_kid(stranger), kid));
    say_and_sign("key", subject, said, said_length);
    expect_bad_entry(ROAD_DENIED);
    signer_close(stranger);
}

FACT(a_statement_cannot_be_filed_under_another_defect)
{
    uint8_t said[512];
    char subject[96];

    begin();
    const size_t length = statement(s.gateway, said, subject);
    say_and_sign("defect", "defect/1795419660000000000.0102030405060708.8.0", said, length);
    expect_bad_entry(ROAD_BAD_INPUT);
}

/* An envelope that forgets, or misnames, the entry before it about the same subject. */
static void append_envelope(bool has_prev, uint64_t prev_index)
{
    struct envelope e = {.time_ms = 1795419661000, .has_prev = has_prev, .prev_index = prev_index};
    uint8_t said[512];
    char text[2048];
    size_t length;

    strcpy(e.kind, "defect");
    e.said_length = statement(s.gateway, said, e.subject);
    e.said = said;
    CHECK_STATUS(envelope_format(&e, text, sizeof text, &length), ROAD_OK);
    CHECK_STATUS(database_begin(s.db), ROAD_OK);
    CHECK_STATUS(ledger_append(s.ledger, e.kind, e.subject, text, length, NULL), ROAD_OK);
    CHECK_STATUS(ledger_sign(s.ledger), ROAD_OK);
    CHECK_STATUS(database_commit(s.db), ROAD_OK);
}

FACT(a_broken_chain_of_entries_is_seen)
{
    uint8_t said[512];
    char subject[96];

    begin();
    const size_t length = statement(s.gateway, said, subject);
    say_and_sign("defect", subject, said, length);
    append_envelope(false, 0);
    expect_bad_entry(ROAD_BAD_SIGNATURE);
    begin();
    say_and_sign("defect", subject, said, length);
    append_envelope(true, ledger_size(s.ledger) - 1); /* the right number with a wrong leaf */
    expect_bad_entry(ROAD_BAD_SIGNATURE);
    begin();
    append_envelope(true, 0);
    expect_bad_entry(ROAD_BAD_SIGNATURE);
}

FACT(bytes_that_are_no_entry_are_seen)
{
    begin();
    CHECK_STATUS(database_begin(s.db), ROAD_OK);
    CHECK_STATUS(ledger_append(s.ledger, "a", "b", "hello", 5, NULL), ROAD_OK);
    CHECK_STATUS(ledger_sign(s.ledger), ROAD_OK);
    CHECK_STATUS(database_commit(s.db), ROAD_OK);
    expect_bad_entry(ROAD_BAD_INPUT);
}

static void read_checkpoint(char ret_text[NOTE_SIZE])
{
    char path[128];

    export();
    snprintf(path, sizeof path, "%s/checkpoint", out);
    FILE *file = fopen(path, "rb");
    memset(ret_text, 0, NOTE_SIZE);
    CHECK(file && fread(ret_text, 1, NOTE_SIZE - 1, file) > 0);
    if (file)
        fclose(file);
}

FACT(a_log_that_grew_is_consistent_with_heads_seen_before)
{
    char first[NOTE_SIZE], second[NOTE_SIZE];
    struct verify_report report;

    begin();
    apply_changes(1, 3);
    read_checkpoint(first);
    apply_changes(4, 9);
    read_checkpoint(second);
    apply_changes(10, 140);
    export();
    const struct verify_config config = {.vkey = vkey, .old = {second, first}, .n_old = 2};
    CHECK_STATUS(verify(out, &config, &report), ROAD_OK);
    CHECK_INT(report.heads, 2);
    sample_done(&s);
}

/* The same operator, the same key, another history: only who kept an old head can tell. */
FACT(a_rewritten_history_does_not_fit_a_head_seen_before)
{
    char seen[NOTE_SIZE], later[NOTE_SIZE];
    struct verify_report report;

    begin();
    apply_changes(1, 5);
    read_checkpoint(seen);
    apply_changes(6, 9);
    read_checkpoint(later);
    sample_done(&s);
    begin();
    apply_changes(1, 4);
    struct sample_change *c = sample_change_new(5);
    sample_put_defect(c, 3, DEFECT_DROPPED, s.gateway);
    sample_put_digest(c, s.gateway);
    CHECK_STATUS(sample_push(&s, c, s.gateway), ROAD_OK);
    free(c);
    CHECK_STATUS(intake_step(s.intake, 1795419661000), ROAD_OK);
    apply_changes(6, 7);
    struct verify_config config = {.vkey = vkey};
    CHECK_STATUS(verify(s.db_path, &config, &report), ROAD_OK);
    config.old[0] = seen, config.n_old = 1;
    CHECK_STATUS(verify(s.db_path, &config, &report), ROAD_BAD_SIGNATURE);
    config.old[0] = later; /* longer than the log is now: something was cut off */
    CHECK_STATUS(verify(s.db_path, &config, &report), ROAD_BAD_SIGNATURE);
    sample_done(&s);
}

int main(int argc, char **argv)
{
    return check_main(argc, argv);
}
