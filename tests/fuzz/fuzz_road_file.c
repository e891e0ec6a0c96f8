/* A road network from hostile bytes (the digest is put right, so that the rest is reached): refused, or every way can be
 * asked, walked and located, and it encodes to the same bytes. */
#include <stdlib.h>
#include <string.h>

#include "link/road_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ask(const struct road_network *n, uint32_t way)
{
    const int64_t length = road_length_mm(n, way);
    struct grid_point point;
    struct road_place place;

    if (length <= 0 || road_segment_count(n, way) == 0 || strlen(road_text(n, n->ways[way].name)) >= n->text_length)
        abort();
    road_point_at(n, way, length / 2, 0, &point, NULL);
    if (road_locate(n, point, (struct road_direction){0, 0}, 0, &place) != ROAD_OK || place.distance_mm > n->width_mm_max)
        abort();
    if (length < 2000000)
        road_squares(n, way, NULL, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct road_file file;
    uint8_t *bytes, *again;
    size_t length;

    if (size < ROAD_FILE_HEADER_SIZE || size > 4096)
        return 0;
    bytes = malloc(size);
    if (!bytes)
        return 0;
    memcpy(bytes, data, size);
    sha256_prefixed(ROAD_FILE_VERSION, bytes, 32, bytes + ROAD_FILE_HEADER_SIZE, size - ROAD_FILE_HEADER_SIZE, bytes + 32);
    if (road_file_decode(bytes, size, &file, NULL) == ROAD_OK) {
        for (uint32_t way = 0; way < file.network.n_ways && way < 8; way++)
            ask(&file.network, way);
        if (road_file_encode(&file.network, &again, &length, NULL) != ROAD_OK || length != size || memcmp(again, bytes, size))
            abort();
        free(again);
        road_file_done(&file);
    }
    free(bytes);
    return 0;
}
