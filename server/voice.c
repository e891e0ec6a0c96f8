#include "server/voice.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "link/log.h"
#include "server/store/repair.h"

#define GATEWAYS_MAX 64
#define ASKED_A_TURN 32
#define LOOK_EVERY_NS INT64_C(500000000)
#define IN_FLIGHT 16
#define RESEND_AFTER_MS 2000
#define PAYLOAD_SIZE 256 /* of a verdict: about 60 bytes */
#define TOPIC_SIZE 128
static const struct outbox_config outbox_limits = {.max_bytes = INT64_C(64) << 20, .max_items = 100000};

struct gateway {
    char name[NAME_SIZE];
    struct outbox *outbox;
    struct sender *sender;
};

struct voice {
    sqlite3 *db;
    struct ledger *ledger;
    struct voice_config config;
    sqlite3_stmt *asked, *whose, *said, *refused;
    struct gateway gateways[GATEWAYS_MAX];
    size_t n_gateways;
    int64_t look_ns;
    struct voice_stats stats;
};

/* ---- open and close -------------------------------------------------------------------------------------- */

/* gw-1 -> outbox_to_gw_1; names have no '_', so no two become one. */
static void table_name(const char *gateway, char ret_name[64])
{
    snprintf(ret_name, 64, "outbox_to_%s", gateway);
    for (char *at = ret_name; *at; at++)
        if (*at == '-')
            *at = '_';
}

static enum road_status add_gateway(struct voice *voice, const char *name)
{
    struct gateway *g = &voice->gateways[voice->n_gateways];
    char table[64], topic[TOPIC_SIZE];
    struct outbox_config limits = outbox_limits;

    table_name(name, table);
    limits.name = table;
    enum road_status status = outbox_open(voice->db, &limits, &g->outbox);
    snprintf(topic, sizeof topic, "road/v1/%s/verdict/%s", voice->config.district, name);
    const struct sender_config sender = {.topic = topic, .speaker = signer_kid(voice->config.signer),
                                         .in_flight = IN_FLIGHT, .resend_after_ms = RESEND_AFTER_MS};
    if (!status && voice->config.session)
        status = sender_open(voice->config.session, g->outbox, &sender, &g->sender);
    if (status) {
        outbox_close(g->outbox);
        *g = (struct gateway){.name = ""};
        return status;
    }
    snprintf(g->name, sizeof g->name, "%s", name);
    voice->n_gateways++;
    return ROAD_OK;
}

static struct gateway *gateway_by_name(struct voice *voice, const char *name)
{
    for (size_t i = 0; i < voice->n_gateways; i++)
        if (strcmp(voice->gateways[i].name, name) == 0)
            return &voice->gateways[i];
    return NULL;
}

enum road_status voice_set_registry(struct voice *voice, const struct registry *registry)
{
    enum road_status status = ROAD_OK;

    voice->config.registry = registry;
    for (size_t i = 0; !status && i < registry_count(registry); i++) {
        const struct registry_entry *entry = registry_at(registry, i);
        if (entry->role != ROLE_GATEWAY || gateway_by_name(voice, entry->name))
            continue;
        status = voice->n_gateways < GATEWAYS_MAX ? add_gateway(voice, entry->name) : ROAD_FULL;
    }
    return status;
}

static enum road_status prepare(struct voice *voice)
{
    const struct {
        sqlite3_stmt **statement;
        const char *sql;
    } rows[] = {
        {&voice->asked, "SELECT id, defect, kind, reason, time_ns, by_name FROM verdict WHERE state = 0 ORDER BY id LIMIT ?"},
        {&voice->whose, "SELECT gateway, stage, by_kid FROM defect_repair WHERE id = ?"},
        {&voice->said, "UPDATE verdict SET state = 1, by_kid = ?2, gateway = ?3, entry = ?4 WHERE id = ?1"},
        {&voice->refused, "UPDATE verdict SET state = 2, note = ?2 WHERE id = ?1"},
    };
    enum road_status status = repair_tables(voice->db);

    for (size_t i = 0; !status && i < sizeof rows / sizeof rows[0]; i++)
        status = database_prepare(voice->db, rows[i].sql, rows[i].statement);
    return status;
}

enum road_status voice_open(sqlite3 *db, struct ledger *ledger, const struct voice_config *config,
                            struct voice **ret_voice)
{
    struct voice *voice = calloc(1, sizeof *voice);

    if (!voice)
        return ROAD_NO_MEMORY;
    voice->db = db;
    voice->ledger = ledger;
    voice->config = *config;
    enum road_status status = prepare(voice);
    if (!status)
        status = voice_set_registry(voice, config->registry);
    if (status) {
        voice_close(voice);
        return status;
    }
    *ret_voice = voice;
    return ROAD_OK;
}

