/* rollup.h - areas of known cells by code in squares of levels 2, 4, … 16, for maps seen from far.
 *
 * Kept by differences: what a change takes from one code it gives to another, in each square that holds the
 * cell. A cell known at level k counts its own 4^k square metres in the squares of level >= k. Cells known at
 * two levels at one place (a 16 m square and a 1 m cell inside it) both count: the figures are shares, not a
 * land register. Grey counts nothing. */
#ifndef SERVER_STORE_ROLLUP_H
#define SERVER_STORE_ROLLUP_H

#include <sqlite3.h>

#include "grid/catalogue.h"
#include "grid/cell.h"
#include "link/message.h"

#define ROLLUP_LEVELS      8 /* 2, 4, 6, 8, 10, 12, 14, 16 */
#define ROLLUP_LEVEL(i)    (2 * ((i) + 1))
#define ROLLUP_SQUARES_MAX (CHANGE_CELLS_MAX * ROLLUP_LEVELS)

struct rollup_square {
    uint64_t id;
    int64_t area_m2[4]; /* by enum road_code; grey unused */
};

/* The differences of one change, before they are written. */
struct rollup {
    size_t n;
    struct rollup_square squares[ROLLUP_SQUARES_MAX];
};

void rollup_add(struct rollup *rollup, struct cell cell, enum road_code was, enum road_code is);
/* Writes the differences with `upsert` (id, red, yellow, green) and empties the roll-up. */
enum road_status rollup_write(struct rollup *rollup, sqlite3_stmt *upsert);

#define ROLLUP_UPSERT                                                                                        \
    "INSERT INTO square(id, red_m2, yellow_m2, green_m2) VALUES(?, ?, ?, ?) ON CONFLICT(id) DO UPDATE SET "  \
    "red_m2 = red_m2 + excluded.red_m2, yellow_m2 = yellow_m2 + excluded.yellow_m2, "                        \
    "green_m2 = green_m2 + excluded.green_m2"

#endif
