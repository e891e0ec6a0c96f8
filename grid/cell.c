#include "grid/cell.h"

#include <inttypes.h>
#include <stdio.h>

#include "grid/morton.h"

#define COLUMN_BITS 20 /* metres east */
#define ROW_BITS    24 /* metres north */
#define MORTON_BITS (CELL_ZONE_SHIFT - 1)
#define ZONES       120 /* meridians 3 degrees apart; as many again in the south */

static uint64_t lowest_bit(struct cell cell)
{
    return cell.id & (~cell.id + 1);
}

/* The cell of a level that holds the metre square (column, row). */
static struct cell from_metres(uint64_t zone, uint64_t column, uint64_t row, int level)
{
    const uint64_t m = morton_from_metres(column, row);

    return (struct cell){zone << CELL_ZONE_SHIFT | (m >> 2 * level) << (2 * level + 1) |
                         UINT64_C(1) << 2 * level};
}

static uint64_t zone_number(struct cell cell)
{
    return cell.id >> CELL_ZONE_SHIFT;
}

/* South-west corner in metres. */
static void to_metres(struct cell cell, uint32_t *ret_column, uint32_t *ret_row)
{
    const uint64_t m = (cell.id - lowest_bit(cell)) >> 1 & ((UINT64_C(1) << MORTON_BITS) - 1);

    *ret_column = morton_gather(m & 0xFFFFFFFFFF);
    *ret_row = (uint32_t)(m >> 40) << 20 | morton_gather((m & 0xFFFFFFFFFF) >> 1);
}

int cell_zone_number(struct grid_zone zone)
{
    return zone.meridian_deg / 3 + (zone.is_south ? ZONES : 0);
}

enum road_status cell_from_point(struct grid_zone zone, struct grid_point point, int level,
                                 struct cell *ret_cell)
{
    if (!grid_zone_is_valid(zone) || level < 0 || level > CELL_LEVEL_MAX || point.e_mm < 0 ||
        point.n_mm < 0 || point.e_mm >= INT64_C(1000) << COLUMN_BITS ||
        point.n_mm >= INT64_C(1000) << ROW_BITS)
        return ROAD_BAD_RANGE;
    *ret_cell = from_metres((uint64_t)cell_zone_number(zone), (uint64_t)point.e_mm / 1000,
                            (uint64_t)point.n_mm / 1000, level);
    return ROAD_OK;
}

bool cell_is_valid(struct cell cell)
{
    if (cell.id == 0 || zone_number(cell) >= 2 * ZONES)
        return false;
    const int bit = __builtin_ctzll(cell.id);
    return bit % 2 == 0 && bit <= 2 * CELL_LEVEL_MAX;
}

int cell_level(struct cell cell)
{
    return cell.id ? __builtin_ctzll(cell.id) / 2 : 0;
}

int64_t cell_size_mm(struct cell cell)
{
    return INT64_C(1000) << cell_level(cell);
}

struct grid_zone cell_zone(struct cell cell)
{
    const int z = (int)zone_number(cell);

    return (struct grid_zone){z % ZONES * 3, z >= ZONES};
}

struct grid_point cell_corner(struct cell cell)
{
    uint32_t column, row;

    to_metres(cell, &column, &row);
    return (struct grid_point){INT64_C(1000) * column, INT64_C(1000) * row};
}

struct grid_point cell_centre(struct cell cell)
{
    const struct grid_point corner = cell_corner(cell);
    const int64_t half = cell_size_mm(cell) / 2;

    return (struct grid_point){corner.e_mm + half, corner.n_mm + half};
}

struct cell cell_parent(struct cell cell, int level)
{
    const uint64_t bit = UINT64_C(1) << 2 * level;

    return (struct cell){(cell.id & (~(bit << 1) + 1)) | bit};
}

void cell_range(struct cell cell, uint64_t *ret_first, uint64_t *ret_last)
{
    const uint64_t below = lowest_bit(cell) - 1;

    *ret_first = cell.id - below;
    *ret_last = cell.id + below;
}

