#include "link/inbox.h"

#include <stdlib.h>
#include <string.h>

/* Digests kept per speaker, in a ring by seq modulo this: enough to catch a number used twice by a speaker whose
 * state was set back a little; one that was set back further is told by its acknowledgement (outbox_ack). */
#define DIGESTS_KEPT 16
#define DIGEST_SIZE 8 /* bytes of the SHA-256 */
#define DIGESTS_SIZE ((size_t)DIGESTS_KEPT * DIGEST_SIZE)

static const char *const migrations[] = {
    "CREATE TABLE inbox(kid BLOB PRIMARY KEY, upto INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE inbox_digest(kid BLOB NOT NULL, slot INTEGER NOT NULL, seq INTEGER NOT NULL,"
    " digest BLOB NOT NULL, PRIMARY KEY(kid, slot)) WITHOUT ROWID;"
    "CREATE TABLE inbox_refused(kid BLOB NOT NULL, seq INTEGER NOT NULL, reason INTEGER NOT NULL,"
    " PRIMARY KEY(kid, seq)) WITHOUT ROWID;"
    "CREATE TABLE quarantine(id INTEGER PRIMARY KEY AUTOINCREMENT, time_s INTEGER NOT NULL, kid BLOB, "
    "claimed TEXT,"
    " seq INTEGER, reason INTEGER NOT NULL, length INTEGER NOT NULL, bytes BLOB NOT NULL);",
    /* One row a speaker, so that a message costs one write and not two. */
    "ALTER TABLE inbox ADD COLUMN digests BLOB NOT NULL DEFAULT x'';"
    "DROP TABLE inbox_digest;",
    NULL,
};

enum query {
    Q_SPEAKER,
    Q_SET_SPEAKER,
    Q_REFUSE,
    Q_TRIM_REFUSED,
    Q_REFUSED,
    Q_QUARANTINE,
    Q_TRIM_QUARANTINE,
    QUERIES
};
static const char *const sql[QUERIES] = {
    [Q_SPEAKER] = "SELECT upto, digests FROM inbox WHERE kid = ?1",
    [Q_SET_SPEAKER] = "REPLACE INTO inbox VALUES(?1, ?2, ?3)",
    [Q_REFUSE] = "INSERT INTO inbox_refused VALUES(?1, ?2, ?3)",
    [Q_TRIM_REFUSED] = "DELETE FROM inbox_refused WHERE kid = ?1 AND seq <= (SELECT seq FROM inbox_refused"
                       " WHERE kid = ?1 ORDER BY seq DESC LIMIT 1 OFFSET ?2)",
    [Q_REFUSED] = "SELECT seq, reason FROM inbox_refused WHERE kid = ?1 ORDER BY seq LIMIT ?2",
    [Q_QUARANTINE] = "INSERT INTO quarantine(time_s, kid, claimed, seq, reason, length, bytes)"
                     " VALUES(unixepoch(), ?1, ?2, ?3, ?4, ?5, ?6)",
    [Q_TRIM_QUARANTINE] = "DELETE FROM quarantine WHERE id <= (SELECT max(id) FROM quarantine) - ?1",
};

/* One row of the table inbox. */
struct speaker {
    struct kid kid;
    bool is_used, is_dirty, has_no_refusals; /* the last once it was asked */
    uint64_t upto;
    uint8_t digests[DIGESTS_SIZE]; /* zeros where a number was never had */
};

struct inbox {
    sqlite3 *db;
    int64_t quarantine_max_items;
    sqlite3_stmt *query[QUERIES];
    struct speaker single; /* while nothing is gathered each call reads its speaker anew */
    bool is_gathering;
    struct speaker *speakers; /* open addressing by kid, a power of two */
    struct kid *dirty;        /* what inbox_write has to write; room for all */
    size_t n_speakers, n_dirty, capacity;
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
    free(inbox->speakers);
    free(inbox->dirty);
    free(inbox);
}

/* Statements are bound, run and reset within one function, so the speaker's bytes outlive the binding. */
static sqlite3_stmt *about(const struct inbox *inbox, enum query query, const struct kid *speaker)
{
    sqlite3_bind_blob(inbox->query[query], 1, speaker->bytes, KID_SIZE, SQLITE_STATIC);
    return inbox->query[query];
}

/* ---- speakers ---- */

