#include "gateway/publish.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TILE_LEVEL 8 /* 256 m */
/* The most that one of each takes on the wire, in bytes (docs/wire.cddl); a message is closed before they pass the
 * limit together. */
#define BUDGET (BATCH_PAYLOAD_MAX - 512)
#define CELL_COST 48
#define CELL_WITH_DEFECT_COST 124
#define BELIEF_COST 220
#define FEATURE_COST 200
#define SEGMENT_COST 110 /* without its words and its line */
#define SEGMENT_POINT_COST 10
#define PATCH_COST 22 /* without its covers */
#define COVER_COST ((size_t)2)
#define DEFECT_STATEMENT_COST 512
#define DIGEST_COST 320
#define LISTED_MOVE_COST 24
#define STATEMENT_SIZE 8192
#define SUBJECT_SIZE 96

/* One message under way. Statements lie in `said`, one behind the other. */
struct publisher {
    struct signer *signer;
    struct outbox *outbox;
    struct grid_zone zone;
    struct change change;
    size_t cost;
    struct cell last_tile; /* whose digest is already counted */
    struct square_move squares[CHANGE_SQUARES_MAX]; /* that the message touches */
    size_t n_squares;
    uint64_t moved_tiles[CHANGE_CELLS_MAX + CHANGE_PATCHES_MAX]; /* in which a code moved, perhaps twice */
    size_t n_moved_tiles;
    struct cell_change cells[CHANGE_CELLS_MAX];
    struct defect_belief defects[CHANGE_DEFECTS_MAX];
    struct feature_belief features[CHANGE_FEATURES_MAX];
    struct leaf_patch patches[CHANGE_PATCHES_MAX];
    struct segment_belief segments[CHANGE_SEGMENTS_MAX];
    struct statement statements[CHANGE_STATEMENTS_MAX];
    char subjects[CHANGE_STATEMENTS_MAX][SUBJECT_SIZE];
    uint8_t said[SEALED_MAX];
    size_t said_length;
    uint8_t payload[SEALED_MAX], sealed[SEALED_MAX];
};

enum road_status publisher_new(struct signer *signer, struct outbox *outbox, struct grid_zone zone,
                               struct publisher **ret_publisher)
{
    struct publisher *publisher = calloc(1, sizeof *publisher);

    if (!publisher)
        return ROAD_NO_MEMORY;
    publisher->signer = signer;
    publisher->outbox = outbox;
    publisher->zone = zone;
    *ret_publisher = publisher;
    return ROAD_OK;
}

void publisher_free(struct publisher *publisher)
{
    free(publisher);
}

static void start_message(struct publisher *p)
{
    p->change.cells = p->cells;
    p->change.defects = p->defects;
    p->change.features = p->features;
    p->change.patches = p->patches;
    p->change.segments = p->segments;
    p->change.statements = p->statements;
    p->change.n_cells = p->change.n_defects = p->change.n_features = p->change.n_patches = p->change.n_segments = p->change.n_statements = 0;
    p->cost = p->said_length = p->n_squares = p->n_moved_tiles = 0;
    p->last_tile.id = 0;
}

/* Signs p->payload[0..length) as a statement of its own. */
static enum road_status add_statement(struct publisher *p, const char *kind, const char *subject_kind,
                                      const char *subject, size_t length)
{
    const size_t n = p->change.n_statements;
    size_t sealed;

    if (n == CHANGE_STATEMENTS_MAX)
        return ROAD_FULL;
    const enum road_status status =
        cose_seal(p->signer, p->payload, length, p->said + p->said_length, sizeof p->said - p->said_length, &sealed);
    if (status != ROAD_OK)
        return status;
    snprintf(p->subjects[n], SUBJECT_SIZE, "%s/%s", subject_kind, subject);
    p->statements[n] = (struct statement){.kind = kind,
                                          .kind_length = strlen(kind),
                                          .subject = p->subjects[n],
                                          .subject_length = strlen(p->subjects[n]),
                                          .cose = p->said + p->said_length,
                                          .cose_length = sealed};
    p->said_length += sealed;
    p->change.n_statements++;
    return ROAD_OK;
}

static enum road_status say_defect(struct publisher *p, const struct defect_belief *belief)
{
    char name[DEFECT_ID_TEXT_SIZE];
    size_t length;

    const enum road_status status = defect_statement_encode(belief, p->change.cause_kid, p->change.cause_seq,
                                                            p->payload, STATEMENT_SIZE, &length);
    if (status != ROAD_OK)
        return status;
    return add_statement(p, "defect", "defect", defect_id_format(&belief->id, name), length);
}

static int compare_squares(const void *a, const void *b)
{
    const struct square_move *left = a, *right = b;

    return (left->cell.id > right->cell.id) - (left->cell.id < right->cell.id);
}

static enum road_status say_digest(struct publisher *p, struct cell tile, const struct square_move *squares, size_t n)
{
    char name[32];
    size_t length;

