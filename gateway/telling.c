/* telling.c - squares that only passes speak of, told leaf by leaf. */
#include <stdlib.h>

#include "gateway/beliefs.h"
#include "gateway/room.h"
#include "grid/cover.h"

#define LEAF_LEVELS 3

static struct cell cell_of_key(const struct evidence *evidence, uint64_t key, int level)
{
    const uint64_t zone = (uint64_t)cell_zone_number(evidence->config.zone) << CELL_ZONE_SHIFT;

    return (struct cell){zone | key << (2 * level + 1) | UINT64_C(1) << (2 * level)};
}

static bool has_reason(const struct findings *findings, uint16_t square)
{
    size_t low = 0, high = findings->n_said;

    while (low < high) {
        const size_t middle = (low + high) / 2;
        if (findings->said[middle].square < square)
            low = middle + 1;
        else
            high = middle;
    }
    return low < findings->n_said && findings->said[low].square == square;
}

/* Squares of the leaf in one block: those that a list says. */
static uint64_t said_of(const struct evidence *evidence, struct cell leaf, int level)
{
    uint64_t said = 0;
    const struct block *block = NULL;

    for (unsigned i = 0; i < 64; i++) {
        const struct cell square = {leaf.id - (UINT64_C(1) << (2 * (level + LEAF_LEVELS))) +
                                    ((uint64_t)i << (2 * level + 1)) + (UINT64_C(1) << (2 * level))};
        if (i == 0 || (level + LEAF_LEVELS > BLOCK_LEVEL && i % (1u << 2 * (BLOCK_LEVEL - level)) == 0)) {
            const struct grid_point corner = cell_corner(square);
            block = evidence_block(evidence, block_coordinate(corner.e_mm), block_coordinate(corner.n_mm));
        }
        if (block && block->findings && block->findings->n_said)
            said |= (uint64_t)has_reason(block->findings, square_of_cell(square)) << i;
        else if (level + LEAF_LEVELS <= BLOCK_LEVEL)
            return 0;
    }
    return said;
}

static uint16_t as_shown(uint16_t cover)
{
    const unsigned coverage = cover_coverage(cover);

    return (uint16_t)((cover & ~COVER_COVERAGE_MAX) |
                      (coverage >= COVER_FULL ? COVER_FULL : coverage >= COVER_PALE ? COVER_PALE : 0));
}

static void tell_leaf(const struct evidence *evidence, int level, const struct cellmap_leaf *leaf, bool has_moved,
                      struct delta *delta)
{
    struct told_leaf told = {.patch = {.leaf = cell_of_key(evidence, leaf->key, level + LEAF_LEVELS)},
                             .has_moved = has_moved};
    const uint64_t said = said_of(evidence, told.patch.leaf, level);

    for (uint64_t left = leaf->present & ~said; left; left &= left - 1) {
        const unsigned square = (unsigned)__builtin_ctzll(left);
        if (!cover_colour(leaf->values[square]))
            continue;
        told.patch.mask |= UINT64_C(1) << square;
        told.patch.covers[square] = as_shown(leaf->values[square]);
    }
    if (!told.patch.mask)
        return;
    ROOM(delta->leaves, delta->leaf_capacity, delta->n_leaves + 1);
    delta->leaves[delta->n_leaves++] = told;
}

static int by_key(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

static int by_leaf(const void *a, const void *b)
{
    const uint64_t x = ((const struct told_leaf *)a)->patch.leaf.id, y = ((const struct told_leaf *)b)->patch.leaf.id;

    return (x > y) - (x < y);
}

static void tell_level(struct evidence *evidence, int level, struct delta *delta)
{
    struct cellmap *map = &evidence->maps[level];
    struct leaf_list *moved = &evidence->moved[level];
    size_t at = 0;

    cellmap_dirty_sort(map);
    if (moved->n)
        qsort(moved->items, moved->n, sizeof *moved->items, by_key);
    for (size_t i = 0; delta && i < cellmap_dirty_count(map); i++) {
        struct cellmap_leaf leaf;
        cellmap_dirty_leaf(map, i, &leaf);
        while (at < moved->n && moved->items[at] < leaf.key)
            at++;
        tell_leaf(evidence, level, &leaf, at < moved->n && moved->items[at] == leaf.key, delta);
    }
    cellmap_dirty_clear(map, cellmap_dirty_count(map));
    moved->n = 0;
}

void tell_leaves(struct beliefs *beliefs, struct delta *delta)
{
    for (int level = 0; level < COVER_LEVELS; level++)
        tell_level(&beliefs->evidence, level, delta);
    if (delta && delta->n_leaves)
        qsort(delta->leaves, delta->n_leaves, sizeof *delta->leaves, by_leaf);
}

enum road_code beliefs_code(const struct beliefs *beliefs, struct cell cell)
{
    const struct grid_point corner = cell_corner(cell);
    const uint16_t square = square_of_cell(cell);
    const struct block *block =
        evidence_block(&beliefs->evidence, block_coordinate(corner.e_mm), block_coordinate(corner.n_mm));

    if (!block)
        return CODE_GREY;
    for (size_t i = 0; block->findings && i < block->findings->n_said; i++)
        if (block->findings->said[i].square == square)
            return (enum road_code)block->findings->said[i].code;
    return cover_shown(evidence_cover(&beliefs->evidence, block, square));
}
