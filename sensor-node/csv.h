/* csv.h - lines of a delimited text file as fields, and fields as numbers. Knows nothing of what they mean.
 *
 * Comma, semicolon or tab, found from the first line; with the latter two a comma may be the decimal point.
 * BOM, CRLF, quoted fields and spaces around fields are taken in stride; blank lines are skipped. A line holds at
 * most CSV_LINE_MAX bytes: a longer one is skipped whole and refused. One buffer, taken in csv_open; one thread. */
#ifndef SENSOR_NODE_CSV_H
#define SENSOR_NODE_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "grid/status.h"

#define CSV_LINE_MAX 4096
#define CSV_FIELDS_MAX 64

/* A slice of the reader's buffer, valid until the next csv_next; not NUL-terminated. */
struct csv_field {
    const char *text;
    size_t length;
};

struct csv; /* opaque */

enum road_status csv_open(const char *path, struct csv **ret_csv);
/* Takes over an open stream, also when it fails; tests and fuzzers give one that reads memory. */
enum road_status csv_from_file(FILE *file, struct csv **ret_csv);
void csv_close(struct csv *csv);
/* ROAD_OK, ROAD_END, ROAD_TOO_LARGE (line too long or too many fields: the next call goes on behind it),
 * ROAD_IO (errno tells). `ret_fields` holds CSV_FIELDS_MAX. */
enum road_status csv_next(struct csv *csv, struct csv_field *ret_fields, size_t *ret_count);
/* The number, from 1, of the line that csv_next gave last. */
uint64_t csv_line(const struct csv *csv);
/* The nearest double, as strtod gives it; finite decimal numbers only: no nan, no inf, no hexadecimal. */
bool csv_number(const struct csv *csv, struct csv_field field, double *ret_value);

#endif
