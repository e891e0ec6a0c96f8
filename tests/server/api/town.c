#include "tests/server/api/town.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "link/database.h"
#include "server/ledger/ledger.h"
#include "server/store/store.h"

#define STREET_EVERY_M 100
#define HALF_WIDTH_M 2.5
#define PATCHES_A_CHANGE 160 /* with the holes of a tile they fit into a message */
#define CHANGES_A_COMMIT 32 /* as the server groups them */
#define THIN_M 2.0 /* further than this from the middle a square is covered thinly */

static void must(int is_good, const char *what)
{
    if (is_good)
        return;
    fprintf(stderr, "the town could not be built: %s\n", what);
    abort();
}

static uint32_t mix(uint32_t a, uint32_t b, uint32_t c)
{
    uint32_t h = a * 0x9E3779B1u ^ b * 0x85EBCA77u ^ c * 0xC2B2AE3Du;

    h ^= h >> 15;
    h *= 0x2C1B3C6Du;
    return h ^ h >> 13;
}

/* It winds by 12 m. */
double town_street_m(int k, double along_m, bool is_north)
{
    return STREET_EVERY_M * k + 12 * sin(along_m / (is_north ? 180 : 210) + k);
}

/* The nearest street of a direction: its distance, and the hash of the 100 m piece. */
static double nearest(double across_m, double along_m, bool is_north, uint32_t *ret_piece)
{
    const int k = (int)lround(across_m / STREET_EVERY_M);

    *ret_piece = mix((uint32_t)k, (uint32_t)(along_m / STREET_EVERY_M), is_north);
    return fabs(across_m - town_street_m(k, along_m, is_north));
}

uint16_t town_cover(int east_m, int north_m)
{
    const double x = east_m + 0.5, y = north_m + 0.5;
    uint32_t along_north, along_east;
    const double a = nearest(x, y, true, &along_north), b = nearest(y, x, false, &along_east);
    const double distance = a < b ? a : b;
    const uint32_t piece = a < b ? along_north : along_east;

    if (distance > HALF_WIDTH_M)
        return 0;
    if (piece % 32 == 0)
        return cover_pack(CODE_GREEN, TOWN_DAY - 12, 0);
    return cover_pack(CODE_GREEN, TOWN_DAY - piece / 32 % 3, distance > THIN_M ? COVER_PALE : COVER_FULL);
}

/* Holes lie on 2 x 2 squares whose corner has even numbers. */
enum road_code town_special(int east_m, int north_m)
{
    const uint32_t h = mix((uint32_t)(east_m >> 1), (uint32_t)(north_m >> 1), 77);

    if (h % 1250 != 0 || town_cover(east_m, north_m) == 0)
        return CODE_GREY;
    return h / 1250 % 4 == 0 ? CODE_RED : CODE_YELLOW;
}

struct builder {
    struct grid_zone zone;
    int days_on;
    void (*tell)(void *context, const struct change *change);
    void *context;
    struct leaf_patch *patches; /* of one tile */
    size_t n_patches;
    struct cell_change *cells;
    size_t n_cells;
    uint64_t seq;
};

static struct cell square_at(const struct builder *b, int east_m, int north_m, int level)
{
    struct cell cell = {0};

    must(!cell_from_point(b->zone, (struct grid_point){(TOWN_EAST_M + east_m) * 1000, (TOWN_NORTH_M + north_m) * 1000},
                          level, &cell), "a place");
    return cell;
}

static void put_special(struct builder *b, struct cell cell, enum road_code code, enum code_channel channel)
{
    b->cells[b->n_cells++] = (struct cell_change){
        .cell = cell,
        .reason = {.code = code, .channel = channel, .type = channel == CHANNEL_HAZARD ? DEFECT_POTHOLE : 0,
                   .severity = channel == CHANNEL_HAZARD ? SEVERITY_HIGH : 0, .posterior_permille = 970, .hits = 3,
                   .passes = 5, .motion_hits = 3, .csi = 60, .iri_centi = channel == CHANNEL_RIDE ? 620 : IRI_UNKNOWN,
                   .coverage_centi = 150, .seen_ns = TOWN_AS_OF_NS}};
}

/* Stale streets stay as they are, the others were driven again. */
static void put_cover(const struct builder *b, struct leaf_patch *patch, struct cell square, uint16_t cover)
{
    const unsigned i = cell_number_in_leaf(square);
    const bool is_stale = cover_coverage(cover) == 0;

    patch->mask |= UINT64_C(1) << i;
    patch->covers[i] = is_stale ? cover
                                : cover_pack(CODE_GREEN, cover_day(cover, TOWN_DAY) + b->days_on, cover_coverage(cover));
}

/* The 8 m leaf at a place, with what has a reason apart. */
static void put_leaf(struct builder *b, int east_m, int north_m)
{
    struct leaf_patch patch = {.leaf = square_at(b, east_m, north_m, LEAF_LEVELS)};

    for (int y = 0; y < 8; y++)
        for (int x = 0; x < 8; x++) {
            const uint16_t cover = town_cover(east_m + x, north_m + y);
            const enum road_code special = town_special(east_m + x, north_m + y);
            const struct cell square = square_at(b, east_m + x, north_m + y, 0);
            if (special)
                put_special(b, square, special, CHANNEL_HAZARD);
            else if (cover)
                put_cover(b, &patch, square, cover);
        }
    if (patch.mask)
        b->patches[b->n_patches++] = patch;
}