    const enum road_status status = digest_statement_encode(tile, squares, n, p->change.cause_kid, p->change.cause_seq,
                                                            p->payload, sizeof p->payload, &length);
    if (status != ROAD_OK)
        return status;
    snprintf(name, sizeof name, "%llu", (unsigned long long)tile.id);
    return add_statement(p, "change-digest", "tile", name, length);
}

static bool tile_has_moved(const struct publisher *p, struct cell tile)
{
    for (size_t i = 0; i < p->n_moved_tiles; i++)
        if (p->moved_tiles[i] == tile.id)
            return true;
    return false;
}

/* One digest for each tile in which a code of this message moved; it covers all that the message touches there. */
static enum road_status say_digests(struct publisher *p)
{
    enum road_status status = ROAD_OK;

    qsort(p->squares, p->n_squares, sizeof *p->squares, compare_squares);
    for (size_t i = 0, next; i < p->n_squares && status == ROAD_OK; i = next) {
        const struct cell tile = cell_parent(p->squares[i].cell, TILE_LEVEL);
        for (next = i; next < p->n_squares && cell_contains(tile, p->squares[next].cell); next++)
            continue;
        if (tile_has_moved(p, tile))
            status = say_digest(p, tile, &p->squares[i], next - i);
    }
    return status;
}

static enum road_status send_message(struct publisher *p, bool is_last)
{
    size_t length, sealed;

    enum road_status status = say_digests(p);
    if (status != ROAD_OK)
        return status;
    p->change.seq = outbox_stats(p->outbox).last_seq + 1;
    p->change.is_last = is_last;
    status = change_encode(&p->change, p->payload, sizeof p->payload, &length);
    if (status == ROAD_OK)
        status = cose_seal(p->signer, p->payload, length, p->sealed, sizeof p->sealed, &sealed);
    if (status == ROAD_OK)
        status = outbox_append(p->outbox, p->change.seq, p->sealed, sealed);
    start_message(p);
    return status;
}

static enum road_status add_defect(struct publisher *p, const struct moved_defect *moved)
{
    const size_t cost = BELIEF_COST + (moved->is_transition ? DEFECT_STATEMENT_COST : 0);

    if (p->cost + cost > BUDGET || p->change.n_defects == CHANGE_DEFECTS_MAX) {
        const enum road_status status = send_message(p, false);
        if (status != ROAD_OK)
            return status;
    }
    p->cost += cost;
    p->defects[p->change.n_defects++] = moved->now;
    return moved->is_transition ? say_defect(p, &moved->now) : ROAD_OK;
}

static enum road_status add_feature(struct publisher *p, const struct feature_belief *feature)
{
    if (p->cost + FEATURE_COST > BUDGET || p->change.n_features == CHANGE_FEATURES_MAX) {
        const enum road_status status = send_message(p, false);
        if (status != ROAD_OK)
            return status;
    }
    p->cost += FEATURE_COST;
    p->features[p->change.n_features++] = *feature;
    return ROAD_OK;
}

static bool is_listed(const struct cell_change *change)
{
    return change->was != change->reason.code && (change->reason.code >= CODE_YELLOW || change->was >= CODE_YELLOW);
}

static void touch(struct publisher *p, struct cell cell, enum road_code was, enum road_code is)
{
    p->squares[p->n_squares++] = (struct square_move){cell, was, is};
}

static void mark_moved(struct publisher *p, struct cell cell)
{
    const struct cell tile = cell_parent(cell, TILE_LEVEL);

    if (p->n_moved_tiles == 0 || p->moved_tiles[p->n_moved_tiles - 1] != tile.id)
        p->moved_tiles[p->n_moved_tiles++] = tile.id;
}

/* What a digest of the square's tile costs, if it is not counted yet. */
static size_t tile_cost(const struct publisher *p, struct cell cell)
{
    return p->last_tile.id != cell_parent(cell, TILE_LEVEL).id ? DIGEST_COST : 0;
}

static size_t cell_cost(const struct publisher *p, const struct cell_change *change)
{
    return (size_t)(change->has_defect ? CELL_WITH_DEFECT_COST : CELL_COST) + tile_cost(p, change->cell) +
           (is_listed(change) ? LISTED_MOVE_COST : 0);
}

static enum road_status add_cell(struct publisher *p, const struct cell_change *change)
{
    size_t cost = cell_cost(p, change);

    if (p->cost + cost > BUDGET || p->change.n_cells == CHANGE_CELLS_MAX) {
        const enum road_status status = send_message(p, false);
        if (status != ROAD_OK)
            return status;
        cost = cell_cost(p, change);
    }
    p->cost += cost;
    p->last_tile = cell_parent(change->cell, TILE_LEVEL);
    p->cells[p->change.n_cells++] = *change;
    touch(p, change->cell, change->was, change->reason.code);
    if (change->was != change->reason.code)
        mark_moved(p, change->cell);
    return ROAD_OK;
}

