/* The cell map against plain arrays over random histories; its image, whole and damaged. */
#include "tests/check.h"

#include <stdlib.h>

#include "gateway/cellmap.h"
#include "gateway/cellmap_node.h"

#define SIDE_BLOCKS 8
#define SPAN        (SIDE_BLOCKS * SIDE_BLOCKS * 4096)
#define FAR         (UINT64_C(0xFEDCB) << 24) /* where the test's squares begin: blocks far up in the frame */

/* What the map has to hold, by key - FAR. */
struct naive {
    uint16_t value[SPAN];
    bool is_dirty[SPAN / 64];
};
static struct naive naive;

static uint64_t random_next(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * UINT64_C(0x2545F4914F6CDD1D);
}

static uint32_t random_below(uint64_t *state, uint32_t n)
{
    return (uint32_t)((random_next(state) >> 32) * n >> 32);
}

/* Keys as they come: whole blocks of runs, or squares strewn. */
static uint32_t random_key(uint64_t *state, uint32_t last)
{
    const uint32_t far = random_below(state, 8);

    if (far == 0)
        return random_below(state, SPAN);
    if (far == 1) /* a few blocks stay sparse */
        return random_below(state, 6) * 4096 + random_below(state, 14) * 291;
    return (last + random_below(state, 3)) % SPAN;
}

static void write_one(struct cellmap *map, struct cellmap_path *path, uint32_t key, uint16_t value,
                      bool is_told)
{
    uint16_t *at = cellmap_touch(map, path, FAR + key);

    CHECK_INT(*at, naive.value[key]);
    *at = value;
    if (is_told)
        cellmap_mark(map, path, FAR + key);
    naive.value[key] = value;
    naive.is_dirty[key / 64] |= is_told;
}

static void check_leaf(const struct cellmap_leaf *leaf, uint32_t number)
{
    CHECK_INT(leaf->key, FAR / 64 + number);
    CHECK_INT(leaf->is_dirty, naive.is_dirty[number]);
    for (uint32_t i = 0; i < 64; i++) {
        CHECK_INT(leaf->present >> i & 1, naive.value[number * 64 + i] != 0);
        CHECK_INT(leaf->values[i], naive.value[number * 64 + i]);
    }
}

static bool naive_has_leaf(uint32_t number)
{
    for (uint32_t i = 0; i < 64; i++)
        if (naive.value[number * 64 + i])
            return true;
    return false;
}

static void check_dirty(struct cellmap *map)
{
    struct cellmap_leaf leaf;
    size_t n = 0;

    cellmap_dirty_sort(map);
    for (uint32_t i = 0; i < SPAN / 64; i++)
        if (naive.is_dirty[i]) {
            CHECK(n < cellmap_dirty_count(map));
            if (n >= cellmap_dirty_count(map))
                return;
            cellmap_dirty_leaf(map, n++, &leaf);
            check_leaf(&leaf, i);
        }
    CHECK_INT(cellmap_dirty_count(map), n);
}

/* All that the map says, in each of its ways, is what the plain arrays say. */
static void check_same(struct cellmap *map)
{
    struct cellmap_cursor cursor;
    struct cellmap_leaf leaf;
    struct cellmap_path path = {0};
    uint64_t n = 0;

    for (uint32_t key = 0; key < SPAN; key++) {
        n += naive.value[key] != 0;
        if (cellmap_get(map, &path, FAR + key) != naive.value[key]) {
            CHECK_INT(cellmap_get(map, &path, FAR + key), naive.value[key]);
            return;
        }
    }
    CHECK_INT(cellmap_count(map), n);
    CHECK_INT(cellmap_get(map, &path, FAR + SPAN), 0);
    CHECK_INT(cellmap_get(map, &path, 0), 0);
    cellmap_cursor_open(&cursor, map);
    for (uint32_t i = 0; i < SPAN / 64; i++) {
        const bool is_there = naive_has_leaf(i);
        CHECK_INT(cellmap_leaf(map, FAR / 64 + i, &leaf), is_there);
        if (!is_there)
            continue;
        check_leaf(&leaf, i);
        CHECK(cellmap_cursor_next(&cursor, &leaf));
        check_leaf(&leaf, i);
    }
    CHECK(!cellmap_cursor_next(&cursor, &leaf));
    cellmap_cursor_close(&cursor);
    check_dirty(map);
}

