#include <stdio.h>
#include <string.h>

#include "sensor-node/iio.h"

enum road_status iio_format_parse(const char *text, struct iio_format *ret_format)
{
    char endian, sign;
    unsigned bits, storage, shift = 0;
    int used = 0;

    if (strchr(text, 'X'))
        return ROAD_UNSUPPORTED;
    if (sscanf(text, "%ce:%c%3u/%3u%n", &endian, &sign, &bits, &storage, &used) != 4)
        return ROAD_BAD_INPUT;
    if (text[used] == '>' && sscanf(text + used, ">>%3u", &shift) != 1)
        return ROAD_BAD_INPUT;
    if ((endian != 'b' && endian != 'l') || (sign != 's' && sign != 'u'))
        return ROAD_BAD_INPUT;
    if ((storage != 8 && storage != 16 && storage != 32 && storage != 64) || bits < 1 || bits + shift > storage)
        return ROAD_BAD_INPUT;
    *ret_format = (struct iio_format){endian == 'b', sign == 's', bits, storage, shift};
    return ROAD_OK;
}

int64_t iio_value(const struct iio_format *format, const uint8_t *bytes)
{
    const unsigned n = format->storage_bits / 8;
    uint64_t raw = 0;

    for (unsigned i = 0; i < n; i++)
        raw = raw << 8 | bytes[format->is_big_endian ? i : n - 1 - i];
    raw >>= format->shift;
    if (format->bits < 64)
        raw &= (UINT64_C(1) << format->bits) - 1;
    if (format->is_signed && format->bits < 64 && raw >> (format->bits - 1))
        raw |= ~((UINT64_C(1) << format->bits) - 1);
    return (int64_t)raw;
}
