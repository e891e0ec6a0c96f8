/* source_formats.h - the formats of recordings: one table from which recognising, help, refusals and docs are made.
 *
 * A format is known by its content: the names in a first line, the first bytes. Names of files count only where the
 * format itself fixes them (a folder's files). The first row of the table that matches is taken. */
#ifndef SENSOR_NODE_SOURCE_FORMATS_H
#define SENSOR_NODE_SOURCE_FORMATS_H

#include "sensor-node/source_rows.h"
#include "sensor-node/streams.h"

#define STANDARD_GRAVITY 9.80665 /* m/s^2, by definition: what loggers mean by 1 g */

struct source_format {
    const char *name, *what; /* one line each, for people */
    const char *example;     /* of a command line */
    bool is_folder;
    const struct rows_layout *rows;       /* one of these three says how it is read */
    const struct streams_layout *streams;
    enum road_status (*open)(const char *path, const struct recording_config *config, struct source **ret_source,
                             char *ret_error);
    bool (*is_it)(const char *path); /* NULL: the header has the layout's required columns */
    bool (*is_part)(const struct csv_field *header, size_t n); /* the first line of one file of such a folder? */
};
extern const struct source_format source_formats[]; /* ends with a NULL name */

extern const struct rows_layout rows_csv, rows_cmu, rows_twowheeler;
extern const struct streams_layout streams_phyphox, streams_comma2k19;
bool format_is_sensorlogger(const char *path);
bool format_is_sensorlogger_part(const struct csv_field *header, size_t n);
enum road_status source_open_sensorlogger(const char *folder, const struct recording_config *config,
                                          struct source **ret_source, char *ret_error);

/* Does the first line of `folder`/`file` (of `file` alone if folder is NULL) name all the required columns? */
bool format_header_matches(const char *folder, const char *file, const struct table_column *columns, size_t n);
/* The format of what lies at `path`; ROAD_BAD_INPUT or ROAD_UNSUPPORTED with words that say what is there and what
 * would be read. */
enum road_status format_find(const char *path, const struct source_format **ret_format, char *ret_error);

#endif
