#include "server/store/rollup.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "link/database.h"
#include "server/store/leaf.h"

/* Into the squares of the levels from..to that hold the cell. */
static void add(struct rollup *rollup, struct cell cell, int from, int to, const int64_t area_m2[4])
{
    for (int i = 0; i < ROLLUP_LEVELS; i++) {
        const int level = ROLLUP_LEVEL(i);
        if (level < from || level > to)
            continue;
        assert(rollup->n < ROLLUP_SQUARES_MAX);
        struct rollup_square *square = &rollup->squares[rollup->n++];
        square->key = store_key_of(cell_parent(cell, level));
        memcpy(square->area_m2, area_m2, sizeof square->area_m2);
    }
}

static void add_move(struct rollup *rollup, struct cell cell, int to, enum road_code was, enum road_code is)
{
    const int64_t area_m2 = INT64_C(1) << (2 * cell_level(cell));
    int64_t areas_m2[4] = {0};

    if (was == is)
        return;
    areas_m2[was] = -area_m2;
    areas_m2[is] = area_m2;
    add(rollup, cell, cell_level(cell), to, areas_m2);
}

void rollup_add(struct rollup *rollup, struct cell cell, enum road_code was, enum road_code is)
{
    add_move(rollup, cell, CELL_LEVEL_MAX, was, is);
}

void rollup_add_below(struct rollup *rollup, struct cell cell, int level, enum road_code was, enum road_code is)
{
    add_move(rollup, cell, level - 1, was, is);
}

void rollup_add_area(struct rollup *rollup, struct cell square, const int64_t area_m2[4])
{
    if (area_m2[CODE_GREEN] || area_m2[CODE_YELLOW] || area_m2[CODE_RED])
        add(rollup, square, cell_level(square), CELL_LEVEL_MAX, area_m2);
}

static int compare_squares(const void *a, const void *b)
{
    const int64_t x = ((const struct rollup_square *)a)->key, y = ((const struct rollup_square *)b)->key;

    return x < y ? -1 : x > y;
}

/* Adds up what falls on one square, so that each row is written once. */
static size_t merge(struct rollup_square *squares, size_t n)
{
    size_t kept = 0;

    qsort(squares, n, sizeof *squares, compare_squares);
    for (size_t i = 0; i < n; i++) {
        if (kept > 0 && squares[kept - 1].key == squares[i].key)
            for (int code = 0; code < 4; code++)
                squares[kept - 1].area_m2[code] += squares[i].area_m2[code];
        else
            squares[kept++] = squares[i];
    }
    return kept;
}

enum road_status rollup_write(struct rollup *rollup, sqlite3_stmt *upsert)
{
    enum road_status status = ROAD_OK;
    const size_t n = merge(rollup->squares, rollup->n);

    for (size_t i = 0; i < n && !status; i++) {
        const struct rollup_square *square = &rollup->squares[i];
        sqlite3_bind_int64(upsert, 1, square->key);
        sqlite3_bind_int64(upsert, 2, square->area_m2[CODE_RED]);
        sqlite3_bind_int64(upsert, 3, square->area_m2[CODE_YELLOW]);
        sqlite3_bind_int64(upsert, 4, square->area_m2[CODE_GREEN]);
        const int code = sqlite3_step(upsert);
        sqlite3_reset(upsert);
        if (code != SQLITE_DONE)
            status = database_status(code);
    }
    rollup->n = 0;
    return status;
}
