#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "link/database.h"
#include "server/ledger/read.h"
#include "server/ledger/source.h"

struct database_source {
    struct log_source source;
    sqlite3 *db;
    sqlite3_stmt *select_row, *select_head;
    char kind[256], subject[256];
};

static enum road_status fetch_checkpoint(struct database_source *d)
{
    struct checkpoint head;
    char text[NOTE_SIZE];

    enum road_status status = ledger_read_head(d->db, &head, text);
    if (!status)
        status = log_source_reserve(&d->source, strlen(text));
    if (status)
        return status;
    memcpy(d->source.bytes, text, strlen(text));
    d->source.length = strlen(text);
    return ROAD_OK;
}

static enum road_status fetch_hashes(struct database_source *d, struct tile tile)
{
    enum road_status status = log_source_reserve(&d->source, TILE_WIDTH * TREE_HASH_SIZE);

    if (!status)
        status = ledger_read_tile(d->db, tile, d->source.bytes);
    if (!status)
        d->source.length = tile.width * TREE_HASH_SIZE;
    return status;
}

static enum road_status fetch_bundle(struct database_source *d, struct tile tile)
{
    uint8_t *bytes;
    size_t length;

    enum road_status status = ledger_read_bundle(d->db, tile, &bytes, &length);
    if (status)
        return status;
    free(d->source.bytes);
    d->source.bytes = bytes;
    d->source.length = d->source.capacity = length;
    return ROAD_OK;
}

static enum road_status database_fetch(struct log_source *source, const char *path, const uint8_t **ret_bytes,
                                       size_t *ret_length)
{
    struct database_source *d = (struct database_source *)source;
    struct tile tile;
    enum road_status status;

    source->length = 0;
    if (strcmp(path, "checkpoint") == 0)
        status = fetch_checkpoint(d);
    else if ((status = tile_path_parse(path, &tile)) == ROAD_OK)
        status = tile.level == TILE_ENTRIES ? fetch_bundle(d, tile) : fetch_hashes(d, tile);
    if (status)
        return status;
    *ret_bytes = source->bytes;
    *ret_length = source->length;
    return ROAD_OK;
}

static void copy_column(sqlite3_stmt *s, int column, char *ret_text, size_t size)
{
    const char *text = (const char *)sqlite3_column_text(s, column);

    snprintf(ret_text, size, "%s", text ? text : "");
}

static enum road_status database_row(struct log_source *source, uint64_t index,
                                     struct log_source_row *ret_row)
{
    struct database_source *d = (struct database_source *)source;
    enum road_status status = ROAD_OK;

    sqlite3_bind_int64(d->select_row, 1, (sqlite3_int64)index);
    const int code = sqlite3_step(d->select_row);
    if (code != SQLITE_ROW)
        status = code == SQLITE_DONE ? ROAD_NOT_FOUND : database_status(code);
    else if (sqlite3_column_bytes(d->select_row, 0) != TREE_HASH_SIZE)
        status = ROAD_CORRUPT;
    if (!status) {
        memcpy(ret_row->leaf.bytes, sqlite3_column_blob(d->select_row, 0), TREE_HASH_SIZE);
        copy_column(d->select_row, 1, d->kind, sizeof d->kind);
        copy_column(d->select_row, 2, d->subject, sizeof d->subject);
        ret_row->kind = d->kind;
        ret_row->subject = d->subject;
    }
    sqlite3_reset(d->select_row);
    return status;
}

static enum road_status database_head(struct log_source *source, int64_t after,
                                      struct log_source_head *ret_head)
{
    struct database_source *d = (struct database_source *)source;
    enum road_status status = ROAD_OK;

    sqlite3_bind_int64(d->select_head, 1, after);
    const int code = sqlite3_step(d->select_head);
    if (code != SQLITE_ROW)
        status = code == SQLITE_DONE ? ROAD_END : database_status(code);
    else if (sqlite3_column_bytes(d->select_head, 1) != TREE_HASH_SIZE)
        status = ROAD_CORRUPT;
    if (!status) {
        ret_head->size = (uint64_t)sqlite3_column_int64(d->select_head, 0);
        memcpy(ret_head->root.bytes, sqlite3_column_blob(d->select_head, 1), TREE_HASH_SIZE);
        copy_column(d->select_head, 2, ret_head->text, sizeof ret_head->text);
    }
    sqlite3_reset(d->select_head);
    return status;
}

static void database_source_close(struct log_source *source)
{
    struct database_source *d = (struct database_source *)source;

    sqlite3_finalize(d->select_row);
    sqlite3_finalize(d->select_head);
    if (d->db)
        sqlite3_exec(d->db, "ROLLBACK", NULL, NULL, NULL);
    database_close(d->db);
    free(d);
}

static const struct log_source_kind database_kind = {
    .fetch = database_fetch, .close = database_source_close, .row = database_row, .head = database_head};

enum road_status log_source_database_open(const char *path, struct log_source **ret_source, char *ret_error)
{
    struct database_source *d = calloc(1, sizeof *d);

    if (!d)
        return ROAD_NO_MEMORY;
    d->source.kind = &database_kind;
    enum road_status status = database_open_readonly(path, &d->db, ret_error);
    if (!status) /* one snapshot for the whole check, while the server goes on writing */
        status = database_exec(d->db, "BEGIN");
    if (!status)
        status =
            database_prepare(d->db, "SELECT leaf, kind, subject FROM entry WHERE idx = ?", &d->select_row);
    if (!status)
        status = database_prepare(
            d->db, "SELECT size, root, checkpoint FROM head WHERE size > ? ORDER BY size LIMIT 1",
            &d->select_head);
    if (status) {
        snprintf(ret_error, 256, "%s: not a server's database: %s", path,
                 d->db ? sqlite3_errmsg(d->db) : road_status_sentence(status));
        database_source_close(&d->source);
        return status;
    }
    *ret_source = &d->source;
    return ROAD_OK;
}
