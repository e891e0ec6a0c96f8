/* vectors.h - the messages that docs/wire.md shows byte by byte. */
#ifndef TESTS_LINK_VECTORS_H
#define TESTS_LINK_VECTORS_H

#include "link/message.h"

#define VECTORS_MAX_BYTES 1024

struct vector {
    const char *name; /* as behind "vector" in docs/wire.md */
    /* Encodes the value that the page describes. */
    enum road_status (*encode)(uint8_t ret_bytes[VECTORS_MAX_BYTES], size_t *ret_length);
    /* Decodes bytes and encodes what came out; NULL where only one direction exists. */
    enum road_status (*round)(const uint8_t *bytes, size_t length, uint8_t ret_bytes[VECTORS_MAX_BYTES],
                              size_t *ret_length);
};

extern const struct vector vectors[];
extern const size_t n_vectors;

#endif
