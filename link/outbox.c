#include "link/outbox.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define NAME_MAX_LENGTH 48
#define SQL_SIZE 1024 /* the longest below, with the longest name */

/* What the far end refused stays for a person to look at; at most 8 MiB of it. */
#define REFUSED_KEPT_MAX 256

/* "outbox" stands for the name in all that follows. */
static const char tables[] =
    "CREATE TABLE outbox(seq INTEGER PRIMARY KEY, bytes BLOB NOT NULL);"
    "CREATE TABLE outbox_refused(seq INTEGER PRIMARY KEY, reason INTEGER NOT NULL, bytes BLOB NOT NULL);"
    "CREATE TABLE outbox_meta(id INTEGER PRIMARY KEY CHECK(id = 1), last_seq INTEGER NOT NULL,"
    " acked_upto INTEGER NOT NULL, items INTEGER NOT NULL, bytes INTEGER NOT NULL, refused INTEGER NOT NULL,"
    " refused_dropped INTEGER NOT NULL);"
    "INSERT INTO outbox_meta VALUES(1, 0, 0, 0, 0, 0, 0);";

enum query {
    Q_META,
    Q_INSERT,
    Q_ADDED,
    Q_NEXT,
    Q_REFUSE,
    Q_TRIM_REFUSED,
    Q_COUNT_DROPPED,
    Q_SUM,
    Q_DELETE,
    Q_ACKED,
    QUERIES
};
static const char *const sql[QUERIES] = {
    [Q_META] = "SELECT last_seq, acked_upto, items, bytes, refused FROM outbox_meta",
    [Q_INSERT] = "INSERT INTO outbox VALUES(?1, ?2)",
    [Q_ADDED] = "UPDATE outbox_meta SET last_seq = ?1, items = items + 1, bytes = bytes + ?2",
    [Q_NEXT] = "SELECT seq, bytes FROM outbox WHERE seq > ?1 ORDER BY seq LIMIT 1",
    [Q_REFUSE] = "INSERT OR IGNORE INTO outbox_refused SELECT seq, ?2, bytes FROM outbox WHERE seq = ?1",
    [Q_TRIM_REFUSED] = ("DELETE FROM outbox_refused WHERE seq <="
                        " (SELECT seq FROM outbox_refused ORDER BY seq DESC LIMIT 1 OFFSET ?1)"),
    [Q_COUNT_DROPPED] =
        "UPDATE outbox_meta SET refused = refused + ?1, refused_dropped = refused_dropped + ?2",
    [Q_SUM] = "SELECT count(*), coalesce(sum(length(bytes)), 0) FROM outbox WHERE seq <= ?1",
    [Q_DELETE] = "DELETE FROM outbox WHERE seq <= ?1",
    [Q_ACKED] = "UPDATE outbox_meta SET acked_upto = ?1, items = items - ?2, bytes = bytes - ?3",
};

/* Nothing of the tables is kept in memory: a caller's rollback must take our numbers back too. */
struct outbox {
    sqlite3 *db;
    struct outbox_config config;
    uint64_t rejected_full;
    sqlite3_stmt *query[QUERIES];
    uint8_t message[SEALED_MAX]; /* what outbox_next lends */
};

static bool name_is_good(const char *name)
{
    const size_t length = strlen(name);

    return length >= 1 && length <= NAME_MAX_LENGTH && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == length;
}

static const char *with_name(const char *text, const char *name, char ret_sql[SQL_SIZE])
{
    size_t length = 0;

    for (const char *at = text; *at;) {
        const bool is_name = strncmp(at, "outbox", 6) == 0;
        const char *piece = is_name ? name : at;
        const size_t n = is_name ? strlen(name) : 1;
        assert(length + n < SQL_SIZE);
        memcpy(ret_sql + length, piece, n);
        length += n;
        at += is_name ? 6 : 1;
    }
    ret_sql[length] = '\0';
    return ret_sql;
}

