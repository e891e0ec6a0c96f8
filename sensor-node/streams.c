#include "sensor-node/streams.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define UTC_MIN_S 1e9 /* 2001: before it no such recording was made, and no clock has run so long since it was switched on */
#define UTC_MAX_S 4e9
#define HOLE_S 0.1 /* across a longer hole a turn rate is unknown */

/* One file with a row read ahead. */
struct stream {
    struct table table;
    bool is_there, has_row, is_at_end;
    double row[TABLE_COLUMNS_MAX];
};

/* A sensor whose rows are interpolated to the instants of the accelerometer. */
struct companion {
    struct stream stream;
    const char *what;
    double before[XYZ_COLUMNS]; /* the last row at or before the sample; time NAN = none yet */
};

struct streams {
    struct source base;
    const struct streams_layout *layout;
    struct stream motion, fix;
    struct companion gyro, gravity;
    struct recording_config config;
    int64_t utc_ns; /* UTC of zero of the files' clock, where the fixes tell it; else 0 */
};

/* A circular normal error of sigma per axis lies within r with probability 1 - exp(-r^2 / (2 sigma^2)); 68 % gives
 * r = sigma * sqrt(-2 ln 0.32) = 1.5096 sigma. */
static double sigma_from_radius68(double radius_m)
{
    return radius_m / 1.5096;
}

/* NULL: there is no such file. */
static enum road_status open_stream(FILE *file, const char *name, const struct table_column *columns, size_t n,
                                    struct stream *ret_stream, char *ret_error)
{
    if (!file)
        return ROAD_OK;
    const enum road_status status = table_from_file(file, name, columns, n, &ret_stream->table, ret_error);
    ret_stream->is_there = !status;
    return status;
}

static enum road_status check_row(struct stream *stream, const char *what, size_t first, size_t last, char *ret_error)
{
    for (size_t i = first; i <= last; i++)
        if (isnan(stream->row[i]))
            return table_refuse(&stream->table, ret_error, "%s is missing", what);
    return ROAD_OK;
}

static enum road_status fill(struct stream *stream, const char *what, size_t last_needed, char *ret_error)
{
    if (!stream->is_there || stream->has_row || stream->is_at_end)
        return ROAD_OK;
    enum road_status status = table_next(&stream->table, stream->row, ret_error);
    if (status == ROAD_END) {
        stream->is_at_end = true;
        return ROAD_OK;
    }
    if (!status)
        status = check_row(stream, what, 1, last_needed, ret_error);
    stream->has_row = !status;
    return status;
}

static enum road_status fill_fix(struct streams *source, char *ret_error)
{
    struct stream *fix = &source->fix;
    const bool is_new = !fix->has_row;
    enum road_status status = fill(fix, "a position", FIX_LON, ret_error);

    if (status || !is_new || !fix->has_row)
        return status;
    if (!source_position_is_valid(fix->row[FIX_LAT], fix->row[FIX_LON]) ||
        !source_position_is_given(fix->row[FIX_LAT], fix->row[FIX_LON]))
        status = table_refuse(&fix->table, ret_error, "the position %g, %g is none", fix->row[FIX_LAT],
                              fix->row[FIX_LON]);
    else if (table_has(&fix->table, FIX_RADIUS) && !(fix->row[FIX_RADIUS] > 0) && !(source->config.sigma_m > 0))
        status = table_refuse(&fix->table, ret_error, "a position without an accuracy");
    fix->has_row = !status;
    return status;
}

/* Moves on until the row read ahead lies behind the sample. */
static enum road_status fill_companion(struct companion *companion, double time_s, char *ret_error)
{
    struct stream *stream = &companion->stream;

    for (;;) {
        enum road_status status = fill(stream, companion->what, XYZ_Z, ret_error);
        if (status || !stream->has_row || stream->row[XYZ_TIME] > time_s)
            return status;
        memcpy(companion->before, stream->row, sizeof companion->before);
        stream->has_row = false;
    }
}

static void interpolate(const struct companion *companion, double time_s, double *ret_xyz)
{
    const double *before = companion->before, *after = companion->stream.row;
    const double step_s = after[XYZ_TIME] - before[XYZ_TIME];
    const bool is_known = companion->stream.has_row && step_s > 0 && step_s <= HOLE_S; /* false for NAN */
    const bool is_exact = before[XYZ_TIME] == time_s;

    for (int i = XYZ_X; i <= XYZ_Z; i++) {
        const double at = is_exact ? 0 : is_known ? (time_s - before[XYZ_TIME]) / step_s : (double)NAN;
        ret_xyz[i - XYZ_X] = before[i] + at * (is_exact ? 0 : after[i] - before[i]);
    }
}

