/* leaf.h - plain squares as rows of table leaf (docs/store.md): 8 x 8 squares of one level, their covers as one blob.
 *
 * The blob is what travels: the mask as 8 bytes, then the covers of its set bits in ascending order, all big-endian. Pure. */
#ifndef SERVER_STORE_LEAF_H
#define SERVER_STORE_LEAF_H

#include "link/message.h"

#define LEAF_BLOB_MAX (8 + 128)

/* Keys of tables leaf and square: level * 2^53 + id, so that the squares of one level lie together. */
static inline int64_t store_key(int level, uint64_t id)
{
    return (int64_t)((uint64_t)level << 53 | id);
}

static inline int64_t store_key_of(struct cell cell)
{
    return store_key(cell_level(cell), cell.id);
}

static inline struct cell store_key_cell(int64_t key)
{
    return (struct cell){(uint64_t)key & ((UINT64_C(1) << 53) - 1)};
}

/* The leaf that holds a square as one of its 64. */
static inline struct cell leaf_of(struct cell square)
{
    return cell_parent(square, cell_level(square) + LEAF_LEVELS);
}

size_t leaf_blob(const struct leaf_patch *leaf, uint8_t ret_blob[LEAF_BLOB_MAX]);
/* ROAD_CORRUPT if the blob is none of ours. */
enum road_status leaf_read(struct cell id, const void *blob, size_t length, struct leaf_patch *ret_leaf);

/* What the cover says, in the words of a cell's reason; days are told from `as_of_ns`, the newest change's time. */
struct code_reason leaf_reason(uint16_t cover, int64_t as_of_ns);

#endif
