#include "gateway/store.h"

#include <stdlib.h>
#include <string.h>

const char *const store_migrations[] = {
    "CREATE TABLE batch(id INTEGER PRIMARY KEY, kid BLOB NOT NULL, seq INTEGER NOT NULL, is_phone INTEGER NOT NULL,"
    " newest_ns INTEGER NOT NULL, sealed BLOB NOT NULL);",
    /* Until here each batch was told in the transaction that applied it. The bytes stay the last column, so that
     * what is asked of a row does not read through them. */
    "ALTER TABLE batch RENAME TO batch_before;"
    "CREATE TABLE batch(id INTEGER PRIMARY KEY, kid BLOB NOT NULL, seq INTEGER NOT NULL, is_phone INTEGER NOT NULL,"
    " received_s INTEGER NOT NULL, newest_ns INTEGER NOT NULL, sealed BLOB NOT NULL);"
    "INSERT INTO batch SELECT id, kid, seq, is_phone, newest_ns / 1000000000, newest_ns, sealed FROM batch_before;"
    "DROP TABLE batch_before;"
    "CREATE TABLE settled(batch INTEGER NOT NULL, verdict INTEGER NOT NULL, as_of_ns INTEGER NOT NULL, kid BLOB NOT NULL, seq INTEGER NOT NULL);"
    "INSERT INTO settled SELECT coalesce(max(id), 0), 0, -9223372036854775808, coalesce(kid, zeroblob(8)),"
    " coalesce(seq, 0) FROM batch;",
    /* Phones' batches go first: found without looking through the fleet's. */
    "CREATE INDEX batch_phone ON batch(id) WHERE is_phone = 1;",
    "CREATE TABLE rules(id INTEGER PRIMARY KEY, plain TEXT NOT NULL, since_ns INTEGER NOT NULL);",
    NULL,
};

enum query { Q_PUT, Q_LAST, Q_EACH, Q_OLDEST, Q_OLDEST_PHONES, Q_DELETE, Q_SETTLED, Q_SET_SETTLED, QUERIES };
static const char *const sql[QUERIES] = {
    [Q_PUT] = "INSERT INTO batch VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    [Q_LAST] = "SELECT coalesce(max(id), 0) FROM batch",
    [Q_EACH] = ("SELECT id, kid, seq, is_phone, received_s, newest_ns, sealed FROM batch WHERE id > ?1 AND id <= ?2"
                " ORDER BY id"),
    /* Rows stand in the order of their arrival, so the first that is young enough ends the search. */
    [Q_OLDEST] = "SELECT id, received_s FROM batch WHERE id <= ?1 ORDER BY id LIMIT ?2",
    [Q_OLDEST_PHONES] = "SELECT id, received_s FROM batch WHERE is_phone = 1 AND id <= ?1 ORDER BY id LIMIT ?2",
    [Q_DELETE] = "DELETE FROM batch WHERE id = ?1",
    [Q_SETTLED] = "SELECT batch, verdict, as_of_ns, kid, seq FROM settled",
    [Q_SET_SETTLED] = "UPDATE settled SET batch = ?1, verdict = ?2, as_of_ns = ?3, kid = ?4, seq = ?5",
};

struct store {
    sqlite3_stmt *query[QUERIES];
};

enum road_status store_open(sqlite3 *db, struct store **ret_store)
{
    struct store *store = calloc(1, sizeof *store);
    enum road_status status = ROAD_OK;

    if (!store)
        return ROAD_NO_MEMORY;
    for (int q = 0; status == ROAD_OK && q < QUERIES; q++)
        status = database_prepare(db, sql[q], &store->query[q]);
    if (status != ROAD_OK) {
        store_close(store);
        return status;
    }
    *ret_store = store;
    return ROAD_OK;
}

void store_close(struct store *store)
{
    if (!store)
        return;
    for (int q = 0; q < QUERIES; q++)
        sqlite3_finalize(store->query[q]);
    free(store);
}

enum road_status store_put(struct store *store, const struct store_batch *batch)
{
    sqlite3_stmt *q = store->query[Q_PUT];

    sqlite3_bind_int64(q, 1, batch->id);
    sqlite3_bind_blob(q, 2, batch->speaker.bytes, KID_SIZE, SQLITE_STATIC);
    sqlite3_bind_int64(q, 3, (int64_t)batch->seq);
    sqlite3_bind_int(q, 4, batch->is_phone);
    sqlite3_bind_int64(q, 5, batch->received_s);
    sqlite3_bind_int64(q, 6, batch->newest_ns);
    sqlite3_bind_blob(q, 7, batch->sealed, (int)batch->length, SQLITE_STATIC);
    return database_run(q);
}

