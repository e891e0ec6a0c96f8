#include "gateway/room.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "link/log.h"

#define FIRST_CAPACITY 8

void *room_zeroed(size_t n, size_t size)
{
    void *items = calloc(n ? n : 1, size);

    if (!items)
        fatal("out of memory: wanted %zu items of %zu bytes; nothing acknowledged is lost", n, size);
    return items;
}

void *room_grow(void *items, size_t *capacity, size_t wanted, size_t size)
{
    size_t next = *capacity ? *capacity : FIRST_CAPACITY;

    while (next < wanted)
        next *= 2;
    void *grown = next <= SIZE_MAX / size ? realloc(items, next * size) : NULL;
    if (!grown)
        fatal("out of memory: wanted %zu items of %zu bytes; nothing acknowledged is lost", next, size);
    memset((char *)grown + *capacity * size, 0, (next - *capacity) * size);
    *capacity = next;
    return grown;
}