void voice_close(struct voice *voice)
{
    if (!voice)
        return;
    for (size_t i = 0; i < voice->n_gateways; i++) {
        sender_close(voice->gateways[i].sender);
        outbox_close(voice->gateways[i].outbox);
    }
    sqlite3_finalize(voice->asked);
    sqlite3_finalize(voice->whose);
    sqlite3_finalize(voice->said);
    sqlite3_finalize(voice->refused);
    free(voice);
}

/* ---- one verdict ----------------------------------------------------------------------------------------- */

struct asked {
    int64_t id;
    char defect[DEFECT_ID_TEXT_SIZE], by_name[NAME_SIZE];
    struct verdict verdict;
    struct gateway *gateway;
};

static size_t read_asked(struct voice *voice, struct asked rows[ASKED_A_TURN], enum road_status *ret_status)
{
    sqlite3_stmt *s = voice->asked;
    size_t n = 0;
    int code;

    sqlite3_bind_int(s, 1, ASKED_A_TURN);
    while ((code = sqlite3_step(s)) == SQLITE_ROW && n < ASKED_A_TURN) {
        struct asked *row = &rows[n++];
        *row = (struct asked){.id = sqlite3_column_int64(s, 0)};
        snprintf(row->defect, sizeof row->defect, "%s", (const char *)sqlite3_column_text(s, 1));
        snprintf(row->by_name, sizeof row->by_name, "%s", (const char *)sqlite3_column_text(s, 5));
        row->verdict.kind = (enum verdict_kind)sqlite3_column_int(s, 2);
        row->verdict.reason = (enum verdict_reason)sqlite3_column_int(s, 3);
        row->verdict.time_ns = sqlite3_column_int64(s, 4);
    }
    sqlite3_reset(s);
    *ret_status = database_status(code);
    return n;
}

/* Which gateway tells of it, and whether the speaker would verify his own repair. NULL if all is well. */
static const char *check_defect(struct voice *voice, struct asked *row)
{
    sqlite3_stmt *s = voice->whose;
    const char *wrong = "there is no such defect";
    char kid[KID_TEXT_SIZE];

    sqlite3_bind_text(s, 1, row->defect, -1, SQLITE_STATIC);
    if (sqlite3_step(s) == SQLITE_ROW) {
        row->gateway = gateway_by_name(voice, (const char *)sqlite3_column_text(s, 0));
        wrong = row->gateway ? NULL : "the gateway that told of it is not registered";
        if (row->verdict.kind == VERDICT_WHOLE && sqlite3_column_int(s, 1) == REPAIR_CLAIMED &&
            strcmp((const char *)sqlite3_column_text(s, 2), kid_format(row->verdict.by, kid)) == 0)
            wrong = "who repaired it does not verify it";
    }
    sqlite3_reset(s);
    return wrong;
}

static const char *check_asked(struct voice *voice, struct asked *row)
{
    const struct registry_entry *by = registry_by_name(voice->config.registry, row->by_name);

    if (!by || by->role != ROLE_DEPARTMENT)
        return "who says it is not a registered department";
    row->verdict.by = by->kid;
    if (defect_id_parse(row->defect, &row->verdict.defect))
        return "that is no name of a defect";
    return check_defect(voice, row);
}

static enum road_status refuse(struct voice *voice, const struct asked *row, const char *why)
{
    log_warn("verdict refused id=%" PRId64 " defect=%s by=%s: %s", row->id, row->defect, row->by_name, why);
    sqlite3_bind_int64(voice->refused, 1, row->id);
    sqlite3_bind_text(voice->refused, 2, why, -1, SQLITE_STATIC);
    voice->stats.refused++;
    return database_run(voice->refused);
}

static enum road_status say_in_ledger(struct voice *voice, const struct asked *row, int64_t wall_ms, uint64_t *ret_entry)
{
    uint8_t payload[PAYLOAD_SIZE], sealed[PAYLOAD_SIZE + SEAL_OVERHEAD];
    char subject[ENVELOPE_SUBJECT_SIZE];
    size_t length, sealed_length;

    enum road_status status = verdict_statement_encode(&row->verdict, payload, sizeof payload, &length);
    if (!status)
        status = cose_seal(voice->config.log_signer, payload, length, sealed, sizeof sealed, &sealed_length);
    snprintf(subject, sizeof subject, "defect/%s", row->defect);
    return status ? status : ledger_say(voice->ledger, "verdict", subject, sealed, sealed_length, wall_ms, ret_entry);
}

static enum road_status put_in_outbox(struct voice *voice, const struct asked *row)
{
    const uint64_t seq = outbox_stats(row->gateway->outbox).last_seq + 1;
    uint8_t payload[PAYLOAD_SIZE], sealed[PAYLOAD_SIZE + SEAL_OVERHEAD];
    size_t length, sealed_length;

    enum road_status status = verdict_encode(&row->verdict, seq, payload, sizeof payload, &length);
    if (!status)
        status = cose_seal(voice->config.signer, payload, length, sealed, sizeof sealed, &sealed_length);
    return status ? status : outbox_append(row->gateway->outbox, seq, sealed, sealed_length);
}