bool cell_contains(struct cell ancestor, struct cell descendant)
{
    uint64_t first, last;

    cell_range(ancestor, &first, &last);
    return first <= descendant.id && descendant.id <= last;
}

struct cell cell_of_leaf(struct cell leaf, unsigned number)
{
    const uint64_t below = lowest_bit(leaf); /* of the leaf's own range, half */

    return (struct cell){leaf.id - below + (2 * (uint64_t)number + 1) * (below >> 6)};
}

unsigned cell_number_in_leaf(struct cell cell)
{
    return (unsigned)(cell.id >> (2 * cell_level(cell) + 1)) & 63;
}

void cell_neighbours(struct cell cell, struct cell ret_cells[8])
{
    static const int east[8] = {0, 1, 1, 1, 0, -1, -1, -1}, north[8] = {1, 1, 0, -1, -1, -1, 0, 1};
    const struct grid_point corner = cell_corner(cell);
    const int64_t size = cell_size_mm(cell);

    for (int d = 0; d < 8; d++) {
        const struct grid_point point = {corner.e_mm + east[d] * size, corner.n_mm + north[d] * size};
        ret_cells[d].id = 0;
        (void)cell_from_point(cell_zone(cell), point, cell_level(cell),
                              &ret_cells[d]); /* 0 beyond the frame */
    }
}

char *cell_format(struct cell cell, char ret_text[CELL_TEXT_SIZE])
{
    const struct grid_zone zone = cell_zone(cell);
    uint32_t column, row;

    to_metres(cell, &column, &row);
    const int length = snprintf(ret_text, CELL_TEXT_SIZE, "%d%s-%" PRIu32 "-%" PRIu32, zone.meridian_deg / 3,
                                zone.is_south ? "S" : "", column, row);
    if (cell_level(cell) > 0)
        (void)snprintf(ret_text + length, (size_t)(CELL_TEXT_SIZE - length), "/%d", 1 << cell_level(cell));
    return ret_text;
}

/* A decimal number without sign or leading zero, below 2^53; *at moves behind it. */
static bool take_number(const char **at, uint64_t *ret_number)
{
    const char *p = *at;
    uint64_t n = 0;

    if (*p < '0' || *p > '9' || (*p == '0' && p[1] >= '0' && p[1] <= '9'))
        return false;
    for (; *p >= '0' && *p <= '9'; p++) {
        n = n * 10 + (uint64_t)(*p - '0');
        if (n >> 53)
            return false;
    }
    *ret_number = n;
    *at = p;
    return true;
}

static bool take_char(const char **at, char c)
{
    if (**at != c)
        return false;
    ++*at;
    return true;
}

/* The rest of the human form, behind the zone's number. */
static enum road_status parse_human(const char *at, uint64_t zone, struct cell *ret_cell)
{
    uint64_t column, row, size = 1;

    const bool is_south = take_char(&at, 'S');
    if (!take_char(&at, '-') || !take_number(&at, &column) || !take_char(&at, '-') || !take_number(&at, &row))
        return ROAD_BAD_INPUT;
    if (take_char(&at, '/') && (!take_number(&at, &size) || size < 2))
        return ROAD_BAD_INPUT;
    if (*at)
        return ROAD_BAD_INPUT;
    if (zone >= ZONES || column >> COLUMN_BITS || row >> ROW_BITS || size >> (CELL_LEVEL_MAX + 1))
        return ROAD_BAD_RANGE;
    if (size & (size - 1) || column % size || row % size)
        return ROAD_BAD_INPUT;
    *ret_cell = from_metres(is_south ? zone + ZONES : zone, column, row, __builtin_ctzll(size));
    return ROAD_OK;
}

enum road_status cell_parse(const char *text, struct cell *ret_cell)
{
    const char *at = text;
    uint64_t number;

    if (!take_number(&at, &number))
        return ROAD_BAD_INPUT;
    if (*at)
        return parse_human(at, number, ret_cell);
    if (!cell_is_valid((struct cell){number}))
        return ROAD_BAD_RANGE;
    ret_cell->id = number;
    return ROAD_OK;
}
