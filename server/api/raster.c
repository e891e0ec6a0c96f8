#include "server/api/raster.h"

#include <stdlib.h>
#include <string.h>

#include "link/message.h"

enum road_status raster_init(struct raster *raster, const struct grid_box *box, int level)
{
    const int64_t size_mm = INT64_C(1000) << level;

    *raster = (struct raster){.level = level, .column = box->west_mm / size_mm, .row = box->south_mm / size_mm};
    const int64_t width = box->east_mm / size_mm - raster->column + 1, height = box->north_mm / size_mm - raster->row + 1;
    if (width > RASTER_POINTS_MAX || height > RASTER_POINTS_MAX / width)
        return ROAD_TOO_LARGE;
    raster->width = (int)width;
    raster->height = (int)height;
    raster->values = calloc((size_t)(width * height), sizeof *raster->values);
    return raster->values ? ROAD_OK : ROAD_NO_MEMORY;
}

void raster_done(struct raster *raster)
{
    free(raster->values);
    raster->values = NULL;
}

static int64_t within(int64_t value, int64_t most)
{
    return value < 0 ? 0 : value > most ? most : value;
}

/* A square of `side` points whose south-west point is (x, y), which may lie outside. */
static void fill(struct raster *raster, int64_t x, int64_t y, int64_t side, uint32_t value)
{
    const int64_t x0 = within(x, raster->width), x1 = within(x + side, raster->width);
    const int64_t y0 = within(y, raster->height), y1 = within(y + side, raster->height);

    for (int64_t j = y0; j < y1; j++)
        for (int64_t i = x0; i < x1; i++)
            raster->values[j * raster->width + i] = value;
}

void raster_paint(struct raster *raster, struct cell square, uint32_t value)
{
    const struct grid_point corner = cell_corner(square);
    const int64_t size_mm = INT64_C(1000) << raster->level;

    fill(raster, corner.e_mm / size_mm - raster->column, corner.n_mm / size_mm - raster->row,
         INT64_C(1) << (cell_level(square) - raster->level), value);
}

/* Every second bit of a number of six. */
static int64_t odd_bits(unsigned number)
{
    return (number & 1) | (number >> 1 & 2) | (number >> 2 & 4);
}

void raster_paint_leaf(struct raster *raster, struct cell leaf, const uint32_t values[64])
{
    const struct grid_point corner = cell_corner(leaf);
    const int64_t size_mm = INT64_C(1000) << raster->level;
    const int64_t side = INT64_C(1) << (cell_level(leaf) - LEAF_LEVELS - raster->level);
    const int64_t x = corner.e_mm / size_mm - raster->column, y = corner.n_mm / size_mm - raster->row;

    if (side == 1 && x >= 0 && y >= 0 && x + 8 <= raster->width && y + 8 <= raster->height) {
        uint32_t *const corner_point = &raster->values[y * raster->width + x];
        for (unsigned i = 0; i < 64; i++)
            if (values[i])
                corner_point[odd_bits(i >> 1) * raster->width + odd_bits(i)] = values[i];
        return;
    }
    for (unsigned i = 0; i < 64; i++)
        if (values[i])
            fill(raster, x + odd_bits(i) * side, y + odd_bits(i >> 1) * side, side, values[i]);
}

uint32_t *raster_at(const struct raster *raster, struct cell cell)
{
    const struct grid_point corner = cell_corner(cell);
    const int64_t size_mm = INT64_C(1000) << raster->level;
    const int64_t x = corner.e_mm / size_mm - raster->column, y = corner.n_mm / size_mm - raster->row;

    if (x < 0 || y < 0 || x >= raster->width || y >= raster->height)
        return NULL;
    return &raster->values[y * raster->width + x];
}

struct grid_point raster_corner(const struct raster *raster, int x, int y)
{
    const int64_t size_mm = INT64_C(1000) << raster->level;

    return (struct grid_point){(raster->column + x) * size_mm, (raster->row + y) * size_mm};
}

struct list {
    struct raster_rectangle *items;
    size_t n, capacity;
    bool is_bad;
};

static void push(struct list *list, const struct raster_rectangle *rectangle)
{
    if (list->n == list->capacity) {
        const size_t capacity = 2 * list->capacity + 256;
        struct raster_rectangle *items = realloc(list->items, capacity * sizeof *items);
        list->is_bad |= !items;
        if (!items)
            return;
        list->items = items;
        list->capacity = capacity;
    }
    list->items[list->n++] = *rectangle;
}

/* The runs of one row, each as a rectangle one row high. */
static int runs_of_row(const struct raster *raster, int y, struct raster_rectangle *ret_runs)
{
    const uint32_t *row = raster->values + (size_t)y * (size_t)raster->width;
    int n = 0;

    for (int x = 0, end; x < raster->width; x = end) {
        for (end = x + 1; end < raster->width && row[end] == row[x]; end++)
            continue;
        if (row[x])
            ret_runs[n++] = (struct raster_rectangle){row[x], x, end, y, y + 1};
    }
    return n;
}

/* Lets the runs of a row go on with what stands below them; what does not go on is finished. */
static void join_rows(struct raster_rectangle *below, int n_below, struct raster_rectangle *runs, int n_runs,
                      struct list *list)
{
    int k = 0;

    for (int i = 0; i < n_below; i++) {
        while (k < n_runs && runs[k].x0 < below[i].x0)
            k++;
        if (k < n_runs && runs[k].x0 == below[i].x0 && runs[k].x1 == below[i].x1 && runs[k].value == below[i].value)
            runs[k].y0 = below[i].y0;
        else
            push(list, &below[i]);
    }
}

static int compare_rectangles(const void *a, const void *b)
{
    const struct raster_rectangle *left = a, *right = b;

    if (left->value != right->value)
        return left->value < right->value ? -1 : 1;
    return left->y0 != right->y0 ? left->y0 - right->y0 : left->x0 - right->x0;
}

enum road_status raster_rectangles(const struct raster *raster, struct raster_rectangle **ret_rectangles, size_t *ret_count)
{
    struct raster_rectangle *rows = malloc(2 * (size_t)raster->width * sizeof *rows);
    struct raster_rectangle *below = rows, *runs = rows + raster->width;
    struct list list = {.n = 0};
    int n_below = 0;

    if (!rows)
        return ROAD_NO_MEMORY;
    for (int y = 0; y <= raster->height; y++) {
        const int n = y < raster->height ? runs_of_row(raster, y, runs) : 0;
        join_rows(below, n_below, runs, n, &list);
        struct raster_rectangle *const swap = below;
        below = runs, runs = swap, n_below = n;
    }
    free(rows);
    if (list.is_bad) {
        free(list.items);
        return ROAD_NO_MEMORY;
    }
    if (list.n > 0)
        qsort(list.items, list.n, sizeof *list.items, compare_rectangles);
    *ret_rectangles = list.items;
    *ret_count = list.n;
    return ROAD_OK;
}
