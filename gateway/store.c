#include "gateway/store.h"

#include <stdlib.h>
#include <string.h>

const char *const store_migrations[] = {
    "CREATE TABLE batch(id INTEGER PRIMARY KEY, kid BLOB NOT NULL, seq INTEGER NOT NULL, is_phone INTEGER NOT NULL,"
    " newest_ns INTEGER NOT NULL, sealed BLOB NOT NULL);",
    NULL,
};

struct store {
    sqlite3_stmt *put, *each;
};

enum road_status store_open(sqlite3 *db, struct store **ret_store)
{
    struct store *store = calloc(1, sizeof *store);

    if (!store)
        return ROAD_NO_MEMORY;
    enum road_status status = database_prepare(
        db, "INSERT INTO batch(kid, seq, is_phone, newest_ns, sealed) VALUES(?1, ?2, ?3, ?4, ?5)", &store->put);
    if (status == ROAD_OK)
        status = database_prepare(db, "SELECT kid, is_phone, sealed FROM batch ORDER BY id", &store->each);
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
    sqlite3_finalize(store->put);
    sqlite3_finalize(store->each);
    free(store);
}

enum road_status store_put(struct store *store, struct kid speaker, uint64_t seq, bool is_phone, int64_t newest_ns,
                           const void *sealed, size_t length)
{
    sqlite3_bind_blob(store->put, 1, speaker.bytes, KID_SIZE, SQLITE_STATIC);
    sqlite3_bind_int64(store->put, 2, (int64_t)seq);
    sqlite3_bind_int(store->put, 3, is_phone);
    sqlite3_bind_int64(store->put, 4, newest_ns);
    sqlite3_bind_blob(store->put, 5, sealed, (int)length, SQLITE_STATIC);
    return database_run(store->put);
}

enum road_status store_each(struct store *store,
                            enum road_status (*take)(void *context, struct kid speaker, bool is_phone,
                                                     const uint8_t *sealed, size_t length),
                            void *context)
{
    enum road_status status = ROAD_OK;
    int code = SQLITE_DONE;

    while (status == ROAD_OK && (code = sqlite3_step(store->each)) == SQLITE_ROW) {
        struct kid kid;
        if (sqlite3_column_bytes(store->each, 0) != KID_SIZE) {
            status = ROAD_CORRUPT;
            break;
        }
        memcpy(kid.bytes, sqlite3_column_blob(store->each, 0), KID_SIZE);
        status = take(context, kid, sqlite3_column_int(store->each, 1) != 0, sqlite3_column_blob(store->each, 2),
                      (size_t)sqlite3_column_bytes(store->each, 2));
    }
    sqlite3_reset(store->each);
    return status == ROAD_OK ? database_status(code) : status;
}
