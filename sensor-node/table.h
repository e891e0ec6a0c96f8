/* table.h - a recording's table: columns found by their header names, rows as numbers in our units, time in order.
 *
 * Column 0 is the time in seconds; a TABLE_DATE as column 1 is added to it. A unit is converted here and nowhere
 * else: a value is what stands in the file times the column's scale. A bad row is refused with "FILE:LINE: reason" and counted; the next call goes
 * on behind it. Refused: text in a number, nan, inf, a missing or 0/0/0 time, time going back, one time that jumps
 * ahead by more than an hour (two in a row that agree are believed), a line longer than CSV_LINE_MAX. */
#ifndef SENSOR_NODE_TABLE_H
#define SENSOR_NODE_TABLE_H

#include "sensor-node/csv.h"

#define TABLE_COLUMNS_MAX 16

enum table_kind {
    TABLE_NUMBER = 0,
    TABLE_DATE,     /* "9/4/2024", day first: Unix seconds of its midnight; 0/0/0 = missing */
    TABLE_CLOCK,    /* "9:52:12": seconds of the day */
    TABLE_DATETIME, /* "2024-04-09 13:14:22[.5][Z]", UTC, or with "+02:00": Unix seconds */
};

struct table_column {
    const char *names; /* accepted header names, '|' between them, compared without case; the first is shown */
    bool is_required;
    enum table_kind kind;
    double scale;   /* our unit over the file's; 0 = 1 */
    double missing; /* what the file writes for "none", before scaling; 0 = it leaves the field blank */
};

struct table {
    char *name; /* of the file, for messages */
    struct csv *csv;
    const struct table_column *columns;
    size_t n_columns;
    int field[TABLE_COLUMNS_MAX]; /* where a column stands in the file, -1 = not there */
    bool has_time;
    double last_s, jump_s; /* jump_s: a time that ran ahead, waiting for a second that agrees; NAN = none */
    uint64_t rows, rows_refused;
};

/* Opens the file and reads its header. ret_error: SOURCE_ERROR_SIZE bytes. */
enum road_status table_open(const char *path, const struct table_column *columns, size_t n_columns,
                            struct table *ret_table, char *ret_error);
/* The same from an open stream, which it takes over. */
enum road_status table_from_file(FILE *file, const char *name, const struct table_column *columns, size_t n_columns,
                                 struct table *ret_table, char *ret_error);
/* How many of the required columns the file's first line names; `ret_required` = how many there are. */
size_t table_match(const struct csv_field *header, size_t n, const struct table_column *columns, size_t n_columns,
                   size_t *ret_required);
void table_close(struct table *table); /* a zeroed one is fine */
bool table_has(const struct table *table, size_t column);
/* Numbers in column order, NAN = blank or column not there. ROAD_OK, ROAD_END, ROAD_BAD_INPUT (row refused),
 * ROAD_IO (the file cannot be read any further). */
enum road_status table_next(struct table *table, double *ret_values, char *ret_error);
/* Refuses the row that table_next gave last, for a reason that only the caller can see. Returns ROAD_BAD_INPUT. */
enum road_status table_refuse(struct table *table, char *ret_error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The text of a TABLE_DATETIME; for those who find one elsewhere. */
bool table_datetime(const char *text, double *ret_s);

#endif
