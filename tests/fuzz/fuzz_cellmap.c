/* fuzz_cellmap.c - the image of a cell map from a damaged disk: what is taken for sound stands any use, and
 * is saved in as many bytes as it was read from. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/cellmap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct bytes {
    const uint8_t *at;
    size_t length;
};

static enum road_status bytes_read(void *context, void *ret_bytes, size_t length)
{
    struct bytes *bytes = context;

    if (length > bytes->length)
        return ROAD_IO;
    memcpy(ret_bytes, bytes->at, length);
    bytes->at += length;
    bytes->length -= length;
    return ROAD_OK;
}

static enum road_status bytes_count(void *context, const void *bytes, size_t length)
{
    (void)bytes;
    *(size_t *)context += length;
    return ROAD_OK;
}

/* Keys near those that are there, and far from them. */
static void use(struct cellmap *map)
{
    struct cellmap_path path = {0};
    struct cellmap_cursor cursor;
    struct cellmap_leaf leaf;
    uint64_t keys[64];
    size_t n = 0;

    cellmap_cursor_open(&cursor, map);
    while (cellmap_cursor_next(&cursor, &leaf))
        if (n < 64)
            keys[n++] = leaf.key << 6;
    cellmap_cursor_close(&cursor);
    for (size_t i = 0; i < n; i++)
        for (uint64_t square = 0; square < 4096; square += 37) {
            *cellmap_touch(map, &path, keys[i] ^ square) += 1;
            cellmap_mark(map, &path, keys[i] ^ square);
        }
    cellmap_dirty_sort(map);
    for (size_t i = 0; i < cellmap_dirty_count(map); i++)
        cellmap_dirty_leaf(map, i, &leaf);
    cellmap_dirty_clear(map, cellmap_dirty_count(map));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes bytes = {data, size};
    struct image_source source = {bytes_read, &bytes, size};
    size_t saved = 0;
    const struct image_sink sink = {bytes_count, &saved};
    struct cellmap map;

    cellmap_init(&map);
    if (cellmap_load(&map, &source) == ROAD_OK) {
        if (cellmap_save(&map, &sink) != ROAD_OK || saved != size - bytes.length)
            abort();
        use(&map);
    }
    cellmap_done(&map);
    return 0;
}
