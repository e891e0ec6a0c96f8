/* days.h - the newest day on which each known square was watched, out of the server's database.
 *
 * Squares of 1 and 2 m are taken together to 4 m, which is how well a lane is told from its neighbour; coarser ones stay as
 * they are. About 16 bytes a square of 4 m. Read once, then constant. */
#ifndef SERVER_COVERAGE_DAYS_H
#define SERVER_COVERAGE_DAYS_H

#include <sqlite3.h>

#include "grid/cell.h"
#include "server/coverage/pieces.h"

struct days; /* opaque */

/* *ret_as_of_day: of the newest event the gateways told of; 0 if there was none. */
enum road_status days_read(sqlite3 *db, struct grid_zone zone, struct days **ret_days, int64_t *ret_as_of_day);
void days_free(struct days *days); /* NULL is fine */
/* The newest of the squares that hold the point. */
int64_t days_at(const void *days, struct grid_point point);

#endif