enum road_status store_last(struct store *store, int64_t *ret_id)
{
    sqlite3_stmt *q = store->query[Q_LAST];
    const int code = sqlite3_step(q);

    if (code == SQLITE_ROW)
        *ret_id = sqlite3_column_int64(q, 0);
    sqlite3_reset(q);
    return database_status(code);
}

/* ROAD_CORRUPT if the kid is none. */
static enum road_status column_kid(sqlite3_stmt *q, int column, struct kid *ret_kid)
{
    if (sqlite3_column_bytes(q, column) != KID_SIZE)
        return ROAD_CORRUPT;
    memcpy(ret_kid->bytes, sqlite3_column_blob(q, column), KID_SIZE);
    return ROAD_OK;
}

enum road_status store_each(struct store *store, int64_t after, int64_t upto,
                            enum road_status (*take)(void *context, const struct store_batch *batch), void *context)
{
    sqlite3_stmt *q = store->query[Q_EACH];
    enum road_status status = ROAD_OK;
    int code = SQLITE_DONE;

    sqlite3_bind_int64(q, 1, after);
    sqlite3_bind_int64(q, 2, upto);
    while (status == ROAD_OK && (code = sqlite3_step(q)) == SQLITE_ROW) {
        struct store_batch batch = {.id = sqlite3_column_int64(q, 0),
                                    .seq = (uint64_t)sqlite3_column_int64(q, 2),
                                    .is_phone = sqlite3_column_int(q, 3) != 0,
                                    .received_s = sqlite3_column_int64(q, 4),
                                    .newest_ns = sqlite3_column_int64(q, 5),
                                    .sealed = sqlite3_column_blob(q, 6),
                                    .length = (size_t)sqlite3_column_bytes(q, 6)};
        status = column_kid(q, 1, &batch.speaker);
        if (status == ROAD_OK)
            status = take(context, &batch);
    }
    sqlite3_reset(q);
    return status == ROAD_OK ? database_status(code) : status;
}

static enum road_status purge_some(struct store *store, enum query oldest, int64_t covered, int64_t before_s,
                                   int64_t max, int64_t *deleted)
{
    sqlite3_stmt *q = store->query[oldest], *drop = store->query[Q_DELETE];
    enum road_status status = ROAD_OK;
    int code = SQLITE_DONE;

    sqlite3_bind_int64(q, 1, covered);
    sqlite3_bind_int64(q, 2, max - *deleted);
    while (status == ROAD_OK && (code = sqlite3_step(q)) == SQLITE_ROW && sqlite3_column_int64(q, 1) < before_s) {
        sqlite3_bind_int64(drop, 1, sqlite3_column_int64(q, 0));
        status = database_run(drop);
        *deleted += status == ROAD_OK;
    }
    sqlite3_reset(q);
    return status == ROAD_OK ? database_status(code) : status;
}

enum road_status store_purge(struct store *store, int64_t covered, int64_t fleet_s, int64_t phone_s, int64_t max,
                             int64_t *ret_deleted)
{
    int64_t deleted = 0;

    enum road_status status = purge_some(store, Q_OLDEST_PHONES, covered, phone_s, max, &deleted);
    if (status == ROAD_OK)
        status = purge_some(store, Q_OLDEST, covered, fleet_s, max, &deleted);
    if (status == ROAD_OK)
        *ret_deleted = deleted;
    return status;
}

enum road_status store_settled(struct store *store, struct store_settled *ret_settled)
{
    struct store_settled settled = {0};
    sqlite3_stmt *q = store->query[Q_SETTLED];
    const int code = sqlite3_step(q);
    enum road_status status = code == SQLITE_ROW ? ROAD_OK : code == SQLITE_DONE ? ROAD_CORRUPT : database_status(code);

    if (status == ROAD_OK) {
        settled.batch = sqlite3_column_int64(q, 0);
        settled.verdict = sqlite3_column_int64(q, 1);
        settled.as_of_ns = sqlite3_column_int64(q, 2);
        settled.seq = (uint64_t)sqlite3_column_int64(q, 4);
        status = column_kid(q, 3, &settled.speaker);
    }
    sqlite3_reset(q);
    if (status == ROAD_OK)
        *ret_settled = settled;
    return status;
}

enum road_status store_set_settled(struct store *store, const struct store_settled *settled)
{
    sqlite3_stmt *q = store->query[Q_SET_SETTLED];

    sqlite3_bind_int64(q, 1, settled->batch);
    sqlite3_bind_int64(q, 2, settled->verdict);
    sqlite3_bind_int64(q, 3, settled->as_of_ns);
    sqlite3_bind_blob(q, 4, settled->speaker.bytes, KID_SIZE, SQLITE_STATIC);
    sqlite3_bind_int64(q, 5, (int64_t)settled->seq);
    return database_run(q);
}