static enum road_status say(struct voice *voice, struct asked *row, int64_t wall_ms)
{
    const char *wrong = check_asked(voice, row);
    char kid[KID_TEXT_SIZE];
    uint64_t entry = 0;

    if (wrong)
        return refuse(voice, row, wrong);
    enum road_status status = say_in_ledger(voice, row, wall_ms, &entry);
    if (status == ROAD_BAD_RANGE || status == ROAD_BAD_INPUT)
        return refuse(voice, row, "its kind, reason or time cannot be");
    if (!status)
        status = put_in_outbox(voice, row);
    if (status)
        return status;
    sqlite3_bind_int64(voice->said, 1, row->id);
    sqlite3_bind_text(voice->said, 2, kid_format(row->verdict.by, kid), -1, SQLITE_STATIC);
    sqlite3_bind_text(voice->said, 3, row->gateway->name, -1, SQLITE_STATIC);
    sqlite3_bind_int64(voice->said, 4, (sqlite3_int64)entry);
    voice->stats.said++;
    return database_run(voice->said);
}

/* ---- a turn ---------------------------------------------------------------------------------------------- */

static enum road_status say_all(struct voice *voice, struct asked *rows, size_t n, int64_t wall_ms)
{
    const struct voice_stats before = voice->stats;
    enum road_status status = database_begin(voice->db);

    if (status)
        return status;
    for (size_t i = 0; i < n && !status; i++)
        status = say(voice, &rows[i], wall_ms);
    if (!status)
        status = ledger_sign(voice->ledger);
    if (!status)
        status = database_commit(voice->db);
    if (!status)
        return ROAD_OK;
    database_rollback(voice->db);
    voice->stats = before;
    log_error("verdicts not said status=%s: tried again", road_status_name(status));
    return ledger_reload(voice->ledger) ? ROAD_CORRUPT : status;
}

enum road_status voice_step(struct voice *voice, int64_t now_ns, int64_t wall_ms)
{
    struct asked rows[ASKED_A_TURN];
    enum road_status status = ROAD_OK;

    if (now_ns >= voice->look_ns) {
        const size_t n = read_asked(voice, rows, &status);
        if (!status && n)
            status = say_all(voice, rows, n, wall_ms);
        voice->look_ns = now_ns + LOOK_EVERY_NS;
    }
    for (size_t i = 0; i < voice->n_gateways && !status; i++)
        if (voice->gateways[i].sender)
            status = sender_step(voice->gateways[i].sender, now_ns);
    return status;
}

int64_t voice_deadline_ns(const struct voice *voice, int64_t now_ns)
{
    int64_t until_ns = voice->look_ns;

    for (size_t i = 0; i < voice->n_gateways; i++) {
        if (!voice->gateways[i].sender)
            continue;
        const int64_t due_ns = sender_deadline_ns(voice->gateways[i].sender, now_ns);
        until_ns = due_ns < until_ns ? due_ns : until_ns;
    }
    return until_ns;
}

void voice_on_connected(struct voice *voice)
{
    for (size_t i = 0; i < voice->n_gateways; i++)
        if (voice->gateways[i].sender)
            sender_on_connected(voice->gateways[i].sender);
}

static enum road_status take_ack(struct voice *voice, const char *name, const void *bytes, size_t length)
{
    const struct registry_entry *entry = registry_by_name(voice->config.registry, name);
    const struct gateway *g = gateway_by_name(voice, name);

    if (!g || !g->sender || !entry || entry->role != ROLE_GATEWAY)
        return ROAD_UNKNOWN_KEY;
    const struct outbox_stats before = outbox_stats(g->outbox);
    const enum road_status status = sender_on_ack(g->sender, entry->verifier, bytes, length);
    const struct outbox_stats after = outbox_stats(g->outbox);
    voice->stats.acknowledged += after.acked_upto - before.acked_upto;
    if (after.refused > before.refused)
        log_warn("the gateway refused verdicts gateway=%s n=%" PRIu64, name, after.refused - before.refused);
    return status;
}

bool voice_on_message(struct voice *voice, const char *topic, const void *bytes, size_t length)
{
    char prefix[64];
    const int n = snprintf(prefix, sizeof prefix, "road/v1/%s/verdict-ack/", voice->config.district);

    if (n <= 0 || strncmp(topic, prefix, (size_t)n) != 0)
        return false;
    const enum road_status status = take_ack(voice, topic + n, bytes, length);
    if (status)
        log_warn("verdict-ack not taken topic=%s status=%s", topic, road_status_name(status));
    return true;
}

struct voice_stats voice_stats(const struct voice *voice)
{
    return voice->stats;
}

struct outbox *voice_outbox(struct voice *voice, const char *gateway)
{
    struct gateway *g = gateway_by_name(voice, gateway);

    return g ? g->outbox : NULL;
}
