#include "link/wire.h"

#include <cbor.h>
#include <string.h>

enum item_kind {
    ITEM_NONE,
    ITEM_UINT,
    ITEM_NEGATIVE,
    ITEM_BYTES,
    ITEM_TEXT,
    ITEM_ARRAY,
    ITEM_MAP,
    ITEM_TAG,
    ITEM_BOOL,
    ITEM_OTHER,
    ITEM_INDEFINITE
};

struct item {
    enum item_kind kind;
    uint64_t value; /* number, length, count, tag, truth; a negative number n is held as -1 - n */
    const uint8_t *bytes;
};

static void item_set(void *context, enum item_kind kind, uint64_t value)
{
    struct item *item = context;

    item->kind = kind;
    item->value = value;
}

/* libcbor calls one of these for each item; they only note what it was. */
#define ON_NUMBER(name, type, kind)                                                                          \
    static void name(void *context, type value)                                                              \
    {                                                                                                        \
        item_set(context, kind, (uint64_t)value);                                                            \
    }
#define ON_SIMPLE(name, kind)                                                                                \
    static void name(void *context)                                                                          \
    {                                                                                                        \
        item_set(context, kind, 0);                                                                          \
    }
ON_NUMBER(on_uint8, uint8_t, ITEM_UINT)
ON_NUMBER(on_uint16, uint16_t, ITEM_UINT)
ON_NUMBER(on_uint32, uint32_t, ITEM_UINT)
ON_NUMBER(on_uint64, uint64_t, ITEM_UINT)
ON_NUMBER(on_negint8, uint8_t, ITEM_NEGATIVE)
ON_NUMBER(on_negint16, uint16_t, ITEM_NEGATIVE)
ON_NUMBER(on_negint32, uint32_t, ITEM_NEGATIVE)
ON_NUMBER(on_negint64, uint64_t, ITEM_NEGATIVE)
ON_NUMBER(on_array, size_t, ITEM_ARRAY)
ON_NUMBER(on_map, size_t, ITEM_MAP)
ON_NUMBER(on_tag, uint64_t, ITEM_TAG)
ON_NUMBER(on_bool, bool, ITEM_BOOL)
ON_SIMPLE(on_other, ITEM_OTHER)
ON_SIMPLE(on_indefinite, ITEM_INDEFINITE)

static void on_float(void *context, float value)
{
    (void)value;
    item_set(context, ITEM_OTHER, 0);
}

static void on_double(void *context, double value)
{
    (void)value;
    item_set(context, ITEM_OTHER, 0);
}

static void on_bytes(void *context, cbor_data bytes, size_t length)
{
    item_set(context, ITEM_BYTES, length);
    ((struct item *)context)->bytes = bytes;
}

static void on_text(void *context, cbor_data bytes, size_t length)
{
    item_set(context, ITEM_TEXT, length);
    ((struct item *)context)->bytes = bytes;
}

static const struct cbor_callbacks callbacks = {
    .uint8 = on_uint8,
    .uint16 = on_uint16,
    .uint32 = on_uint32,
    .uint64 = on_uint64,
    .negint8 = on_negint8,
    .negint16 = on_negint16,
    .negint32 = on_negint32,
    .negint64 = on_negint64,
    .byte_string = on_bytes,
    .byte_string_start = on_indefinite,
    .string = on_text,
    .string_start = on_indefinite,
    .array_start = on_array,
    .indef_array_start = on_indefinite,
    .map_start = on_map,
    .indef_map_start = on_indefinite,
    .tag = on_tag,
    .float2 = on_float,
    .float4 = on_float,
    .float8 = on_double,
    .undefined = on_other,
    .null = on_other,
    .boolean = on_bool,
    .indef_break = on_indefinite,
};

void wire_read(struct wire_reader *reader, const void *bytes, size_t length)
{
    *reader = (struct wire_reader){.bytes = bytes, .length = length, .status = ROAD_OK};
}

void wire_fail(struct wire_reader *reader, enum road_status status, const char *field)
{
    if (reader->status == ROAD_OK) {
        reader->status = status;
        reader->field = field;
    }
}

enum road_status wire_end(struct wire_reader *reader)
{
    if (reader->status == ROAD_OK && reader->at != reader->length)
        wire_fail(reader, ROAD_BAD_INPUT, "bytes after the end");
    return reader->status;
}

/* Bytes of the shortest head that holds the value (RFC 8949 section 4.2.1). */
static size_t head_size(uint64_t value)
{
    return value < 24 ? 1 : value <= UINT8_MAX ? 2 : value <= UINT16_MAX ? 3 : value <= UINT32_MAX ? 5 : 9;
}

