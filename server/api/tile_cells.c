#include "server/api/tile_cells.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "server/api/raster.h"
#include "server/store/leaf.h"
#include "server/store/rollup.h"

#define NEAR_LEVEL 0
#define LEAVES_FAR_LEVEL 2 /* squares of 4 m are summed up from the leaves themselves */
#define COARSE_LEVEL 5     /* of squares that roll-ups of 16 m do not hold */

static const char *const keys[] = {"id", "code", "pale", "level", "red", "yellow", "green"};
enum { KEY_ID, KEY_CODE, KEY_PALE, KEY_LEVEL, KEY_RED, KEY_YELLOW, KEY_GREEN, KEYS };

/* A cell with a reason. */
struct special {
    struct cell cell;
    uint8_t code;
    bool is_pale;
};

/* The picture under way, and the areas by code behind its points where they are summed up. */
struct canvas {
    struct reader *reader;
    const struct tile_frame *frame;
    struct raster raster;
    struct id_range ranges[PLACE_RANGES_MAX];
    size_t n_ranges;
    struct special *specials; /* ascending ids */
    size_t n_specials, special_capacity;
    int32_t (*areas_m2)[4];
};

/* --- what a point's value says --- */

/* Values up to LOOKS: a plain square; behind them specials by index. From far: worst code, level and shares. */
#define LOOKS 64

static uint32_t look_value(int level, enum road_code code, bool is_pale)
{
    return 1 + (uint32_t)code + 4 * (uint32_t)(is_pale && code != CODE_GREY) + 8 * (uint32_t)level;
}

struct far_value {
    int code, level, percent[4];
};

static uint32_t far_pack(const struct far_value *far)
{
    return 1 + (uint32_t)far->code + 4 * (uint32_t)far->level +
           128 * (uint32_t)(far->percent[CODE_RED] + 101 * (far->percent[CODE_YELLOW] + 101 * far->percent[CODE_GREEN]));
}

static struct far_value far_unpack(uint32_t value)
{
    const uint32_t low = value - 1, shares = low / 128;

    return (struct far_value){.code = (int)(low & 3),
                              .level = (int)(low / 4 % 32),
                              .percent = {[CODE_RED] = (int)(shares % 101),
                                          [CODE_YELLOW] = (int)(shares / 101 % 101),
                                          [CODE_GREEN] = (int)(shares / 101 / 101)}};
}

/* 0 if nothing of it has a colour. Shares are whole percents. */
static uint32_t far_value_of(int level, const int64_t area_m2[4])
{
    const int64_t whole = area_m2[CODE_RED] + area_m2[CODE_YELLOW] + area_m2[CODE_GREEN];
    struct far_value far = {.level = level};

    if (whole <= 0)
        return 0;
    for (int code = CODE_GREEN; code <= CODE_RED; code++) {
        const int64_t percent = (200 * area_m2[code] + whole) / (2 * whole);
        far.percent[code] = percent < 0 ? 0 : percent > 100 ? 100 : (int)percent;
        far.code = area_m2[code] > 0 ? code : far.code; /* the worst is the last */
    }
    return far_pack(&far);
}

/* --- reading --- */

static enum road_status push_special(struct canvas *canvas, struct special special)
{
    if (canvas->n_specials == canvas->special_capacity) {
        const size_t capacity = 2 * canvas->special_capacity + 256;
        struct special *specials = realloc(canvas->specials, capacity * sizeof *specials);
        if (!specials)
            return ROAD_NO_MEMORY;
        canvas->specials = specials;
        canvas->special_capacity = capacity;
    }
    canvas->specials[canvas->n_specials++] = special;
    return ROAD_OK;
}

static enum road_status read_specials(struct canvas *canvas, enum query query)
{
    enum road_status status = ROAD_OK, end = ROAD_OK;

    for (size_t i = 0; i < canvas->n_ranges && !status && !end; i++) {
        sqlite3_stmt *s = reader_query(canvas->reader, query);
        sqlite3_bind_int64(s, 1, (sqlite3_int64)canvas->ranges[i].first);
        sqlite3_bind_int64(s, 2, (sqlite3_int64)canvas->ranges[i].last);
        while (!status && reader_step(s, &end)) {
            const struct special special = {{(uint64_t)sqlite3_column_int64(s, 0)},
                                            (uint8_t)(sqlite3_column_int(s, 1) & 3),
                                            sqlite3_column_int(s, 2) != 0};
            if (cell_is_valid(special.cell) && place_box_meets(&canvas->frame->box, special.cell))
                status = push_special(canvas, special);
        }
    }
    return status ? status : end;
}

