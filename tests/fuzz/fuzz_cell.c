/* fuzz_cell.c - what people and files hand the grid: text as a cell, bytes as a polygon, a line and a
 * covariance. Besides not crashing: a cell that parses is valid and prints as text that parses to it; areas
 * come in order. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "grid/shape.h"

#define CELLS      512
#define VISIBLE_MM 60000 /* small shapes, so that a run takes microseconds */

static void need(bool holds)
{
    if (!holds)
        abort();
}

static void fuzz_text(const uint8_t *data, size_t size)
{
    char text[CELL_TEXT_SIZE * 2];
    struct cell cell, back;
    const size_t length = size < sizeof text - 1 ? size : sizeof text - 1;

    memcpy(text, data, length);
    text[length] = '\0';
    if (cell_parse(text, &cell) != ROAD_OK)
        return;
    need(cell_is_valid(cell));
    need(cell_parse(cell_format(cell, text), &back) == ROAD_OK && back.id == cell.id);
    struct cell neighbours[8];
    cell_neighbours(cell, neighbours);
    for (int d = 0; d < 8; d++)
        need(neighbours[d].id == 0 || cell_is_valid(neighbours[d]));
}

static struct grid_point point_of(const int32_t *words)
{
    return (struct grid_point){500000000 + words[0] % VISIBLE_MM, 3000000000 + words[1] % VISIBLE_MM};
}

static void fuzz_shapes(const uint8_t *data, size_t size)
{
    static struct cell cells[CELLS];
    const struct grid_zone zone = {120, false};
    int32_t words[24] = {0};
    struct grid_point corners[12];
    size_t count;

    memcpy(words, data, size < sizeof words ? size : sizeof words);
    for (int i = 0; i < 12; i++)
        corners[i] = point_of(&words[2 * i]);
    const size_t n = size / 8 < 12 ? size / 8 : 12;
    const enum road_status status = cells_in_polygon(zone, corners, n, 4, cells, CELLS, &count);
    need(n < 3 ? status == ROAD_BAD_INPUT : status == ROAD_OK || status == ROAD_FULL);
    for (size_t k = 1; n >= 3 && k < (count < CELLS ? count : CELLS); k++)
        need(cells[k - 1].id < cells[k].id);
    (void)cells_on_line(zone, corners[0], corners[1], 2, cells, CELLS, &count);
    const struct grid_covariance covariance = {words[4], words[5], words[6]};
    need(cells_to_paint(zone, corners[0], covariance, cells, &count) == ROAD_OK && count >= 1 && count <= 16);
    const double share = cell_probability(cells[0], corners[0], covariance);
    need(share >= 0 && share <= 1 + 1e-9);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_text(data, size);
    fuzz_shapes(data, size);
    return 0;
}
