/* source_gpx.c - the track of a GPX file (1.0 and 1.1), through expat: points with a time, their speed and course where
 * the file has them. Waypoints and routes are no drive. Refused: a document type (nobody needs entities here), elements
 * deeper than DEPTH_MAX, files beyond FIX_LIST_BYTES_MAX. A point without time or place is refused alone. */
#include <expat.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sensor-node/fix_list.h"
#include "sensor-node/source_formats.h"

#define DEPTH_MAX 32
#define TEXT_SIZE 64 /* of an element that is looked at */
#define CHUNK 65536
#define HEAD_SIZE 4096
#define SPEED_MAX_MPS 150.

struct reader {
    XML_Parser parser;
    const struct recording_config *config;
    struct fix_list list;
    enum road_status status;
    const char *reason; /* why the whole file is refused */
    int depth;
    bool is_in_point;
    double lat_deg, lon_deg, time_s, speed_mps, course_deg; /* NAN = not given */
    char text[TEXT_SIZE];
    size_t length;
};

/* "gpxtpx:speed" is speed, whatever the prefix. */
static const char *local_name(const char *name)
{
    const char *colon = strrchr(name, ':');

    return colon ? colon + 1 : name;
}

static bool read_number(const char *text, double *ret_value)
{
    char *end;
    const double value = strtod(text, &end);

    if (end == text || !isfinite(value) || strspn(end, " \t\r\n") != strlen(end))
        return false;
    *ret_value = value;
    return true;
}

static void stop(struct reader *reader, enum road_status status, const char *reason)
{
    reader->status = status;
    reader->reason = reason;
    XML_StopParser(reader->parser, XML_FALSE);
}

static void XMLCALL on_doctype(void *context, const char *name, const char *system, const char *public, int has_internal)
{
    (void)name, (void)system, (void)public, (void)has_internal;
    stop(context, ROAD_UNSUPPORTED, "a document type is not read");
}

static void begin_point(struct reader *reader, const char **attributes)
{
    const double none = (double)NAN;

    reader->is_in_point = true;
    reader->lat_deg = reader->lon_deg = reader->time_s = reader->speed_mps = reader->course_deg = none;
    for (size_t i = 0; attributes[i]; i += 2) {
        if (strcmp(attributes[i], "lat") == 0)
            read_number(attributes[i + 1], &reader->lat_deg);
        else if (strcmp(attributes[i], "lon") == 0)
            read_number(attributes[i + 1], &reader->lon_deg);
    }
    reader->list.rows++;
}

static void XMLCALL on_start(void *context, const char *name, const char **attributes)
{
    struct reader *reader = context;

    if (++reader->depth > DEPTH_MAX) {
        stop(reader, ROAD_TOO_LARGE, "its elements lie too deep in each other");
        return;
    }
    reader->length = 0;
    if (strcmp(local_name(name), "trkpt") == 0)
        begin_point(reader, attributes);
}

static void XMLCALL on_text(void *context, const char *text, int length)
{
    struct reader *reader = context;

    for (int i = 0; i < length && reader->length < TEXT_SIZE - 1; i++)
        reader->text[reader->length++] = text[i];
}

static void end_point(struct reader *reader, uint64_t line)
{
    const struct recording_config *config = reader->config;
    const enum gnss_class gnss = config->gnss < 0 ? GNSS_PHONE : (enum gnss_class)config->gnss;
    const struct fix fix = {.time_ns = isnan(reader->time_s) ? 0 : source_time_ns(0, reader->time_s),
                            .lat_deg = reader->lat_deg,
                            .lon_deg = reader->lon_deg,
                            .sigma_m = config->sigma_m > 0 ? config->sigma_m : source_usual_sigma_m(gnss),
                            .speed_mps = reader->speed_mps >= 0 ? reader->speed_mps : (double)NAN,
                            .heading_deg = reader->course_deg >= 0 && reader->course_deg <= 360 ? reader->course_deg : (double)NAN,
                            .gnss = gnss,
                            .time_source = TIME_NTP};

    reader->is_in_point = false;
    if (isnan(reader->time_s))
        fix_list_refuse(&reader->list, line, "a track point without a time");
    else if (!source_position_is_given(fix.lat_deg, fix.lon_deg) || !source_position_is_valid(fix.lat_deg, fix.lon_deg))
        fix_list_refuse(&reader->list, line, "the position %g, %g is none", fix.lat_deg, fix.lon_deg);
    else if (fix.speed_mps > SPEED_MAX_MPS)
        fix_list_refuse(&reader->list, line, "the speed %g m/s is no vehicle's", fix.speed_mps);
    else if ((reader->status = fix_list_add(&reader->list, &fix, line)) != ROAD_OK)
        stop(reader, reader->status, "more points than a drive has");
}