static void clear_some_dirty(struct cellmap *map, size_t n)
{
    cellmap_dirty_sort(map);
    n = n < cellmap_dirty_count(map) ? n : cellmap_dirty_count(map);
    for (size_t i = 0; i < n; i++) {
        struct cellmap_leaf leaf;
        cellmap_dirty_leaf(map, i, &leaf);
        naive.is_dirty[leaf.key - FAR / 64] = false;
    }
    cellmap_dirty_clear(map, n);
}

/* `n` updates by vehicles in turn, each with a path of its own, so that paths point to what others moved
 * away. */
static void drive(struct cellmap *map, uint64_t seed, unsigned n)
{
    enum { VEHICLES = 7 };
    struct cellmap_path paths[VEHICLES] = {{0}};
    uint32_t at[VEHICLES] = {0};

    for (unsigned i = 0; i < n; i++) {
        const unsigned vehicle = i % VEHICLES;
        at[vehicle] = random_key(&seed, at[vehicle]);
        cellmap_prefetch(map, &paths[vehicle], FAR + at[vehicle] + 8);
        const uint16_t value = random_below(&seed, 16) ? (uint16_t)random_next(&seed) : 0;
        write_one(map, &paths[vehicle], at[vehicle], value, random_below(&seed, 4) == 0);
        if (random_below(&seed, 5000) == 0)
            clear_some_dirty(map, random_below(&seed, 500));
    }
}

/* An image in memory. */
struct tape {
    uint8_t *bytes;
    size_t length, capacity, at;
};

static enum road_status tape_write(void *context, const void *bytes, size_t length)
{
    struct tape *tape = context;

    if (tape->length + length > tape->capacity)
        tape->bytes = realloc(tape->bytes, tape->capacity = 2 * (tape->length + length));
    memcpy(tape->bytes + tape->length, bytes, length);
    tape->length += length;
    return ROAD_OK;
}

static enum road_status tape_read(void *context, void *ret_bytes, size_t length)
{
    struct tape *tape = context;

    if (length > tape->length - tape->at)
        return ROAD_IO;
    memcpy(ret_bytes, tape->bytes + tape->at, length);
    tape->at += length;
    return ROAD_OK;
}

static enum road_status load_from(struct cellmap *map, struct tape *tape)
{
    struct image_source source = {tape_read, tape, tape->length};

    tape->at = 0;
    return cellmap_load(map, &source);
}

static void save_to(const struct cellmap *map, struct tape *tape)
{
    const struct image_sink sink = {tape_write, tape};

    CHECK_STATUS(cellmap_save(map, &sink), ROAD_OK);
}

FACT(random_histories_hold_what_plain_arrays_hold)
{
    for (uint64_t seed = 1; seed <= 4; seed++) {
        struct cellmap map;
        memset(&naive, 0, sizeof naive);
        cellmap_init(&map);
        check_same(&map);
        for (unsigned i = 0; i < 4; i++) {
            drive(&map, seed * 1000 + i, 3000u << (2 * i));
            check_same(&map);
        }
        cellmap_done(&map);
    }
}

FACT(a_saved_map_loads_as_it_was_and_goes_on)
{
    struct cellmap map, again;
    struct tape tape = {0}, tape_again = {0};

    memset(&naive, 0, sizeof naive);
    cellmap_init(&map);
    cellmap_init(&again);
    drive(&again, 78, 100); /* what was there before goes */
    memset(&naive, 0, sizeof naive);
    drive(&map, 77, 60000);
    cellmap_dirty_sort(&map);
    save_to(&map, &tape);
    CHECK_STATUS(load_from(&again, &tape), ROAD_OK);
    check_same(&again);
    save_to(&again, &tape_again);
    CHECK(tape.length == tape_again.length && memcmp(tape.bytes, tape_again.bytes, tape.length) == 0);
    drive(&again, 79, 60000);
    check_same(&again);
    cellmap_done(&map);
    cellmap_done(&again);
    free(tape.bytes);
    free(tape_again.bytes);
}

