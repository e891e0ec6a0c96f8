#include "tests/server/api/mvt_read.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct slice {
    const uint8_t *at, *end;
};

static bool read_varint(struct slice *s, uint64_t *ret_number)
{
    uint64_t number = 0;

    for (unsigned shift = 0; shift < 64 && s->at < s->end; shift += 7) {
        const uint8_t byte = *s->at++;
        number |= (uint64_t)(byte & 0x7F) << shift;
        if (byte < 0x80) {
            *ret_number = number;
            return true;
        }
    }
    return false;
}

/* The next field: its number, and its varint or its bytes. */
static bool read_field(struct slice *s, unsigned *ret_field, uint64_t *ret_number, struct slice *ret_bytes)
{
    uint64_t tag, length;

    if (!read_varint(s, &tag))
        return false;
    *ret_field = (unsigned)(tag >> 3);
    switch (tag & 7) {
    case 0:
        return read_varint(s, ret_number);
    case 1:
        length = 8;
        break;
    case 2:
        if (!read_varint(s, &length))
            return false;
        break;
    case 5:
        length = 4;
        break;
    default:
        return false;
    }
    if (length > (uint64_t)(s->end - s->at))
        return false;
    *ret_bytes = (struct slice){s->at, s->at + length};
    s->at += length;
    return true;
}

static bool read_value(struct slice s, char ret_text[READ_TEXT])
{
    struct slice bytes;
    uint64_t number;
    unsigned field;
    double real;

    if (!read_field(&s, &field, &number, &bytes) || s.at != s.end)
        return false;
    if (field == 1) {
        snprintf(ret_text, READ_TEXT, "%.*s", (int)(bytes.end - bytes.at), (const char *)bytes.at);
    } else if (field == 3) {
        memcpy(&real, bytes.at, sizeof real); /* little-endian, as this machine */
        snprintf(ret_text, READ_TEXT, "%.6g", real);
    } else if (field == 5) {
        snprintf(ret_text, READ_TEXT, "%" PRIu64, number);
    } else if (field == 7) {
        snprintf(ret_text, READ_TEXT, "%s", number ? "true" : "false");
    } else {
        return false;
    }
    return true;
}

static int32_t unzigzag(uint64_t number)
{
    return (int32_t)(number >> 1) ^ -(int32_t)(number & 1);
}

static bool read_geometry(struct read_layer *layer, struct read_feature *feature, struct slice s)
{
    int32_t x = 0, y = 0;
    uint64_t command, dx, dy;

    feature->first_ring = layer->n_rings;
    while (s.at < s.end) {
        if (!read_varint(&s, &command))
            return false;
        const unsigned id = command & 7;
        const uint64_t count = command >> 3;
        if (id == 7) { /* close path: count 1, polygons only */
            if (count != 1 || feature->type != 3)
                return false;
            continue;
        }
        if ((id != 1 && id != 2) || count == 0 || (id == 2 && feature->n_rings == 0))
            return false;
        for (uint64_t i = 0; i < count; i++) {
            if (!read_varint(&s, &dx) || !read_varint(&s, &dy))
                return false;
            x += unzigzag(dx);
            y += unzigzag(dy);
            if (id == 1) {
                layer->rings[layer->n_rings++] = (struct read_ring){layer->n_points, 0};
                feature->n_rings++;
            }
            layer->points[layer->n_points][0] = x;
            layer->points[layer->n_points++][1] = y;
            layer->rings[layer->n_rings - 1].n++;
        }
    }
    return feature->n_rings > 0;
}

struct values {
    char (*texts)[READ_TEXT];
    size_t n;
};

static bool read_tags(const struct read_layer *layer, const struct values *values, struct read_feature *feature,
                      struct slice s)
{
    uint64_t key, value;

    while (s.at < s.end) {
        if (!read_varint(&s, &key) || !read_varint(&s, &value) || key >= layer->n_keys || value >= values->n)
            return false;
        memcpy(feature->values[key], values->texts[value], READ_TEXT);
    }
    return true;
}