static bool is_shortest(const struct item *item, size_t read)
{
    switch (item->kind) {
    case ITEM_BYTES:
    case ITEM_TEXT:
        return read - (size_t)item->value == head_size(item->value);
    case ITEM_UINT:
    case ITEM_NEGATIVE:
    case ITEM_ARRAY:
    case ITEM_MAP:
    case ITEM_TAG:
        return read == head_size(item->value);
    default:
        return true;
    }
}

/* libcbor up to 0.8 takes the one-byte tags 6 to 20 for errors; COSE_Sign1 is 18. */
static bool is_tag_libcbor_lacks(const struct wire_reader *reader)
{
    return reader->at < reader->length && reader->bytes[reader->at] >= 0xC6 &&
           reader->bytes[reader->at] <= 0xD4;
}

/* The next item; kind ITEM_NONE after an error. */
static struct item next_item(struct wire_reader *reader, const char *field)
{
    struct item item = {.kind = ITEM_NONE};

    if (reader->status != ROAD_OK)
        return item;
    if (is_tag_libcbor_lacks(reader))
        return (struct item){.kind = ITEM_TAG, .value = reader->bytes[reader->at++] & 0x1Fu};
    const struct cbor_decoder_result result =
        cbor_stream_decode(reader->bytes + reader->at, reader->length - reader->at, &callbacks, &item);
    if (result.status != CBOR_DECODER_FINISHED || item.kind == ITEM_INDEFINITE ||
        !is_shortest(&item, result.read)) {
        wire_fail(reader, ROAD_BAD_INPUT, field);
        return (struct item){.kind = ITEM_NONE};
    }
    reader->at += result.read;
    return item;
}

/* The next item if it is of this kind. */
static bool next_of(struct wire_reader *reader, enum item_kind kind, struct item *ret_item, const char *field)
{
    *ret_item = next_item(reader, field);
    if (reader->status == ROAD_OK && ret_item->kind != kind)
        wire_fail(reader, ROAD_BAD_INPUT, field);
    return reader->status == ROAD_OK;
}

uint64_t wire_get_uint(struct wire_reader *reader, uint64_t max, const char *field)
{
    struct item item;

    if (!next_of(reader, ITEM_UINT, &item, field))
        return 0;
    if (item.value > max) {
        wire_fail(reader, ROAD_BAD_RANGE, field);
        return 0;
    }
    return item.value;
}

/* The integer of an item, if it is one that an int64 holds. */
static bool item_int(const struct item *item, int64_t *ret_value)
{
    if ((item->kind != ITEM_UINT && item->kind != ITEM_NEGATIVE) || item->value > INT64_MAX)
        return false;
    *ret_value = item->kind == ITEM_UINT ? (int64_t)item->value : -1 - (int64_t)item->value;
    return true;
}

int64_t wire_get_int(struct wire_reader *reader, int64_t min, int64_t max, const char *field)
{
    const struct item item = next_item(reader, field);
    int64_t value = 0;

    if (reader->status != ROAD_OK)
        return 0;
    if (item.kind != ITEM_UINT && item.kind != ITEM_NEGATIVE)
        wire_fail(reader, ROAD_BAD_INPUT, field);
    else if (!item_int(&item, &value) || value < min || value > max)
        wire_fail(reader, ROAD_BAD_RANGE, field);
    return reader->status == ROAD_OK ? value : 0;
}

bool wire_get_bool(struct wire_reader *reader, const char *field)
{
    struct item item;

    return next_of(reader, ITEM_BOOL, &item, field) && item.value;
}

uint64_t wire_get_tag(struct wire_reader *reader, const char *field)
{
    struct item item;

    return next_of(reader, ITEM_TAG, &item, field) ? item.value : 0;
}

static const uint8_t *get_string(struct wire_reader *reader, enum item_kind kind, size_t max,
                                 size_t *ret_length, const char *field)
{
    struct item item;

    *ret_length = 0;
    if (!next_of(reader, kind, &item, field))
        return NULL;
    if (item.value > max) {
        wire_fail(reader, ROAD_TOO_LARGE, field);
        return NULL;
    }
    *ret_length = (size_t)item.value;
    return item.bytes;
}

const uint8_t *wire_get_bytes(struct wire_reader *reader, size_t max, size_t *ret_length, const char *field)
{
    return get_string(reader, ITEM_BYTES, max, ret_length, field);
}