/* The first of the delta's cells, which ascend, that is not below `id`. */
static size_t first_cell(const struct delta *delta, uint64_t id)
{
    size_t low = 0, high = delta->n_cells;

    while (low < high) {
        const size_t middle = (low + high) / 2;
        if (delta->cells[middle].cell.id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The patch's squares that are not told as cells: a change of their own would else take those back. */
static uint64_t plain_squares(const struct delta *delta, const struct leaf_patch *patch)
{
    const int level = cell_level(patch->leaf) - LEAF_LEVELS;
    uint64_t first, last, mask = patch->mask;

    cell_range(patch->leaf, &first, &last);
    for (size_t i = first_cell(delta, first); i < delta->n_cells && delta->cells[i].cell.id <= last; i++)
        if (cell_level(delta->cells[i].cell) == level)
            mask &= ~(UINT64_C(1) << cell_number_in_leaf(delta->cells[i].cell));
    return mask;
}

static size_t leaf_cost(const struct publisher *p, struct cell leaf, uint64_t mask)
{
    return PATCH_COST + tile_cost(p, leaf) + COVER_COST * (size_t)__builtin_popcountll(mask);
}

/* The squares of `mask` alone. */
static enum road_status add_leaf(struct publisher *p, const struct told_leaf *told, uint64_t mask)
{
    const struct cell leaf = told->patch.leaf;
    size_t cost = leaf_cost(p, leaf, mask);

    if (p->cost + cost > BUDGET || p->change.n_patches == CHANGE_PATCHES_MAX) {
        const enum road_status status = send_message(p, false);
        if (status != ROAD_OK)
            return status;
        cost = leaf_cost(p, leaf, mask);
    }
    struct leaf_patch *patch = &p->patches[p->change.n_patches++];
    *patch = (struct leaf_patch){.leaf = leaf, .mask = mask};
    for (uint64_t left = mask; left; left &= left - 1) {
        const unsigned i = (unsigned)__builtin_ctzll(left);
        const enum road_code shown = cover_shown(told->patch.covers[i]);
        patch->covers[i] = told->patch.covers[i];
        touch(p, cell_of_leaf(leaf, i), shown, shown); /* green and grey: moves between them are not listed */
    }
    if (told->has_moved)
        mark_moved(p, leaf);
    p->cost += cost;
    p->last_tile = cell_parent(leaf, TILE_LEVEL);
    return ROAD_OK;
}

static enum road_status add_segment(struct publisher *p, const struct segment_belief *segment)
{
    const size_t cost = SEGMENT_COST + segment->way_length + segment->name_length + SEGMENT_POINT_COST * segment->n_line;

    if (p->cost + cost > BUDGET || p->change.n_segments == CHANGE_SEGMENTS_MAX) {
        const enum road_status status = send_message(p, false);
        if (status != ROAD_OK)
            return status;
    }
    p->cost += cost;
    p->segments[p->change.n_segments++] = *segment;
    return ROAD_OK;
}

static void begin(struct publisher *p, const struct delta *delta, struct kid cause_kid, uint64_t cause_seq)
{
    p->change = (struct change){.zone = p->zone,
                                .cause_kid = cause_kid,
                                .cause_seq = cause_seq,
                                .as_of_ns = delta->as_of_ns,
                                .road = delta->road};
    start_message(p);
}

static enum road_status add_all(struct publisher *p, const struct delta *delta)
{
    enum road_status status = ROAD_OK;

    for (size_t i = 0; status == ROAD_OK && i < delta->n_defects; i++)
        status = add_defect(p, &delta->defects[i]);
    for (size_t i = 0; status == ROAD_OK && i < delta->n_features; i++)
        status = add_feature(p, &delta->features[i]);
    for (size_t i = 0; status == ROAD_OK && i < delta->n_cells; i++)
        status = add_cell(p, &delta->cells[i]);
    for (size_t i = 0; status == ROAD_OK && i < delta->n_leaves; i++) {
        const uint64_t mask = plain_squares(delta, &delta->leaves[i].patch);
        if (mask)
            status = add_leaf(p, &delta->leaves[i], mask);
    }
    for (size_t i = 0; status == ROAD_OK && i < delta->n_segments; i++)
        status = add_segment(p, &delta->segments[i]);
    return status == ROAD_OK ? send_message(p, true) : status;
}

enum road_status publish(struct publisher *p, const struct delta *delta, struct kid cause_kid, uint64_t cause_seq)
{
    begin(p, delta, cause_kid, cause_seq);
    return add_all(p, delta);
}

enum road_status publish_saying(struct publisher *p, const struct delta *delta, struct kid cause_kid,
                                uint64_t cause_seq, const char *kind, const char *subject, const uint8_t *payload,
                                size_t length)
{
    if (length > sizeof p->payload)
        return ROAD_TOO_LARGE;
    begin(p, delta, cause_kid, cause_seq);
    memcpy(p->payload, payload, length);
    p->cost += length + DEFECT_STATEMENT_COST;
    const enum road_status status = add_statement(p, kind, kind, subject, length);
    return status == ROAD_OK ? add_all(p, delta) : status;
}