static bool read_feature(struct read_layer *layer, const struct values *values, struct slice s)
{
    struct read_feature *feature = &layer->features[layer->n_features++];
    struct slice bytes, tags = {NULL, NULL}, geometry = {NULL, NULL};
    uint64_t number = 0;
    unsigned field;

    while (s.at < s.end) {
        if (!read_field(&s, &field, &number, &bytes))
            return false;
        if (field == 2)
            tags = bytes;
        else if (field == 3)
            feature->type = (int)number;
        else if (field == 4)
            geometry = bytes;
    }
    return feature->type >= 1 && feature->type <= 3 && read_tags(layer, values, feature, tags) &&
           read_geometry(layer, feature, geometry);
}

/* Heads first (keys and values may stand behind the features), then the features. */
static bool read_layer(struct read_layer *layer, struct slice s, struct values *values, bool is_second)
{
    struct slice bytes;
    uint64_t number;
    unsigned field;

    while (s.at < s.end) {
        if (!read_field(&s, &field, &number, &bytes))
            return false;
        if (is_second && field == 2) {
            if (!read_feature(layer, values, bytes))
                return false;
        } else if (is_second) {
            continue;
        } else if (field == 1) {
            snprintf(layer->name, sizeof layer->name, "%.*s", (int)(bytes.end - bytes.at), (const char *)bytes.at);
        } else if (field == 3) {
            if (layer->n_keys == READ_KEYS_MAX)
                return false;
            snprintf(layer->keys[layer->n_keys++], 32, "%.*s", (int)(bytes.end - bytes.at), (const char *)bytes.at);
        } else if (field == 4) {
            if (!read_value(bytes, values->texts[values->n++]))
                return false;
        } else if (field == 5) {
            layer->extent = (unsigned)number;
        } else if (field == 15) {
            layer->version = (unsigned)number;
        }
    }
    return true;
}

bool mvt_read(const uint8_t *bytes, size_t length, struct read_layer *ret_layer)
{
    struct slice tile = {bytes, bytes + length}, layer;
    struct values values = {calloc(length + 1, READ_TEXT), 0};
    uint64_t number;
    unsigned field;
    bool is_good = true;

    memset(ret_layer, 0, sizeof *ret_layer);
    ret_layer->features = calloc(length / 8 + 1, sizeof *ret_layer->features);
    ret_layer->rings = calloc(length + 1, sizeof *ret_layer->rings);
    ret_layer->points = calloc(length + 1, sizeof *ret_layer->points);
    if (length > 0)
        is_good = read_field(&tile, &field, &number, &layer) && field == 3 && tile.at == tile.end &&
                  read_layer(ret_layer, layer, &values, false) && read_layer(ret_layer, layer, &values, true);
    free(values.texts);
    return is_good;
}

void mvt_read_done(struct read_layer *layer)
{
    free(layer->features);
    free(layer->rings);
    free(layer->points);
}

const char *mvt_read_value(const struct read_layer *layer, const struct read_feature *feature, const char *key)
{
    for (size_t i = 0; i < layer->n_keys; i++)
        if (strcmp(layer->keys[i], key) == 0)
            return feature->values[i];
    return "";
}

int64_t mvt_read_area(const struct read_layer *layer, const struct read_ring *ring)
{
    int64_t area = 0;

    for (size_t i = 0; i < ring->n; i++) {
        const int32_t *a = layer->points[ring->first + i], *b = layer->points[ring->first + (i + 1) % ring->n];
        area += (int64_t)a[0] * b[1] - (int64_t)b[0] * a[1];
    }
    return area;
}

/* Even-odd over all rings. */
bool mvt_read_contains(const struct read_layer *layer, const struct read_feature *feature, double x, double y)
{
    bool is_inside = false;

    for (size_t r = 0; r < feature->n_rings; r++) {
        const struct read_ring *ring = &layer->rings[feature->first_ring + r];
        for (size_t i = 0, k = ring->n - 1; i < ring->n; k = i++) {
            const int32_t *a = layer->points[ring->first + i], *b = layer->points[ring->first + k];
            if ((a[1] > y) != (b[1] > y) && x < (double)(b[0] - a[0]) * (y - a[1]) / (b[1] - a[1]) + a[0])
                is_inside = !is_inside;
        }
    }
    return is_inside;
}
