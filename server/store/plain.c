#include "server/store/plain.h"

#include <stdlib.h>
#include <string.h>

#include "link/database.h"
#include "server/store/leaf.h"

#define LEVELS (PATCH_LEVEL_MAX - LEAF_LEVELS + 1) /* of squares: 0..5 */
#define ROLLUP_ROOM 256 /* entries that one leaf may need */

struct plain {
    sqlite3_stmt *select_leaf, *upsert_leaf, *delete_leaf, *select_cells, *delete_cell, *upsert_count;
    int64_t counts[LEVELS][4]; /* what the squares under way add to table plain */
};

static const struct statement_row {
    size_t offset;
    const char *sql;
} statements[] = {
    {offsetof(struct plain, select_leaf), "SELECT covers FROM leaf WHERE key = ?"},
    {offsetof(struct plain, upsert_leaf), "REPLACE INTO leaf VALUES(?, ?)"},
    {offsetof(struct plain, delete_leaf), "DELETE FROM leaf WHERE key = ?"},
    {offsetof(struct plain, select_cells), "SELECT id, code, pale FROM cell WHERE id BETWEEN ? AND ?"},
    {offsetof(struct plain, delete_cell), "DELETE FROM cell WHERE id = ?"},
    {offsetof(struct plain, upsert_count),
     "INSERT INTO plain VALUES(?, ?, ?) ON CONFLICT DO UPDATE SET squares = squares + excluded.squares"},
};
#define STATEMENTS (sizeof statements / sizeof statements[0])

static sqlite3_stmt **statement_at(struct plain *plain, size_t i)
{
    return (sqlite3_stmt **)(void *)((char *)plain + statements[i].offset);
}

enum road_status plain_open(sqlite3 *db, struct plain **ret_plain)
{
    struct plain *plain = calloc(1, sizeof *plain);
    enum road_status status = plain ? ROAD_OK : ROAD_NO_MEMORY;

    for (size_t i = 0; i < STATEMENTS && !status; i++)
        status = database_prepare(db, statements[i].sql, statement_at(plain, i));
    if (status) {
        plain_close(plain);
        return status;
    }
    *ret_plain = plain;
    return ROAD_OK;
}

void plain_close(struct plain *plain)
{
    if (!plain)
        return;
    for (size_t i = 0; i < STATEMENTS; i++)
        sqlite3_finalize(*statement_at(plain, i));
    free(plain);
}

static enum road_status run(sqlite3_stmt *s)
{
    const int code = sqlite3_step(s);

    sqlite3_reset(s);
    return code == SQLITE_DONE ? ROAD_OK : database_status(code);
}

/* The leaf as it stands; an empty one if nothing is known there. */
static enum road_status read_leaf(struct plain *plain, struct cell id, struct leaf_patch *ret_leaf)
{
    sqlite3_stmt *s = plain->select_leaf;
    enum road_status status = ROAD_OK;

    sqlite3_bind_int64(s, 1, store_key_of(id));
    const int code = sqlite3_step(s);
    if (code == SQLITE_ROW)
        status = leaf_read(id, sqlite3_column_blob(s, 0), (size_t)sqlite3_column_bytes(s, 0), ret_leaf);
    else if (code == SQLITE_DONE)
        *ret_leaf = (struct leaf_patch){.leaf = id};
    else
        status = database_status(code);
    sqlite3_reset(s);
    return status;
}

static enum road_status write_leaf(struct plain *plain, const struct leaf_patch *leaf)
{
    sqlite3_stmt *s = leaf->mask ? plain->upsert_leaf : plain->delete_leaf;
    uint8_t blob[LEAF_BLOB_MAX];

    sqlite3_bind_int64(s, 1, store_key_of(leaf->leaf));
    if (leaf->mask)
        sqlite3_bind_blob(s, 2, blob, (int)leaf_blob(leaf, blob), SQLITE_STATIC);
    return run(s);
}

/* What squares showed that stood in table cell; from now on the leaf says it. */
struct specials {
    uint64_t mask, pale;
    uint8_t codes[64];
};

/* Finds the rows of the patch's squares and deletes them. */
static enum road_status take_specials(struct plain *plain, const struct leaf_patch *patch, struct specials *ret_specials)
{
    const int level = cell_level(patch->leaf) - LEAF_LEVELS;
    sqlite3_stmt *s = plain->select_cells;
    enum road_status status = ROAD_OK;
    uint64_t first, last;
    int code;

    ret_specials->mask = ret_specials->pale = 0;
    cell_range(patch->leaf, &first, &last);
    sqlite3_bind_int64(s, 1, (sqlite3_int64)first);
    sqlite3_bind_int64(s, 2, (sqlite3_int64)last);
    while ((code = sqlite3_step(s)) == SQLITE_ROW) {
        const struct cell cell = {(uint64_t)sqlite3_column_int64(s, 0)};
        const unsigned i = cell_number_in_leaf(cell);
        if (cell_level(cell) != level || !(patch->mask >> i & 1))
            continue;
        ret_specials->mask |= UINT64_C(1) << i;
        ret_specials->pale |= (uint64_t)(sqlite3_column_int(s, 2) != 0) << i;
        ret_specials->codes[i] = (uint8_t)(sqlite3_column_int(s, 1) & 3);
    }
    sqlite3_reset(s);
    if (code != SQLITE_DONE)
        return database_status(code);
    for (uint64_t left = ret_specials->mask; left && !status; left &= left - 1) {
        const struct cell cell = cell_of_leaf(patch->leaf, (unsigned)__builtin_ctzll(left));
        sqlite3_bind_int64(plain->delete_cell, 1, (sqlite3_int64)cell.id);
        status = run(plain->delete_cell);
    }
    return status;
}

