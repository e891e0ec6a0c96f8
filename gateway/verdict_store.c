#include "gateway/verdict_store.h"

#include <stdlib.h>

#define BYTES_MAX 256 /* of one verdict on the wire: about 60 */

static const char *const migrations[] = {
    "CREATE TABLE verdict(id INTEGER PRIMARY KEY, bytes BLOB NOT NULL);",
    NULL,
};

struct verdict_store {
    sqlite3_stmt *put, *each;
};

enum road_status verdict_store_open(sqlite3 *db, struct verdict_store **ret_store)
{
    struct verdict_store *store = calloc(1, sizeof *store);

    if (!store)
        return ROAD_NO_MEMORY;
    enum road_status status = database_migrate_part(db, "verdict", migrations);
    if (status == ROAD_OK)
        status = database_prepare(db, "INSERT INTO verdict(bytes) VALUES(?1)", &store->put);
    if (status == ROAD_OK)
        status = database_prepare(db, "SELECT id, bytes FROM verdict WHERE id > ?1 AND id <= ?2 ORDER BY id", &store->each);
    if (status != ROAD_OK) {
        verdict_store_close(store);
        return status;
    }
    *ret_store = store;
    return ROAD_OK;
}

void verdict_store_close(struct verdict_store *store)
{
    if (!store)
        return;
    sqlite3_finalize(store->put);
    sqlite3_finalize(store->each);
    free(store);
}

enum road_status verdict_store_put(struct verdict_store *store, const struct verdict *verdict, int64_t *ret_id)
{
    uint8_t bytes[BYTES_MAX];
    size_t length;

    enum road_status status = verdict_statement_encode(verdict, bytes, sizeof bytes, &length);
    if (status != ROAD_OK)
        return status;
    sqlite3_bind_blob(store->put, 1, bytes, (int)length, SQLITE_TRANSIENT);
    status = database_run(store->put);
    if (status == ROAD_OK)
        *ret_id = sqlite3_last_insert_rowid(sqlite3_db_handle(store->put));
    return status;
}

enum road_status verdict_store_each(struct verdict_store *store, int64_t after, int64_t upto,
                                    void (*take)(void *context, int64_t id, const struct verdict *verdict),
                                    void *context)
{
    enum road_status status = ROAD_OK;
    struct verdict verdict;
    int code = SQLITE_DONE;

    sqlite3_bind_int64(store->each, 1, after);
    sqlite3_bind_int64(store->each, 2, upto);
    while (status == ROAD_OK && (code = sqlite3_step(store->each)) == SQLITE_ROW) {
        const void *bytes = sqlite3_column_blob(store->each, 1);
        const int length = sqlite3_column_bytes(store->each, 1);
        if (!bytes || verdict_statement_decode(bytes, (size_t)length, &verdict, NULL) != ROAD_OK)
            status = ROAD_CORRUPT;
        else
            take(context, sqlite3_column_int64(store->each, 0), &verdict);
    }
    sqlite3_reset(store->each);
    return status == ROAD_OK ? database_status(code) : status;
}
