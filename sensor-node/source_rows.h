/* source_rows.h - recordings that are one table with a row per sample; for the files that describe such a layout. */
#ifndef SENSOR_NODE_SOURCE_ROWS_H
#define SENSOR_NODE_SOURCE_ROWS_H

#include "sensor-node/source_calls.h"
#include "sensor-node/table.h"

enum {
    ROW_TIME, /* s; from 2001 on Unix time */
    ROW_AX,   /* m/s^2 with gravity */
    ROW_AY,
    ROW_AZ,
    ROW_GX, /* rad/s */
    ROW_GY,
    ROW_GZ,
    ROW_LAT, /* degrees */
    ROW_LON,
    ROW_SPEED,   /* m/s, negative = unknown */
    ROW_HEADING, /* degrees, negative = unknown */
    ROW_SIGMA,   /* m, one axis */
    ROW_ELEVATION, /* m; not used, but some layouts are known by it */
    ROW_COLUMNS
};

struct rows_layout {
    struct table_column columns[ROW_COLUMNS]; /* no names = the layout has no such column */
    enum gnss_class gnss;                     /* of the receivers that usually write it */
    bool is_spread;                           /* its clock may tick in whole seconds (spread.h) */
};

enum road_status source_rows_open(const char *path, const struct rows_layout *layout,
                                  const struct recording_config *config, struct source **ret_source, char *ret_error);
/* The same from an open stream, which it takes over. */
enum road_status source_rows_from_file(FILE *file, const char *name, const struct rows_layout *layout,
                                       const struct recording_config *config, struct source **ret_source,
                                       char *ret_error);

#endif
