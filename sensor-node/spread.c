#include "sensor-node/spread.h"

#include <math.h>
#include <string.h>

static void add(struct spread *spread, const double *row)
{
    memcpy(spread->rows[spread->count++], row, sizeof spread->rows[0]);
}

/* Row i of n lies at (i + 1/2) / n of the second: the clock says only that it has begun. */
static void lay_out(struct spread *spread)
{
    const size_t n = spread->count;

    spread->is_whole = true;
    spread->given = 0;
    if (n < 2 || spread->rows[0][0] != floor(spread->rows[0][0]))
        return;
    for (size_t i = 0; i < n; i++)
        spread->rows[i][0] += ((double)i + 0.5) / (double)n;
}

/* Reads until a row of another second, the end, or a full buffer. */
static enum road_status fill(struct spread *spread, struct table *table, char *ret_error)
{
    double row[TABLE_COLUMNS_MAX];

    if (spread->has_next) {
        add(spread, spread->next);
        spread->has_next = false;
    }
    while (spread->count < SPREAD_ROWS_MAX) {
        const enum road_status status = table_next(table, row, ret_error);
        if (status == ROAD_END && spread->count > 0)
            break;
        if (status)
            return status;
        if (spread->count > 0 && row[0] != spread->rows[0][0]) {
            memcpy(spread->next, row, sizeof spread->next);
            spread->has_next = true;
            break;
        }
        add(spread, row);
    }
    lay_out(spread);
    return ROAD_OK;
}

enum road_status spread_next(struct spread *spread, struct table *table, double *ret_values, char *ret_error)
{
    if (!spread->is_whole) {
        const enum road_status status = fill(spread, table, ret_error);
        if (status)
            return status;
    }
    memcpy(ret_values, spread->rows[spread->given++], table->n_columns * sizeof *ret_values);
    if (spread->given == spread->count) {
        spread->count = 0;
        spread->is_whole = false;
    }
    return ROAD_OK;
}
