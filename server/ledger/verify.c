#include "server/ledger/verify.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/ledger/testimony.h"

struct old_head {
    uint64_t size;
    struct tree_hash root;
};

struct verify {
    struct log_source *source;
    const struct verify_config *config;
    struct verify_report *report;
    struct note_key log_key;
    struct checkpoint head;
    struct old_head *old; /* ascending by size */
    size_t n_old, next_old;
    struct testimony testimony;
    struct tree_frontier frontier;
    struct {
        unsigned width;
        struct tree_hash hashes[TILE_WIDTH];
    } open[TILE_LEVELS]; /* tiles as they must be, from the entries */
};

/* --- the head and the key --- */

static enum road_status set_log_key(struct verify *v, const char *vkey)
{
    if (note_key_parse(vkey, &v->log_key) || v->log_key.type != NOTE_KEY_ED25519)
        return verify_fail(v->report, ROAD_BAD_INPUT, -1, "the log's key is not a vkey of type Ed25519: %s",
                           vkey);
    snprintf(v->report->vkey, sizeof v->report->vkey, "%s", vkey);
    return testimony_start(&v->testimony, &v->log_key);
}

/* The first entry of a log registers the log's own key. Read unverified: the tree and the signatures decide.
 */
static enum road_status log_key_of_entry(struct verify *v, const uint8_t *entry, size_t length)
{
    struct envelope envelope;
    struct key_event event;
    struct note_key key;
    struct kid kid;
    const uint8_t *payload;
    size_t payload_length;
    char vkey[NOTE_KEY_TEXT_SIZE];

    if (envelope_parse(entry, length, v->testimony.said, &envelope) || strcmp(envelope.kind, "key") != 0 ||
        cose_peek(envelope.said, envelope.said_length, &kid, &payload, &payload_length) ||
        key_event_parse(payload, payload_length, &event) || strcmp(event.role, "log") != 0 ||
        event.key.cose_alg != -8 || event.key.length != ED25519_PUBLIC_SIZE ||
        note_key_init(&key, event.name, NOTE_KEY_ED25519, event.key.bytes))
        return verify_fail(v->report, ROAD_BAD_INPUT, 0,
                           "the first entry does not name the log's key; give --vkey");
    return set_log_key(v, note_key_format(&key, vkey));
}

static enum road_status fetch_bundle(struct verify *v, uint64_t n, const uint8_t **ret_bytes,
                                     size_t *ret_length)
{
    const struct tile tile = {TILE_ENTRIES, n, tile_width(TILE_ENTRIES, n, v->head.size)};
    char path[TILE_PATH_SIZE];

    tile_path_format(tile, path);
    const enum road_status status = v->source->kind->fetch(v->source, path, ret_bytes, ret_length);
    return status ? verify_fail(v->report, status, (int64_t)(n * TILE_WIDTH), "%s: %s", path,
                                road_status_sentence(status))
                  : ROAD_OK;
}

static enum road_status find_log_key(struct verify *v)
{
    const uint8_t *bundle, *entry;
    size_t length, entry_length, offset = 0;

    v->report->is_pinned = v->config->vkey != NULL;
    if (v->config->vkey)
        return set_log_key(v, v->config->vkey);
    if (v->head.size == 0)
        return verify_fail(v->report, ROAD_NOT_FOUND, -1, "an empty log names no key; give --vkey");
    enum road_status status = fetch_bundle(v, 0, &bundle, &length);
    if (status)
        return status;
    if (bundle_next(bundle, length, &offset, &entry, &entry_length))
        return verify_fail(v->report, ROAD_BAD_INPUT, 0, "tile/entries/000: the first entry is cut short");
    return log_key_of_entry(v, entry, entry_length);
}

/* A head's text, this log's signature on it and its name. */
static enum road_status check_note(struct verify *v, const char *text, size_t length, const char *what,
                                   struct checkpoint *ret_head)
{
    enum road_status status = checkpoint_parse(text, length, ret_head);

    if (status)
        return verify_fail(v->report, status, -1, "%s is not a signed head", what);
    if (strcmp(ret_head->origin, v->log_key.name) != 0)
        return verify_fail(v->report, ROAD_DENIED, -1, "%s is of another log", what);
    if ((status = checkpoint_check(text, length, &v->log_key, NULL)) != ROAD_OK)
        return verify_fail(v->report, ROAD_BAD_SIGNATURE, -1, "%s is not signed by the log's key", what);
    return ROAD_OK;
}

static enum road_status read_head(struct verify *v)
{
    const uint8_t *bytes;
    char text[NOTE_SIZE];
    size_t length;

