#include "gateway/cellmap.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/cellmap_node.h"
#include "gateway/room.h"
#include "link/log.h"

#define FIRST_UNITS     256
#define FIRST_SLOT_BITS 6
#define NAME_MASK       ((UINT64_C(1) << 40) - 1)

_Static_assert(sizeof(struct cellmap_node) == sizeof(struct cellmap_unit), "a node's head is one unit");

void cellmap_init(struct cellmap *map)
{
    *map = (struct cellmap){.n_units = 1, .unit_capacity = FIRST_UNITS, .slot_bits = FIRST_SLOT_BITS};
    map->units = room_zeroed(FIRST_UNITS, sizeof *map->units);
    map->slots = room_zeroed((size_t)1 << FIRST_SLOT_BITS, sizeof *map->slots);
    cellmap_node(map, 0)->name = CELLMAP_FREE;
}

void cellmap_done(struct cellmap *map)
{
    free(map->units);
    free(map->slots);
    free(map->dirty);
}

size_t cellmap_bytes(const struct cellmap *map)
{
    return map->unit_capacity * sizeof *map->units + (sizeof *map->slots << map->slot_bits) +
           map->dirty_capacity * sizeof *map->dirty;
}

/* By an eighth, so that little of a large map lies idle; the system moves large arrays without copying them.
 */
static void grow_units(struct cellmap *map, unsigned wanted)
{
    const uint64_t capacity = (uint64_t)map->unit_capacity + map->unit_capacity / 8 + wanted;
    void *units = capacity <= UINT32_MAX ? realloc(map->units, capacity * sizeof *map->units) : NULL;

    if (!units)
        fatal("out of memory: a cell map of %" PRIu64 " units of 16 bytes; nothing acknowledged is lost",
              capacity);
    map->units = units;
    map->unit_capacity = (uint32_t)capacity;
}

/* Pointers to nodes do not hold over this. */
static uint32_t node_new(struct cellmap *map, unsigned units)
{
    uint32_t node = map->free[units];

    if (node) {
        map->free[units] = (uint32_t)cellmap_node(map, node)->places;
        return node;
    }
    if (map->unit_capacity - map->n_units < units)
        grow_units(map, units);
    node = map->n_units;
    map->n_units += units;
    memset(&map->units[node], 0, units * sizeof *map->units); /* a snapshot writes what lies idle, too */
    return node;
}

static void node_free(struct cellmap *map, uint32_t node, unsigned units)
{
    struct cellmap_node *freed = cellmap_node(map, node);

    freed->name = CELLMAP_FREE;
    freed->places = map->free[units];
    map->free[units] = node;
}

/* Moves a node that is full to a place of more units; whoever names it is told by the caller. */
static uint32_t node_move(struct cellmap *map, uint32_t from, unsigned units, unsigned more_units)
{
    const uint32_t to = node_new(map, more_units);

    memcpy(&map->units[to], &map->units[from], units * sizeof *map->units);
    node_free(map, from, units);
    return to;
}

static void grow_slots(struct cellmap *map)
{
    struct cellmap_slot *old = map->slots;
    const size_t n = (size_t)1 << map->slot_bits;

    map->slot_bits++;
    map->slots = room_zeroed(2 * n, sizeof *map->slots);
    for (size_t i = 0; i < n; i++)
        if (old[i].node)
            map->slots[slot_of(map, old[i].block)] = old[i];
    free(old);
}

static uint32_t block_find(const struct cellmap *map, struct cellmap_path *path, uint64_t key)
{
    const uint64_t name = cellmap_node(map, path->block)->name;

    if (name == (CELLMAP_TABLE | key >> 12) || name == (CELLMAP_ARRAY | key >> 12))
        return path->block;
    return path->block = map->slots[slot_of(map, (uint32_t)(key >> 12))].node;
}

static uint32_t block_new(struct cellmap *map, struct cellmap_path *path, uint64_t key)
{
    const uint32_t block = (uint32_t)(key >> 12);

    if (++map->n_blocks > (UINT32_C(3) << map->slot_bits) / 4)
        grow_slots(map);
    path->block = node_new(map, array_units(0));
    *cellmap_node(map, path->block) = (struct cellmap_node){.name = CELLMAP_ARRAY | block};
    map->slots[slot_of(map, block)] = (struct cellmap_slot){block, path->block};
    return path->block;
}

