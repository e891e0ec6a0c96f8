#include "server/api/mvt.h"

#include <string.h>

/* Field numbers and wire types of vector_tile.proto 2.1. */
enum { WIRE_VARINT = 0, WIRE_DOUBLE = 1, WIRE_BYTES = 2 };
#define FIELD(number, wire) ((uint64_t)(number) << 3 | (uint64_t)(wire))
#define COMMAND(id, count) ((uint64_t)(count) << 3 | (uint64_t)(id))
enum { MOVE_TO = 1, LINE_TO = 2, CLOSE_PATH = 7 };

static void put_varint(struct bytes *bytes, uint64_t number)
{
    uint8_t *room = bytes_reserve(bytes, 10);
    size_t n = 0;

    if (!room)
        return;
    while (number >= 0x80) {
        room[n++] = (uint8_t)(number | 0x80);
        number >>= 7;
    }
    room[n++] = (uint8_t)number;
    bytes->length += n;
}

static void put_field_varint(struct bytes *bytes, unsigned field, uint64_t number)
{
    put_varint(bytes, FIELD(field, WIRE_VARINT));
    put_varint(bytes, number);
}

static void put_field_bytes(struct bytes *bytes, unsigned field, const void *data, size_t length)
{
    put_varint(bytes, FIELD(field, WIRE_BYTES));
    put_varint(bytes, length);
    bytes_put(bytes, data, length);
}

static size_t varint_size(uint64_t number)
{
    size_t n = 1;

    while (number >>= 7)
        n++;
    return n;
}

static uint64_t zigzag(int32_t number)
{
    return (uint32_t)number << 1 ^ (uint32_t)(number >> 31);
}

void mvt_layer_init(struct mvt_layer *layer)
{
    struct bytes *const parts[] = {&layer->features, &layer->values, &layer->tags, &layer->geometry};

    for (size_t i = 0; i < 4; i++)
        bytes_init(parts[i], MVT_TILE_MAX);
    layer->n_values = 0;
    layer->cursor = (struct mvt_point){0, 0};
}

void mvt_layer_done(struct mvt_layer *layer)
{
    bytes_done(&layer->features);
    bytes_done(&layer->values);
    bytes_done(&layer->tags);
    bytes_done(&layer->geometry);
}

uint32_t mvt_value_text(struct mvt_layer *layer, const char *text)
{
    const size_t length = strlen(text);

    put_varint(&layer->values, FIELD(4, WIRE_BYTES));
    put_varint(&layer->values, 1 + varint_size(length) + length);
    put_field_bytes(&layer->values, 1, text, length);
    return layer->n_values++;
}

static uint32_t value_varint(struct mvt_layer *layer, unsigned field, uint64_t number)
{
    put_varint(&layer->values, FIELD(4, WIRE_BYTES));
    put_varint(&layer->values, 1 + varint_size(number));
    put_field_varint(&layer->values, field, number);
    return layer->n_values++;
}

uint32_t mvt_value_uint(struct mvt_layer *layer, uint64_t number)
{
    return value_varint(layer, 5, number);
}

uint32_t mvt_value_bool(struct mvt_layer *layer, bool is_true)
{
    return value_varint(layer, 7, is_true);
}

uint32_t mvt_value_double(struct mvt_layer *layer, double number)
{
    uint64_t bits;
    uint8_t little[8];

    memcpy(&bits, &number, sizeof bits);
    for (int i = 0; i < 8; i++)
        little[i] = (uint8_t)(bits >> (8 * i));
    put_varint(&layer->values, FIELD(4, WIRE_BYTES));
    put_varint(&layer->values, 1 + sizeof little);
    put_varint(&layer->values, FIELD(3, WIRE_DOUBLE));
    bytes_put(&layer->values, little, sizeof little);
    return layer->n_values++;
}

void mvt_feature_begin(struct mvt_layer *layer)
{
    layer->tags.length = 0;
    layer->geometry.length = 0;
    layer->cursor = (struct mvt_point){0, 0};
}

