#include "server/api/bytes.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void bytes_init(struct bytes *bytes, size_t max)
{
    *bytes = (struct bytes){.max = max};
}

void bytes_done(struct bytes *bytes)
{
    free(bytes->data);
    *bytes = (struct bytes){.max = bytes->max};
}

uint8_t *bytes_reserve(struct bytes *bytes, size_t length)
{
    if (bytes->is_bad || length > bytes->max - bytes->length) {
        bytes->is_bad = true;
        return NULL;
    }
    if (bytes->length + length > bytes->capacity) {
        const size_t wanted = 2 * (bytes->length + length) + 64;
        uint8_t *grown = realloc(bytes->data, wanted);
        if (!grown) {
            bytes->is_bad = true;
            return NULL;
        }
        bytes->data = grown;
        bytes->capacity = wanted;
    }
    return bytes->data + bytes->length;
}

void bytes_put(struct bytes *bytes, const void *data, size_t length)
{
    uint8_t *room = bytes_reserve(bytes, length);

    if (!room || length == 0)
        return;
    memcpy(room, data, length);
    bytes->length += length;
}

void bytes_text(struct bytes *bytes, const char *text)
{
    bytes_put(bytes, text, strlen(text));
}

void bytes_format(struct bytes *bytes, const char *format, ...)
{
    va_list args, again;

    va_start(args, format);
    va_copy(again, args);
    const int length = vsnprintf(NULL, 0, format, args);
    char *room = length < 0 ? NULL : (char *)bytes_reserve(bytes, (size_t)length + 1);
    if (room) {
        vsnprintf(room, (size_t)length + 1, format, again);
        bytes->length += (size_t)length;
    } else {
        bytes->is_bad = true;
    }
    va_end(again);
    va_end(args);
}
