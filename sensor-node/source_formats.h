/* source_formats.h - the formats of recordings: one table from which recognising, help, refusals and docs are made.
 *
 * A format is known by its content: the names in a first line, the first bytes. Names of files count only where the
 * format itself fixes them (a folder's files). The first row of the table that matches is taken. */
#ifndef SENSOR_NODE_SOURCE_FORMATS_H
#define SENSOR_NODE_SOURCE_FORMATS_H

#include "sensor-node/source_rows.h"
#include "sensor-node/streams.h"

#define STANDARD_GRAVITY 9.80665 /* m/s^2, by definition: what loggers mean by 1 g */

enum format_role {
    FORMAT_DRIVE = 0,  /* motion, most with positions */
    FORMAT_POSITIONS,  /* where, not what was felt: half of a pair */
    FORMAT_CLIP,       /* one event, no time, no place: detect names it, a node cannot drive it */
};

struct source_format {
    const char *name, *what; /* one line each, for people */
    enum format_role role;
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

extern const struct rows_layout rows_csv, rows_cmu, rows_twowheeler, rows_track;
extern const struct streams_layout streams_phyphox, streams_comma2k19;
extern const struct streams_layout streams_sensorlogger[2][2]; /* total or linear + gravity; as it is or turned round */
bool format_is_sensorlogger(const char *path);
bool format_is_sensorlogger_part(const struct csv_field *header, size_t n);
enum road_status source_open_sensorlogger(const char *folder, const struct recording_config *config,
                                          struct source **ret_source, char *ret_error);

#define PAVEVIBE_COLUMNS 13
extern const struct table_column pavevibe_columns[PAVEVIBE_COLUMNS];
bool format_is_pavevibe(const char *path);
enum road_status source_open_pavevibe(const char *path, const struct recording_config *config,
                                      struct source **ret_source, char *ret_error);
/* The same from two streams of the same bytes, which it takes over: one for the clock, one for the rows. */
enum road_status source_pavevibe_from_files(FILE *first, FILE *again, const char *name,
                                            const struct recording_config *config, struct source **ret_source,
                                            char *ret_error);
bool format_is_gpx(const char *path);
enum road_status source_open_gpx(const char *path, const struct recording_config *config, struct source **ret_source,
                                 char *ret_error);
/* The same from an open stream, which it takes over. */
enum road_status source_gpx_from_file(FILE *file, const char *name, const struct recording_config *config,
                                      struct source **ret_source, char *ret_error);
/* A sentence in a frame that holds, one that does not, or something else (a comment, rubbish between sentences). */
enum nmea_line { NMEA_LINE_OTHER, NMEA_LINE_SENTENCE, NMEA_LINE_DAMAGED };
enum nmea_line nmea_line_check(const char *line, size_t length);
bool format_is_nmea(const char *path);
/* Needs gpsd on this machine: ROAD_UNSUPPORTED without. */
enum road_status source_open_nmea(const char *path, const struct recording_config *config, struct source **ret_source,
                                  char *ret_error);
bool format_is_clip(const char *path);
bool format_is_clips(const char *folder);
enum road_status source_open_clip(const char *path, const struct recording_config *config, struct source **ret_source,
                                  char *ret_error);
bool format_is_pair(const char *folder);
enum road_status source_open_pair(const char *folder, const struct recording_config *config, struct source **ret_source,
                                  char *ret_error);

/* Does the first line of `folder`/`file` (of `file` alone if folder is NULL) name all the required columns? */
bool format_header_matches(const char *folder, const char *file, const struct table_column *columns, size_t n);
/* The format of what lies at `path`; ROAD_BAD_INPUT or ROAD_UNSUPPORTED with words that say what is there and what
 * would be read. */
enum road_status format_find(const char *path, const struct source_format **ret_format, char *ret_error);
/* The format of a regular file, NULL if it is none: without words, for those who look through a folder. */
const struct source_format *format_of_file(const char *path);
enum road_status format_open(const struct source_format *format, const char *path, const struct recording_config *config,
                             struct source **ret_source, char *ret_error);

#endif