/* A speaker never heard has no row: number 0. */
static enum road_status read_speaker(const struct inbox *inbox, const struct kid *kid, struct speaker *ret_speaker)
{
    sqlite3_stmt *q = about(inbox, Q_SPEAKER, kid);
    const int code = sqlite3_step(q);

    if (database_status(code) == ROAD_OK)
        *ret_speaker = (struct speaker){.kid = *kid, .is_used = true};
    if (code == SQLITE_ROW) {
        ret_speaker->upto = (uint64_t)sqlite3_column_int64(q, 0);
        if (sqlite3_column_bytes(q, 1) == (int)DIGESTS_SIZE)
            memcpy(ret_speaker->digests, sqlite3_column_blob(q, 1), DIGESTS_SIZE);
    }
    sqlite3_reset(q);
    return database_status(code);
}

static enum road_status write_speaker(const struct inbox *inbox, const struct speaker *speaker)
{
    sqlite3_stmt *q = about(inbox, Q_SET_SPEAKER, &speaker->kid);

    sqlite3_bind_int64(q, 2, (int64_t)speaker->upto);
    sqlite3_bind_blob(q, 3, speaker->digests, (int)DIGESTS_SIZE, SQLITE_STATIC);
    return database_run(q);
}

/* Where a kid is, or would be. A kid is a piece of a hash already. */
static struct speaker *speaker_place(struct speaker *speakers, size_t capacity, const struct kid *kid)
{
    uint64_t hash;
    size_t i;

    memcpy(&hash, kid->bytes, sizeof hash);
    for (i = hash & (capacity - 1); speakers[i].is_used; i = (i + 1) & (capacity - 1))
        if (kid_compare(speakers[i].kid, *kid) == 0)
            break;
    return &speakers[i];
}

/* At most three quarters full. */
static enum road_status grow_speakers(struct inbox *inbox)
{
    const size_t capacity = inbox->capacity ? 2 * inbox->capacity : 256;

    if (4 * (inbox->n_speakers + 1) <= 3 * inbox->capacity)
        return ROAD_OK;
    struct kid *dirty = realloc(inbox->dirty, capacity * sizeof *dirty);
    inbox->dirty = dirty ? dirty : inbox->dirty;
    struct speaker *speakers = calloc(capacity, sizeof *speakers);
    if (!dirty || !speakers) {
        free(speakers);
        return ROAD_NO_MEMORY;
    }
    for (size_t i = 0; i < inbox->capacity; i++)
        if (inbox->speakers[i].is_used)
            *speaker_place(speakers, capacity, &inbox->speakers[i].kid) = inbox->speakers[i];
    free(inbox->speakers);
    inbox->speakers = speakers;
    inbox->capacity = capacity;
    return ROAD_OK;
}

static enum road_status find_speaker(struct inbox *inbox, const struct kid *kid, struct speaker **ret_speaker)
{
    *ret_speaker = &inbox->single;
    if (!inbox->is_gathering)
        return read_speaker(inbox, kid, &inbox->single);
    enum road_status status = grow_speakers(inbox);
    if (status != ROAD_OK)
        return status;
    *ret_speaker = speaker_place(inbox->speakers, inbox->capacity, kid);
    if ((*ret_speaker)->is_used)
        return ROAD_OK;
    status = read_speaker(inbox, kid, *ret_speaker);
    inbox->n_speakers += status == ROAD_OK;
    return status;
}

void inbox_gather(struct inbox *inbox)
{
    inbox->is_gathering = true;
}

enum road_status inbox_write(struct inbox *inbox)
{
    for (; inbox->n_dirty; inbox->n_dirty--) {
        const struct kid *kid = &inbox->dirty[inbox->n_dirty - 1];
        struct speaker *speaker = speaker_place(inbox->speakers, inbox->capacity, kid);
        const enum road_status status = write_speaker(inbox, speaker);

        if (status != ROAD_OK)
            return status;
        speaker->is_dirty = false;
    }
    return ROAD_OK;
}

void inbox_forget(struct inbox *inbox)
{
    if (inbox->capacity)
        memset(inbox->speakers, 0, inbox->capacity * sizeof *inbox->speakers);
    inbox->n_speakers = inbox->n_dirty = 0;
}

/* ---- numbers ---- */

static uint8_t *digest_place(struct speaker *speaker, uint64_t seq)
{
    return speaker->digests + (size_t)(seq % DIGESTS_KEPT) * DIGEST_SIZE;
}

