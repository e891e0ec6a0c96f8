/* cellmap.h - 16 bits (grid/cover.h) for each square of one level that a pass ever touched; 10^8 squares and more.
 *
 * A square's key is its Morton number at the map's level: (cell.id without zone and sentinel) >> 2k, at most 44 bits.
 *
 *     key    block (32 bits)  leaf (6 bits)  square (6 bits)        block 64 x 64 squares, leaf 8 x 8
 *
 *     hash of blocks --> array: up to 28 squares, sorted (block, position 12 bits + value)
 *                    \-> table: a bit for each of 64 leaves, and the places of those that are there
 *                                \-> leaf: a bit for each of 64 squares, and the values of those that are there
 *
 * All nodes lie in one arena of 16-byte units and name each other by unit number, so the arrays are the snapshot. How
 * large a node is follows from how many items it holds; one that grows moves to a larger place, and the old one
 * waits for a node of its size. Squares are never taken out. Every leaf and block says which it is, so that a
 * path (below) that points to a place since given away is seen to be wrong.
 *
 * Out of memory ends the program, as in room.h. One thread. */
#ifndef GATEWAY_CELLMAP_H
#define GATEWAY_CELLMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/image.h"
#include "grid/cell.h"

#define CELLMAP_KEY_BITS       44
#define CELLMAP_NODE_UNITS_MAX 17 /* a table of 64 leaves */

/* A leaf, a table or an array; the fields are this part's own. */
struct cellmap_node {
    uint64_t present;  /* leaf: its squares; table: its leaves; array: its leaves that are dirty */
    uint32_t block;    /* the block's key; in a free node the next free one */
    uint8_t number;    /* leaf: 0..63; else enum cellmap_kind */
    uint8_t count;     /* leaf: 1 if dirty; array: its entries */
    uint16_t values[]; /* leaf: in order of the squares; table and array go on at the next unit */
};
enum cellmap_kind {
    CELLMAP_ARRAY = 0xFD,
    CELLMAP_TABLE = 0xFE,
    CELLMAP_FREE = 0xFF,
};
struct cellmap_unit {
    _Alignas(16) uint64_t words[2];
};
struct cellmap_slot {
    uint32_t block, node; /* node 0: empty */
};

struct cellmap {
    struct cellmap_unit *units; /* unit 0 is a free node that nothing points to */
    uint32_t n_units, unit_capacity;
    uint32_t free[CELLMAP_NODE_UNITS_MAX + 1]; /* first free node of so many units, 0 = none */
    struct cellmap_slot *slots;                /* linear probing, a power of two, at most 3/4 full */
    unsigned slot_bits;
    uint32_t n_blocks;
    uint64_t n_squares;
    uint64_t *dirty; /* leaves (key >> 6), as they were marked */
    size_t n_dirty, dirty_capacity;
};

/* Where a run of accesses was last: the next one nearby needs no search. One for each vehicle (and level) pays. It may
 * be kept as long as the map; {0} is a path that has been nowhere. */
struct cellmap_path {
    uint32_t leaf, block;
};

/* 64 squares as they stand. */
struct cellmap_leaf {
    uint64_t key;        /* of its squares, >> 6 */
    uint64_t present;    /* bit i: square i is in the map */
    uint16_t values[64]; /* 0 where it is not */
    bool is_dirty;
};

void cellmap_init(struct cellmap *map);
void cellmap_done(struct cellmap *map);

static inline uint64_t cellmap_key_of(struct cell cell)
{
    return (cell.id & ((UINT64_C(1) << CELL_ZONE_SHIFT) - 1)) >> (2 * cell_level(cell) + 1);
}

/* The square's value, to be read and written; a square that is not there is put in as 0. The pointer holds until the
 * next touch of this map. */
static inline uint16_t *cellmap_touch(struct cellmap *map, struct cellmap_path *path, uint64_t key);
/* The leaf of a square that is there is to be told: it stands in the dirty list once. */
static inline void cellmap_mark(struct cellmap *map, struct cellmap_path *path, uint64_t key);
/* The square's value; 0 if it is not there. */
static inline uint16_t cellmap_get(const struct cellmap *map, struct cellmap_path *path, uint64_t key);
/* Brings near what a touch of this square will need, as far as the path leads there; no effect else. */
static inline void cellmap_prefetch(const struct cellmap *map, const struct cellmap_path *path, uint64_t key);
/* False if none of its squares is there. */
bool cellmap_leaf(const struct cellmap *map, uint64_t leaf_key, struct cellmap_leaf *ret_leaf);

/* The dirty list: sort it, read leaf after leaf in order of keys, then clear the first n that have been told. */
void cellmap_dirty_sort(struct cellmap *map);
static inline size_t cellmap_dirty_count(const struct cellmap *map)
{
    return map->n_dirty;
}
/* i < cellmap_dirty_count. */
void cellmap_dirty_leaf(const struct cellmap *map, size_t i, struct cellmap_leaf *ret_leaf);
void cellmap_dirty_clear(struct cellmap *map, size_t n);

