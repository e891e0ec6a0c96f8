#include "server/ledger/read.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "link/database.h"

enum road_status ledger_read_head(sqlite3 *db, struct checkpoint *ret_checkpoint, char *ret_text)
{
    sqlite3_stmt *s;
    enum road_status status =
        database_prepare(db, "SELECT checkpoint FROM head ORDER BY size DESC LIMIT 1", &s);

    if (status)
        return status;
    const int code = sqlite3_step(s);
    if (code == SQLITE_ROW) {
        const char *text = (const char *)sqlite3_column_text(s, 0);
        const size_t length = (size_t)sqlite3_column_bytes(s, 0);
        status = text ? checkpoint_parse(text, length, ret_checkpoint) : ROAD_CORRUPT;
        if (!status && ret_text)
            memcpy(ret_text, text, length + 1);
    } else {
        status = code == SQLITE_DONE ? ROAD_NOT_FOUND : database_status(code);
    }
    sqlite3_finalize(s);
    return status;
}

/* The hashes of a full tile's row; ROAD_NOT_FOUND if it is not full yet. */
static enum road_status read_row(sqlite3 *db, int level, uint64_t n, struct tree_hash ret_hashes[TILE_WIDTH])
{
    sqlite3_stmt *s;
    enum road_status status =
        database_prepare(db, "SELECT hashes FROM node_hash WHERE level = ? AND n = ?", &s);

    if (status)
        return status;
    sqlite3_bind_int(s, 1, level);
    sqlite3_bind_int64(s, 2, (sqlite3_int64)n);
    const int code = sqlite3_step(s);
    if (code == SQLITE_ROW) {
        if (sqlite3_column_bytes(s, 0) == TILE_WIDTH * TREE_HASH_SIZE)
            memcpy(ret_hashes, sqlite3_column_blob(s, 0), TILE_WIDTH * TREE_HASH_SIZE);
        else
            status = ROAD_CORRUPT;
    } else {
        status = code == SQLITE_DONE ? ROAD_NOT_FOUND : database_status(code);
    }
    sqlite3_finalize(s);
    return status;
}

static enum road_status read_leaves(sqlite3 *db, uint64_t first, size_t count, struct tree_hash *ret_hashes)
{
    sqlite3_stmt *s;
    size_t n = 0;
    int code = SQLITE_ROW;
    enum road_status status =
        database_prepare(db, "SELECT leaf FROM entry WHERE idx >= ? ORDER BY idx LIMIT ?", &s);

    if (status)
        return status;
    sqlite3_bind_int64(s, 1, (sqlite3_int64)first);
    sqlite3_bind_int64(s, 2, (sqlite3_int64)count);
    while (!status && (code = sqlite3_step(s)) == SQLITE_ROW) {
        if (sqlite3_column_bytes(s, 0) == TREE_HASH_SIZE)
            memcpy(&ret_hashes[n++], sqlite3_column_blob(s, 0), TREE_HASH_SIZE);
        else
            status = ROAD_CORRUPT;
    }
    sqlite3_finalize(s);
    if (!status && code != SQLITE_DONE)
        status = database_status(code);
    return status ? status : n == count ? ROAD_OK : ROAD_CORRUPT;
}

/* Hashes first .. first + count - 1 of one tile level, all inside one tile and all complete. */
static enum road_status read_hashes(sqlite3 *db, int level, uint64_t first, size_t count,
                                    struct tree_hash *ret_hashes)
{
    struct tree_hash row[TILE_WIDTH];

    enum road_status status = read_row(db, level, first / TILE_WIDTH, row);
    if (!status)
        memcpy(ret_hashes, &row[first % TILE_WIDTH], count * TREE_HASH_SIZE);
    if (status != ROAD_NOT_FOUND)
        return status;
    if (level == 0)
        return read_leaves(db, first, count, ret_hashes);
    for (size_t i = 0; i < count; i++) { /* each is the root of a full tile one level below */
        if ((status = read_row(db, level - 1, first + i, row)) != ROAD_OK)
            return status == ROAD_NOT_FOUND ? ROAD_CORRUPT : status;
        tree_fold(row, TILE_WIDTH, &ret_hashes[i]);
    }
    return ROAD_OK;
}

