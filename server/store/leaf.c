#include "server/store/leaf.h"

#include <string.h>

#define NS_PER_DAY INT64_C(86400000000000)

static void put_u16(uint8_t *at, uint16_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

size_t leaf_blob(const struct leaf_patch *leaf, uint8_t ret_blob[LEAF_BLOB_MAX])
{
    size_t n = 8;

    for (int i = 0; i < 8; i++)
        ret_blob[i] = (uint8_t)(leaf->mask >> (56 - 8 * i));
    for (uint64_t left = leaf->mask; left; left &= left - 1, n += 2)
        put_u16(ret_blob + n, leaf->covers[__builtin_ctzll(left)]);
    return n;
}

enum road_status leaf_read(struct cell id, const void *blob, size_t length, struct leaf_patch *ret_leaf)
{
    const uint8_t *at = blob;
    uint64_t mask = 0;

    for (size_t i = 0; i < 8 && i < length; i++)
        mask = mask << 8 | at[i];
    if (length < 8 || length != 8 + 2 * (size_t)__builtin_popcountll(mask))
        return ROAD_CORRUPT;
    memset(ret_leaf, 0, sizeof *ret_leaf);
    ret_leaf->leaf = id;
    ret_leaf->mask = mask;
    at += 8;
    for (uint64_t left = mask; left; left &= left - 1, at += 2)
        ret_leaf->covers[__builtin_ctzll(left)] = (uint16_t)(at[0] << 8 | at[1]);
    return ROAD_OK;
}

struct code_reason leaf_reason(uint16_t cover, int64_t as_of_ns)
{
    const enum road_code shown = cover_shown(cover);
    /* Nothing is told of days to come: the day is the last one of its number up to tomorrow. */
    const int64_t day = cover_day(cover, as_of_ns / NS_PER_DAY + 1 - (COVER_DAYS / 2 - 1));

    return (struct code_reason){.code = shown,
                                .channel = shown == CODE_GREY ? CHANNEL_UNKNOWN : CHANNEL_CLEAN,
                                .is_pale = shown != CODE_GREY && cover_is_pale(cover),
                                .csi = CODE_CSI_NONE,
                                .iri_centi = IRI_UNKNOWN,
                                .coverage_centi = (uint16_t)(cover_coverage(cover) * 100 / COVER_ONE),
                                .seen_ns = cover ? day * NS_PER_DAY : 0};
}