/* All leaves in order of keys. Squares that are there may be written and leaves marked while a cursor is open; none
 * may be put in. */
struct cellmap_cursor {
    const struct cellmap *map;
    uint32_t *blocks; /* keys, sorted */
    uint32_t n_blocks, at;
    uint64_t left; /* leaves of blocks[at] still to come */
};
void cellmap_cursor_open(struct cellmap_cursor *cursor, const struct cellmap *map);
/* False after the last. */
bool cellmap_cursor_next(struct cellmap_cursor *cursor, struct cellmap_leaf *ret_leaf);
void cellmap_cursor_close(struct cellmap_cursor *cursor);

/* Bytes asked of the allocator, used or not. */
size_t cellmap_bytes(const struct cellmap *map);

enum road_status cellmap_save(const struct cellmap *map, const struct image_sink *sink);
/* Into a map after cellmap_init; ROAD_CORRUPT, and the map as it was, if anything in it cannot be: every place is in
 * range, every node is named once, every key is where it is looked for. */
enum road_status cellmap_load(struct cellmap *map, struct image_source *source);

/* Inner parts from here on. */
uint16_t *cellmap_touch_slow(struct cellmap *map, struct cellmap_path *path, uint64_t key);
void cellmap_mark_slow(struct cellmap *map, struct cellmap_path *path, uint64_t key);
uint16_t cellmap_get_slow(const struct cellmap *map, struct cellmap_path *path, uint64_t key);

static inline struct cellmap_node *cellmap_node(const struct cellmap *map, uint32_t unit)
{
    return (struct cellmap_node *)(void *)&map->units[unit];
}

/* Bits that are set; the plain way, since the processors we build for at least need not have an instruction. */
static inline unsigned cellmap_bits(uint64_t x)
{
    x -= x >> 1 & 0x5555555555555555;
    x = (x & 0x3333333333333333) + (x >> 2 & 0x3333333333333333);
    x = (x + (x >> 4)) & 0x0F0F0F0F0F0F0F0F;
    return (unsigned)(x * 0x0101010101010101 >> 56);
}

/* How many of `present` stand before `bit`. */
static inline unsigned cellmap_rank(uint64_t present, unsigned bit)
{
    return cellmap_bits(present & ((UINT64_C(1) << bit) - 1));
}

static inline bool cellmap_is_leaf_of(const struct cellmap_node *node, uint64_t key)
{
    return node->block == (uint32_t)(key >> 12) && node->number == (key >> 6 & 63);
}

static inline bool cellmap_is_block_of(const struct cellmap_node *node, uint64_t key)
{
    return node->block == (uint32_t)(key >> 12) && (node->number == CELLMAP_TABLE || node->number == CELLMAP_ARRAY);
}

static inline uint32_t *cellmap_table(const struct cellmap_node *node)
{
    return (uint32_t *)(void *)(node + 1);
}

static inline uint16_t *cellmap_touch(struct cellmap *map, struct cellmap_path *path, uint64_t key)
{
    struct cellmap_node *leaf = cellmap_node(map, path->leaf);
    const unsigned square = key & 63;

    if (cellmap_is_leaf_of(leaf, key) && (leaf->present >> square & 1))
        return &leaf->values[cellmap_rank(leaf->present, square)];
    return cellmap_touch_slow(map, path, key);
}

static inline void cellmap_mark(struct cellmap *map, struct cellmap_path *path, uint64_t key)
{
    const struct cellmap_node *leaf = cellmap_node(map, path->leaf);

    if (!cellmap_is_leaf_of(leaf, key) || !leaf->count)
        cellmap_mark_slow(map, path, key);
}

static inline uint16_t cellmap_get(const struct cellmap *map, struct cellmap_path *path, uint64_t key)
{
    const struct cellmap_node *leaf = cellmap_node(map, path->leaf);
    const unsigned square = key & 63;

    if (cellmap_is_leaf_of(leaf, key))
        return leaf->present >> square & 1 ? leaf->values[cellmap_rank(leaf->present, square)] : 0;
    return cellmap_get_slow(map, path, key);
}

static inline void cellmap_prefetch(const struct cellmap *map, const struct cellmap_path *path, uint64_t key)
{
    const struct cellmap_node *block = cellmap_node(map, path->block);
    const unsigned number = key >> 6 & 63;

    if (block->block == (uint32_t)(key >> 12) && block->number == CELLMAP_TABLE && (block->present >> number & 1))
        __builtin_prefetch(&map->units[cellmap_table(block)[cellmap_rank(block->present, number)]], 1);
}

#endif