static enum road_status open_tables(struct outbox *outbox, const char *name)
{
    char text[SQL_SIZE];
    const char *const migrations[] = {with_name(tables, name, text), NULL};

    enum road_status status = database_migrate_part(outbox->db, name, migrations);
    for (int q = 0; status == ROAD_OK && q < QUERIES; q++)
        status = database_prepare(outbox->db, with_name(sql[q], name, text), &outbox->query[q]);
    return status;
}

enum road_status outbox_open(sqlite3 *db, const struct outbox_config *config, struct outbox **ret_outbox)
{
    const char *name = config->name ? config->name : "outbox";

    if (config->max_bytes <= 0 || config->max_items <= 0 || !name_is_good(name))
        return ROAD_BAD_RANGE;
    struct outbox *outbox = calloc(1, sizeof *outbox);
    if (!outbox)
        return ROAD_NO_MEMORY;
    outbox->db = db;
    outbox->config = *config;
    outbox->config.name = NULL;
    const enum road_status status = open_tables(outbox, name);
    if (status != ROAD_OK) {
        outbox_close(outbox);
        return status;
    }
    *ret_outbox = outbox;
    return ROAD_OK;
}

void outbox_close(struct outbox *outbox)
{
    if (!outbox)
        return;
    for (int q = 0; q < QUERIES; q++)
        sqlite3_finalize(outbox->query[q]);
    free(outbox);
}

static enum road_status read_meta(const struct outbox *outbox, struct outbox_stats *ret_stats)
{
    sqlite3_stmt *q = outbox->query[Q_META];
    const int code = sqlite3_step(q);
    if (code == SQLITE_ROW)
        *ret_stats = (struct outbox_stats){.last_seq = (uint64_t)sqlite3_column_int64(q, 0),
                                           .acked_upto = (uint64_t)sqlite3_column_int64(q, 1),
                                           .items = sqlite3_column_int64(q, 2),
                                           .bytes = sqlite3_column_int64(q, 3),
                                           .refused = (uint64_t)sqlite3_column_int64(q, 4),
                                           .rejected_full = outbox->rejected_full};
    sqlite3_reset(q);
    return code == SQLITE_DONE ? ROAD_CORRUPT : database_status(code);
}

struct outbox_stats outbox_stats(const struct outbox *outbox)
{
    struct outbox_stats stats = {.rejected_full = outbox->rejected_full};
    read_meta(outbox, &stats); /* zeros if the database cannot be read: the next real call says so */
    return stats;
}

static enum road_status run_insert(struct outbox *outbox, uint64_t seq, const void *bytes, size_t length)
{
    sqlite3_stmt *insert = outbox->query[Q_INSERT], *added = outbox->query[Q_ADDED];

    sqlite3_bind_int64(insert, 1, (int64_t)seq);
    sqlite3_bind_blob(insert, 2, bytes, (int)length, SQLITE_STATIC);
    const enum road_status status = database_run(insert);
    if (status != ROAD_OK)
        return status;
    sqlite3_bind_int64(added, 1, (int64_t)seq);
    sqlite3_bind_int64(added, 2, (int64_t)length);
    return database_run(added);
}

enum road_status outbox_append(struct outbox *outbox, uint64_t seq, const void *bytes, size_t length)
{
    struct outbox_stats now;

    if (length == 0)
        return ROAD_BAD_INPUT;
    if (length > SEALED_MAX)
        return ROAD_TOO_LARGE;
    enum road_status status = read_meta(outbox, &now);
    if (status != ROAD_OK)
        return status;
    if (seq != now.last_seq + 1)
        return ROAD_BAD_SEQUENCE;
    if (now.items >= outbox->config.max_items || now.bytes + (int64_t)length > outbox->config.max_bytes) {
        outbox->rejected_full++;
        return ROAD_FULL;
    }
    status = database_step_begin(outbox->db);
    if (status != ROAD_OK)
        return status;
    return database_step_end(outbox->db, run_insert(outbox, seq, bytes, length));
}