static int64_t time_of(struct streams *source, double time_s)
{
    source->base.is_own_clock = !source->layout->has_utc_fixes && !source_is_unix_time(time_s);
    return source->layout->has_utc_fixes ? source->utc_ns + source_time_ns(0, time_s)
                                         : source_time_ns(source->config.start_ns, time_s);
}

static double sigma_of(const struct streams *source, enum gnss_class gnss)
{
    const double radius_m = source->fix.row[FIX_RADIUS];

    if (source->config.sigma_m > 0)
        return source->config.sigma_m;
    return radius_m > 0 ? sigma_from_radius68(radius_m) : source_usual_sigma_m(gnss);
}

static void take_fix(struct streams *source, struct source_event *ret_event)
{
    const double *row = source->fix.row;
    const struct recording_config *config = &source->config;
    const enum gnss_class gnss = config->gnss < 0 ? source->layout->gnss : (enum gnss_class)config->gnss;

    *ret_event = (struct source_event){
        .kind = SOURCE_FIX,
        .fix = {
            .time_ns = time_of(source, row[FIX_TIME]),
            .lat_deg = row[FIX_LAT],
            .lon_deg = row[FIX_LON],
            .sigma_m = sigma_of(source, gnss),
            .speed_mps = row[FIX_SPEED] >= 0 ? row[FIX_SPEED] : (double)NAN, /* -1 = unknown */
            .heading_deg = row[FIX_HEADING] >= 0 ? row[FIX_HEADING] : (double)NAN,
            .gnss = gnss,
            .time_source = TIME_NTP, /* the start is somebody's clock, not the satellites' */
        }};
    source->fix.has_row = false;
}

/* False where gravity is needed and not known: such a sample would be taken for free fall. */
static bool take_motion(struct streams *source, struct source_event *ret_event)
{
    const double *row = source->motion.row;
    double gravity[3] = {0}, turn[3];

    source->motion.has_row = false;
    if (source->layout->gravity_file)
        interpolate(&source->gravity, row[XYZ_TIME], gravity);
    if (isnan(gravity[0]))
        return false;
    interpolate(&source->gyro, row[XYZ_TIME], turn);
    ret_event->kind = SOURCE_MOTION;
    ret_event->motion.time_ns = time_of(source, row[XYZ_TIME]);
    for (int i = 0; i < 3; i++) {
        ret_event->motion.accel_mps2[i] = (float)(row[XYZ_X + i] + gravity[i]);
        ret_event->motion.gyro_radps[i] = (float)turn[i];
    }
    return true;
}

static enum road_status fill_all(struct streams *source, char *ret_error)
{
    struct stream *motion = &source->motion;
    enum road_status status = fill(motion, "an acceleration", XYZ_Z, ret_error);

    if (!status)
        status = fill_fix(source, ret_error);
    if (!status && motion->has_row)
        status = fill_companion(&source->gyro, motion->row[XYZ_TIME], ret_error);
    if (!status && motion->has_row)
        status = fill_companion(&source->gravity, motion->row[XYZ_TIME], ret_error);
    return status;
}

static enum road_status streams_next(struct source *base, struct source_event *ret_event, char *ret_error)
{
    struct streams *source = (struct streams *)base;
    struct stream *motion = &source->motion, *fix = &source->fix;

    for (;;) {
        const enum road_status status = fill_all(source, ret_error);
        if (status)
            return status;
        if (fix->has_row && (!motion->has_row || fix->row[FIX_TIME] <= motion->row[XYZ_TIME])) {
            take_fix(source, ret_event);
            return ROAD_OK;
        }
        if (!motion->has_row) {
            ret_event->kind = SOURCE_END;
            return ROAD_OK;
        }
        if (take_motion(source, ret_event))
            return ROAD_OK;
        return table_refuse(&motion->table, ret_error, "no gravity within %g s of this row in %s", HOLE_S,
                            source->layout->gravity_file);
    }
}

static struct source_stats streams_stats(const struct source *base)
{
    const struct streams *source = (const struct streams *)base;
    const struct table *tables[] = {&source->motion.table, &source->gyro.stream.table, &source->gravity.stream.table,
                                    &source->fix.table};
    struct source_stats stats = {0};

    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        stats.rows += tables[i]->rows;
        stats.rows_refused += tables[i]->rows_refused;
    }
    return stats;
}

static void streams_close(struct source *base)
{
    struct streams *source = (struct streams *)base;

    table_close(&source->motion.table);
    table_close(&source->gyro.stream.table);
    table_close(&source->gravity.stream.table);
    table_close(&source->fix.table);
    free(source);
}

