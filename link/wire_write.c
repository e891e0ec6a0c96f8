#include "link/wire.h"

#include <string.h>

/* RFC 8949, 3: the first byte's upper three bits; the simple values of 3.3. Written here and not with libcbor, so that
 * batches can also be made where it is not: in a browser, on a bare processor. Reading stays with libcbor. */
enum major {
    MAJOR_UINT = 0,
    MAJOR_NEGATIVE = 1,
    MAJOR_BYTES = 2,
    MAJOR_TEXT = 3,
    MAJOR_ARRAY = 4,
    MAJOR_MAP = 5,
    MAJOR_TAG = 6,
    MAJOR_SIMPLE = 7
};
#define SIMPLE_FALSE 20
#define SIMPLE_TRUE  21

void wire_write(struct wire_writer *writer, uint8_t *bytes, size_t capacity)
{
    *writer = (struct wire_writer){.bytes = bytes, .capacity = capacity, .status = ROAD_OK};
}

/* The shortest head: the value itself below 24, else 1, 2, 4 or 8 bytes behind, big-endian. */
static void put_head(struct wire_writer *writer, enum major major, uint64_t value)
{
    const unsigned more = value < 24 ? 0 : value <= UINT8_MAX ? 1 : value <= UINT16_MAX ? 2 : value <= UINT32_MAX ? 4 : 8;
    const unsigned low = more == 0 ? (unsigned)value : more == 1 ? 24 : more == 2 ? 25 : more == 4 ? 26 : 27;

    if (writer->status != ROAD_OK)
        return;
    if (writer->capacity - writer->length < 1 + more) {
        writer->status = ROAD_TOO_LARGE;
        return;
    }
    writer->bytes[writer->length++] = (uint8_t)((unsigned)major << 5 | low);
    for (unsigned i = more; i-- > 0;)
        writer->bytes[writer->length++] = (uint8_t)(value >> 8 * i);
}

void wire_put_uint(struct wire_writer *writer, uint64_t value)
{
    put_head(writer, MAJOR_UINT, value);
}

void wire_put_int(struct wire_writer *writer, int64_t value)
{
    if (value >= 0)
        put_head(writer, MAJOR_UINT, (uint64_t)value);
    else
        put_head(writer, MAJOR_NEGATIVE, (uint64_t)(-1 - value));
}

void wire_put_bool(struct wire_writer *writer, bool value)
{
    put_head(writer, MAJOR_SIMPLE, value ? SIMPLE_TRUE : SIMPLE_FALSE);
}

void wire_put_tag(struct wire_writer *writer, uint64_t tag)
{
    put_head(writer, MAJOR_TAG, tag);
}

void wire_put_array(struct wire_writer *writer, size_t n)
{
    put_head(writer, MAJOR_ARRAY, n);
}

static void put_body(struct wire_writer *writer, const void *bytes, size_t length)
{
    if (writer->status != ROAD_OK)
        return;
    if (length > writer->capacity - writer->length) {
        writer->status = ROAD_TOO_LARGE;
        return;
    }
    if (length > 0)
        memcpy(writer->bytes + writer->length, bytes, length);
    writer->length += length;
}

void wire_put_bytes(struct wire_writer *writer, const void *bytes, size_t length)
{
    put_head(writer, MAJOR_BYTES, length);
    put_body(writer, bytes, length);
}

void wire_put_text(struct wire_writer *writer, const char *text, size_t length)
{
    put_head(writer, MAJOR_TEXT, length);
    put_body(writer, text, length);
}

/* The head is written as an empty map and patched when the count is known: below 24 it is one byte. */
void wire_fields_open(struct wire_writer *writer, struct wire_fields *ret_fields)
{
    *ret_fields = (struct wire_fields){.head = writer->length};
    put_head(writer, MAJOR_MAP, 0);
}

void wire_field(struct wire_writer *writer, struct wire_fields *fields, int key)
{
    fields->count++;
    wire_put_int(writer, key);
}

void wire_field_uint(struct wire_writer *writer, struct wire_fields *fields, int key, uint64_t value)
{
    wire_field(writer, fields, key);
    wire_put_uint(writer, value);
}

void wire_field_int(struct wire_writer *writer, struct wire_fields *fields, int key, int64_t value)
{
    wire_field(writer, fields, key);
    wire_put_int(writer, value);
}

void wire_field_nonzero(struct wire_writer *writer, struct wire_fields *fields, int key, int64_t value)
{
    if (value != 0)
        wire_field_int(writer, fields, key, value);
}

void wire_field_bytes(struct wire_writer *writer, struct wire_fields *fields, int key, const void *bytes,
                      size_t length)
{
    wire_field(writer, fields, key);
    wire_put_bytes(writer, bytes, length);
}

void wire_fields_close(struct wire_writer *writer, const struct wire_fields *fields)
{
    if (writer->status == ROAD_OK)
        writer->bytes[fields->head] = (uint8_t)(MAJOR_MAP << 5 | fields->count);
}
