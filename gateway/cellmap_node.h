/* cellmap_node.h - sizes of the cell map's nodes, and its hash. Inner header of cellmap*.c. */
#ifndef GATEWAY_CELLMAP_NODE_H
#define GATEWAY_CELLMAP_NODE_H

#include "gateway/cellmap.h"

/* More squares become leaves: 8 units. */
#define ARRAY_MAX 28

struct entry {
    uint16_t value, position; /* 0..4095 in its block */
};

/* Units of a node by its items: all that says how large it is, so each must not shrink as n grows. Leaves
 * have room for 2, 4, 8, 12 or 16 groups: a straight lane of a metre's breadth has 4. */
static inline unsigned leaf_units(unsigned n)
{
    return n <= 4 ? (n <= 2 ? 2 : 3) : 1 + 2 * ((n + 3) / 4);
}

static inline unsigned table_units(unsigned n)
{
    return 1 + (n + 3) / 4;
}

static inline unsigned array_units(unsigned n)
{
    return n <= 4 ? 2 : 2 * ((n + 11) / 8); /* 4, 12, 20, 28 entries */
}

static inline struct entry *array_entries(const struct cellmap_node *node)
{
    return (struct entry *)(void *)(node + 1);
}

static inline bool is_table(const struct cellmap_node *block)
{
    return block->name >> 38 == CELLMAP_TABLE >> 38;
}

static inline bool is_array(const struct cellmap_node *block)
{
    return block->name >> 38 == CELLMAP_ARRAY >> 38;
}

static inline bool is_free(const struct cellmap_node *node)
{
    return node->name >> 38 == CELLMAP_FREE >> 38;
}

static inline uint32_t block_of(const struct cellmap_node *block)
{
    return (uint32_t)block->name;
}

/* The first entry at `position` or behind it. */
static inline unsigned array_find(const struct cellmap_node *node, unsigned position)
{
    const struct entry *entries = array_entries(node);
    unsigned at = 0;

    for (unsigned i = 0; i < node->count; i++)
        at += entries[i].position < position;
    return at;
}

/* The slot of the block, or the empty one where it belongs. */
static inline uint32_t slot_of(const struct cellmap *map, uint32_t block)
{
    const uint32_t mask = (UINT32_C(1) << map->slot_bits) - 1;
    uint32_t at = (uint32_t)(block * UINT64_C(0x9E3779B97F4A7C15) >> (64 - map->slot_bits));

    while (map->slots[at].node && map->slots[at].block != block)
        at = (at + 1) & mask;
    return at;
}

/* Of a leaf key below 2^38. */
static inline bool cellmap_is_dirty(const struct cellmap *map, uint64_t leaf_key)
{
    const struct cellmap_node *block =
        cellmap_node(map, map->slots[slot_of(map, (uint32_t)(leaf_key >> 6))].node);
    const unsigned number = leaf_key & 63;

    if (is_table(block) && (block->places >> number & 1))
        return cellmap_node(map, cellmap_table(block)[cellmap_rank(block->places, number)])->count;
    return is_array(block) && (block->places >> number & 1);
}

#endif
