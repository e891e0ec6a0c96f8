#include "gateway/rate.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/room.h"

#define NAME_BYTES 33
#define PLACES 4 /* where a name may stand: the one silent longest gives way */

struct bucket {
    char name[NAME_BYTES];
    double tokens;
    int64_t last_ns;
    uint64_t held_back;
};

struct rates {
    double per_second;
    struct bucket buckets[RATE_NAMES_MAX];
};

struct rates *rates_new(double per_second)
{
    struct rates *rates = room_zeroed(1, sizeof *rates);

    rates->per_second = per_second;
    return rates;
}

void rates_free(struct rates *rates)
{
    free(rates);
}

static struct bucket *bucket_of(struct rates *rates, const char *name, int64_t now_ns)
{
    uint64_t h = 0;

    for (const char *at = name; *at; at++)
        h = (h ^ (unsigned char)*at) * UINT64_C(0x100000001B3); /* FNV-1a */
    struct bucket *oldest = NULL;
    for (size_t i = 0; i < PLACES; i++) {
        struct bucket *b = &rates->buckets[((h >> 20) + i) % RATE_NAMES_MAX];
        if (strncmp(b->name, name, NAME_BYTES) == 0)
            return b;
        if (!oldest || b->last_ns < oldest->last_ns)
            oldest = b;
    }
    *oldest = (struct bucket){.tokens = rates->per_second * RATE_BURST_S, .last_ns = now_ns};
    snprintf(oldest->name, sizeof oldest->name, "%s", name);
    return oldest;
}

bool rate_allow(struct rates *rates, const char *name, int64_t now_ns)
{
    struct bucket *b = bucket_of(rates, name, now_ns);

    b->tokens = fmin(b->tokens + (double)(now_ns - b->last_ns) / 1e9 * rates->per_second,
                     rates->per_second * RATE_BURST_S);
    b->last_ns = now_ns;
    if (b->tokens < 1) {
        b->held_back++;
        return false;
    }
    b->tokens -= 1;
    return true;
}

size_t rates_report(struct rates *rates, size_t max, char *ret_text, size_t capacity)
{
    size_t length = 1, n = 0;

    snprintf(ret_text, capacity, "{");
    for (size_t i = 0; i < RATE_NAMES_MAX && n < max && length + NAME_BYTES + 32 < capacity; i++) {
        struct bucket *b = &rates->buckets[i];
        if (!b->held_back)
            continue;
        length += (size_t)snprintf(ret_text + length, capacity - length, "%s\"%s\":%" PRIu64, n ? "," : "", b->name,
                                   b->held_back);
        b->held_back = 0;
        n++;
    }
    length += (size_t)snprintf(ret_text + length, capacity - length, "}");
    return length;
}