FACT(a_full_array_becomes_leaves_and_stays_dirty_where_it_was)
{
    struct cellmap map;
    struct cellmap_path path = {0};

    memset(&naive, 0, sizeof naive);
    cellmap_init(&map);
    for (uint32_t i = 0; i < ARRAY_MAX; i++)
        write_one(&map, &path, i * 140, (uint16_t)(i + 1), i % 3 == 0);
    CHECK(is_array(cellmap_node(&map, path.block)));
    check_same(&map);
    write_one(&map, &path, 4095, 9, false);
    CHECK(is_table(cellmap_node(&map, path.block)));
    check_same(&map);
    cellmap_done(&map);
}

FACT(the_highest_key_of_44_bits_is_a_key_like_any)
{
    const uint64_t last = (UINT64_C(1) << CELLMAP_KEY_BITS) - 1;
    struct cellmap map;
    struct cellmap_path path = {0};
    struct cellmap_leaf leaf;

    cellmap_init(&map);
    for (uint64_t i = 0; i < 100; i++)
        *cellmap_touch(&map, &path, last - i) = (uint16_t)(i + 1);
    *cellmap_touch(&map, &path, 0) = 500;
    CHECK_INT(cellmap_get(&map, &path, last), 1);
    CHECK_INT(cellmap_get(&map, &path, 0), 500);
    CHECK(cellmap_leaf(&map, last >> 6, &leaf));
    CHECK_INT(leaf.key, last >> 6);
    cellmap_done(&map);
}

FACT(a_cells_key_is_its_morton_number_at_its_level)
{
    /* By hand: column 5 = 101, row 3 = 011, each bit of the row before the column's: 01 10 11 = 27; the
     * parent of level 1 has column 2, row 1: 01 10 = 6. */
    struct cell cell;

    CHECK_STATUS(cell_from_point((struct grid_zone){120, false}, (struct grid_point){5999, 3000}, 0, &cell),
                 ROAD_OK);
    CHECK_INT(cellmap_key_of(cell), 27);
    CHECK_INT(cellmap_key_of(cell_parent(cell, 1)), 6);
}

/* Every second byte or so changed, one at a time: the image is refused, or it is an image of a sound map (a
 * value changed), which then stands any use. */
FACT(a_damaged_image_is_refused_or_does_no_harm)
{
    struct cellmap map, loaded;
    struct tape tape = {0};
    unsigned refused = 0, taken = 0;
    uint64_t seed = 5;

    memset(&naive, 0, sizeof naive);
    cellmap_init(&map);
    drive(&map, 99, 2500);
    save_to(&map, &tape);
    for (unsigned i = 0; i < 3000; i++) {
        const size_t at = random_below(&seed, (uint32_t)(i % 2 ? tape.length : 700));
        const uint8_t was = tape.bytes[at];
        tape.bytes[at] ^= (uint8_t)(1u << random_below(&seed, 8));
        cellmap_init(&loaded);
        if (load_from(&loaded, &tape) == ROAD_OK) {
            struct cellmap_path path = {0};
            for (unsigned k = 0; k < 2000; k++)
                (*cellmap_touch(&loaded, &path, FAR + random_key(&seed, k * 70)))++;
            taken++;
        } else
            refused++;
        cellmap_done(&loaded);
        tape.bytes[at] = was;
    }
    printf("  %u changed bytes refused, %u taken as other values\n", refused, taken);
    CHECK(refused > 1000);
    cellmap_init(&loaded);
    for (size_t length = 0; length < tape.length; length += 97) { /* and cut anywhere */
        struct tape cut = {tape.bytes, length, 0, 0};
        CHECK(load_from(&loaded, &cut) != ROAD_OK);
    }
    CHECK_STATUS(load_from(&loaded, &tape), ROAD_OK);
    check_same(&loaded);
    cellmap_done(&loaded);
    cellmap_done(&map);
    free(tape.bytes);
}

int main(int argc, char **argv)
{
    return check_main(argc, argv);
}