void mvt_tag(struct mvt_layer *layer, uint32_t key, uint32_t value)
{
    put_varint(&layer->tags, key);
    put_varint(&layer->tags, value);
}

static void put_delta(struct mvt_layer *layer, struct mvt_point to)
{
    put_varint(&layer->geometry, zigzag(to.x - layer->cursor.x));
    put_varint(&layer->geometry, zigzag(to.y - layer->cursor.y));
    layer->cursor = to;
}

void mvt_put_point(struct mvt_layer *layer, struct mvt_point point)
{
    put_varint(&layer->geometry, COMMAND(MOVE_TO, 1));
    put_delta(layer, point);
}

static bool is_same(struct mvt_point a, struct mvt_point b)
{
    return a.x == b.x && a.y == b.y;
}

/* How many points differ from the one before them. */
static size_t count_steps(const struct mvt_point *points, size_t n)
{
    size_t steps = 0;

    for (size_t i = 1; i < n; i++)
        steps += !is_same(points[i], points[i - 1]);
    return steps;
}

static void put_path(struct mvt_layer *layer, const struct mvt_point *points, size_t n, size_t steps)
{
    mvt_put_point(layer, points[0]);
    put_varint(&layer->geometry, COMMAND(LINE_TO, steps));
    for (size_t i = 1; i < n; i++)
        if (!is_same(points[i], points[i - 1]))
            put_delta(layer, points[i]);
}

void mvt_put_line(struct mvt_layer *layer, const struct mvt_point *points, size_t n)
{
    const size_t steps = count_steps(points, n);

    if (steps > 0)
        put_path(layer, points, n, steps);
}

void mvt_put_ring(struct mvt_layer *layer, const struct mvt_point *points, size_t n)
{
    int64_t twice_area = 0;

    while (n > 1 && is_same(points[n - 1], points[0]))
        n--;
    for (size_t i = 0; i < n; i++) {
        const struct mvt_point a = points[i], b = points[(i + 1) % n];
        twice_area += (int64_t)a.x * b.y - (int64_t)b.x * a.y;
    }
    if (twice_area == 0)
        return;
    put_path(layer, points, n, count_steps(points, n));
    put_varint(&layer->geometry, COMMAND(CLOSE_PATH, 1));
}

void mvt_feature_end(struct mvt_layer *layer, enum mvt_geometry type)
{
    const size_t tags = layer->tags.length, geometry = layer->geometry.length;

    if (geometry == 0)
        return;
    layer->features.is_bad |= layer->tags.is_bad || layer->geometry.is_bad;
    put_varint(&layer->features, FIELD(2, WIRE_BYTES));
    put_varint(&layer->features,
               1 + varint_size(tags) + tags + 2 + 1 + varint_size(geometry) + geometry);
    put_field_bytes(&layer->features, 2, layer->tags.data, tags);
    put_field_varint(&layer->features, 3, (uint64_t)type);
    put_field_bytes(&layer->features, 4, layer->geometry.data, geometry);
}

void mvt_layer_finish(struct mvt_layer *layer, const char *name, const char *const *keys, size_t n_keys,
                      struct bytes *tile)
{
    struct bytes head;

    tile->is_bad |= layer->features.is_bad || layer->values.is_bad;
    if (layer->features.length == 0)
        return;
    bytes_init(&head, MVT_TILE_MAX);
    put_field_varint(&head, 15, 2); /* version */
    put_field_bytes(&head, 1, name, strlen(name));
    for (size_t i = 0; i < n_keys; i++)
        put_field_bytes(&head, 3, keys[i], strlen(keys[i]));
    put_field_varint(&head, 5, MVT_EXTENT);
    put_varint(tile, FIELD(3, WIRE_BYTES));
    put_varint(tile, head.length + layer->features.length + layer->values.length);
    bytes_put(tile, head.data, head.length);
    bytes_put(tile, layer->features.data, layer->features.length);
    bytes_put(tile, layer->values.data, layer->values.length);
    tile->is_bad |= head.is_bad;
    bytes_done(&head);
}