enum road_status outbox_next(struct outbox *outbox, uint64_t after, uint64_t *ret_seq, const void **ret_bytes,
                             size_t *ret_length)
{
    sqlite3_stmt *q = outbox->query[Q_NEXT];
    enum road_status status = ROAD_END;

    if (after > INT64_MAX)
        return ROAD_END;
    sqlite3_bind_int64(q, 1, (int64_t)after);
    const int code = sqlite3_step(q);
    if (code == SQLITE_ROW) {
        const int length = sqlite3_column_bytes(q, 1);
        status = length > 0 && length <= SEALED_MAX ? ROAD_OK : ROAD_CORRUPT;
        if (status == ROAD_OK) {
            memcpy(outbox->message, sqlite3_column_blob(q, 1), (size_t)length);
            *ret_seq = (uint64_t)sqlite3_column_int64(q, 0);
            *ret_bytes = outbox->message;
            *ret_length = (size_t)length;
        }
    } else if (code != SQLITE_DONE) {
        status = database_status(code);
    }
    sqlite3_reset(q); /* a statement left open would hold back the checkpoint of the log */
    return status;
}

static enum road_status keep_refused(struct outbox *outbox, const struct ack *ack, uint64_t acked_upto)
{
    sqlite3_stmt *refuse = outbox->query[Q_REFUSE], *trim = outbox->query[Q_TRIM_REFUSED],
                 *count = outbox->query[Q_COUNT_DROPPED];
    int64_t refused = 0;

    for (size_t i = 0; i < ack->n_refused && i < ACK_REFUSED_MAX; i++) {
        if (ack->refused[i].seq <= acked_upto || ack->refused[i].seq > ack->upto)
            continue; /* told before, or not done yet */
        sqlite3_bind_int64(refuse, 1, (int64_t)ack->refused[i].seq);
        sqlite3_bind_int64(refuse, 2, ack->refused[i].reason);
        const enum road_status status = database_run(refuse);
        if (status != ROAD_OK)
            return status;
        refused += sqlite3_changes(outbox->db);
    }
    if (refused == 0)
        return ROAD_OK;
    sqlite3_bind_int64(trim, 1, REFUSED_KEPT_MAX);
    const enum road_status status = database_run(trim);
    if (status != ROAD_OK)
        return status;
    sqlite3_bind_int64(count, 1, refused);
    sqlite3_bind_int64(count, 2, sqlite3_changes(outbox->db));
    return database_run(count);
}

static enum road_status drop_upto(struct outbox *outbox, uint64_t upto)
{
    sqlite3_stmt *sum = outbox->query[Q_SUM], *drop = outbox->query[Q_DELETE],
                 *acked = outbox->query[Q_ACKED];

    sqlite3_bind_int64(sum, 1, (int64_t)upto);
    const int code = sqlite3_step(sum);
    const int64_t items = sqlite3_column_int64(sum, 0), bytes = sqlite3_column_int64(sum, 1);
    sqlite3_reset(sum);
    if (code != SQLITE_ROW)
        return database_status(code);
    sqlite3_bind_int64(drop, 1, (int64_t)upto);
    const enum road_status status = database_run(drop);
    if (status != ROAD_OK)
        return status;
    sqlite3_bind_int64(acked, 1, (int64_t)upto);
    sqlite3_bind_int64(acked, 2, items);
    sqlite3_bind_int64(acked, 3, bytes);
    return database_run(acked);
}

enum road_status outbox_ack(struct outbox *outbox, const struct ack *ack)
{
    struct outbox_stats now;

    enum road_status status = read_meta(outbox, &now);
    if (status != ROAD_OK)
        return status;
    if (ack->upto > now.last_seq)
        return ROAD_BAD_SEQUENCE;
    if (ack->upto <= now.acked_upto)
        return ROAD_OK;
    status = database_step_begin(outbox->db);
    if (status != ROAD_OK)
        return status;
    status = keep_refused(outbox, ack, now.acked_upto);
    if (status == ROAD_OK)
        status = drop_upto(outbox, ack->upto);
    return database_step_end(outbox->db, status);
}