/* How a square is drawn: 0 = not known, else code and paleness, which grey does not have. */
static unsigned look_of(enum road_code code, bool is_pale)
{
    return 1 + 2 * (unsigned)code + (is_pale && code != CODE_GREY);
}

static unsigned look_of_cover(uint16_t cover)
{
    return cover ? look_of(cover_shown(cover), cover_is_pale(cover)) : 0;
}

/* One leaf under way: as it was, what comes, and what moved in it. */
struct merge {
    struct leaf_patch leaf;
    struct specials specials;
    int64_t area_m2[4]; /* by code: what the leaf's squares add */
    bool is_changed, looks_changed;
    size_t moved[4];
};

static void move(struct merge *merge, struct rollup *rollup, struct cell square, enum road_code was, enum road_code is)
{
    const int64_t area_m2 = INT64_C(1) << (2 * cell_level(square));

    if (was == is)
        return;
    merge->area_m2[was] -= area_m2;
    merge->area_m2[is] += area_m2;
    merge->moved[is]++;
    rollup_add_below(rollup, square, cell_level(merge->leaf.leaf), was, is);
}

static void merge_square(struct plain *plain, struct merge *merge, struct rollup *rollup, unsigned i, uint16_t cover)
{
    const uint64_t bit = UINT64_C(1) << i;
    const uint16_t before = merge->leaf.covers[i];
    const bool was_plain = merge->leaf.mask & bit, was_special = merge->specials.mask & bit;
    const struct cell square = cell_of_leaf(merge->leaf.leaf, i);
    int64_t *counts = plain->counts[cell_level(square)];
    const enum road_code is = cover_shown(cover);
    enum road_code was = was_plain ? cover_shown(before) : CODE_GREY;
    unsigned look = look_of_cover(before);

    if (was_special) {
        was = (enum road_code)merge->specials.codes[i];
        look = look_of(was, merge->specials.pale & bit);
    }
    counts[was] -= was_plain && !was_special;
    counts[is] += cover != 0;
    move(merge, rollup, square, was, is);
    merge->is_changed |= before != cover || was_plain != (cover != 0);
    merge->looks_changed |= look != look_of_cover(cover);
    merge->leaf.covers[i] = cover;
    merge->leaf.mask = cover ? merge->leaf.mask | bit : merge->leaf.mask & ~bit;
}

static void note(struct plain_news *news, const struct merge *merge)
{
    const bool has_moved = merge->moved[CODE_GREEN] + merge->moved[CODE_GREY] > 0;

    for (int code = 0; code < 4; code++)
        news->moved[code] += merge->moved[code];
    if (has_moved && news->first_leaf.id == 0)
        news->first_leaf = merge->leaf.leaf;
    if (merge->looks_changed)
        news->looks[news->n_looks++] = merge->leaf.leaf.id;
}

static enum road_status apply_patch(struct plain *plain, const struct leaf_patch *patch, struct rollup *rollup,
                                    struct plain_news *news)
{
    struct merge merge = {.is_changed = false};

    enum road_status status = read_leaf(plain, patch->leaf, &merge.leaf);
    if (!status)
        status = take_specials(plain, patch, &merge.specials);
    if (status)
        return status;
    for (uint64_t left = patch->mask; left; left &= left - 1) {
        const unsigned i = (unsigned)__builtin_ctzll(left);
        merge_square(plain, &merge, rollup, i, patch->covers[i]);
    }
    news->squares += (size_t)__builtin_popcountll(patch->mask);
    rollup_add_area(rollup, patch->leaf, merge.area_m2);
    note(news, &merge);
    return merge.is_changed ? write_leaf(plain, &merge.leaf) : ROAD_OK;
}

static enum road_status write_counts(struct plain *plain)
{
    enum road_status status = ROAD_OK;

    for (int level = 0; level < LEVELS; level++)
        for (int code = 0; code < 4 && !status; code++) {
            if (plain->counts[level][code] == 0)
                continue;
            sqlite3_bind_int(plain->upsert_count, 1, level);
            sqlite3_bind_int(plain->upsert_count, 2, code);
            sqlite3_bind_int64(plain->upsert_count, 3, plain->counts[level][code]);
            status = run(plain->upsert_count);
        }
    memset(plain->counts, 0, sizeof plain->counts);
    return status;
}

enum road_status plain_apply(struct plain *plain, const struct change *change, struct rollup *rollup,
                             sqlite3_stmt *upsert_square, struct plain_news *ret_news)
{
    enum road_status status = ROAD_OK;

    memset(ret_news, 0, sizeof *ret_news);
    memset(plain->counts, 0, sizeof plain->counts);
    for (size_t i = 0; i < change->n_patches && !status; i++) {
        status = apply_patch(plain, &change->patches[i], rollup, ret_news);
        if (!status && rollup->n + ROLLUP_ROOM > ROLLUP_SQUARES_MAX)
            status = rollup_write(rollup, upsert_square);
    }
    return status ? status : write_counts(plain);
}

enum road_status plain_take_out(struct plain *plain, struct cell square, enum road_code *ret_was)
{
    const int level = cell_level(square);
    struct leaf_patch leaf;

    *ret_was = CODE_GREY;
    if (level >= LEVELS)
        return ROAD_OK;
    const unsigned i = cell_number_in_leaf(square);
    enum road_status status = read_leaf(plain, leaf_of(square), &leaf);
    if (status || !(leaf.mask >> i & 1))
        return status;
    *ret_was = cover_shown(leaf.covers[i]);
    leaf.mask &= ~(UINT64_C(1) << i);
    memset(plain->counts, 0, sizeof plain->counts);
    plain->counts[level][*ret_was] = -1;
    status = write_leaf(plain, &leaf);
    return status ? status : write_counts(plain);
}
