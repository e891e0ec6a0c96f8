/* cellmap_node.h - sizes of the cell map's nodes, and its hash. Inner header of cellmap*.c. */
#ifndef GATEWAY_CELLMAP_NODE_H
#define GATEWAY_CELLMAP_NODE_H

#include "gateway/cellmap.h"

/* More squares become leaves: 8 units. */
#define ARRAY_MAX 28

struct entry {
    uint16_t value, position; /* 0..4095 in its block */
};

/* Units of a node by its items: all that says how large it is, so each must not shrink as n grows. */
static inline unsigned leaf_units(unsigned n)
{
    return (2 * n + 14 + 15) / 16; /* 1, 9, 17, ... 65 values */
}

static inline unsigned table_units(unsigned n)
{
    return 1 + (n + 3) / 4;
}

static inline unsigned array_units(unsigned n)
{
    return n <= 4 ? 2 : 2 * ((n + 11) / 8); /* 4, 12, 20, 28 entries */
}

static inline unsigned node_units(const struct cellmap_node *node)
{
    if (node->number == CELLMAP_ARRAY)
        return array_units(node->count);
    return node->number == CELLMAP_TABLE ? table_units(cellmap_bits(node->present)) : leaf_units(cellmap_bits(node->present));
}

static inline struct entry *array_entries(const struct cellmap_node *node)
{
    return (struct entry *)(void *)(node + 1);
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

#endif