const char *wire_get_text(struct wire_reader *reader, size_t max, size_t *ret_length, const char *field)
{
    return (const char *)get_string(reader, ITEM_TEXT, max, ret_length, field);
}

void wire_get_block(struct wire_reader *reader, void *ret_bytes, size_t length, const char *field)
{
    size_t got;
    const uint8_t *bytes = wire_get_bytes(reader, length, &got, field);

    if (reader->status != ROAD_OK)
        return;
    if (got != length)
        wire_fail(reader, ROAD_BAD_INPUT, field);
    else
        memcpy(ret_bytes, bytes, length);
}

static void enter(struct wire_reader *reader, const char *field)
{
    if (reader->depth >= WIRE_DEPTH_MAX)
        wire_fail(reader, ROAD_TOO_DEEP, field);
    else
        reader->depth++;
}

size_t wire_array_open(struct wire_reader *reader, size_t max, const char *field)
{
    struct item item;

    if (!next_of(reader, ITEM_ARRAY, &item, field))
        return 0;
    if (item.value > max)
        wire_fail(reader, ROAD_TOO_LARGE, field);
    enter(reader, field);
    return reader->status == ROAD_OK ? (size_t)item.value : 0;
}

void wire_tuple_open(struct wire_reader *reader, size_t n, const char *field)
{
    if (wire_array_open(reader, SIZE_MAX, field) != n)
        wire_fail(reader, ROAD_BAD_INPUT, field);
}

void wire_close(struct wire_reader *reader)
{
    if (reader->status == ROAD_OK)
        reader->depth--;
}

void wire_map_open(struct wire_reader *reader, struct wire_map *ret_map, const char *field)
{
    struct item item;

    *ret_map = (struct wire_map){0};
    if (!next_of(reader, ITEM_MAP, &item, field))
        return;
    enter(reader, field);
    if (reader->status == ROAD_OK)
        ret_map->left = item.value;
}

/* Notes the key; false if the map had it before or holds more odd keys than we remember. */
static bool note_key(struct wire_map *map, int64_t key)
{
    if (key >= 0 && key < 64) {
        const uint64_t bit = (uint64_t)1 << key;
        const bool is_new = !(map->seen & bit);

        map->seen |= bit;
        return is_new;
    }
    for (int i = 0; i < map->n_far; i++)
        if (map->far[i] == key)
            return false;
    if (map->n_far == WIRE_FAR_KEYS_MAX)
        return false;
    map->far[map->n_far++] = key;
    return true;
}

bool wire_map_next(struct wire_reader *reader, struct wire_map *map, int64_t *ret_key)
{
    if (reader->status != ROAD_OK)
        return false;
    if (map->left == 0) {
        wire_close(reader);
        return false;
    }
    const struct item item = next_item(reader, "map key");
    int64_t key = 0;

    map->left--;
    if (reader->status == ROAD_OK && !item_int(&item, &key))
        wire_fail(reader, ROAD_BAD_INPUT, "map key");
    else if (reader->status == ROAD_OK && !note_key(map, key))
        wire_fail(reader, ROAD_BAD_INPUT, "map key given twice");
    *ret_key = key;
    return reader->status == ROAD_OK;
}

void wire_map_require(struct wire_reader *reader, const struct wire_map *map, int key, const char *field)
{
    if (!(map->seen >> key & 1))
        wire_fail(reader, ROAD_BAD_INPUT, field);
}

void wire_skip(struct wire_reader *reader)
{
    uint64_t left[WIRE_DEPTH_MAX + 1] = {1}; /* items still to skip, by level */
    int level = 0;

    while (level >= 0 && reader->status == ROAD_OK) {
        if (left[level] == 0) {
            level--;
            continue;
        }
        left[level]--;
        const struct item item = next_item(reader, "skipped value");
        const bool is_nest = item.kind == ITEM_ARRAY || item.kind == ITEM_MAP || item.kind == ITEM_TAG;

        if (!is_nest)
            continue;
        if (reader->depth + level >= WIRE_DEPTH_MAX) {
            wire_fail(reader, ROAD_TOO_DEEP, "skipped value");
            return;
        }
        /* A map of n pairs is 2n items; a count beyond the bytes at hand can never be served. */
        if (item.kind != ITEM_TAG && item.value > reader->length)
            wire_fail(reader, ROAD_BAD_INPUT, "skipped value");
        left[++level] = item.kind == ITEM_TAG ? 1 : item.kind == ITEM_MAP ? 2 * item.value : item.value;
    }
}