/* The 4 m squares over a 32 m leaf: one in 3000 of them is rough. */
static void put_strip(struct builder *b, int east_m, int north_m)
{
    struct leaf_patch patch = {.leaf = square_at(b, east_m, north_m, 2 + LEAF_LEVELS)};

    for (int y = 0; y < 32; y += 4)
        for (int x = 0; x < 32; x += 4) {
            const uint16_t cover = town_cover(east_m + x + 2, north_m + y + 2);
            const struct cell square = square_at(b, east_m + x, north_m + y, 2);
            if (cover && mix((uint32_t)(east_m + x), (uint32_t)(north_m + y), 5) % 3000 == 0)
                put_special(b, square, CODE_YELLOW, CHANNEL_RIDE);
            else if (cover)
                put_cover(b, &patch, square, cover);
        }
    if (patch.mask)
        b->patches[b->n_patches++] = patch;
}

static void send(struct builder *b, size_t first_patch, size_t n_patches, size_t n_cells)
{
    const struct change change = {.seq = ++b->seq,
                                  .zone = b->zone,
                                  .cause_seq = b->seq,
                                  .is_last = true,
                                  .as_of_ns = TOWN_AS_OF_NS + b->days_on * INT64_C(86400000000000),
                                  .road = {.covered_cm = 100000, .green_cm = 99000, .red_cm = 400, .yellow_cm = 600},
                                  .patches = b->patches + first_patch,
                                  .n_patches = n_patches,
                                  .cells = b->cells,
                                  .n_cells = n_cells};

    b->tell(b->context, &change);
}

static int by_leaf(const void *a, const void *b)
{
    const struct leaf_patch *left = a, *right = b;

    return (left->leaf.id > right->leaf.id) - (left->leaf.id < right->leaf.id);
}

static void build_tile(struct builder *b, int east_m, int north_m)
{
    b->n_patches = b->n_cells = 0;
    for (int y = 0; y < 256; y += 8)
        for (int x = 0; x < 256; x += 8) {
            put_leaf(b, east_m + x, north_m + y);
            if (x % 32 == 0 && y % 32 == 0)
                put_strip(b, east_m + x, north_m + y);
        }
    must(b->n_cells <= CHANGE_CELLS_MAX, "too many holes");
    qsort(b->patches, b->n_patches, sizeof *b->patches, by_leaf);
    for (size_t i = 0; i < b->n_patches; i += PATCHES_A_CHANGE) {
        const size_t left = b->n_patches - i;
        send(b, i, left < PATCHES_A_CHANGE ? left : PATCHES_A_CHANGE, left <= PATCHES_A_CHANGE ? b->n_cells : 0);
    }
}

void town_tell(struct grid_zone zone, int side, int days_on, void (*tell)(void *context, const struct change *change),
               void *context)
{
    struct builder b = {.zone = zone, .days_on = days_on, .tell = tell, .context = context};

    b.patches = calloc(1100, sizeof *b.patches);
    b.cells = calloc(32768, sizeof *b.cells);
    must(b.patches && b.cells, "memory");
    for (int j = 0; j < side; j++)
        for (int i = 0; i < side; i++)
            build_tile(&b, 256 * i, 256 * j);
    free(b.patches);
    free(b.cells);
}

struct filler {
    sqlite3 *db;
    struct store *store;
    struct ledger *ledger;
    struct town_counts *counts;
};

static double now_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void apply(void *context, const struct change *change)
{
    struct filler *filler = context;
    struct town_counts *counts = filler->counts;
    const double begin = now_s();
    int64_t id;
    char *event;

    if (counts->changes % CHANGES_A_COMMIT == 0)
        must((counts->changes == 0 || !database_commit(filler->db)) && !database_begin(filler->db), "a transaction");
    must(!store_apply_change(filler->store, filler->ledger, "gw-1", change, TOWN_AS_OF_NS / 1000000, &id, &event),
         "a change");
    free(event);
    counts->apply_s += now_s() - begin;
    counts->specials += (int64_t)change->n_cells;
    counts->patches += (int64_t)change->n_patches;
    counts->changes++;
    for (size_t i = 0; i < change->n_patches; i++)
        if (cell_level(change->patches[i].leaf) == LEAF_LEVELS)
            counts->squares += __builtin_popcountll(change->patches[i].mask);
}

void town_fill(sqlite3 *db, struct grid_zone zone, int side, struct town_counts *ret_counts)
{
    struct filler filler = {.db = db, .counts = ret_counts};
    const uint8_t seed[32] = {9};
    struct signer *signer;

    *ret_counts = (struct town_counts){.squares = 0};
    must(!signer_from_seed(seed, &signer) && !ledger_open(db, "roads.example/town", signer, &filler.ledger) &&
             !store_open(db, &filler.store), "a start");
    town_tell(zone, side, 0, apply, &filler);
    must(!database_commit(db), "a commit");
    store_close(filler.store);
    ledger_close(filler.ledger);
    signer_close(signer);
}
