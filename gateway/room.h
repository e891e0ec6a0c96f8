/* room.h - arrays that grow.
 *
 * The gateway's memory grows with the evidence it holds. Running out of it is not survivable in place, and nothing
 * is lost by stopping: a batch is acknowledged only after its transaction, and a restart folds what is on disk. So
 * these functions never return on failure, they end the program with a clear line. */
#ifndef GATEWAY_ROOM_H
#define GATEWAY_ROOM_H

#include <stddef.h>

/* At least `wanted` items of `size` bytes; doubles. The new part is zeroed. */
void *room_grow(void *items, size_t *capacity, size_t wanted, size_t size) __attribute__((warn_unused_result));
void *room_zeroed(size_t n, size_t size) __attribute__((warn_unused_result, malloc));

/* Makes sure that array[wanted - 1] exists. */
#define ROOM(array, capacity, wanted)                                                                        \
    do {                                                                                                     \
        if ((wanted) > (capacity))                                                                           \
            (array) = room_grow((array), &(capacity), (wanted), sizeof *(array));                            \
    } while (0)

#endif
