/* wire.h - CBOR (RFC 8949) as our messages use it: a reader and a writer that keep their first error.
 *
 * What is allowed is narrow, so that a value has one form and a hostile one costs nothing: definite lengths
 * only, shortest heads only, depth <= 8, map keys are integers and come once each, no bytes after the end.
 * libcbor decodes and encodes the single items; this file holds the rules. After an error every call is a
 * no-op that gives 0, so a codec checks once, at its end. No allocation. */
#ifndef LINK_WIRE_H
#define LINK_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "grid/status.h"

#define WIRE_DEPTH_MAX    8
#define WIRE_FAR_KEYS_MAX 8 /* keys of one map outside 0..63 that are remembered; more are refused */

struct wire_reader {
    const uint8_t *bytes;
    size_t length, at;
    int depth;
    enum road_status status; /* the first error */
    const char *field;       /* what was being read then; a static string */
};

/* One map being read. */
struct wire_map {
    uint64_t left;
    uint64_t seen; /* bit k = key k was there */
    int n_far;
    int64_t far[WIRE_FAR_KEYS_MAX];
};

void wire_read(struct wire_reader *reader, const void *bytes, size_t length);
void wire_fail(struct wire_reader *reader, enum road_status status, const char *field);
/* The first error, or BAD_INPUT if bytes are left. */
enum road_status wire_end(struct wire_reader *reader);

uint64_t wire_get_uint(struct wire_reader *reader, uint64_t max, const char *field);
int64_t wire_get_int(struct wire_reader *reader, int64_t min, int64_t max, const char *field);
bool wire_get_bool(struct wire_reader *reader, const char *field);
uint64_t wire_get_tag(struct wire_reader *reader, const char *field);
/* Slices of the reader's bytes; NULL after an error. */
const uint8_t *wire_get_bytes(struct wire_reader *reader, size_t max, size_t *ret_length, const char *field);
const char *wire_get_text(struct wire_reader *reader, size_t max, size_t *ret_length, const char *field);
/* Exactly `length` bytes, copied; ret_bytes is untouched after an error. */
void wire_get_block(struct wire_reader *reader, void *ret_bytes, size_t length, const char *field);
/* An array of at most `max` items, which the caller reads one by one and then closes. 0 after an error. */
size_t wire_array_open(struct wire_reader *reader, size_t max, const char *field);
/* An array of exactly n items. */
void wire_tuple_open(struct wire_reader *reader, size_t n, const char *field);
void wire_close(struct wire_reader *reader);
/* while (wire_map_next(...)) read or skip one value; it closes the map when it ends. */
void wire_map_open(struct wire_reader *reader, struct wire_map *ret_map, const char *field);
bool wire_map_next(struct wire_reader *reader, struct wire_map *map, int64_t *ret_key);
void wire_map_require(struct wire_reader *reader, const struct wire_map *map, int key, const char *field);
void wire_skip(struct wire_reader *reader); /* one value of any kind */

struct wire_writer {
    uint8_t *bytes;
    size_t capacity, length;
    enum road_status status; /* ROAD_TOO_LARGE once something did not fit */
};

/* One map being written; at most 23 fields, keys ascending by the caller's order. */
struct wire_fields {
    size_t head;
    unsigned count;
};

void wire_write(struct wire_writer *writer, uint8_t *bytes, size_t capacity);
void wire_put_uint(struct wire_writer *writer, uint64_t value);
void wire_put_int(struct wire_writer *writer, int64_t value);
void wire_put_bool(struct wire_writer *writer, bool value);
void wire_put_tag(struct wire_writer *writer, uint64_t tag);
void wire_put_bytes(struct wire_writer *writer, const void *bytes, size_t length);
void wire_put_text(struct wire_writer *writer, const char *text, size_t length);
void wire_put_array(struct wire_writer *writer, size_t n);
void wire_fields_open(struct wire_writer *writer, struct wire_fields *ret_fields);
void wire_field(struct wire_writer *writer, struct wire_fields *fields, int key); /* the value comes next */
void wire_field_uint(struct wire_writer *writer, struct wire_fields *fields, int key, uint64_t value);
void wire_field_int(struct wire_writer *writer, struct wire_fields *fields, int key, int64_t value);
void wire_field_nonzero(struct wire_writer *writer, struct wire_fields *fields, int key, int64_t value);
void wire_field_bytes(struct wire_writer *writer, struct wire_fields *fields, int key, const void *bytes,
                      size_t length);
void wire_fields_close(struct wire_writer *writer, const struct wire_fields *fields);

#endif