static const struct source_calls calls = {.next = streams_next, .stats = streams_stats, .close = streams_close};

/* Takes every file over, also those behind one that failed. */
static enum road_status open_tables(struct streams *source, const char *folder, FILE *files[STREAMS_FILES], char *ret_error)
{
    const struct streams_layout *layout = source->layout;
    const struct table_column *columns[STREAMS_FILES] = {layout->motion, layout->gyro, layout->gravity, layout->fix};
    struct stream *streams[STREAMS_FILES] = {&source->motion, &source->gyro.stream, &source->gravity.stream, &source->fix};
    const char *const names[STREAMS_FILES] = {layout->motion_file, layout->gyro_file, layout->gravity_file,
                                              layout->fix_file};
    enum road_status status = ROAD_OK;
    char name[256];

    if (!files[STREAM_MOTION]) {
        snprintf(ret_error, SOURCE_ERROR_SIZE, "%.200s: no %s in it", folder, layout->motion_file);
        status = ROAD_BAD_INPUT;
    }
    for (int i = 0; i < STREAMS_FILES; i++) {
        snprintf(name, sizeof name, "%.170s/%.80s", folder, names[i] ? names[i] : "");
        if (!status)
            status = open_stream(files[i], name, columns[i], i == STREAM_FIX ? FIX_COLUMNS : XYZ_COLUMNS, streams[i],
                                 ret_error);
        else if (files[i])
            fclose(files[i]);
    }
    return status;
}

/* The first good fix says what UTC it was when the files' clock showed its time. Without any, zero of the clock is its
 * first sample: the start that was asked for. Bad rows met on the way are counted. */
static enum road_status tie_clock(struct streams *source, char *ret_error)
{
    enum road_status status;
    const double *fix = source->fix.row, *motion = source->motion.row;

    while ((status = fill_fix(source, ret_error)) == ROAD_BAD_INPUT)
        continue;
    while (!status && (status = fill(&source->motion, "an acceleration", XYZ_Z, ret_error)) == ROAD_BAD_INPUT)
        status = ROAD_OK;
    if (status)
        return status;
    if (source->fix.has_row && fix[FIX_UTC] > UTC_MIN_S && fix[FIX_UTC] < UTC_MAX_S && fabs(fix[FIX_TIME]) < UTC_MIN_S)
        source->utc_ns = source_time_ns(0, fix[FIX_UTC]) - source_time_ns(0, fix[FIX_TIME]);
    else if (source->motion.has_row && fabs(motion[XYZ_TIME]) < UTC_MIN_S)
        source->utc_ns = source->config.start_ns - source_time_ns(0, motion[XYZ_TIME]);
    return ROAD_OK;
}

enum road_status source_streams_from_files(const char *folder, const struct streams_layout *layout,
                                           FILE *files[STREAMS_FILES], const struct recording_config *config,
                                           struct source **ret_source, char *ret_error)
{
    struct streams *source = calloc(1, sizeof *source);

    if (!source) {
        for (int i = 0; i < STREAMS_FILES; i++)
            if (files[i])
                fclose(files[i]);
        snprintf(ret_error, SOURCE_ERROR_SIZE, "%.200s: %s", folder, road_status_sentence(ROAD_NO_MEMORY));
        return ROAD_NO_MEMORY;
    }
    source->base.calls = &calls;
    source->layout = layout;
    source->config = *config;
    source->gyro.what = "a turn rate";
    source->gravity.what = "gravity";
    source->gyro.before[XYZ_TIME] = source->gravity.before[XYZ_TIME] = (double)NAN;
    enum road_status status = open_tables(source, folder, files, ret_error);
    if (!status && layout->has_utc_fixes)
        status = tie_clock(source, ret_error);
    if (status) {
        streams_close(&source->base);
        return status;
    }
    *ret_source = &source->base;
    return ROAD_OK;
}

enum road_status source_streams_open(const char *folder, const struct streams_layout *layout,
                                     const struct recording_config *config, struct source **ret_source,
                                     char *ret_error)
{
    const char *const names[STREAMS_FILES] = {layout->motion_file, layout->gyro_file, layout->gravity_file,
                                              layout->fix_file};
    FILE *files[STREAMS_FILES] = {NULL};
    char path[4096];

    for (int i = 0; i < STREAMS_FILES; i++)
        if (names[i] && snprintf(path, sizeof path, "%s/%s", folder, names[i]) < (int)sizeof path)
            files[i] = fopen(path, "rbe");
    return source_streams_from_files(folder, layout, files, config, ret_source, ret_error);
}