    enum road_status status = v->source->kind->fetch(v->source, "checkpoint", &bytes, &length);
    if (!status && length >= sizeof text)
        status = ROAD_TOO_LARGE;
    if (status)
        return verify_fail(v->report, status, -1, "checkpoint: %s", road_status_sentence(status));
    memcpy(text, bytes, length); /* the next fetch takes the source's buffer */
    if ((status = checkpoint_parse(text, length, &v->head)) != ROAD_OK)
        return verify_fail(v->report, status, -1, "the checkpoint is not a signed head");
    if ((status = find_log_key(v)) == ROAD_OK)
        status = check_note(v, text, length, "the checkpoint", &v->head);
    if (status)
        return status;
    memcpy(v->report->origin, v->head.origin, sizeof v->report->origin);
    v->report->size = v->head.size;
    v->report->root = v->head.root;
    return ROAD_OK;
}

/* --- older heads --- */

static int compare_heads(const void *a, const void *b)
{
    const uint64_t x = ((const struct old_head *)a)->size, y = ((const struct old_head *)b)->size;

    return x < y ? -1 : x > y;
}

static enum road_status add_old(struct verify *v, const char *text)
{
    struct checkpoint head;

    enum road_status status = check_note(v, text, strlen(text), "an older head", &head);
    if (status)
        return status;
    if (head.size > v->head.size)
        return verify_fail(v->report, ROAD_BAD_SIGNATURE, -1,
                           "a head of size %" PRIu64 " was seen; this log has only %" PRIu64, head.size,
                           v->head.size);
    struct old_head *grown = realloc(v->old, (v->n_old + 1) * sizeof *grown);
    if (!grown)
        return ROAD_NO_MEMORY;
    v->old = grown;
    v->old[v->n_old++] = (struct old_head){.size = head.size, .root = head.root};
    return ROAD_OK;
}

/* All heads that a database holds; its columns must tell what is signed. */
static enum road_status collect_stored(struct verify *v)
{
    struct log_source_head stored;
    enum road_status status;
    int64_t after = -1;

    while ((status = v->source->kind->head(v->source, after, &stored)) == ROAD_OK) {
        if ((status = add_old(v, stored.text)) != ROAD_OK)
            return status;
        const struct old_head *added = &v->old[v->n_old - 1];
        if (added->size != stored.size || !tree_hash_is_equal(&added->root, &stored.root))
            return verify_fail(v->report, ROAD_CORRUPT, -1,
                               "the stored head of size %" PRIu64 " is not what is signed", stored.size);
        after = (int64_t)stored.size;
    }
    return status == ROAD_END ? ROAD_OK
                              : verify_fail(v->report, status, -1, "heads: %s", road_status_sentence(status));
}

/* Those that the caller kept, and those of a database. */
static enum road_status collect_old(struct verify *v)
{
    enum road_status status = ROAD_OK;

    for (size_t i = 0; i < v->config->n_old && !status; i++)
        status = add_old(v, v->config->old[i]);
    if (!status && v->source->kind->head)
        status = collect_stored(v);
    if (!status && v->n_old > 0)
        qsort(v->old, v->n_old, sizeof *v->old, compare_heads);
    return status;
}

/* The tree that grows from the entries must have had each older head's root at its size. */
static enum road_status check_old(struct verify *v)
{
    struct tree_hash root;

    for (; v->next_old < v->n_old && v->old[v->next_old].size == v->frontier.size; v->next_old++) {
        tree_root(&v->frontier, &root);
        if (!tree_hash_is_equal(&root, &v->old[v->next_old].root))
            return verify_fail(v->report, ROAD_BAD_SIGNATURE, -1,
                               "the head of size %" PRIu64 " that was seen before is not of this log",
                               v->frontier.size);
        v->report->heads++;
    }
    return ROAD_OK;
}

/* --- tiles --- */

static enum road_status check_tile(struct verify *v, int level, uint64_t n, unsigned width)
{
    const struct tile tile = {level, n, width};
    char path[TILE_PATH_SIZE];
    const uint8_t *bytes;
    size_t length;

    tile_path_format(tile, path);
    const enum road_status status = v->source->kind->fetch(v->source, path, &bytes, &length);
    if (status)
        return verify_fail(v->report, status, -1, "%s: %s", path, road_status_sentence(status));
    const struct tree_hash *want = v->open[level].hashes;
    if (length != width * TREE_HASH_SIZE)
        return verify_fail(v->report, ROAD_BAD_SIGNATURE, -1, "%s has %zu bytes instead of %u", path, length,
                           width * TREE_HASH_SIZE);
    for (unsigned i = 0; i < width; i++)
        if (memcmp(bytes + i * TREE_HASH_SIZE, want[i].bytes, TREE_HASH_SIZE) != 0)
            return verify_fail(v->report, ROAD_BAD_SIGNATURE, level == 0 ? (int64_t)(n * TILE_WIDTH + i) : -1,
                               "%s: hash %u is not that of the entries", path, i);
    return ROAD_OK;
}

static void grow_tree(struct verify *v, const struct tree_hash *leaf)
{
    struct tree_hash completed[TREE_LEVEL_MAX + 1];
    const unsigned top = tree_append(&v->frontier, leaf, completed);

    for (unsigned level = 0; 8 * level <= top; level++)
        v->open[level].hashes[v->open[level].width++] = completed[8 * level];
}