/* Every leaf whose squares are of `level`, to `take`. */
static enum road_status read_leaves(struct canvas *canvas, int level,
                                    void (*take)(struct canvas *canvas, const struct leaf_patch *leaf))
{
    enum road_status status = ROAD_OK, end = ROAD_OK;
    struct leaf_patch leaf;

    for (size_t i = 0; i < canvas->n_ranges && !status && !end; i++) {
        sqlite3_stmt *s = reader_query(canvas->reader, QUERY_LEAF_RANGE);
        sqlite3_bind_int64(s, 1, store_key(level + LEAF_LEVELS, canvas->ranges[i].first));
        sqlite3_bind_int64(s, 2, store_key(level + LEAF_LEVELS, canvas->ranges[i].last));
        while (!status && reader_step(s, &end)) {
            status = leaf_read(store_key_cell(sqlite3_column_int64(s, 0)), sqlite3_column_blob(s, 1),
                               (size_t)sqlite3_column_bytes(s, 1), &leaf);
            if (!status)
                take(canvas, &leaf);
        }
    }
    return status ? status : end;
}

/* --- near: the squares themselves --- */

static void paint_looks(struct canvas *canvas, const struct leaf_patch *leaf)
{
    const int level = cell_level(leaf->leaf) - LEAF_LEVELS;
    uint32_t values[64] = {0};

    for (uint64_t left = leaf->mask; left; left &= left - 1) {
        const int i = __builtin_ctzll(left);
        values[i] = look_value(level, cover_shown(leaf->covers[i]), cover_is_pale(leaf->covers[i]));
    }
    raster_paint_leaf(&canvas->raster, leaf->leaf, values);
}

static void paint_specials(struct canvas *canvas, int level)
{
    for (size_t i = 0; i < canvas->n_specials; i++)
        if (cell_level(canvas->specials[i].cell) == level)
            raster_paint(&canvas->raster, canvas->specials[i].cell, LOOKS + 1 + (uint32_t)i);
}

static uint32_t levels_of_specials(const struct canvas *canvas)
{
    uint32_t levels = 0;

    for (size_t i = 0; i < canvas->n_specials; i++)
        levels |= UINT32_C(1) << cell_level(canvas->specials[i].cell);
    return levels;
}

static enum road_status paint_near(struct canvas *canvas)
{
    enum road_status status = read_specials(canvas, QUERY_CELL_CODES);
    const uint32_t levels = levels_of_specials(canvas);

    for (int level = CELL_LEVEL_MAX; level >= NEAR_LEVEL && !status; level--) {
        if (level <= PATCH_LEVEL_MAX - LEAF_LEVELS)
            status = read_leaves(canvas, level, paint_looks);
        if (levels >> level & 1)
            paint_specials(canvas, level);
    }
    return status;
}

/* --- from far: areas by code --- */

/* One square as it counts from far: into the areas of its point, or, coarser than that, as a colour of its own. */
static void count_square(struct canvas *canvas, struct cell square, enum road_code code)
{
    const int level = cell_level(square);
    const int64_t area_m2 = INT64_C(1) << (2 * level);

    if (code == CODE_GREY)
        return;
    if (level > canvas->raster.level) {
        int64_t areas_m2[4] = {0};
        areas_m2[code] = area_m2;
        raster_paint(&canvas->raster, square, far_value_of(level, areas_m2));
        return;
    }
    const uint32_t *point = raster_at(&canvas->raster, square);
    if (point)
        canvas->areas_m2[point - canvas->raster.values][code] += (int32_t)area_m2;
}

static void count_leaf(struct canvas *canvas, const struct leaf_patch *leaf)
{
    for (uint64_t left = leaf->mask; left; left &= left - 1) {
        const unsigned i = (unsigned)__builtin_ctzll(left);
        count_square(canvas, cell_of_leaf(leaf->leaf, i), cover_shown(leaf->covers[i]));
    }
}

static void count_specials(struct canvas *canvas, int level)
{
    for (size_t i = 0; i < canvas->n_specials; i++)
        if (cell_level(canvas->specials[i].cell) == level)
            count_square(canvas, canvas->specials[i].cell, (enum road_code)canvas->specials[i].code);
}

