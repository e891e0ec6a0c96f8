/* bench_cells.c - the cell map: time and memory of a square, beside a plain hash map in the same run.
 *
 * Road trace: 10 x 10 km with a street of 5 m every 100 m both ways; 200 vehicles take turns, each goes on by
 * one metre on its line of the street and turns into the other street at one crossing in four; 10 million
 * updates in a week touch about six million squares. Uniform: 10 million squares anywhere on 60 x 60 km. An
 * update is one cover_add, and here the mark that the leaf is to be told. Keys are made before the clock
 * runs; the maps take the whole trace in turn, three times, each time from empty. Where a pass goes on is
 * known when it is folded, so the square of the vehicle's next metre is prefetched; "blind" is without, and
 * "hashmap_ahead" is the plain map with the same help. Memory is what was asked of the allocator. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "gateway/cellmap.h"
#include "grid/cover.h"
#include "grid/morton.h"

#define UPDATES     10000000
#define VEHICLES    200
#define AREA_M      10000
#define SPACING_M   100
#define STREET_M    5
#define UNIFORM_M   60000
#define CORNER_E    500000
#define CORNER_N    3350000
#define DAY         20000
#define DAYS        7
#define WINDOW_DAYS 21
#define ROUNDS      3
#define AHEAD       1 /* metres of the same vehicle */

static uint64_t keys[UPDATES + AHEAD * VEHICLES];

/* Time that this process was running: others on the machine do not count. */
static double cpu_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static uint32_t random_below(uint64_t *state, uint32_t n)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return (uint32_t)((*state * UINT64_C(0x2545F4914F6CDD1D) >> 32) * n >> 32);
}

static uint64_t key_at(uint32_t e, uint32_t n)
{
    return morton_from_metres(CORNER_E + e, CORNER_N + n);
}

/* A vehicle on a street: which street, which line of it, how far along. */
struct vehicle {
    uint32_t street, along;
    uint32_t line;
    bool is_east, is_back;
};

static uint64_t vehicle_step(struct vehicle *v, uint64_t *seed)
{
    const uint32_t across = v->street * SPACING_M + v->line;
    const uint64_t key = v->is_east ? key_at(v->along, across) : key_at(across, v->along);

    if (v->along % SPACING_M == v->line && random_below(seed, 4) == 0) {
        const uint32_t street = v->along / SPACING_M;
        v->along = across;
        v->street = street;
        v->line = random_below(seed, STREET_M);
        v->is_east = !v->is_east;
        v->is_back = random_below(seed, 2);
    }
    if (v->along == (v->is_back ? 0 : AREA_M - 1)) {
        v->is_back = !v->is_back;
        v->line = random_below(seed, STREET_M);
    }
    v->along = v->is_back ? v->along - 1 : v->along + 1;
    return key;
}

static void make_road_trace(void)
{
    struct vehicle vehicles[VEHICLES];
    uint64_t seed = 200;

    for (unsigned i = 0; i < VEHICLES; i++)
        vehicles[i] =
            (struct vehicle){random_below(&seed, AREA_M / SPACING_M), random_below(&seed, AREA_M - 1),
                             random_below(&seed, STREET_M), random_below(&seed, 2), random_below(&seed, 2)};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        keys[i] = vehicle_step(&vehicles[i % VEHICLES], &seed);
}

static void make_uniform(void)
{
    uint64_t seed = 60;

    for (size_t i = 0; i < UPDATES; i++)
        keys[i] = key_at(random_below(&seed, UNIFORM_M), random_below(&seed, UNIFORM_M));
}

/* A plain good hash map: open addressing, linear probing, a power of two of slots of 8-byte key and 8-byte
 * value side by side (one miss an update), at most 3/4 full. */
struct slot {
    uint64_t key, value; /* key + 1; 0 is empty */
};
struct plain {
    struct slot *slots;
    unsigned bits;
    size_t n;
};

static inline struct slot *plain_place(const struct plain *plain, uint64_t key)
{
    return &plain->slots[key * UINT64_C(0x9E3779B97F4A7C15) >> (64 - plain->bits)];
}

static inline struct slot *plain_find(const struct plain *plain, uint64_t key)
{
    const size_t mask = ((size_t)1 << plain->bits) - 1;
    size_t at = (size_t)(plain_place(plain, key) - plain->slots);

    while (plain->slots[at].key && plain->slots[at].key != key + 1)
        at = (at + 1) & mask;
    return &plain->slots[at];
}

static void plain_init(struct plain *plain, unsigned bits)
{
    *plain = (struct plain){.bits = bits, .slots = calloc((size_t)1 << bits, sizeof *plain->slots)};
    if (!plain->slots)
        exit(1);
}

static void plain_grow(struct plain *plain)
{
    struct plain more;

    plain_init(&more, plain->bits + 1);
    for (size_t i = 0; i < (size_t)1 << plain->bits; i++)
        if (plain->slots[i].key)
            *plain_find(&more, plain->slots[i].key - 1) = plain->slots[i];
    more.n = plain->n;
    free(plain->slots);
    *plain = more;
}

