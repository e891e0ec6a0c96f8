/* bytes.h - a growable run of bytes with a ceiling, for answers of unknown length.
 *
 * The first failure sticks (out of memory or beyond `max`): later calls do nothing, the writer checks is_bad once
 * at its end. One thread. */
#ifndef SERVER_API_BYTES_H
#define SERVER_API_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bytes {
    uint8_t *data;
    size_t length, capacity;
    size_t max; /* bytes */
    bool is_bad;
};

void bytes_init(struct bytes *bytes, size_t max);
void bytes_done(struct bytes *bytes);
void bytes_put(struct bytes *bytes, const void *data, size_t length);
void bytes_text(struct bytes *bytes, const char *text);
void bytes_format(struct bytes *bytes, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Room for `length` more bytes at the end, not yet counted; NULL if there is none. */
uint8_t *bytes_reserve(struct bytes *bytes, size_t length);

#endif