static void block_moved(struct cellmap *map, struct cellmap_path *path, uint64_t key, uint32_t node)
{
    path->block = node;
    map->slots[slot_of(map, (uint32_t)(key >> 12))].node = node;
}

/* Puts an empty leaf into the table at path->block. */
static void leaf_new(struct cellmap *map, struct cellmap_path *path, uint64_t key)
{
    const unsigned number = key >> 6 & 63;
    const unsigned n = cellmap_bits(cellmap_node(map, path->block)->places);

    if (table_units(n + 1) != table_units(n))
        block_moved(map, path, key, node_move(map, path->block, table_units(n), table_units(n + 1)));
    path->leaf = node_new(map, leaf_units(0));
    *cellmap_node(map, path->leaf) = (struct cellmap_node){.name = (key >> 6) & NAME_MASK};
    struct cellmap_node *table = cellmap_node(map, path->block);
    uint32_t *place = cellmap_table(table) + cellmap_rank(table->places, number);
    memmove(place + 1, place, (size_t)(cellmap_table(table) + n - place) * sizeof *place);
    *place = path->leaf;
    table->places |= UINT64_C(1) << number;
}

/* The leaf that the path leads to is full: it moves. */
static void leaf_grow(struct cellmap *map, struct cellmap_path *path, uint64_t key, unsigned n)
{
    const struct cellmap_node *table = cellmap_node(map, block_find(map, path, key));
    const unsigned rank = cellmap_rank(table->places, key >> 6 & 63);

    path->leaf = node_move(map, path->leaf, leaf_units(n), leaf_units(n + 1));
    cellmap_table(cellmap_node(map, path->block))[rank] = path->leaf;
}

/* A square of the leaf that the path leads to. */
static uint16_t *leaf_touch(struct cellmap *map, struct cellmap_path *path, uint64_t key)
{
    struct cellmap_node *leaf = cellmap_node(map, path->leaf);

    if (!cellmap_has_group(leaf, key)) {
        const unsigned n = cellmap_bits(leaf->present);
        if (leaf_units(n + 1) != leaf_units(n)) {
            leaf_grow(map, path, key, n);
            leaf = cellmap_node(map, path->leaf);
        }
        leaf->present = (leaf->present | 1u << (key >> 2 & 15)) & 0xFFFF;
        leaf->places |= (uint64_t)n << (key & 0x3C);
        memset(cellmap_value(leaf, key & ~UINT64_C(3)), 0, 4 * sizeof(uint16_t));
    }
    return cellmap_value(leaf, key);
}

static uint16_t *table_touch(struct cellmap *map, struct cellmap_path *path, uint64_t key)
{
    const struct cellmap_node *table = cellmap_node(map, path->block);
    const unsigned number = key >> 6 & 63;

    if (table->places >> number & 1)
        path->leaf = cellmap_table(table)[cellmap_rank(table->places, number)];
    else
        leaf_new(map, path, key);
    return leaf_touch(map, path, key);
}

/* The array becomes a table of leaves. */
static void array_to_table(struct cellmap *map, struct cellmap_path *path, uint64_t key)
{
    const uint64_t first = key & ~UINT64_C(0xFFF);
    const struct cellmap_node *array = cellmap_node(map, path->block);
    const unsigned n = array->count;
    const uint64_t dirty = array->places;
    struct entry entries[ARRAY_MAX];

    memcpy(entries, array_entries(array), n * sizeof entries[0]);
    node_free(map, path->block, array_units(n));
    block_moved(map, path, key, node_new(map, table_units(0)));
    *cellmap_node(map, path->block) = (struct cellmap_node){.name = (CELLMAP_TABLE | key >> 12) & NAME_MASK};
    for (unsigned i = 0; i < n; i++) {
        *table_touch(map, path, first | entries[i].position) = entries[i].value;
        cellmap_node(map, path->leaf)->count = dirty >> (entries[i].position >> 6) & 1;
    }
}

/* A full array goes on as leaves if it may not grow, or if its squares lie together as those of a road do. */
static bool array_is_outgrown(const struct cellmap_node *array)
{
    const struct entry *entries = array_entries(array);
    uint64_t leaves = 0;

    for (unsigned i = 0; i < array->count; i++)
        leaves |= UINT64_C(1) << (entries[i].position >> 6);
    return array->count == ARRAY_MAX || 4 * cellmap_bits(leaves) <= array->count;
}

