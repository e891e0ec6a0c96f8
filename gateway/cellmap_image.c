/* cellmap_image.c - the cell map as bytes: its head, its slots, its units, its dirty list, as they lie in
 * memory. */
#include <stdlib.h>
#include <string.h>

#include "gateway/cellmap_node.h"
#include "gateway/room.h"

#define IMAGE_MAGIC    UINT64_C(0x31504C4C4543524F) /* another order of bytes reads another number */
#define SLOT_BITS_MAX  30
#define FIRST_BITS_MIN 1

struct head {
    uint64_t magic, n_dirty;
    uint32_t n_units, n_blocks, slot_bits, spare;
    uint32_t free[CELLMAP_NODE_UNITS_MAX + 1];
};

enum road_status cellmap_save(const struct cellmap *map, const struct image_sink *sink)
{
    struct head head = {IMAGE_MAGIC, map->n_dirty, map->n_units, map->n_blocks, map->slot_bits, 0, {0}};

    memcpy(head.free, map->free, sizeof head.free);
    enum road_status status = image_write(sink, &head, sizeof head);
    if (status == ROAD_OK)
        status = image_write(sink, map->slots, sizeof *map->slots << map->slot_bits);
    if (status == ROAD_OK)
        status = image_write(sink, map->units, map->n_units * sizeof *map->units);
    if (status == ROAD_OK)
        status = image_write(sink, map->dirty, map->n_dirty * sizeof *map->dirty);
    return status;
}

/* What a check goes by: every unit is of one node. */
struct audit {
    const struct cellmap *map;
    uint64_t *taken; /* a bit a unit */
    uint64_t n_taken, n_dirty;
};

/* False if the node would reach over the end or into another one. */
static bool take(struct audit *audit, uint32_t node, unsigned units)
{
    if (node == 0 || node >= audit->map->n_units || units > audit->map->n_units - node)
        return false;
    for (uint32_t unit = node; unit < node + units; unit++) {
        const uint64_t bit = UINT64_C(1) << (unit & 63);
        if (audit->taken[unit >> 6] & bit)
            return false;
        audit->taken[unit >> 6] |= bit;
    }
    audit->n_taken += units;
    return true;
}

/* Each group that is there has a place of its own below their number; what is not there has none. */
static bool places_are_sound(const struct cellmap_node *leaf)
{
    uint32_t taken = 0;

    for (unsigned group = 0; group < 16; group++) {
        const unsigned place = leaf->places >> 4 * group & 15;
        if (leaf->present >> group & 1)
            taken |= UINT32_C(1) << place;
        else if (place)
            return false;
    }
    return taken == (UINT32_C(1) << cellmap_bits(leaf->present)) - 1;
}

static bool leaf_is_sound(struct audit *audit, uint32_t node, uint64_t name)
{
    if (node >= audit->map->n_units)
        return false;
    const struct cellmap_node *leaf = cellmap_node(audit->map, node);

    audit->n_dirty += leaf->count;
    return leaf->present && leaf->name == name && leaf->count <= 1 && places_are_sound(leaf) &&
           take(audit, node, leaf_units(cellmap_bits(leaf->present)));
}

static bool table_is_sound(struct audit *audit, uint32_t node)
{
    const struct cellmap_node *table = cellmap_node(audit->map, node);
    const uint32_t *place = cellmap_table(table);

    if (!table->places || !take(audit, node, table_units(cellmap_bits(table->places))))
        return false;
    for (uint64_t left = table->places; left; left &= left - 1)
        if (!leaf_is_sound(audit, *place++, (uint64_t)block_of(table) << 6 | (unsigned)__builtin_ctzll(left)))
            return false;
    return true;
}

static bool array_is_sound(struct audit *audit, uint32_t node)
{
    const struct cellmap_node *array = cellmap_node(audit->map, node);
    const struct entry *entries = array_entries(array);
    uint64_t leaves = 0;

    if (!array->count || array->count > ARRAY_MAX || !take(audit, node, array_units(array->count)))
        return false;
    for (unsigned i = 0; i < array->count; i++) {
        if (entries[i].position > 0xFFF || (i && entries[i].position <= entries[i - 1].position))
            return false;
        leaves |= UINT64_C(1) << (entries[i].position >> 6);
    }
    audit->n_dirty += cellmap_bits(array->places);
    return (array->places & ~leaves) == 0;
}