/* Never all zeros: that stands for none. */
static void digest_of(const void *bytes, size_t length, uint8_t ret_digest[DIGEST_SIZE])
{
    uint8_t digest[SHA256_SIZE];

    sha256(bytes, length, digest);
    memcpy(ret_digest, digest, DIGEST_SIZE);
    ret_digest[0] |= 1;
}

static enum road_status compare_digest(struct speaker *speaker, uint64_t seq, const void *bytes, size_t length)
{
    static const uint8_t none[DIGEST_SIZE];
    const uint8_t *kept = digest_place(speaker, seq);
    uint8_t digest[DIGEST_SIZE];

    if (speaker->upto - seq >= DIGESTS_KEPT || memcmp(kept, none, DIGEST_SIZE) == 0)
        return ROAD_DUPLICATE;
    digest_of(bytes, length, digest);
    return memcmp(kept, digest, DIGEST_SIZE) == 0 ? ROAD_DUPLICATE : ROAD_BAD_SEQUENCE;
}

static enum road_status check_number(struct inbox *inbox, const struct kid *kid, uint64_t seq, const void *bytes,
                                     size_t length, struct speaker **ret_speaker)
{
    if (seq == 0 || seq > INT64_MAX)
        return ROAD_BAD_RANGE;
    const enum road_status status = find_speaker(inbox, kid, ret_speaker);
    if (status != ROAD_OK)
        return status;
    if (seq > (*ret_speaker)->upto)
        return seq == (*ret_speaker)->upto + 1 ? ROAD_OK : ROAD_GAP;
    return compare_digest(*ret_speaker, seq, bytes, length);
}

enum road_status inbox_check(struct inbox *inbox, struct kid speaker, uint64_t seq, const void *bytes, size_t length)
{
    struct speaker *found;

    return check_number(inbox, &speaker, seq, bytes, length, &found);
}

/* In memory while gathering; the table follows with inbox_write. */
static enum road_status move_on(struct inbox *inbox, struct speaker *speaker, uint64_t seq, const void *bytes,
                                size_t length)
{
    speaker->upto = seq;
    digest_of(bytes, length, digest_place(speaker, seq));
    if (!inbox->is_gathering)
        return write_speaker(inbox, speaker);
    if (!speaker->is_dirty)
        inbox->dirty[inbox->n_dirty++] = speaker->kid;
    speaker->is_dirty = true;
    return ROAD_OK;
}

/* One statement at most, so that it needs no step of its own. */
enum road_status inbox_accept(struct inbox *inbox, struct kid speaker, uint64_t seq, const void *bytes, size_t length)
{
    struct speaker *found;

    const enum road_status status = check_number(inbox, &speaker, seq, bytes, length, &found);
    return status == ROAD_OK ? move_on(inbox, found, seq, bytes, length) : status;
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
    struct speaker *found;

    enum road_status status = check_number(inbox, &speaker, seq, bytes, length, &found);
    if (status != ROAD_OK)
        return status;
    status = database_step_begin(inbox->db);
    if (status != ROAD_OK)
        return status;
    status = list_refusal(inbox, &speaker, seq, reason);
    if (status == ROAD_OK)
        status = put_away(inbox, &speaker, NULL, seq, bytes, length, reason);
    if (status == ROAD_OK)
        status = move_on(inbox, found, seq, bytes, length);
    found->has_no_refusals = false;
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
    struct speaker *found;
    int code = SQLITE_DONE;

    const enum road_status status = find_speaker(inbox, &speaker, &found);
    if (status != ROAD_OK)
        return status;
    ack.upto = found->upto;
    if (inbox->is_gathering && found->has_no_refusals) {
        *ret_ack = ack;
        return ROAD_OK;
    }
    sqlite3_stmt *q = about(inbox, Q_REFUSED, &speaker);
    sqlite3_bind_int64(q, 2, ACK_REFUSED_MAX);
    while (ack.n_refused < ACK_REFUSED_MAX && (code = sqlite3_step(q)) == SQLITE_ROW) {
        ack.refused[ack.n_refused].seq = (uint64_t)sqlite3_column_int64(q, 0);
        ack.refused[ack.n_refused++].reason = (enum road_status)sqlite3_column_int(q, 1);
    }
    sqlite3_reset(q);
    found->has_no_refusals = database_status(code) == ROAD_OK && ack.n_refused == 0;
    if (database_status(code) == ROAD_OK)
        *ret_ack = ack;
    return database_status(code);
}
