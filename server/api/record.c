/* record.c - the ledger and the changes as they were written: /log/, /v1/proof, /v1/entries, /v1/changes. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "server/api/inside.h"
#include "server/api/json.h"
#include "server/ledger/read.h"

#define CHANGES_BYTES_MAX (4U << 20) /* of one answer; the rest follows with `after` */
#define CACHE_FOREVER "public, max-age=31536000, immutable"
#define TYPE_TEXT "text/plain; charset=utf-8"
#define TYPE_BYTES "application/octet-stream"

static void answer_checkpoint(struct call *call)
{
    struct checkpoint head;
    char note[NOTE_SIZE];

    if (answer_is_ok(call->answer, ledger_read_head(call->reader->db, &head, note), NULL))
        answer_text(call->answer, TYPE_TEXT, note, strlen(note));
}

static void answer_hashes(struct call *call, struct tile tile)
{
    uint8_t hashes[TILE_WIDTH * TREE_HASH_SIZE];

    if (answer_is_ok(call->answer, ledger_read_tile(call->reader->db, tile, hashes), "tile"))
        answer_text(call->answer, TYPE_BYTES, hashes, tile.width * TREE_HASH_SIZE);
}

static void answer_bundle(struct call *call, struct tile tile)
{
    uint8_t *bundle = NULL;
    size_t length;

    if (answer_is_ok(call->answer, ledger_read_bundle(call->reader->db, tile, &bundle, &length), "tile"))
        answer_text(call->answer, TYPE_BYTES, bundle, length);
    free(bundle);
}

void answer_log(struct call *call)
{
    const char *tail = call->request->tail;
    struct tile tile;

    if (strcmp(tail, "checkpoint") == 0) {
        answer_checkpoint(call);
        return;
    }
    if (tile_path_parse(tail, &tile)) {
        answer_error(call->answer, 404, "the log has checkpoint, tile/<L>/<N>[.p/<W>] and tile/entries/<N>[.p/<W>]",
                     "tile");
        return;
    }
    if (tile.level == TILE_ENTRIES)
        answer_bundle(call, tile);
    else
        answer_hashes(call, tile);
    if (call->answer->status == 200) /* a tile of a given width never changes */
        call->answer->cache = CACHE_FOREVER;
}

/* The number behind /v1/proof/ or /v1/entries/; answers the error itself. */
static bool read_index(struct call *call, int64_t *ret_index)
{
    if (request_count(call->request->tail, ret_index) == ROAD_OK)
        return true;
    answer_error(call->answer, 400, "an entry is named by its number", "index");
    return false;
}

void answer_proof(struct call *call)
{
    int64_t index;
    size_t length;

    if (!read_index(call, &index))
        return;
    char *text = malloc(PROOF_TEXT_SIZE);
    const enum road_status status =
        text ? ledger_read_proof(call->reader->db, (uint64_t)index, text, &length) : ROAD_NO_MEMORY;
    if (status == ROAD_NOT_FOUND)
        answer_error(call->answer, 404, "the log has no such entry", "index");
    else if (answer_is_ok(call->answer, status, NULL))
        answer_text(call->answer, TYPE_TEXT, text, length);
    free(text);
}

void answer_entry(struct call *call)
{
    sqlite3_stmt *s = reader_query(call->reader, QUERY_ENTRY);
    enum road_status status = ROAD_OK;
    char leaf[65];
    int64_t index;

    if (!read_index(call, &index))
        return;
    sqlite3_bind_int64(s, 1, index);
    if (!reader_step(s, &status)) {
        if (status)
            answer_status(call->answer, status, NULL);
        else
            answer_error(call->answer, 404, "the log has no such entry", "index");
        return;
    }
    json_t *entry =
        json_loadb(sqlite3_column_blob(s, 1), (size_t)sqlite3_column_bytes(s, 1), JSON_REJECT_DUPLICATES, NULL);
    if (!entry || sqlite3_column_bytes(s, 0) != TREE_HASH_SIZE) {
        json_decref(entry);
        answer_status(call->answer, ROAD_CORRUPT, "index");
        return;
    }
    answer_json(call->answer,
                json_pack("{s:I, s:s, s:o}", "index", (json_int_t)index, "leaf_hash",
                          hex_format(sqlite3_column_blob(s, 0), TREE_HASH_SIZE, leaf), "entry", entry));
}

/* The events are JSON already and go out as they were written. */
void answer_changes(struct call *call)
{
    const char *after_text = request_text(call->request, "after");
    sqlite3_stmt *s = reader_query(call->reader, QUERY_CHANGES);
    struct bytes *body = &call->answer->body;
    enum road_status status = ROAD_OK;
    int64_t after = 0, n = 0;
    int limit;

    if (after_text && request_count(after_text, &after)) {
        answer_error(call->answer, 400, "after is the number of a change", "after");
        return;
    }
    if (request_limit(call->request, &limit)) {
        answer_error(call->answer, 400, "limit is a whole number from 1 to 1000", "limit");
        return;
    }
    sqlite3_bind_int64(s, 1, after);
    sqlite3_bind_int(s, 2, limit + 1);
    bytes_text(body, "{\"items\":[");
    bool has_more = false;
    while (!has_more && reader_step(s, &status)) {
        has_more = n == limit || (n > 0 && body->length > CHANGES_BYTES_MAX);
        if (has_more)
            break;
        after = sqlite3_column_int64(s, 0);
        bytes_text(body, n++ > 0 ? "," : "");
        bytes_put(body, sqlite3_column_text(s, 1), (size_t)sqlite3_column_bytes(s, 1));
    }
    if (has_more)
        bytes_format(body, "],\"next\":\"%" PRId64 "\"}", after);
    else
        bytes_text(body, "],\"next\":null}");
    if (status)
        answer_status(call->answer, status, NULL);
}
