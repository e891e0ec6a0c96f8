#include "server/ledger/ledger.h"

#include <stdlib.h>
#include <string.h>

#include "link/database.h"
#include "server/ledger/read.h"

/* The part of each tile level that is not a full tile yet. */
struct open_tile {
    unsigned width;
    struct tree_hash hashes[TILE_WIDTH];
};

struct ledger {
    sqlite3 *db;
    struct signer *signer;
    struct note_key key;
    struct tree_frontier frontier;
    uint64_t signed_size;
    struct open_tile tiles[TILE_LEVELS];
    sqlite3_stmt *insert_entry, *insert_tile, *insert_head, *select_last;
};

/* Peaks 8L .. 8L+7 out of the open tile of level L: the binary digits of its width, from the left. */
static void load_peaks(struct ledger *l, unsigned level)
{
    const struct open_tile *tile = &l->tiles[level];
    struct tree_hash part[TILE_WIDTH];
    size_t offset = 0;

    for (unsigned bit = 8; bit-- > 0;) {
        if (!(tile->width >> bit & 1))
            continue;
        const size_t count = (size_t)1 << bit;
        memcpy(part, tile->hashes + offset, count * sizeof part[0]);
        tree_fold(part, count, &l->frontier.peaks[8 * level + bit]);
        offset += count;
    }
}

static enum road_status load_tiles(struct ledger *l, uint64_t size)
{
    memset(&l->frontier, 0, sizeof l->frontier);
    memset(l->tiles, 0, sizeof l->tiles);
    l->frontier.size = size;
    for (int level = 0; level < TILE_LEVELS; level++) {
        const uint64_t hashes = size >> (8 * level);
        struct tile tile = {
            .level = level, .n = hashes / TILE_WIDTH, .width = (unsigned)(hashes % TILE_WIDTH)};
        if (tile.width == 0)
            continue;
        enum road_status status = ledger_read_tile(l->db, tile, l->tiles[level].hashes[0].bytes);
        if (status)
            return status;
        l->tiles[level].width = tile.width;
        load_peaks(l, (unsigned)level);
    }
    return ROAD_OK;
}

static enum road_status count_entries(sqlite3 *db, uint64_t *ret_count)
{
    sqlite3_stmt *s;
    enum road_status status = database_prepare(db, "SELECT coalesce(max(idx) + 1, 0) FROM entry", &s);

    if (status)
        return status;
    const int code = sqlite3_step(s);
    if (code == SQLITE_ROW)
        *ret_count = (uint64_t)sqlite3_column_int64(s, 0);
    sqlite3_finalize(s);
    return code == SQLITE_ROW ? ROAD_OK : database_status(code);
}

static enum road_status check_head(struct ledger *l, const struct checkpoint *head, const char *text)
{
    struct tree_hash root;

    if (strcmp(head->origin, l->key.name) != 0)
        return ROAD_DENIED;
    enum road_status status = checkpoint_check(text, strlen(text), &l->key, NULL);
    if (status)
        return status == ROAD_NOT_FOUND ? ROAD_DENIED : ROAD_CORRUPT;
    tree_root(&l->frontier, &root);
    return tree_hash_is_equal(&root, &head->root) ? ROAD_OK : ROAD_CORRUPT;
}

enum road_status ledger_reload(struct ledger *l)
{
    struct checkpoint head = {.size = 0};
    char text[NOTE_SIZE];
    uint64_t count = 0;

    enum road_status status = count_entries(l->db, &count);
    const enum road_status found = ledger_read_head(l->db, &head, text);
    if (status || (found && found != ROAD_NOT_FOUND))
        return status ? status : found;
    if (head.size != count)
        return ROAD_CORRUPT;
    if ((status = load_tiles(l, count)) != ROAD_OK)
        return status;
    l->signed_size = count;
    return found == ROAD_OK ? check_head(l, &head, text) : ROAD_OK;
}

static enum road_status prepare(struct ledger *l)
{
    enum road_status status = database_prepare(
        l->db, "INSERT INTO entry(idx, leaf, kind, subject, body) VALUES(?, ?, ?, ?, ?)", &l->insert_entry);

    if (!status)
        status = database_prepare(l->db, "INSERT INTO node_hash(level, n, hashes) VALUES(?, ?, ?)",
                                  &l->insert_tile);
    if (!status)
        status = database_prepare(l->db, "INSERT INTO head(size, root, checkpoint) VALUES(?, ?, ?)",
                                  &l->insert_head);
    if (!status)
        status =
            database_prepare(l->db, "SELECT idx, leaf FROM entry WHERE subject = ? ORDER BY idx DESC LIMIT 1",
                             &l->select_last);
    return status;
}

enum road_status ledger_open(sqlite3 *db, const char *origin, struct signer *signer,
                             struct ledger **ret_ledger)
{
    struct public_key public_key;
    struct ledger *l = calloc(1, sizeof *l);

    if (!l)
        return ROAD_NO_MEMORY;
    l->db = db;
    l->signer = signer;
    signer_public(signer, &public_key);
    enum road_status status = note_key_init(&l->key, origin, NOTE_KEY_ED25519, public_key.bytes);
    if (!status)
        status = prepare(l);
    if (!status)
        status = ledger_reload(l);
    if (status) {
        ledger_close(l);
        return status;
    }
    *ret_ledger = l;
    return ROAD_OK;
}

void ledger_close(struct ledger *l)
{
    if (!l)
        return;
    sqlite3_finalize(l->insert_entry);
    sqlite3_finalize(l->insert_tile);
    sqlite3_finalize(l->insert_head);
    sqlite3_finalize(l->select_last);
    free(l);
}

