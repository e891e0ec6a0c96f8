#include "link/message_patch.h"

#include <string.h>

/* 0 takes a square back; else a pass has written to it, and a colour that needs a reason does not travel here. */
static bool cover_is_told(uint16_t cover)
{
    return cover == 0 || (cover_colour(cover) != CODE_GREY && cover_shown(cover) <= CODE_GREEN);
}

static void check_covers(struct check *check, const struct leaf_patch *patch)
{
    for (unsigned i = 0; i < 64; i++) {
        const bool is_masked = patch->mask >> i & 1;

        check_that(check, is_masked ? cover_is_told(patch->covers[i]) : patch->covers[i] == 0, ROAD_BAD_RANGE,
                   "patch.covers");
    }
}

void check_patch(struct check *check, const struct leaf_patch *patch, const struct leaf_patch *before,
                 struct grid_zone zone)
{
    check_that(check, cell_is_valid(patch->leaf), ROAD_BAD_RANGE, "patch.leaf");
    if (check->status != ROAD_OK)
        return;
    const int level = cell_level(patch->leaf);
    const struct grid_zone frame = cell_zone(patch->leaf);
    check_that(check, level >= PATCH_LEVEL_MIN && level <= PATCH_LEVEL_MAX, ROAD_BAD_RANGE, "patch.leaf");
    check_that(check, frame.meridian_deg == zone.meridian_deg && frame.is_south == zone.is_south, ROAD_BAD_RANGE,
               "patch.leaf");
    check_that(check, !before || before->leaf.id < patch->leaf.id, ROAD_BAD_INPUT, "patch.leaf");
    check_that(check, patch->mask != 0, ROAD_BAD_RANGE, "patch.mask");
    check_covers(check, patch);
}

void put_patch(struct wire_writer *writer, const struct leaf_patch *patch)
{
    uint8_t covers[128];
    size_t n = 0;

    for (uint64_t left = patch->mask; left; left &= left - 1) {
        const uint16_t cover = patch->covers[__builtin_ctzll(left)];
        covers[n++] = (uint8_t)(cover >> 8);
        covers[n++] = (uint8_t)cover;
    }
    wire_put_array(writer, 3);
    wire_put_uint(writer, patch->leaf.id);
    wire_put_uint(writer, patch->mask);
    wire_put_bytes(writer, covers, n);
}

void get_patch(struct wire_reader *reader, struct leaf_patch *ret_patch)
{
    size_t length = 0;

    memset(ret_patch, 0, sizeof *ret_patch);
    wire_tuple_open(reader, 3, "patch");
    ret_patch->leaf.id = wire_get_uint(reader, UINT64_MAX, "patch.leaf");
    ret_patch->mask = wire_get_uint(reader, UINT64_MAX, "patch.mask");
    const uint8_t *at = wire_get_bytes(reader, 128, &length, "patch.covers");
    wire_close(reader);
    if (reader->status != ROAD_OK)
        return;
    if (length != 2 * (size_t)__builtin_popcountll(ret_patch->mask)) {
        wire_fail(reader, ROAD_BAD_INPUT, "patch.covers");
        return;
    }
    for (uint64_t left = ret_patch->mask; left; left &= left - 1, at += 2)
        ret_patch->covers[__builtin_ctzll(left)] = (uint16_t)(at[0] << 8 | at[1]);
}