static inline uint64_t *plain_touch(struct plain *plain, uint64_t key)
{
    struct slot *slot = plain_find(plain, key);

    if (!slot->key) {
        if (++plain->n > ((size_t)3 << plain->bits) / 4) {
            plain_grow(plain);
            slot = plain_find(plain, key);
        }
        slot->key = key + 1;
    }
    return &slot->value;
}

static double time_plain(bool is_ahead, uint64_t *ret_sum)
{
    struct plain plain;
    const double start = cpu_s();

    plain_init(&plain, 16);
    for (size_t i = 0; i < UPDATES; i++) {
        if (is_ahead)
            __builtin_prefetch(plain_place(&plain, keys[i + AHEAD * VEHICLES]), 1);
        uint64_t *value = plain_touch(&plain, keys[i]);
        uint16_t cover = (uint16_t)*value;
        (void)cover_add(&cover, DAY + (int64_t)(i * DAYS / UPDATES), COVER_ONE, WINDOW_DAYS, true);
        *value = cover;
    }
    const double took_s = cpu_s() - start;
    for (size_t i = 0; i < (size_t)1 << plain.bits; i++)
        *ret_sum += plain.slots[i].value;
    free(plain.slots);
    return took_s;
}

struct figures {
    double took_s, bytes_per_cell;
    uint64_t cells, sum;
};

static uint64_t sum_of(const struct cellmap *map)
{
    struct cellmap_cursor cursor;
    struct cellmap_leaf leaf;
    uint64_t sum = 0;

    cellmap_cursor_open(&cursor, map);
    while (cellmap_cursor_next(&cursor, &leaf))
        for (unsigned i = 0; i < 64; i++)
            sum += leaf.values[i];
    cellmap_cursor_close(&cursor);
    return sum;
}

static struct figures time_ours(bool is_ahead)
{
    struct cellmap map;
    struct cellmap_path paths[VEHICLES] = {{0}};
    unsigned vehicle = 0;
    const double start = cpu_s();

    cellmap_init(&map);
    for (size_t i = 0; i < UPDATES; i++) {
        struct cellmap_path *path = &paths[vehicle];
        if (is_ahead)
            cellmap_prefetch(&map, path, keys[i + AHEAD * VEHICLES]);
        (void)cover_add(cellmap_touch(&map, path, keys[i]), DAY + (int64_t)(i * DAYS / UPDATES), COVER_ONE,
                        WINDOW_DAYS, true);
        cellmap_mark(&map, path, keys[i]);
        vehicle = vehicle + 1 < VEHICLES ? vehicle + 1 : 0;
    }
    struct figures figures = {.took_s = cpu_s() - start, .cells = cellmap_count(&map), .sum = sum_of(&map)};
    figures.bytes_per_cell = (double)cellmap_bytes(&map) / (double)figures.cells;
    cellmap_done(&map);
    return figures;
}

static int by_size(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double median(double values[ROUNDS])
{
    qsort(values, ROUNDS, sizeof values[0], by_size);
    return values[ROUNDS / 2];
}

static int bench_roads(void)
{
    double ours_ns[ROUNDS], blind_ns[ROUNDS], plain_ns[ROUNDS], plain_ahead_ns[ROUNDS], ratio[ROUNDS],
        ratio_ahead[ROUNDS];
    struct figures figures = {0};

    make_road_trace();
    for (unsigned round = 0; round < ROUNDS; round++) {
        uint64_t plain_sum = 0;
        figures = time_ours(true);
        ours_ns[round] = figures.took_s / UPDATES * 1e9;
        plain_ns[round] = time_plain(false, &plain_sum) / UPDATES * 1e9;
        if (plain_sum != figures.sum) {
            fprintf(stderr, "bench_cells: the two maps do not hold the same\n");
            return 1;
        }
        blind_ns[round] = time_ours(false).took_s / UPDATES * 1e9;
        plain_ahead_ns[round] = time_plain(true, &plain_sum) / UPDATES * 1e9;
        ratio[round] = plain_ns[round] / ours_ns[round];
        ratio_ahead[round] = plain_ahead_ns[round] / ours_ns[round];
    }
    printf("gateway.cell_update_ns %.1f ns\n", median(ours_ns));
    printf("gateway.cell_update_vs_hashmap %.2f x\n", median(ratio));
    printf("gateway.cell_update_vs_hashmap_ahead %.2f x\n", median(ratio_ahead));
    printf("gateway.cell_update_blind_ns %.1f ns\n", median(blind_ns));
    printf("gateway.cell_update_hashmap_ns %.1f ns\n", median(plain_ns));
    printf("gateway.bytes_per_cell %.2f B\n", figures.bytes_per_cell);
    printf("gateway.cells_on_road_trace %.2f million\n", (double)figures.cells / 1e6);
    return 0;
}

static int bench_sparse(void)
{
    make_uniform();
    const struct figures figures = time_ours(false);
    printf("gateway.bytes_per_cell_sparse %.2f B\n", figures.bytes_per_cell);
    printf("gateway.cell_update_sparse_ns %.1f ns\n", figures.took_s / UPDATES * 1e9);
    return 0;
}

int main(void)
{
    return bench_roads() || bench_sparse();
}
