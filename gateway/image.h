/* image.h - where a snapshot goes and where it comes from: bytes in order, handed on as they lie in memory.
 *
 * The image of an array is the array itself, in the machine's own order of bytes; each part that saves begins
 * with a word that another machine reads differently. A part that loads checks all it reads: it may be
 * damaged. */
#ifndef GATEWAY_IMAGE_H
#define GATEWAY_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "grid/status.h"

struct image_sink {
    enum road_status (*write)(void *context, const void *bytes, size_t length);
    void *context;
};
struct image_source {
    enum road_status (*read)(void *context, void *ret_bytes, size_t length); /* all of them, or a status */
    void *context;
    uint64_t left; /* bytes still to come: what a damaged count asks for beyond is refused before it is
                      allocated */
};

static inline enum road_status image_write(const struct image_sink *sink, const void *bytes, size_t length)
{
    return length ? sink->write(sink->context, bytes, length) : ROAD_OK;
}

static inline enum road_status image_read(struct image_source *source, void *ret_bytes, size_t length)
{
    if (length > source->left)
        return ROAD_CORRUPT;
    source->left -= length;
    return length ? source->read(source->context, ret_bytes, length) : ROAD_OK;
}

#endif
