#include "link/inbox.h"

#include <stdlib.h>
#include <string.h>

/* Digests kept per speaker, in a ring by seq modulo this: enough to catch a number used twice by a speaker
 * whose state was set back, bounded for all time. */
#define DIGESTS_KEPT 1024

static const char *const migrations[] = {
    "CREATE TABLE inbox(kid BLOB PRIMARY KEY, upto INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE inbox_digest(kid BLOB NOT NULL, slot INTEGER NOT NULL, seq INTEGER NOT NULL,"
    " digest BLOB NOT NULL, PRIMARY KEY(kid, slot)) WITHOUT ROWID;"
    "CREATE TABLE inbox_refused(kid BLOB NOT NULL, seq INTEGER NOT NULL, reason INTEGER NOT NULL,"
    " PRIMARY KEY(kid, seq)) WITHOUT ROWID;"
    "CREATE TABLE quarantine(id INTEGER PRIMARY KEY AUTOINCREMENT, time_s INTEGER NOT NULL, kid BLOB, "
    "claimed TEXT,"
    " seq INTEGER, reason INTEGER NOT NULL, length INTEGER NOT NULL, bytes BLOB NOT NULL);",
    NULL,
};

enum query {
    Q_UPTO,
    Q_SET_UPTO,
    Q_DIGEST,
    Q_SET_DIGEST,
    Q_REFUSE,
    Q_TRIM_REFUSED,
    Q_REFUSED,
    Q_QUARANTINE,
    Q_TRIM_QUARANTINE,
    QUERIES
};
static const char *const sql[QUERIES] = {
    [Q_UPTO] = "SELECT upto FROM inbox WHERE kid = ?1",
    [Q_SET_UPTO] = "INSERT INTO inbox VALUES(?1, ?2) ON CONFLICT(kid) DO UPDATE SET upto = excluded.upto",
    [Q_DIGEST] = "SELECT digest FROM inbox_digest WHERE kid = ?1 AND slot = ?2 AND seq = ?3",
    [Q_SET_DIGEST] = "INSERT OR REPLACE INTO inbox_digest VALUES(?1, ?2, ?3, ?4)",
    [Q_REFUSE] = "INSERT INTO inbox_refused VALUES(?1, ?2, ?3)",
    [Q_TRIM_REFUSED] = "DELETE FROM inbox_refused WHERE kid = ?1 AND seq <= (SELECT seq FROM inbox_refused"
                       " WHERE kid = ?1 ORDER BY seq DESC LIMIT 1 OFFSET ?2)",
    [Q_REFUSED] = "SELECT seq, reason FROM inbox_refused WHERE kid = ?1 ORDER BY seq LIMIT ?2",
    [Q_QUARANTINE] = "INSERT INTO quarantine(time_s, kid, claimed, seq, reason, length, bytes)"
                     " VALUES(unixepoch(), ?1, ?2, ?3, ?4, ?5, ?6)",
    [Q_TRIM_QUARANTINE] = "DELETE FROM quarantine WHERE id <= (SELECT max(id) FROM quarantine) - ?1",
};

struct inbox {
    sqlite3 *db;
    int64_t quarantine_max_items;
    sqlite3_stmt *query[QUERIES];
};

enum road_status inbox_open(sqlite3 *db, int64_t quarantine_max_items, struct inbox **ret_inbox)
{
    if (quarantine_max_items <= 0)
        return ROAD_BAD_RANGE;
    struct inbox *inbox = calloc(1, sizeof *inbox);
    if (!inbox)
        return ROAD_NO_MEMORY;
    inbox->db = db;
    inbox->quarantine_max_items = quarantine_max_items;
    enum road_status status = database_migrate_part(db, "inbox", migrations);
    for (int q = 0; status == ROAD_OK && q < QUERIES; q++)
        status = database_prepare(db, sql[q], &inbox->query[q]);
    if (status != ROAD_OK) {
        inbox_close(inbox);
        return status;
    }
    *ret_inbox = inbox;
    return ROAD_OK;
}

void inbox_close(struct inbox *inbox)
{
    if (!inbox)
        return;
    for (int q = 0; q < QUERIES; q++)
        sqlite3_finalize(inbox->query[q]);
    free(inbox);
}