static uint16_t *array_touch(struct cellmap *map, struct cellmap_path *path, uint64_t key)
{
    const unsigned position = key & 0xFFF;
    struct cellmap_node *array = cellmap_node(map, path->block);
    const unsigned n = array->count, at = array_find(array, position);

    if (at < n && array_entries(array)[at].position == position)
        return &array_entries(array)[at].value;
    if (array_units(n + 1) != array_units(n)) {
        if (array_is_outgrown(array)) {
            array_to_table(map, path, key);
            return table_touch(map, path, key);
        }
        block_moved(map, path, key, node_move(map, path->block, array_units(n), array_units(n + 1)));
        array = cellmap_node(map, path->block);
    }
    struct entry *entry = array_entries(array) + at;
    memmove(entry + 1, entry, (n - at) * sizeof *entry);
    *entry = (struct entry){0, (uint16_t)position};
    array->count++;
    return &entry->value;
}

uint16_t *cellmap_touch_slow(struct cellmap *map, struct cellmap_path *path, uint64_t key)
{
    if (cellmap_is_leaf_of(cellmap_node(map, path->leaf), key))
        return leaf_touch(map, path, key);
    if (!block_find(map, path, key))
        block_new(map, path, key);
    return is_table(cellmap_node(map, path->block)) ? table_touch(map, path, key)
                                                    : array_touch(map, path, key);
}

static void dirty_add(struct cellmap *map, uint64_t leaf_key)
{
    if (map->n_dirty == map->dirty_capacity) {
        map->dirty_capacity += map->dirty_capacity / 4 + 64;
        map->dirty = realloc(map->dirty, map->dirty_capacity * sizeof *map->dirty);
        if (!map->dirty)
            fatal("out of memory: a list of %zu leaves; nothing acknowledged is lost", map->dirty_capacity);
    }
    map->dirty[map->n_dirty++] = leaf_key;
}

void cellmap_mark_slow(struct cellmap *map, struct cellmap_path *path, uint64_t key)
{
    const unsigned number = key >> 6 & 63;
    struct cellmap_node *block = cellmap_node(map, block_find(map, path, key));
    bool was_dirty = true; /* nothing to tell of a leaf that is not there */

    if (is_array(block)) {
        was_dirty = block->places >> number & 1;
        block->places |= UINT64_C(1) << number;
    } else if (is_table(block) && (block->places >> number & 1)) {
        path->leaf = cellmap_table(block)[cellmap_rank(block->places, number)];
        struct cellmap_node *leaf = cellmap_node(map, path->leaf);
        was_dirty = leaf->count;
        leaf->count = 1;
    }
    if (!was_dirty)
        dirty_add(map, key >> 6);
}

static uint16_t array_get(const struct cellmap_node *array, unsigned position)
{
    const unsigned at = array_find(array, position);
    const struct entry *entry = array_entries(array) + at;

    return at < array->count && entry->position == position ? entry->value : 0;
}

void cellmap_prefetch_slow(const struct cellmap *map, const struct cellmap_path *path, uint64_t key)
{
    const struct cellmap_node *block = cellmap_node(map, path->block);
    const unsigned number = key >> 6 & 63;

    if (block->name != (CELLMAP_TABLE | key >> 12)) {
        block = cellmap_node(map, map->slots[slot_of(map, (uint32_t)(key >> 12))].node);
        if (!is_table(block)) {
            __builtin_prefetch(block, 1);
            return;
        }
    }
    if (block->places >> number & 1) {
        const char *leaf =
            (const char *)&map->units[cellmap_table(block)[cellmap_rank(block->places, number)]];
        __builtin_prefetch(leaf, 1);
        __builtin_prefetch(leaf + 64, 1);
    }
}

uint16_t cellmap_get_slow(const struct cellmap *map, struct cellmap_path *path, uint64_t key)
{
    const struct cellmap_node *block = cellmap_node(map, block_find(map, path, key));
    const unsigned number = key >> 6 & 63;

    if (is_array(block))
        return array_get(block, key & 0xFFF);
    if (!is_table(block) || !(block->places >> number & 1))
        return 0;
    path->leaf = cellmap_table(block)[cellmap_rank(block->places, number)];
    const struct cellmap_node *leaf = cellmap_node(map, path->leaf);
    return cellmap_has_group(leaf, key) ? *cellmap_value(leaf, key) : 0;
}
