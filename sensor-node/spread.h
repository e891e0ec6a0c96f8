/* spread.h - a table whose clock ticks in whole seconds while its rows come faster: rows that share a second are laid
 * evenly into it, so that each has a time of its own. Rows of a finer clock pass as they are. One thread. */
#ifndef SENSOR_NODE_SPREAD_H
#define SENSOR_NODE_SPREAD_H

#include "sensor-node/table.h"

#define SPREAD_ROWS_MAX 64 /* of one second; beyond it the second is handed out in parts */

struct spread {
    double rows[SPREAD_ROWS_MAX][TABLE_COLUMNS_MAX];
    size_t count, given;
    bool is_whole; /* the rows of this second are all there: they are being given */
    bool has_next; /* the first row of the next one was read */
    double next[TABLE_COLUMNS_MAX];
};

/* As table_next. A zeroed spread is ready. */
enum road_status spread_next(struct spread *spread, struct table *table, double *ret_values, char *ret_error);

#endif
