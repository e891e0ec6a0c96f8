/* road_index.c - which lines come near a bucket of 64 m: an open hash of buckets, each with a run of lines. */
#include "grid/road.h"

#include <string.h>

int32_t road_bucket_of(int64_t mm)
{
    return (int32_t)((mm >= 0 ? mm : mm - ROAD_BUCKET_MM + 1) / ROAD_BUCKET_MM);
}

static int64_t floor_div(int64_t a, int64_t b) /* b > 0 */
{
    return a >= 0 ? a / b : -((-a + b - 1) / b);
}

/* Northing of the line from a to b (a west of b) at an easting between: rounded down. */
static int64_t northing_at(struct grid_point a, struct grid_point b, int64_t e_mm)
{
    return a.n_mm + floor_div((e_mm - a.e_mm) * (b.n_mm - a.n_mm), b.e_mm - a.e_mm);
}

/* Calls for every bucket that the line touches, column by column. */
struct touch {
    void (*on_bucket)(struct touch *touch, int32_t column, int32_t row);
    struct road_network *network;
    struct road_bucket *buckets;
    struct road_line_name *lines;
    struct road_line_name line;
    uint64_t n;
};

static void touch_buckets(struct touch *touch, struct grid_point a, struct grid_point b)
{
    if (a.e_mm > b.e_mm) {
        const struct grid_point swap = a;
        a = b, b = swap;
    }
    const int32_t last = road_bucket_of(b.e_mm);
    for (int32_t column = road_bucket_of(a.e_mm); column <= last; column++) {
        const int64_t west = column * INT64_C(1) * ROAD_BUCKET_MM, east = west + ROAD_BUCKET_MM;
        int64_t low = a.n_mm, high = b.n_mm;
        if (west > a.e_mm)
            low = northing_at(a, b, west);
        if (east < b.e_mm)
            high = northing_at(a, b, east);
        if (low > high) {
            const int64_t swap = low;
            low = high, high = swap;
        }
        /* A millimetre more on both sides, for the rounding. */
        for (int32_t row = road_bucket_of(low - 1); row <= road_bucket_of(high + 1); row++)
            touch->on_bucket(touch, column, row);
    }
}

static void touch_all(struct touch *touch)
{
    const struct road_network *network = touch->network;

    for (uint32_t w = 0; w < network->n_ways; w++)
        for (uint32_t i = 0; i + 1 < network->ways[w].n_vertices; i++) {
            const struct road_vertex *v = network->vertices + network->ways[w].first + i;
            touch->line = (struct road_line_name){w, network->ways[w].first + i};
            touch_buckets(touch, v[0].at, v[1].at);
        }
}

static void count_bucket(struct touch *touch, int32_t column, int32_t row)
{
    (void)column;
    (void)row;
    touch->n++;
}

static uint64_t slots_for(uint64_t n)
{
    uint64_t slots = 16;

    while (slots < 2 * n)
        slots *= 2;
    return slots;
}

size_t road_index_bytes(const struct road_network *network)
{
    struct road_network copy = *network;
    struct touch touch = {.on_bucket = count_bucket, .network = &copy};

    touch_all(&touch);
    return slots_for(touch.n) * sizeof(struct road_bucket) + touch.n * sizeof(struct road_line_name);
}

static uint32_t slot_of(const struct road_bucket *buckets, uint32_t mask, int32_t column, int32_t row)
{
    const uint64_t key = (uint64_t)(uint32_t)column << 32 | (uint32_t)row;
    uint32_t slot = (uint32_t)(key * UINT64_C(0x9E3779B97F4A7C15) >> 32) & mask; /* Fibonacci hashing */

    while (buckets[slot].n && (buckets[slot].column != column || buckets[slot].row != row))
        slot = (slot + 1) & mask;
    return slot;
}

static void count_in_bucket(struct touch *touch, int32_t column, int32_t row)
{
    struct road_bucket *bucket = &touch->buckets[slot_of(touch->buckets, touch->network->bucket_mask, column, row)];

    bucket->column = column;
    bucket->row = row;
    bucket->n++;
}

static void put_in_bucket(struct touch *touch, int32_t column, int32_t row)
{
    struct road_bucket *bucket = &touch->buckets[slot_of(touch->buckets, touch->network->bucket_mask, column, row)];

    touch->lines[bucket->first++] = touch->line;
}

void road_index_build(struct road_network *network, void *memory)
{
    struct touch touch = {.on_bucket = count_bucket, .network = network};

    touch_all(&touch);
    const uint64_t slots = slots_for(touch.n);
    touch.buckets = memory;
    touch.lines = (struct road_line_name *)(touch.buckets + slots);
    memset(touch.buckets, 0, slots * sizeof *touch.buckets);
    network->bucket_mask = (uint32_t)(slots - 1);
    touch.on_bucket = count_in_bucket;
    touch_all(&touch);
    uint32_t first = 0;
    for (uint64_t i = 0; i < slots; i++) {
        touch.buckets[i].first = first;
        first += touch.buckets[i].n;
    }
    touch.on_bucket = put_in_bucket;
    touch_all(&touch);
    for (uint64_t i = 0; i < slots; i++)
        touch.buckets[i].first -= touch.buckets[i].n;
    network->width_mm_max = 0;
    for (uint32_t w = 0; w < network->n_ways; w++)
        if (network->ways[w].width_mm > network->width_mm_max)
            network->width_mm_max = network->ways[w].width_mm;
    network->buckets = touch.buckets;
    network->lines = touch.lines;
}

const struct road_line_name *road_lines_in(const struct road_network *network, int32_t column, int32_t row,
                                           uint32_t *ret_n)
{
    const struct road_bucket *bucket = &network->buckets[slot_of(network->buckets, network->bucket_mask, column, row)];

    *ret_n = bucket->n;
    return bucket->n ? network->lines + bucket->first : NULL;
}
