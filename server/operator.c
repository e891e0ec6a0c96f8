#include "server/operator.h"

#include <stdio.h>
#include <string.h>

#include "link/database.h"
#include "server/ledger/key_event.h"
#include "server/ledger/read.h"

#define PATH_SIZE    1024
#define PAYLOAD_SIZE KEY_EVENT_SIZE

enum road_status operator_open_key(const char *data_dir, sqlite3 *db, struct signer **ret_signer)
{
    char path[PATH_SIZE];
    struct checkpoint head;

    if (snprintf(path, sizeof path, "%s/log.key", data_dir) >= (int)sizeof path)
        return ROAD_TOO_LARGE;
    enum road_status status = signer_open(path, ret_signer);
    if (status != ROAD_NOT_FOUND)
        return status;
    if (ledger_read_head(db, &head, NULL) != ROAD_NOT_FOUND)
        return ROAD_DENIED;
    if ((status = signer_create(path)) != ROAD_OK)
        return status;
    return signer_open(path, ret_signer);
}

static enum road_status say(struct ledger *ledger, struct signer *signer, const char *kind,
                            const char *subject, const char *payload, size_t length, int64_t now_ms)
{
    uint8_t sealed[PAYLOAD_SIZE + SEAL_OVERHEAD];
    size_t sealed_length;

    enum road_status status = cose_seal(signer, payload, length, sealed, sizeof sealed, &sealed_length);
    return status ? status : ledger_say(ledger, kind, subject, sealed, sealed_length, now_ms, NULL);
}

static enum road_status register_key(struct ledger *ledger, struct signer *signer,
                                     const struct key_event *event, int64_t now_ms)
{
    char payload[KEY_EVENT_SIZE], subject[ENVELOPE_SUBJECT_SIZE], kid[KID_TEXT_SIZE];
    uint64_t index;
    size_t length;

    snprintf(subject, sizeof subject, "key/%s", kid_format(kid_of(&event->key), kid));
    enum road_status status = ledger_last_about(ledger, subject, &index, NULL);
    if (status != ROAD_NOT_FOUND)
        return status;
    if ((status = key_event_format(event, payload, &length)) != ROAD_OK)
        return status;
    return say(ledger, signer, "key", subject, payload, length, now_ms);
}

static enum road_status register_log_key(struct ledger *ledger, struct signer *signer,
                                         const struct operator_statement *what)
{
    struct key_event event = {.role = "log"};

    snprintf(event.name, sizeof event.name, "%s", ledger_key(ledger)->name);
    snprintf(event.district, sizeof event.district, "%s", what->district);
    signer_public(signer, &event.key);
    return register_key(ledger, signer, &event, what->now_ms);
}

static enum road_status register_entry(struct ledger *ledger, struct signer *signer,
                                       const struct registry_entry *entry, int64_t now_ms)
{
    static const char *const roles[] = {[ROLE_NODE] = "node",
                                        [ROLE_GATEWAY] = "gateway",
                                        [ROLE_SERVER] = "server",
                                        [ROLE_DEPARTMENT] = "department"};
    struct key_event event = {.key = entry->key};

    if (entry->is_phone)
        return ROAD_OK;
    snprintf(event.name, sizeof event.name, "%s", entry->name);
    snprintf(event.role, sizeof event.role, "%s", roles[entry->role]);
    snprintf(event.district, sizeof event.district, "%s", entry->district);
    return register_key(ledger, signer, &event, now_ms);
}

/* Ends the transaction that the statements stand in. */
static enum road_status finish(sqlite3 *db, struct ledger *ledger, enum road_status status)
{
    if (!status)
        status = ledger_sign(ledger);
    if (!status)
        status = database_commit(db);
    if (!status)
        return ROAD_OK;
    database_rollback(db);
    return ledger_reload(ledger) ? ROAD_CORRUPT : status;
}

enum road_status operator_register_keys(sqlite3 *db, struct ledger *ledger, struct signer *log_signer,
                                        const struct operator_statement *what)
{
    enum road_status status = database_begin(db);

    if (status)
        return status;
    status = register_log_key(ledger, log_signer, what);
    for (size_t i = 0; !status && i < registry_count(what->registry); i++)
        status = register_entry(ledger, log_signer, registry_at(what->registry, i), what->now_ms);
    return finish(db, ledger, status);
}

/* Whether the newest entry about the subject says exactly this payload. */
static bool is_said_already(sqlite3 *db, const char *subject, const char *payload, size_t length)
{
    static uint8_t said[ENVELOPE_SAID_MAX]; /* one thread */
    struct envelope envelope;
    struct kid kid;
    const uint8_t *before;
    size_t before_length;
    sqlite3_stmt *s;
    bool is_same = false;

    if (database_prepare(db, "SELECT body FROM entry WHERE subject = ? ORDER BY idx DESC LIMIT 1", &s))
        return false;
    sqlite3_bind_text(s, 1, subject, -1, SQLITE_STATIC);
    if (sqlite3_step(s) == SQLITE_ROW &&
        envelope_parse(sqlite3_column_blob(s, 0), (size_t)sqlite3_column_bytes(s, 0), said, &envelope) ==
            ROAD_OK &&
        cose_peek(envelope.said, envelope.said_length, &kid, &before, &before_length) == ROAD_OK)
        is_same = before_length == length && memcmp(before, payload, length) == 0;
    sqlite3_finalize(s);
    return is_same;
}

static enum road_status say_config(sqlite3 *db, struct ledger *ledger, struct signer *signer,
                                   const struct operator_statement *what)
{
    char payload[256], subject[ENVELOPE_SUBJECT_SIZE];

    snprintf(subject, sizeof subject, "config/%s", what->server);
    int length = snprintf(payload, sizeof payload, "{\"v\":1,\"event\":\"config\",\"sha256\":\"");
    for (size_t i = 0; i < SHA256_SIZE; i++)
        length += snprintf(payload + length, sizeof payload - (size_t)length, "%02x", what->config_sha256[i]);
    length += snprintf(payload + length, sizeof payload - (size_t)length, "\"}");
    if (is_said_already(db, subject, payload, (size_t)length))
        return ROAD_OK;
    return say(ledger, signer, "config", subject, payload, (size_t)length, what->now_ms);
}

enum road_status operator_start(sqlite3 *db, struct ledger *ledger, struct signer *log_signer,
                                const struct operator_statement *what)
{
    char payload[256], subject[ENVELOPE_SUBJECT_SIZE];

    enum road_status status = database_begin(db);
    if (status)
        return status;
    snprintf(subject, sizeof subject, "operator/%s", what->server);
    const int length =
        snprintf(payload, sizeof payload, "{\"v\":1,\"event\":\"start\",\"version\":\"%s\"}", ROAD_VERSION);
    status = say(ledger, log_signer, "operator", subject, payload, (size_t)length, what->now_ms);
    if (!status)
        status = say_config(db, ledger, log_signer, what);
    return finish(db, ledger, status);
}
