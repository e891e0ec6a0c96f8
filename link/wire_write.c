#include "link/wire.h"

#include <cbor.h>
#include <string.h>

void wire_write(struct wire_writer *writer, uint8_t *bytes, size_t capacity)
{
    *writer = (struct wire_writer){.bytes = bytes, .capacity = capacity, .status = ROAD_OK};
}

/* libcbor's encoders give the number of bytes written, 0 if they did not fit. */
#define PUT(encode, value)                                                                                   \
    do {                                                                                                     \
        if (writer->status != ROAD_OK)                                                                       \
            return;                                                                                          \
        const size_t wrote =                                                                                 \
            encode(value, writer->bytes + writer->length, writer->capacity - writer->length);                \
        if (wrote == 0)                                                                                      \
            writer->status = ROAD_TOO_LARGE;                                                                 \
        writer->length += wrote;                                                                             \
    } while (0)

void wire_put_uint(struct wire_writer *writer, uint64_t value)
{
    PUT(cbor_encode_uint, value);
}

void wire_put_int(struct wire_writer *writer, int64_t value)
{
    if (value >= 0)
        PUT(cbor_encode_uint, (uint64_t)value);
    else
        PUT(cbor_encode_negint, (uint64_t)(-1 - value));
}

void wire_put_bool(struct wire_writer *writer, bool value)
{
    PUT(cbor_encode_bool, value);
}

void wire_put_tag(struct wire_writer *writer, uint64_t tag)
{
    PUT(cbor_encode_tag, tag);
}

void wire_put_array(struct wire_writer *writer, size_t n)
{
    PUT(cbor_encode_array_start, n);
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
    PUT(cbor_encode_bytestring_start, length);
    put_body(writer, bytes, length);
}

void wire_put_text(struct wire_writer *writer, const char *text, size_t length)
{
    PUT(cbor_encode_string_start, length);
    put_body(writer, text, length);
}

/* The head is written as an empty map and patched when the count is known: below 24 it is one byte. */
void wire_fields_open(struct wire_writer *writer, struct wire_fields *ret_fields)
{
    *ret_fields = (struct wire_fields){.head = writer->length};
    PUT(cbor_encode_map_start, 0);
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
        cbor_encode_map_start(fields->count, writer->bytes + fields->head, 1);
}