enum road_status ledger_read_tile(sqlite3 *db, struct tile tile, uint8_t *ret_bytes)
{
    struct tree_hash hashes[TILE_WIDTH];
    struct checkpoint head;

    enum road_status status = ledger_read_head(db, &head, NULL);
    if (status)
        return status;
    if (tile.level < 0 || tile.width == 0 || tile_width(tile.level, tile.n, head.size) < tile.width)
        return ROAD_NOT_FOUND;
    if ((status = read_hashes(db, tile.level, tile.n * TILE_WIDTH, tile.width, hashes)) == ROAD_OK)
        memcpy(ret_bytes, hashes, tile.width * TREE_HASH_SIZE);
    return status;
}

/* Copies the bodies of the rows into one bundle, growing it as needed. */
static enum road_status collect_bundle(sqlite3_stmt *s, unsigned width, uint8_t **bytes, size_t *ret_length)
{
    size_t used = 0, capacity = 0;
    unsigned n = 0;
    int code;

    while ((code = sqlite3_step(s)) == SQLITE_ROW) {
        const size_t length = (size_t)sqlite3_column_bytes(s, 0);
        if (used + 2 + length > capacity) {
            capacity = 2 * (used + 2 + length);
            uint8_t *grown = realloc(*bytes, capacity);
            if (!grown)
                return ROAD_NO_MEMORY;
            *bytes = grown;
        }
        const size_t put = bundle_put(*bytes + used, capacity - used, sqlite3_column_blob(s, 0), length);
        if (put == 0)
            return ROAD_CORRUPT;
        used += put;
        n++;
    }
    *ret_length = used;
    return code != SQLITE_DONE ? database_status(code) : n == width ? ROAD_OK : ROAD_CORRUPT;
}

enum road_status ledger_read_bundle(sqlite3 *db, struct tile tile, uint8_t **ret_bytes, size_t *ret_length)
{
    struct checkpoint head;
    sqlite3_stmt *s;
    uint8_t *bytes = NULL;
    size_t length;

    enum road_status status = ledger_read_head(db, &head, NULL);
    if (status)
        return status;
    if (tile.level != TILE_ENTRIES || tile.width == 0 ||
        tile_width(TILE_ENTRIES, tile.n, head.size) < tile.width)
        return ROAD_NOT_FOUND;
    status = database_prepare(db, "SELECT body FROM entry WHERE idx >= ? ORDER BY idx LIMIT ?", &s);
    if (status)
        return status;
    sqlite3_bind_int64(s, 1, (sqlite3_int64)(tile.n * TILE_WIDTH));
    sqlite3_bind_int64(s, 2, tile.width);
    status = collect_bundle(s, tile.width, &bytes, &length);
    sqlite3_finalize(s);
    if (status) {
        free(bytes);
        return status;
    }
    *ret_bytes = bytes;
    *ret_length = length;
    return ROAD_OK;
}

static enum road_status read_subtree(void *context, unsigned level, uint64_t index,
                                     struct tree_hash *ret_hash)
{
    struct tree_hash hashes[TILE_WIDTH];
    const unsigned inner = level % 8; /* a tile holds 8 levels of the tree */

    enum road_status status =
        read_hashes(context, (int)(level / 8), index << inner, (size_t)1 << inner, hashes);
    if (!status)
        tree_fold(hashes, (size_t)1 << inner, ret_hash);
    return status;
}

struct tree_reader ledger_reader(sqlite3 *db)
{
    return (struct tree_reader){.read = read_subtree, .context = db};
}

enum road_status ledger_read_proof(sqlite3 *db, uint64_t index, char *ret_text, size_t *ret_length)
{
    const struct tree_reader reader = ledger_reader(db);
    struct checkpoint head;
    struct tree_proof proof;
    char note[NOTE_SIZE];

    enum road_status status = ledger_read_head(db, &head, note);
    if (status)
        return status;
    if (index >= head.size)
        return ROAD_NOT_FOUND;
    if ((status = tree_inclusion_prove(&reader, index, head.size, &proof)) != ROAD_OK)
        return status;
    *ret_length = proof_format(index, &proof, note, ret_text);
    return ROAD_OK;
}