/* All squares from the coarsest down to `least`. */
static enum road_status count_squares(struct canvas *canvas, int least)
{
    enum road_status status = ROAD_OK;

    for (int level = CELL_LEVEL_MAX; level >= least && !status; level--) {
        if (level <= PATCH_LEVEL_MAX - LEAF_LEVELS)
            status = read_leaves(canvas, level, count_leaf);
        count_specials(canvas, level);
    }
    return status;
}

/* The areas have the last word: they hold what is finer. */
static void paint_areas(struct canvas *canvas)
{
    const size_t n = (size_t)canvas->raster.width * (size_t)canvas->raster.height;

    for (size_t i = 0; i < n; i++) {
        const int32_t *a = canvas->areas_m2[i];
        const int64_t areas_m2[4] = {a[0], a[1], a[2], a[3]};
        const uint32_t value = far_value_of(canvas->raster.level, areas_m2);
        if (value)
            canvas->raster.values[i] = value;
    }
}

static enum road_status paint_from_leaves(struct canvas *canvas)
{
    const size_t n = (size_t)canvas->raster.width * (size_t)canvas->raster.height;

    canvas->areas_m2 = calloc(n, sizeof *canvas->areas_m2);
    if (!canvas->areas_m2)
        return ROAD_NO_MEMORY;
    enum road_status status = read_specials(canvas, QUERY_CELL_CODES);
    if (!status)
        status = count_squares(canvas, 0);
    if (!status)
        paint_areas(canvas);
    return status;
}

static enum road_status paint_roll_ups(struct canvas *canvas)
{
    const int level = canvas->raster.level;
    enum road_status status = ROAD_OK;

    for (size_t i = 0; i < canvas->n_ranges && !status; i++) {
        sqlite3_stmt *s = reader_query(canvas->reader, QUERY_SQUARE_RANGE);
        sqlite3_bind_int64(s, 1, store_key(level, canvas->ranges[i].first));
        sqlite3_bind_int64(s, 2, store_key(level, canvas->ranges[i].last));
        while (reader_step(s, &status)) {
            const int64_t areas_m2[4] = {[CODE_RED] = sqlite3_column_int64(s, 1),
                                         [CODE_YELLOW] = sqlite3_column_int64(s, 2),
                                         [CODE_GREEN] = sqlite3_column_int64(s, 3)};
            uint32_t *point = raster_at(&canvas->raster, store_key_cell(sqlite3_column_int64(s, 0)));
            const uint32_t value = far_value_of(level, areas_m2);
            if (point && value)
                *point = value;
        }
    }
    return status;
}

static enum road_status paint_far(struct canvas *canvas)
{
    enum road_status status = ROAD_OK;

    if (canvas->raster.level <= LEAVES_FAR_LEVEL)
        return paint_from_leaves(canvas);
    if (canvas->raster.level < COARSE_LEVEL) { /* what is known coarser than the roll-ups asked for */
        status = read_specials(canvas, QUERY_CELL_COARSE);
        if (!status)
            status = count_squares(canvas, COARSE_LEVEL);
    }
    return status ? status : paint_roll_ups(canvas);
}

/* --- the layer --- */

/* Values that many features share, added when first used. */
struct cell_layer {
    struct mvt_layer layer;
    uint32_t codes[4], flags[2], levels[CELL_LEVEL_MAX + 1], shares[101];
};

static void layer_init(struct cell_layer *cells)
{
    mvt_layer_init(&cells->layer);
    for (unsigned i = 0; i < 4; i++)
        cells->codes[i] = mvt_value_uint(&cells->layer, i);
    for (unsigned i = 0; i < 2; i++)
        cells->flags[i] = mvt_value_bool(&cells->layer, i != 0);
    for (unsigned i = 0; i <= CELL_LEVEL_MAX; i++)
        cells->levels[i] = mvt_value_uint(&cells->layer, i);
    for (unsigned i = 0; i <= 100; i++)
        cells->shares[i] = UINT32_MAX;
}

static void begin_feature(struct cell_layer *cells, int code, bool is_pale, int level)
{
    mvt_feature_begin(&cells->layer);
    mvt_tag(&cells->layer, KEY_CODE, cells->codes[code]);
    mvt_tag(&cells->layer, KEY_PALE, cells->flags[is_pale]);
    mvt_tag(&cells->layer, KEY_LEVEL, cells->levels[level]);
}

