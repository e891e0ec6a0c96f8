#include "server/api/touched.h"

#define SQUARES_MAX 36 /* of a tile's box that are looked up one by one */

static size_t slot_of(struct cell square)
{
    return (size_t)(square.id * UINT64_C(0x9E3779B97F4A7C15) >> 50); /* 64 - 14 bits of TOUCHED_SLOTS */
}

static void mark_slot(struct touched *touched, int i, struct cell square, int64_t change_id)
{
    atomic_store(&touched->squares[i][slot_of(square)], change_id);
}

/* All squares of level TOUCHED_LEVEL(i) inside a larger one. */
static void mark_inside(struct touched *touched, int i, struct cell cell, int64_t change_id)
{
    if (cell_level(cell) == TOUCHED_LEVEL(i)) {
        mark_slot(touched, i, cell, change_id);
        return;
    }
    for (unsigned child = 0; child < 4; child++)
        mark_inside(touched, i, place_child(cell, child), change_id);
}

void touched_mark(struct touched *touched, struct cell cell, int64_t change_id)
{
    if (cell_level(cell) > TOUCHED_LEVEL(0) + 6) { /* nothing that large is told today */
        touched_mark_all(touched, change_id);
        return;
    }
    for (int i = 0; i < TOUCHED_LEVELS; i++)
        if (cell_level(cell) > TOUCHED_LEVEL(i))
            mark_inside(touched, i, cell, change_id);
        else
            mark_slot(touched, i, cell_parent(cell, TOUCHED_LEVEL(i)), change_id);
}

void touched_mark_layer(struct touched *touched, enum tile_layer layer, int64_t change_id)
{
    atomic_store(&touched->layers[layer], change_id);
}

void touched_mark_all(struct touched *touched, int64_t change_id)
{
    atomic_store(&touched->everywhere, change_id);
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t side_squares(int64_t low_mm, int64_t high_mm, int level)
{
    return high_mm / (INT64_C(1000) << level) - low_mm / (INT64_C(1000) << level) + 1;
}

/* The finest level of which the box takes few enough squares; TOUCHED_LEVELS if none does. */
static int level_for(const struct grid_box *box)
{
    int i = 0;

    while (i < TOUCHED_LEVELS && side_squares(box->west_mm, box->east_mm, TOUCHED_LEVEL(i)) *
                                         side_squares(box->south_mm, box->north_mm, TOUCHED_LEVEL(i)) > SQUARES_MAX)
        i++;
    return i;
}

static int64_t last_in_box(const struct touched *touched, struct grid_zone zone, const struct grid_box *box, int i)
{
    const int64_t size_mm = INT64_C(1000) << TOUCHED_LEVEL(i);
    int64_t last = 0;

    for (int64_t n = box->south_mm / size_mm; n <= box->north_mm / size_mm; n++)
        for (int64_t e = box->west_mm / size_mm; e <= box->east_mm / size_mm; e++) {
            struct cell square;
            if (!cell_from_point(zone, (struct grid_point){e * size_mm, n * size_mm}, TOUCHED_LEVEL(i), &square))
                last = later(last, atomic_load(&touched->squares[i][slot_of(square)]));
        }
    return last;
}

static int64_t last_of_all(const struct touched *touched)
{
    int64_t last = 0;

    for (size_t k = 0; k < TOUCHED_SLOTS; k++)
        last = later(last, atomic_load(&touched->squares[TOUCHED_LEVELS - 1][k]));
    return last;
}

int64_t touched_last(const struct touched *touched, struct grid_zone zone, struct map_tile tile)
{
    const int64_t everywhere = atomic_load(&touched->everywhere);
    struct grid_box box;

    if (tile.layer != LAYER_CELLS)
        return later(everywhere, atomic_load(&touched->layers[tile.layer]));
    if (tile_frame_box(zone, tile, &box))
        return everywhere;
    const int i = level_for(&box);
    return later(everywhere, i < TOUCHED_LEVELS ? last_in_box(touched, zone, &box, i) : last_of_all(touched));
}