/* Once a bundle is through: the tiles that it filled. */
static enum road_status check_full_tiles(struct verify *v)
{
    enum road_status status = ROAD_OK;

    for (int level = 0; level < TILE_LEVELS && v->open[level].width == TILE_WIDTH && !status; level++) {
        status = check_tile(v, level, (v->frontier.size >> (8 * level)) / TILE_WIDTH - 1, TILE_WIDTH);
        v->open[level].width = 0;
    }
    return status;
}

static enum road_status check_partial_tiles(struct verify *v)
{
    enum road_status status = ROAD_OK;

    for (int level = 0; level < TILE_LEVELS && !status; level++)
        if (v->open[level].width > 0)
            status =
                check_tile(v, level, (v->frontier.size >> (8 * level)) / TILE_WIDTH, v->open[level].width);
    return status;
}

/* --- entries --- */

static enum road_status check_row(struct verify *v, const struct envelope *e, const struct tree_hash *leaf)
{
    struct log_source_row row;

    if (!v->source->kind->row)
        return ROAD_OK;
    const enum road_status status = v->source->kind->row(v->source, v->frontier.size, &row);
    if (status)
        return verify_fail(v->report, status, (int64_t)v->frontier.size, "row: %s",
                           road_status_sentence(status));
    if (!tree_hash_is_equal(&row.leaf, leaf) || strcmp(row.kind, e->kind) != 0 ||
        strcmp(row.subject, e->subject) != 0)
        return verify_fail(v->report, ROAD_BAD_SIGNATURE, (int64_t)v->frontier.size,
                           "the database's columns do not tell what the entry says");
    return ROAD_OK;
}

static enum road_status check_entry(struct verify *v, const uint8_t *bytes, size_t length)
{
    struct envelope envelope;
    struct tree_hash leaf;

    tree_leaf_hash(bytes, length, &leaf);
    enum road_status status = testimony_check(&v->testimony, bytes, length, &leaf, &envelope);
    if (!status)
        status = check_row(v, &envelope, &leaf);
    if (status)
        return status;
    grow_tree(v, &leaf);
    return check_old(v);
}

static enum road_status check_bundle(struct verify *v, uint64_t n)
{
    const unsigned width = tile_width(TILE_ENTRIES, n, v->head.size);
    const uint8_t *bundle, *entry;
    size_t length, entry_length, offset = 0;
    unsigned entries = 0;

    enum road_status status = fetch_bundle(v, n, &bundle, &length);
    /* A row of a database is read through another statement; the bundle stays where it is. */
    while (!status && (status = bundle_next(bundle, length, &offset, &entry, &entry_length)) == ROAD_OK) {
        if (++entries > width)
            break;
        status = check_entry(v, entry, entry_length);
    }
    if (status == ROAD_BAD_INPUT && !*v->report->reason)
        return verify_fail(v->report, status, (int64_t)v->frontier.size, "the entry is cut short");
    if (status && status != ROAD_END)
        return status;
    if (entries != width)
        return verify_fail(v->report, ROAD_BAD_SIGNATURE, (int64_t)v->frontier.size,
                           "a bundle does not hold %u entries", width);
    return check_full_tiles(v);
}

static enum road_status check_root(struct verify *v)
{
    struct tree_hash root;

    tree_root(&v->frontier, &root);
    if (!tree_hash_is_equal(&root, &v->head.root))
        return verify_fail(v->report, ROAD_BAD_SIGNATURE, -1, "the entries do not have the signed root");
    return ROAD_OK;
}

static enum road_status check_all(struct verify *v)
{
    enum road_status status = read_head(v);

    if (!status)
        status = collect_old(v);
    if (!status)
        status = check_old(v); /* heads of size 0 */
    for (uint64_t n = 0; !status && n * TILE_WIDTH < v->head.size; n++)
        status = check_bundle(v, n);
    if (!status)
        status = check_partial_tiles(v);
    return status ? status : check_root(v);
}

static void verify_free(struct verify *v)
{
    testimony_done(&v->testimony);
    free(v->old);
    free(v);
}

enum road_status verify_run(struct log_source *source, const struct verify_config *config,
                            struct verify_report *ret_report)
{
    struct verify *v = calloc(1, sizeof *v);

    *ret_report = (struct verify_report){.bad_index = -1};
    if (!v)
        return ROAD_NO_MEMORY;
    v->source = source;
    v->config = config;
    v->report = v->testimony.report = ret_report;
    v->testimony.registry = config->registry;
    const enum road_status status = check_all(v);
    ret_report->is_verified = status == ROAD_OK;
    if (status && !*ret_report->reason)
        snprintf(ret_report->reason, sizeof ret_report->reason, "%s", road_status_sentence(status));
    verify_free(v);
    return status;
}
