/* cellmap.h - 16 bits (grid/cover.h) for each square of one level that a pass ever touched; 10^8 squares and
 * more.
 *
 * A square's key is its Morton number at the map's level: (cell.id without zone and sentinel) >> 2k, at most
 * 44 bits.
 *
 *     key    block (32 bits)  leaf (6 bits)  group (4 bits)  square (2 bits)
 *            64 x 64 squares  8 x 8          2 x 2
 *
 *     hash of blocks --> array: up to 28 squares, sorted (block, position 12 bits + value)
 *                    \-> table: a bit for each of 64 leaves, and the places of those that are there
 *                                \-> leaf: a bit and 4 bits of place for each of 16 groups, and the values of
 * those that are there, four together, as they came
 *
 * A square whose value is 0 is not in the map (cover.h: nothing was ever added to it). All nodes lie in one
 * arena of 16-byte units and name each other by unit number, so the arrays are the snapshot. How large a node
 * is follows from how many items it holds; one that grows moves to a larger place, and the old one waits for
 * a node of its size. Squares are never taken out. Every leaf and block says which it is, so that a path
 * (below) that points to a place since given away is seen to be wrong.
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

/* The head of a leaf, a table or an array; what it holds begins at the next unit. The fields are this part's
 * own. */
struct cellmap_node {
    uint64_t places; /* leaf: 4 bits a group, its number among the values; table: bits of its leaves; array:
                        of its dirty leaves; free node: the next free one */
    uint64_t name : 40;    /* leaf: key >> 6; block: key >> 12, with what it is */
    uint64_t count : 8;    /* leaf: 1 if dirty; array: its entries */
    uint64_t present : 16; /* leaf: bits of its groups */
};
#define CELLMAP_ARRAY (UINT64_C(1) << 38)
#define CELLMAP_TABLE (UINT64_C(2) << 38)
#define CELLMAP_FREE  (UINT64_C(3) << 38)
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
    uint64_t *dirty; /* leaves (key >> 6), as they were marked */
    size_t n_dirty, dirty_capacity;
};

/* Where a run of accesses was last: the next one nearby needs no search. One for each vehicle (and level)
 * pays. It may be kept as long as the map; {0} is a path that has been nowhere. */
struct cellmap_path {
    uint32_t leaf, block;
};

/* 64 squares as they stand. */
struct cellmap_leaf {
    uint64_t key;     /* of its squares, >> 6 */
    uint64_t present; /* bit i: square i is in the map, its value is not 0 */
    uint16_t values[64];
    bool is_dirty;
};

void cellmap_init(struct cellmap *map);
void cellmap_done(struct cellmap *map);

static inline uint64_t cellmap_key_of(struct cell cell)
{
    return (cell.id & ((UINT64_C(1) << CELL_ZONE_SHIFT) - 1)) >> (2 * cell_level(cell) + 1);
}

/* The square's value, to be read and written; room is made for one that is not there. The pointer holds until
 * the next touch of this map. */
static inline uint16_t *cellmap_touch(struct cellmap *map, struct cellmap_path *path, uint64_t key);
/* The leaf of a square that was touched is to be told: it stands in the dirty list once. */
static inline void cellmap_mark(struct cellmap *map, struct cellmap_path *path, uint64_t key);
/* The square's value; 0 if it is not there. */
static inline uint16_t cellmap_get(const struct cellmap *map, struct cellmap_path *path, uint64_t key);
/* Brings near what a touch of this square will need; says nothing and changes nothing. Of use some 0.1 us
 * ahead. */
static inline void cellmap_prefetch(const struct cellmap *map, const struct cellmap_path *path, uint64_t key);
/* False if none of its squares is there; *ret_leaf is then empty, or untouched. */
bool cellmap_leaf(const struct cellmap *map, uint64_t leaf_key, struct cellmap_leaf *ret_leaf);

/* The dirty list: sort it, read leaf after leaf in order of keys, then clear the first n that have been told.
 */
void cellmap_dirty_sort(struct cellmap *map);
static inline size_t cellmap_dirty_count(const struct cellmap *map)
{
    return map->n_dirty;
}
/* i < cellmap_dirty_count. */
void cellmap_dirty_leaf(const struct cellmap *map, size_t i, struct cellmap_leaf *ret_leaf);
void cellmap_dirty_clear(struct cellmap *map, size_t n);

/* All leaves in order of keys. Squares that are there may be written and leaves marked while a cursor is
 * open; none may be put in. A leaf whose squares are all 0 is passed over. */
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

/* How many squares are there; looks at all. */
uint64_t cellmap_count(const struct cellmap *map);
/* Bytes asked of the allocator, used or not. */
size_t cellmap_bytes(const struct cellmap *map);

enum road_status cellmap_save(const struct cellmap *map, const struct image_sink *sink);
/* Into a map after cellmap_init; ROAD_CORRUPT, and the map as it was, if anything in it cannot be: every
 * place is in range, every node is named once, every key is where it is looked for. */
enum road_status cellmap_load(struct cellmap *map, struct image_source *source);

/* Inner parts from here on. */
uint16_t *cellmap_touch_slow(struct cellmap *map, struct cellmap_path *path, uint64_t key);
void cellmap_mark_slow(struct cellmap *map, struct cellmap_path *path, uint64_t key);
void cellmap_prefetch_slow(const struct cellmap *map, const struct cellmap_path *path, uint64_t key);
uint16_t cellmap_get_slow(const struct cellmap *map, struct cellmap_path *path, uint64_t key);

static inline struct cellmap_node *cellmap_node(const struct cellmap *map, uint32_t unit)
{
    return (struct cellmap_node *)(void *)&map->units[unit];
}

/* Bits that are set; the plain way, since the processors we build for at least need not have an instruction.
 */
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
    return node->name == key >> 6;
}

static inline bool cellmap_has_group(const struct cellmap_node *leaf, uint64_t key)
{
    return leaf->present >> (key >> 2 & 15) & 1;
}

/* Of a square whose group is there. */
static inline uint16_t *cellmap_value(const struct cellmap_node *leaf, uint64_t key)
{
    const uint64_t place = leaf->places >> (key & 0x3C) & 15;

    return (uint16_t *)(void *)(leaf + 1) + 4 * place + (key & 3);
}

static inline uint32_t *cellmap_table(const struct cellmap_node *node)
{
    return (uint32_t *)(void *)(node + 1);
}

static inline uint16_t *cellmap_touch(struct cellmap *map, struct cellmap_path *path, uint64_t key)
{
    const struct cellmap_node *leaf = cellmap_node(map, path->leaf);

    if (cellmap_is_leaf_of(leaf, key) && cellmap_has_group(leaf, key))
        return cellmap_value(leaf, key);
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

    if (cellmap_is_leaf_of(leaf, key))
        return cellmap_has_group(leaf, key) ? *cellmap_value(leaf, key) : 0;
    return cellmap_get_slow(map, path, key);
}

static inline void cellmap_prefetch(const struct cellmap *map, const struct cellmap_path *path, uint64_t key)
{
    if (!cellmap_is_leaf_of(cellmap_node(map, path->leaf), key))
        cellmap_prefetch_slow(map, path, key);
}

#endif
