/* A map from hostile text: refused in words, or a network that passes its check and can be written. */
#include <stdlib.h>
#include <string.h>

#include "gateway/roads_import.h"
#include "link/road_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct roads_options options = {.keep_ways = size & 1};
    char error[ROADS_ERROR_SIZE] = "";
    struct road_network network;
    struct roads_summary summary;
    uint8_t *bytes;
    size_t length;
    void *block;

    if (roads_import((const char *)data, size, &options, &network, &block, &summary, error) != ROAD_OK) {
        if (!*error)
            abort();
        return 0;
    }
    if (road_file_encode(&network, &bytes, &length, NULL) != ROAD_OK)
        abort();
    free(bytes);
    free(block);
    return 0;
}
