/* What a vehicle learnt, from bytes that may be anything: refused, or taken and then saved and taken again as the same. The
 * checksum is put right first, or nothing behind it would ever be reached. */
#include "sensor-node/vehicle.h"

#include <stdlib.h>
#include <string.h>

static void seal(uint8_t *bytes, size_t length)
{
    uint32_t crc = 0xFFFFFFFFu;

    for (int i = 0; i < 4; i++)
        bytes[12 + i] = (uint8_t)(length >> (8 * i));
    for (size_t i = 0; i + 4 < length; i++) {
        crc ^= bytes[i];
        for (int k = 0; k < 8; k++)
            crc = crc & 1 ? (crc >> 1) ^ 0xEDB88320u : crc >> 1;
    }
    for (int i = 0; i < 4; i++)
        bytes[length - 4 + (size_t)i] = (uint8_t)(~crc >> (8 * i));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t bytes[VEHICLE_BYTES_MAX], again[VEHICLE_BYTES_MAX];
    static struct learn learn;
    static struct background background;
    const struct mount mount = {0.1, -0.6, 0}, sigma = {0.1, 0.1, 0.1};

    learn_init(&learn, &mount, &sigma);
    background_init(&background);
    vehicle_load(data, size, &learn, &background);
    if (size < 20 || size > sizeof bytes)
        return 0;
    memcpy(bytes, data, size);
    seal(bytes, size);
    if (vehicle_load(bytes, size, &learn, &background) != ROAD_OK)
        return 0;
    const size_t length = vehicle_save(&learn, &background, again);
    if (length > sizeof again || vehicle_load(again, length, &learn, &background) != ROAD_OK)
        abort();
    if (vehicle_save(&learn, &background, bytes) != length || memcmp(bytes, again, length) != 0)
        abort();
    return 0;
}
