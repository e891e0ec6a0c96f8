/* cellmap_walk.c - leaves as others read them: one, the dirty ones, all. */
#include <stdlib.h>
#include <string.h>

#include "gateway/cellmap_node.h"
#include "gateway/room.h"

/* Of an array: the leaves that have squares. */
static uint64_t array_leaves(const struct cellmap_node *array)
{
    uint64_t leaves = 0;

    for (unsigned i = 0; i < array->count; i++)
        leaves |= UINT64_C(1) << (array_entries(array)[i].position >> 6);
    return leaves;
}

static void read_one(struct cellmap_leaf *leaf, unsigned square, uint16_t value)
{
    leaf->values[square] = value;
    leaf->present |= (uint64_t)(value != 0) << square;
}

static void read_array(const struct cellmap_node *array, unsigned number, struct cellmap_leaf *leaf)
{
    const struct entry *entries = array_entries(array);

    leaf->is_dirty = array->places >> number & 1;
    for (unsigned i = 0; i < array->count; i++)
        if (entries[i].position >> 6 == (int)number)
            read_one(leaf, entries[i].position & 63, entries[i].value);
}

static void read_leaf(const struct cellmap_node *node, struct cellmap_leaf *leaf)
{
    leaf->is_dirty = node->count;
    for (unsigned left = node->present; left; left &= left - 1) {
        const unsigned square = 4 * (unsigned)__builtin_ctz(left);
        const uint16_t *values = cellmap_value(node, square);
        for (unsigned i = 0; i < 4; i++)
            read_one(leaf, square + i, values[i]);
    }
}

/* *ret_leaf is written even if nothing is there: a copy of 144 bytes for each leaf of a city is saved. */
static bool read_of_block(const struct cellmap *map, const struct cellmap_node *block, unsigned number,
                          struct cellmap_leaf *ret_leaf)
{
    *ret_leaf = (struct cellmap_leaf){.key = (uint64_t)block_of(block) << 6 | number};
    if (is_array(block))
        read_array(block, number, ret_leaf);
    else if (block->places >> number & 1)
        read_leaf(cellmap_node(map, cellmap_table(block)[cellmap_rank(block->places, number)]), ret_leaf);
    return ret_leaf->present;
}

bool cellmap_leaf(const struct cellmap *map, uint64_t leaf_key, struct cellmap_leaf *ret_leaf)
{
    const uint32_t block = map->slots[slot_of(map, (uint32_t)(leaf_key >> 6))].node;

    return block && read_of_block(map, cellmap_node(map, block), leaf_key & 63, ret_leaf);
}

static int by_key(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

void cellmap_dirty_sort(struct cellmap *map)
{
    if (map->n_dirty)
        qsort(map->dirty, map->n_dirty, sizeof *map->dirty, by_key);
}

void cellmap_dirty_leaf(const struct cellmap *map, size_t i, struct cellmap_leaf *ret_leaf)
{
    if (!cellmap_leaf(map, map->dirty[i], ret_leaf)) /* touched, marked, and left at 0 */
        *ret_leaf = (struct cellmap_leaf){.key = map->dirty[i], .is_dirty = true};
}

void cellmap_dirty_clear(struct cellmap *map, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const unsigned number = map->dirty[i] & 63;
        struct cellmap_node *block =
            cellmap_node(map, map->slots[slot_of(map, (uint32_t)(map->dirty[i] >> 6))].node);
        if (is_array(block))
            block->places &= ~(UINT64_C(1) << number);
        else
            cellmap_node(map, cellmap_table(block)[cellmap_rank(block->places, number)])->count = 0;
    }
    map->n_dirty -= n;
    if (n)
        memmove(map->dirty, map->dirty + n, map->n_dirty * sizeof *map->dirty);
}

static int by_block(const void *a, const void *b)
{
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

static const struct cellmap_node *block_at(const struct cellmap_cursor *cursor)
{
    return cellmap_node(cursor->map,
                        cursor->map->slots[slot_of(cursor->map, cursor->blocks[cursor->at])].node);
}

/* The leaves of the block that the cursor has come to. */
static void enter_block(struct cellmap_cursor *cursor)
{
    if (cursor->at == cursor->n_blocks)
        return;
    const struct cellmap_node *block = block_at(cursor);
    cursor->left = is_array(block) ? array_leaves(block) : block->places;
}

void cellmap_cursor_open(struct cellmap_cursor *cursor, const struct cellmap *map)
{
    *cursor =
        (struct cellmap_cursor){.map = map, .blocks = room_zeroed(map->n_blocks, sizeof *cursor->blocks)};
    for (size_t i = 0; i < (size_t)1 << map->slot_bits; i++)
        if (map->slots[i].node)
            cursor->blocks[cursor->n_blocks++] = map->slots[i].block;
    qsort(cursor->blocks, cursor->n_blocks, sizeof *cursor->blocks, by_block);
    enter_block(cursor);
}

bool cellmap_cursor_next(struct cellmap_cursor *cursor, struct cellmap_leaf *ret_leaf)
{
    while (cursor->at < cursor->n_blocks) {
        const struct cellmap_node *block = block_at(cursor);
        while (cursor->left) {
            const unsigned number = (unsigned)__builtin_ctzll(cursor->left);
            cursor->left &= cursor->left - 1;
            if (read_of_block(cursor->map, block, number, ret_leaf))
                return true;
        }
        cursor->at++;
        enter_block(cursor);
    }
    return false;
}

void cellmap_cursor_close(struct cellmap_cursor *cursor)
{
    free(cursor->blocks);
    cursor->blocks = NULL;
}

uint64_t cellmap_count(const struct cellmap *map)
{
    struct cellmap_cursor cursor;
    struct cellmap_leaf leaf;
    uint64_t n = 0;

    cellmap_cursor_open(&cursor, map);
    while (cellmap_cursor_next(&cursor, &leaf))
        n += cellmap_bits(leaf.present);
    cellmap_cursor_close(&cursor);
    return n;
}
