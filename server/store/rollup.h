/* rollup.h - areas of known cells by code in squares of levels 4, 6, … 16, for maps seen from far.
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

#define ROLLUP_LEVEL_MIN   4
#define ROLLUP_LEVELS      7 /* 4, 6, 8, 10, 12, 14, 16 */
#define ROLLUP_LEVEL(i)    (ROLLUP_LEVEL_MIN + 2 * (i))
#define ROLLUP_SQUARES_MAX 16384

struct rollup_square {
    int64_t key;        /* store_key */
    int64_t area_m2[4]; /* by enum road_code; grey unused */
};

/* The differences of one change, before they are written. */
struct rollup {
    size_t n;
    struct rollup_square squares[ROLLUP_SQUARES_MAX];
};

/* One cell that moved. There must be room for ROLLUP_LEVELS more. */
void rollup_add(struct rollup *rollup, struct cell cell, enum road_code was, enum road_code is);
/* The same in the squares below `level` alone; the caller adds the rest, summed up, with rollup_add_area. */
void rollup_add_below(struct rollup *rollup, struct cell cell, int level, enum road_code was, enum road_code is);
/* Differences by code that lie in `square`, in the squares of its level and above. */
void rollup_add_area(struct rollup *rollup, struct cell square, const int64_t area_m2[4]);
/* Writes the differences with `upsert` (key, red, yellow, green) and empties the roll-up. */
enum road_status rollup_write(struct rollup *rollup, sqlite3_stmt *upsert);

#define ROLLUP_UPSERT                                                                                        \
    "INSERT INTO square(key, red_m2, yellow_m2, green_m2) VALUES(?, ?, ?, ?) ON CONFLICT(key) DO UPDATE SET " \
    "red_m2 = red_m2 + excluded.red_m2, yellow_m2 = yellow_m2 + excluded.yellow_m2, "                        \
    "green_m2 = green_m2 + excluded.green_m2"

#endif