uint64_t ledger_size(const struct ledger *l)
{
    return l->frontier.size;
}

void ledger_root(const struct ledger *l, struct tree_hash *ret_root)
{
    tree_root(&l->frontier, ret_root);
}

const struct note_key *ledger_key(const struct ledger *l)
{
    return &l->key;
}

/* Runs a statement that gives no rows and makes it ready again. */
static enum road_status run(sqlite3_stmt *s)
{
    const int code = sqlite3_step(s);

    sqlite3_reset(s);
    return code == SQLITE_DONE ? ROAD_OK : database_status(code);
}

static enum road_status tile_push(struct ledger *l, unsigned level, const struct tree_hash *hash)
{
    struct open_tile *tile = &l->tiles[level];

    tile->hashes[tile->width++] = *hash;
    if (tile->width < TILE_WIDTH)
        return ROAD_OK;
    tile->width = 0;
    sqlite3_bind_int(l->insert_tile, 1, (int)level);
    sqlite3_bind_int64(l->insert_tile, 2,
                       (sqlite3_int64)((l->frontier.size >> (8 * level)) / TILE_WIDTH) - 1);
    sqlite3_bind_blob(l->insert_tile, 3, tile->hashes, sizeof tile->hashes, SQLITE_STATIC);
    return run(l->insert_tile);
}

enum road_status ledger_append(struct ledger *l, const char *kind, const char *subject, const void *body,
                               size_t length, struct tree_hash *ret_leaf)
{
    struct tree_hash completed[TREE_LEVEL_MAX + 1], leaf;

    if (length > ENTRY_MAX)
        return ROAD_TOO_LARGE;
    tree_leaf_hash(body, length, &leaf);
    sqlite3_bind_int64(l->insert_entry, 1, (sqlite3_int64)l->frontier.size);
    sqlite3_bind_blob(l->insert_entry, 2, leaf.bytes, TREE_HASH_SIZE, SQLITE_STATIC);
    sqlite3_bind_text(l->insert_entry, 3, kind, -1, SQLITE_STATIC);
    sqlite3_bind_text(l->insert_entry, 4, subject, -1, SQLITE_STATIC);
    sqlite3_bind_blob(l->insert_entry, 5, body, (int)length, SQLITE_STATIC);
    enum road_status status = run(l->insert_entry);
    const unsigned top = tree_append(&l->frontier, &leaf, completed);
    for (unsigned level = 0; !status && 8 * level <= top; level++)
        status = tile_push(l, level, &completed[8 * level]);
    if (!status && ret_leaf)
        *ret_leaf = leaf;
    return status;
}

enum road_status ledger_last_about(struct ledger *l, const char *subject, uint64_t *ret_index,
                                   struct tree_hash *ret_leaf)
{
    enum road_status status = ROAD_OK;

    sqlite3_bind_text(l->select_last, 1, subject, -1, SQLITE_STATIC);
    const int code = sqlite3_step(l->select_last);
    if (code == SQLITE_DONE)
        status = ROAD_NOT_FOUND;
    else if (code != SQLITE_ROW)
        status = database_status(code);
    else if (sqlite3_column_bytes(l->select_last, 1) != TREE_HASH_SIZE)
        status = ROAD_CORRUPT;
    if (!status) {
        *ret_index = (uint64_t)sqlite3_column_int64(l->select_last, 0);
        if (ret_leaf)
            memcpy(ret_leaf->bytes, sqlite3_column_blob(l->select_last, 1), TREE_HASH_SIZE);
    }
    sqlite3_reset(l->select_last);
    return status;
}

enum road_status ledger_say(struct ledger *l, const char *kind, const char *subject, const uint8_t *said,
                            size_t said_length, int64_t time_ms, uint64_t *ret_index)
{
    struct envelope envelope = {.time_ms = time_ms, .said = said, .said_length = said_length};
    char text[ENTRY_MAX + 1];
    size_t length;

    if (!envelope_kind_is_valid(kind, strlen(kind)) || !envelope_subject_is_valid(subject, strlen(subject)))
        return ROAD_BAD_INPUT;
    memcpy(envelope.kind, kind, strlen(kind) + 1);
    memcpy(envelope.subject, subject, strlen(subject) + 1);
    enum road_status status = ledger_last_about(l, subject, &envelope.prev_index, &envelope.prev_leaf);
    if (status && status != ROAD_NOT_FOUND)
        return status;
    envelope.has_prev = status == ROAD_OK;
    if ((status = envelope_format(&envelope, text, sizeof text, &length)) != ROAD_OK)
        return status;
    const uint64_t index = l->frontier.size;
    status = ledger_append(l, kind, subject, text, length, NULL);
    if (!status && ret_index)
        *ret_index = index;
    return status;
}

enum road_status ledger_sign(struct ledger *l)
{
    struct checkpoint head = {.size = l->frontier.size};
    char text[NOTE_SIZE];
    size_t length;

    if (head.size == l->signed_size)
        return ROAD_OK;
    memcpy(head.origin, l->key.name, sizeof head.origin);
    tree_root(&l->frontier, &head.root);
    enum road_status status = checkpoint_sign(&head, &l->key, l->signer, text, sizeof text, &length);
    if (status)
        return status;
    sqlite3_bind_int64(l->insert_head, 1, (sqlite3_int64)head.size);
    sqlite3_bind_blob(l->insert_head, 2, head.root.bytes, TREE_HASH_SIZE, SQLITE_STATIC);
    sqlite3_bind_text(l->insert_head, 3, text, (int)length, SQLITE_STATIC);
    if ((status = run(l->insert_head)) == ROAD_OK)
        l->signed_size = head.size;
    return status;
}