static void XMLCALL on_end(void *context, const char *full_name)
{
    struct reader *reader = context;
    const char *name = local_name(full_name);

    reader->depth--;
    reader->text[reader->length] = '\0';
    reader->length = 0;
    if (!reader->is_in_point)
        return;
    if (strcmp(name, "trkpt") == 0)
        end_point(reader, XML_GetCurrentLineNumber(reader->parser));
    else if (strcmp(name, "time") == 0 && !table_datetime(reader->text, &reader->time_s))
        reader->time_s = (double)NAN;
    else if (strcmp(name, "speed") == 0)
        read_number(reader->text, &reader->speed_mps);
    else if (strcmp(name, "course") == 0)
        read_number(reader->text, &reader->course_deg);
}

static enum road_status parse(struct reader *reader, FILE *file)
{
    size_t total = 0, got;

    do {
        void *chunk = XML_GetBuffer(reader->parser, CHUNK);
        if (!chunk)
            return ROAD_NO_MEMORY;
        got = fread(chunk, 1, CHUNK, file);
        total += got;
        if (ferror(file))
            return ROAD_IO;
        if (total > FIX_LIST_BYTES_MAX) {
            reader->reason = "larger than a drive is";
            return ROAD_TOO_LARGE;
        }
        if (XML_ParseBuffer(reader->parser, (int)got, got == 0) != XML_STATUS_OK) {
            if (!reader->reason)
                reader->reason = XML_ErrorString(XML_GetErrorCode(reader->parser));
            return reader->status ? reader->status : ROAD_BAD_INPUT;
        }
    } while (got > 0);
    return ROAD_OK;
}

enum road_status source_gpx_from_file(FILE *file, const char *name, const struct recording_config *config,
                                      struct source **ret_source, char *ret_error)
{
    struct reader reader = {.config = config, .parser = XML_ParserCreate(NULL)};
    enum road_status status = ROAD_NO_MEMORY;

    if (reader.parser) {
        XML_SetUserData(reader.parser, &reader);
        XML_SetElementHandler(reader.parser, on_start, on_end);
        XML_SetCharacterDataHandler(reader.parser, on_text);
        XML_SetStartDoctypeDeclHandler(reader.parser, on_doctype);
        status = parse(&reader, file);
    }
    fclose(file);
    if (status) {
        snprintf(ret_error, SOURCE_ERROR_SIZE, "%.200s:%lu: %.200s", name,
                 reader.parser ? (unsigned long)XML_GetCurrentLineNumber(reader.parser) : 0,
                 reader.reason ? reader.reason : road_status_sentence(status));
        fix_list_done(&reader.list);
    }
    if (reader.parser)
        XML_ParserFree(reader.parser);
    return status ? status : fix_list_source(&reader.list, name, ret_source, ret_error);
}

enum road_status source_open_gpx(const char *path, const struct recording_config *config, struct source **ret_source,
                                 char *ret_error)
{
    FILE *file = fopen(path, "rbe");

    if (!file) {
        snprintf(ret_error, SOURCE_ERROR_SIZE, "%.200s: cannot be opened: %m", path);
        return ROAD_IO;
    }
    return source_gpx_from_file(file, path, config, ret_source, ret_error);
}

bool format_is_gpx(const char *path)
{
    char head[HEAD_SIZE + 1];
    FILE *file = fopen(path, "rbe");

    if (!file)
        return false;
    const size_t n = fread(head, 1, HEAD_SIZE, file);
    fclose(file);
    head[n] = '\0';
    return strlen(head) == n && strstr(head, "<gpx") != NULL;
}