/* Statements are bound, run and reset within one function, so the speaker's bytes outlive the binding. */
static sqlite3_stmt *about(const struct inbox *inbox, enum query query, const struct kid *speaker)
{
    sqlite3_bind_blob(inbox->query[query], 1, speaker->bytes, KID_SIZE, SQLITE_STATIC);
    return inbox->query[query];
}

static enum road_status read_upto(const struct inbox *inbox, const struct kid *speaker, uint64_t *ret_upto)
{
    sqlite3_stmt *q = about(inbox, Q_UPTO, speaker);
    const int code = sqlite3_step(q);
    if (code == SQLITE_ROW)
        *ret_upto = (uint64_t)sqlite3_column_int64(q, 0);
    else if (code == SQLITE_DONE)
        *ret_upto = 0; /* never heard */
    sqlite3_reset(q);
    return database_status(code);
}

/* ROAD_DUPLICATE, or ROAD_BAD_SEQUENCE if the digest is still kept and differs. */
static enum road_status compare_digest(const struct inbox *inbox, const struct kid *speaker, uint64_t seq,
                                       const uint8_t digest[SHA256_SIZE])
{
    enum road_status status = ROAD_DUPLICATE;
    sqlite3_stmt *q = about(inbox, Q_DIGEST, speaker);

    sqlite3_bind_int64(q, 2, (int64_t)(seq % DIGESTS_KEPT));
    sqlite3_bind_int64(q, 3, (int64_t)seq);
    const int code = sqlite3_step(q);
    if (code == SQLITE_ROW) {
        if (sqlite3_column_bytes(q, 0) != SHA256_SIZE)
            status = ROAD_CORRUPT;
        else if (memcmp(sqlite3_column_blob(q, 0), digest, SHA256_SIZE) != 0)
            status = ROAD_BAD_SEQUENCE;
    } else if (code != SQLITE_DONE) {
        status = database_status(code);
    }
    sqlite3_reset(q);
    return status;
}

static enum road_status check_digest(struct inbox *inbox, const struct kid *speaker, uint64_t seq,
                                     const uint8_t digest[SHA256_SIZE])
{
    uint64_t upto;

    if (seq == 0 || seq > INT64_MAX)
        return ROAD_BAD_RANGE;
    const enum road_status status = read_upto(inbox, speaker, &upto);
    if (status != ROAD_OK)
        return status;
    if (seq > upto)
        return seq == upto + 1 ? ROAD_OK : ROAD_GAP;
    return compare_digest(inbox, speaker, seq, digest);
}

enum road_status inbox_check(struct inbox *inbox, struct kid speaker, uint64_t seq, const void *bytes,
                             size_t length)
{
    uint8_t digest[SHA256_SIZE];

    sha256(bytes, length, digest);
    return check_digest(inbox, &speaker, seq, digest);
}

static enum road_status move_on(struct inbox *inbox, const struct kid *speaker, uint64_t seq,
                                const uint8_t digest[SHA256_SIZE])
{
    sqlite3_stmt *set = about(inbox, Q_SET_UPTO, speaker);
    sqlite3_bind_int64(set, 2, (int64_t)seq);
    const enum road_status status = database_run(set);
    if (status != ROAD_OK)
        return status;
    set = about(inbox, Q_SET_DIGEST, speaker);
    sqlite3_bind_int64(set, 2, (int64_t)(seq % DIGESTS_KEPT));
    sqlite3_bind_int64(set, 3, (int64_t)seq);
    sqlite3_bind_blob(set, 4, digest, SHA256_SIZE, SQLITE_STATIC);
    return database_run(set);
}

enum road_status inbox_accept(struct inbox *inbox, struct kid speaker, uint64_t seq, const void *bytes,
                              size_t length)
{
    uint8_t digest[SHA256_SIZE];

    sha256(bytes, length, digest);
    enum road_status status = check_digest(inbox, &speaker, seq, digest);
    if (status != ROAD_OK)
        return status;
    status = database_step_begin(inbox->db);
    if (status != ROAD_OK)
        return status;
    return database_step_end(inbox->db, move_on(inbox, &speaker, seq, digest));
}