/* A key is found from its slot only if no empty one stands before it: looking for it must end here. */
static bool slot_is_sound(struct audit *audit, uint32_t at)
{
    const struct cellmap *map = audit->map;
    const struct cellmap_slot slot = map->slots[at];

    if (!slot.node)
        return true;
    if (slot.node >= map->n_units || slot_of(map, slot.block) != at)
        return false;
    const struct cellmap_node *block = cellmap_node(map, slot.node);
    if (block->name == (CELLMAP_TABLE | slot.block))
        return table_is_sound(audit, slot.node);
    return block->name == (CELLMAP_ARRAY | slot.block) && array_is_sound(audit, slot.node);
}

static bool free_list_is_sound(struct audit *audit, unsigned units)
{
    for (uint64_t node = audit->map->free[units]; node;
         node = cellmap_node(audit->map, (uint32_t)node)->places)
        if (node > UINT32_MAX || !take(audit, (uint32_t)node, units) ||
            !is_free(cellmap_node(audit->map, (uint32_t)node)))
            return false;
    return true;
}

/* The list and the marks say the same: each leaf of it is marked, none stands there twice. */
static bool dirty_is_sound(struct cellmap *map, uint64_t n_marked)
{
    cellmap_dirty_sort(map);
    for (size_t i = 0; i < map->n_dirty; i++)
        if (map->dirty[i] >> (CELLMAP_KEY_BITS - 6) || (i && map->dirty[i] == map->dirty[i - 1]) ||
            !cellmap_is_dirty(map, map->dirty[i]))
            return false;
    return map->n_dirty == n_marked;
}

/* A search ends only if some slot is empty. */
static bool slots_are_sound(const struct cellmap *map)
{
    uint32_t n = 0;

    for (uint32_t at = 0; at < UINT32_C(1) << map->slot_bits; at++)
        n += map->slots[at].node != 0;
    return n == map->n_blocks;
}

static bool map_is_sound(struct cellmap *map)
{
    struct audit audit = {.map = map, .taken = room_zeroed(map->n_units / 64 + 1, sizeof *audit.taken)};
    bool is_sound = slots_are_sound(map) && is_free(cellmap_node(map, 0));

    for (uint32_t at = 0; is_sound && at < UINT32_C(1) << map->slot_bits; at++)
        is_sound = slot_is_sound(&audit, at);
    for (unsigned units = 1; is_sound && units <= CELLMAP_NODE_UNITS_MAX; units++)
        is_sound = free_list_is_sound(&audit, units);
    free(audit.taken);
    return is_sound && audit.n_taken == map->n_units - 1 && dirty_is_sound(map, audit.n_dirty);
}

/* Sizes that memory can be asked for, and a hash with room: what is read before anything is allocated. */
static bool head_is_sound(const struct head *head)
{
    return head->magic == IMAGE_MAGIC && head->slot_bits >= FIRST_BITS_MIN &&
           head->slot_bits <= SLOT_BITS_MAX && head->n_blocks <= (UINT64_C(3) << head->slot_bits) / 4 &&
           head->n_units > 0 && head->free[0] == 0;
}

static void *read_items(struct image_source *source, uint64_t n, size_t size, enum road_status *status)
{
    void *items;

    if (*status != ROAD_OK || !n)
        return NULL;
    if (n > source->left / size) {
        *status = ROAD_CORRUPT;
        return NULL;
    }
    items = malloc(n * size);
    *status = items ? image_read(source, items, n * size) : ROAD_NO_MEMORY;
    return items;
}

enum road_status cellmap_load(struct cellmap *map, struct image_source *source)
{
    struct head head;
    enum road_status status = image_read(source, &head, sizeof head);

    if (status != ROAD_OK)
        return status;
    if (!head_is_sound(&head))
        return ROAD_CORRUPT;
    struct cellmap loaded = {.n_units = head.n_units,
                             .unit_capacity = head.n_units,
                             .slot_bits = head.slot_bits,
                             .n_blocks = head.n_blocks,
                             .n_dirty = head.n_dirty,
                             .dirty_capacity = head.n_dirty};
    memcpy(loaded.free, head.free, sizeof loaded.free);
    loaded.slots = read_items(source, UINT64_C(1) << head.slot_bits, sizeof *loaded.slots, &status);
    loaded.units = read_items(source, head.n_units, sizeof *loaded.units, &status);
    loaded.dirty = read_items(source, head.n_dirty, sizeof *loaded.dirty, &status);
    if (status == ROAD_OK && !map_is_sound(&loaded))
        status = ROAD_CORRUPT;
    if (status != ROAD_OK) {
        cellmap_done(&loaded);
        return status;
    }
    cellmap_done(map);
    *map = loaded;
    return ROAD_OK;
}
