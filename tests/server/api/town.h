/* town.h - a made-up town of plain squares, told change by change through the server's store as a gateway would.
 *
 * Streets 5 m wide run every 100 m in both directions, gently winding; each 100 m piece has its own day, one in 32 is
 * stale. The outer half metres are thinly covered. On 1 m squares, with 4 m squares over the same streets (the strip
 * between wheel tracks); every kilometre or so a hole colours four squares red or yellow, and a 4 m square is rough. Everything follows from the place alone, so a test asks the same functions. */
#ifndef TESTS_SERVER_API_TOWN_H
#define TESTS_SERVER_API_TOWN_H

#include <sqlite3.h>

#include "link/message.h"

#define TOWN_EAST_M INT64_C(512000) /* its south-west corner, of a 256 m square */
#define TOWN_NORTH_M INT64_C(3350528)
#define TOWN_DAY 20780 /* the newest: 2026-11-23 */
#define TOWN_AS_OF_NS (TOWN_DAY * INT64_C(86400000000000) + INT64_C(36000000000000))

struct town_counts {
    int64_t squares, patches, specials, changes; /* plain squares of 1 m; leaves of all levels; cells with a reason */
    double apply_s; /* time spent in store_apply_change and commits */
};

/* All changes of a town of `side` x `side` tiles of 256 m, as seen `days_on` days after TOWN_DAY. Ends the process on
 * failure. */
void town_tell(struct grid_zone zone, int side, int days_on, void (*tell)(void *context, const struct change *change),
               void *context);
/* The same into a server's database, in one transaction for every 32 changes. */
void town_fill(sqlite3 *db, struct grid_zone zone, int side, struct town_counts *ret_counts);
/* Where the middle of street `k` lies, along_m metres on its way north (or east), in metres from the town's west (south). */
double town_street_m(int k, double along_m, bool is_north);
/* What is told of the 1 m square whose corner lies so many metres east and north of the town's: 0 = nothing. */
uint16_t town_cover(int east_m, int north_m);
/* The code of the cell with a reason there; grey if there is none. */
enum road_code town_special(int east_m, int north_m);

#endif