static enum road_status list_refusal(struct inbox *inbox, const struct kid *speaker, uint64_t seq,
                                     enum road_status reason)
{
    sqlite3_stmt *q = about(inbox, Q_REFUSE, speaker);
    sqlite3_bind_int64(q, 2, (int64_t)seq);
    sqlite3_bind_int64(q, 3, reason);
    const enum road_status status = database_run(q);
    if (status != ROAD_OK)
        return status;
    q = about(inbox, Q_TRIM_REFUSED, speaker);
    sqlite3_bind_int64(q, 2, ACK_REFUSED_MAX);
    return database_run(q);
}

/* `speaker` and `claimed` may be NULL, seq 0 = not known. Of a message longer than any of ours the start is
 * kept. */
static enum road_status put_away(struct inbox *inbox, const struct kid *speaker, const char *claimed,
                                 uint64_t seq, const void *bytes, size_t length, enum road_status reason)
{
    sqlite3_stmt *q = inbox->query[Q_QUARANTINE];
    const size_t kept = length < SEALED_MAX ? length : SEALED_MAX;

    if (speaker)
        sqlite3_bind_blob(q, 1, speaker->bytes, KID_SIZE, SQLITE_STATIC);
    if (claimed)
        sqlite3_bind_text(q, 2, claimed, (int)strnlen(claimed, NAME_SIZE - 1), SQLITE_STATIC);
    if (seq)
        sqlite3_bind_int64(q, 3, (int64_t)seq);
    sqlite3_bind_int64(q, 4, reason);
    sqlite3_bind_int64(q, 5, (int64_t)length);
    sqlite3_bind_blob(q, 6, kept ? bytes : "", (int)kept, SQLITE_STATIC);
    const enum road_status status = database_run(q);
    if (status != ROAD_OK)
        return status;
    sqlite3_bind_int64(inbox->query[Q_TRIM_QUARANTINE], 1, inbox->quarantine_max_items);
    return database_run(inbox->query[Q_TRIM_QUARANTINE]);
}

enum road_status inbox_refuse(struct inbox *inbox, struct kid speaker, uint64_t seq, const void *bytes,
                              size_t length, enum road_status reason)
{
    uint8_t digest[SHA256_SIZE];

    sha256(bytes, length, digest);
    enum road_status status = check_digest(inbox, &speaker, seq, digest);
    if (status != ROAD_OK)
        return status;
    status = database_step_begin(inbox->db);
    if (status != ROAD_OK)
        return status;
    status = move_on(inbox, &speaker, seq, digest);
    if (status == ROAD_OK)
        status = list_refusal(inbox, &speaker, seq, reason);
    if (status == ROAD_OK)
        status = put_away(inbox, &speaker, NULL, seq, bytes, length, reason);
    return database_step_end(inbox->db, status);
}

enum road_status inbox_quarantine(struct inbox *inbox, const char *claimed_name, const void *bytes,
                                  size_t length, enum road_status reason)
{
    const enum road_status status = database_step_begin(inbox->db);
    if (status != ROAD_OK)
        return status;
    return database_step_end(inbox->db, put_away(inbox, NULL, claimed_name, 0, bytes, length, reason));
}

enum road_status inbox_ack(struct inbox *inbox, struct kid speaker, bool is_gap, struct ack *ret_ack)
{
    struct ack ack = {.speaker = speaker, .is_gap = is_gap};
    int code = SQLITE_DONE;

    const enum road_status status = read_upto(inbox, &speaker, &ack.upto);
    if (status != ROAD_OK)
        return status;
    sqlite3_stmt *q = about(inbox, Q_REFUSED, &speaker);
    sqlite3_bind_int64(q, 2, ACK_REFUSED_MAX);
    while (ack.n_refused < ACK_REFUSED_MAX && (code = sqlite3_step(q)) == SQLITE_ROW) {
        ack.refused[ack.n_refused].seq = (uint64_t)sqlite3_column_int64(q, 0);
        ack.refused[ack.n_refused++].reason = (enum road_status)sqlite3_column_int(q, 1);
    }
    sqlite3_reset(q);
    if (database_status(code) == ROAD_OK)
        *ret_ack = ack;
    return database_status(code);
}