static void tag_share(struct cell_layer *cells, uint32_t key, int percent)
{
    if (cells->shares[percent] == UINT32_MAX)
        cells->shares[percent] = mvt_value_double(&cells->layer, percent / 100.0);
    mvt_tag(&cells->layer, key, cells->shares[percent]);
}

static void begin_far(struct cell_layer *cells, uint32_t value)
{
    const struct far_value far = far_unpack(value);

    begin_feature(cells, far.code, false, far.level);
    tag_share(cells, KEY_RED, far.percent[CODE_RED]);
    tag_share(cells, KEY_YELLOW, far.percent[CODE_YELLOW]);
    tag_share(cells, KEY_GREEN, far.percent[CODE_GREEN]);
}

static void begin_near(struct cell_layer *cells, const struct canvas *canvas, uint32_t value)
{
    char id[24];

    if (value <= LOOKS) {
        begin_feature(cells, (int)((value - 1) & 3), (value - 1) >> 2 & 1, (int)((value - 1) >> 3));
        return;
    }
    const struct special *special = &canvas->specials[value - LOOKS - 1];
    begin_feature(cells, special->code, special->is_pale, cell_level(special->cell));
    snprintf(id, sizeof id, "%" PRIu64, special->cell.id);
    mvt_tag(&cells->layer, KEY_ID, mvt_value_text(&cells->layer, id));
}

/* A unit of the tile wider on each side: corners are rounded to units, and between long rectangles a hair would show. */
static void put_rectangle(struct cell_layer *cells, const struct canvas *canvas, const struct raster_rectangle *r)
{
    const int64_t unit_mm = (int64_t)ceil(tile_metres_per_unit(canvas->frame->tile) * 1000);
    struct grid_point low = raster_corner(&canvas->raster, r->x0, r->y0);
    struct grid_point high = raster_corner(&canvas->raster, r->x1, r->y1);

    low.e_mm -= unit_mm, low.n_mm -= unit_mm;
    high.e_mm += unit_mm, high.n_mm += unit_mm;
    tile_frame_rectangle(canvas->frame, low, high, &cells->layer);
}

static enum road_status put_features(struct cell_layer *cells, const struct canvas *canvas)
{
    const bool is_near = canvas->frame->tile.zoom >= TILE_CELLS_ZOOM;
    struct raster_rectangle *rectangles = NULL;
    size_t n = 0;

    const enum road_status status = raster_rectangles(&canvas->raster, &rectangles, &n);
    for (size_t i = 0, next; i < n && !status; i = next) {
        if (is_near)
            begin_near(cells, canvas, rectangles[i].value);
        else
            begin_far(cells, rectangles[i].value);
        for (next = i; next < n && rectangles[next].value == rectangles[i].value; next++)
            put_rectangle(cells, canvas, &rectangles[next]);
        mvt_feature_end(&cells->layer, MVT_POLYGON);
    }
    free(rectangles);
    return status;
}

static enum road_status make_layer(const struct canvas *canvas, struct bytes *ret_bytes)
{
    struct cell_layer cells;

    layer_init(&cells);
    const enum road_status status = put_features(&cells, canvas);
    if (!status)
        mvt_layer_finish(&cells.layer, "cells", keys, KEYS, ret_bytes);
    mvt_layer_done(&cells.layer);
    return status;
}

enum road_status tile_cells(struct reader *reader, const struct tile_frame *frame, struct bytes *ret_bytes)
{
    const bool is_near = frame->tile.zoom >= TILE_CELLS_ZOOM;
    struct canvas *canvas = calloc(1, sizeof *canvas);

    if (!canvas)
        return ROAD_NO_MEMORY;
    canvas->reader = reader;
    canvas->frame = frame;
    place_cover(frame->zone, &frame->box, canvas->ranges, &canvas->n_ranges);
    enum road_status status = raster_init(&canvas->raster, &frame->box, is_near ? NEAR_LEVEL : tile_square_level(frame->tile));
    if (!status)
        status = is_near ? paint_near(canvas) : paint_far(canvas);
    if (!status)
        status = make_layer(canvas, ret_bytes);
    raster_done(&canvas->raster);
    free(canvas->areas_m2);
    free(canvas->specials);
    free(canvas);
    return status;
}
