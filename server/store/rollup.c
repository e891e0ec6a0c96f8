#include "server/store/rollup.h"

#include <assert.h>
#include <stdlib.h>

#include "link/database.h"

void rollup_add(struct rollup *rollup, struct cell cell, enum road_code was, enum road_code is)
{
    const int level = cell_level(cell);
    const int64_t area_m2 = INT64_C(1) << (2 * level);

    if (was == is)
        return;
    for (int i = 0; i < ROLLUP_LEVELS; i++) {
        if (ROLLUP_LEVEL(i) < level)
            continue;
        assert(rollup->n < ROLLUP_SQUARES_MAX);
        struct rollup_square *square = &rollup->squares[rollup->n++];
        *square = (struct rollup_square){.id = cell_parent(cell, ROLLUP_LEVEL(i)).id};
        square->area_m2[was] -= area_m2;
        square->area_m2[is] += area_m2;
    }
}

static int compare_squares(const void *a, const void *b)
{
    const uint64_t x = ((const struct rollup_square *)a)->id, y = ((const struct rollup_square *)b)->id;

    return x < y ? -1 : x > y;
}

/* Adds up what falls on one square, so that each row is written once. */
static size_t merge(struct rollup_square *squares, size_t n)
{
    size_t kept = 0;

    qsort(squares, n, sizeof *squares, compare_squares);
    for (size_t i = 0; i < n; i++) {
        if (kept > 0 && squares[kept - 1].id == squares[i].id)
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
        sqlite3_bind_int64(upsert, 1, (sqlite3_int64)square->id);
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
