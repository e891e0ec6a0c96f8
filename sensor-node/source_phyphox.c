/* source_phyphox.c - an export folder of the phone app phyphox: one file a sensor, merged in time order.
 *
 * Each file's time starts when its own sensor started; the app sets them to one clock within less than a second,
 * and nothing in the export tells the rest: it is taken as it stands. The turn rate is interpolated to the
 * instants of the accelerometer. "Horizontal Accuracy" is the radius of 68 % confidence of both phone systems. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sensor-node/source_calls.h"
#include "sensor-node/table.h"

#define GYRO_GAP_S 0.1 /* across a longer hole the turn rate is unknown */

enum { TIME, X, Y, Z, MOTION_COLUMNS };
static const struct table_column accel_columns[MOTION_COLUMNS] = {
    [TIME] = {"Time (s)", true},
    [X] = {"X (m/s^2)|Acceleration x (m/s^2)", true},
    [Y] = {"Y (m/s^2)|Acceleration y (m/s^2)", true},
    [Z] = {"Z (m/s^2)|Acceleration z (m/s^2)", true},
};
static const struct table_column gyro_columns[MOTION_COLUMNS] = {
    [TIME] = {"Time (s)", true},
    [X] = {"X (rad/s)|Gyroscope x (rad/s)", true},
    [Y] = {"Y (rad/s)|Gyroscope y (rad/s)", true},
    [Z] = {"Z (rad/s)|Gyroscope z (rad/s)", true},
};
enum { LAT = 1, LON, SPEED, HEADING, ACCURACY, FIX_COLUMNS };
static const struct table_column fix_columns[FIX_COLUMNS] = {
    [TIME] = {"Time (s)", true},
    [LAT] = {"Latitude (\xC2\xB0)", true},
    [LON] = {"Longitude (\xC2\xB0)", true},
    [SPEED] = {"Velocity (m/s)", false},
    [HEADING] = {"Direction (\xC2\xB0)", false},
    [ACCURACY] = {"Horizontal Accuracy (m)", true},
};

/* One file with a row read ahead. */
struct stream {
    struct table table;
    bool is_there, has_row, is_at_end;
    double row[TABLE_COLUMNS_MAX];
};

struct phyphox {
    struct source base;
    struct stream accel, gyro, fix;
    double gyro_before[MOTION_COLUMNS]; /* the last row at or before the sample; time NAN = none yet */
    struct recording_config config;
};

/* A circular normal error of sigma per axis lies within r with probability 1 - exp(-r^2 / (2 sigma^2)); 68 % gives
 * r = sigma * sqrt(-2 ln 0.32) = 1.5096 sigma. */
static double sigma_from_radius68(double radius_m)
{
    return radius_m / 1.5096;
}

static enum road_status open_stream(const char *folder, const char *file, const struct table_column *columns, size_t n,
                                    bool is_required, struct stream *ret_stream, char *ret_error)
{
    char path[4096];

    if (snprintf(path, sizeof path, "%s/%s", folder, file) >= (int)sizeof path) {
        snprintf(ret_error, SOURCE_ERROR_SIZE, "%.200s: the path is too long", folder);
        return ROAD_TOO_LARGE;
    }
    if (access(path, F_OK)) {
        if (!is_required)
            return ROAD_OK;
        snprintf(ret_error, SOURCE_ERROR_SIZE, "%.200s: no %s in it, so this is no phyphox export folder", folder,
                 file);
        return ROAD_BAD_INPUT;
    }
    enum road_status status = table_open(path, columns, n, &ret_stream->table, ret_error);
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

static enum road_status fill_fix(struct phyphox *source, char *ret_error)
{
    struct stream *fix = &source->fix;
    const bool is_new = !fix->has_row;
    enum road_status status = fill(fix, "a position", LON, ret_error);

    if (status || !is_new || !fix->has_row)
        return status;
    if (!source_position_is_valid(fix->row[LAT], fix->row[LON]) ||
        !source_position_is_given(fix->row[LAT], fix->row[LON]))
        status = table_refuse(&fix->table, ret_error, "the position %g, %g is none", fix->row[LAT], fix->row[LON]);
    else if (!(fix->row[ACCURACY] > 0) && !(source->config.sigma_m > 0))
        status = table_refuse(&fix->table, ret_error, "a position without an accuracy");
    fix->has_row = !status;
    return status;
}

/* Moves on until the gyro row read ahead lies behind the sample. */
static enum road_status fill_gyro(struct phyphox *source, double time_s, char *ret_error)
{
    struct stream *gyro = &source->gyro;

    for (;;) {
        enum road_status status = fill(gyro, "a turn rate", Z, ret_error);
        if (status || !gyro->has_row || gyro->row[TIME] > time_s)
            return status;
        memcpy(source->gyro_before, gyro->row, sizeof source->gyro_before);
        gyro->has_row = false;
    }
}

static void interpolate_gyro(const struct phyphox *source, double time_s, float *ret_radps)
{
    const double *before = source->gyro_before, *after = source->gyro.row;
    const double step_s = after[TIME] - before[TIME];
    const bool is_known = source->gyro.has_row && step_s > 0 && step_s <= GYRO_GAP_S; /* false for NAN */

    for (int i = X; i <= Z; i++) {
        const double at = is_known ? (time_s - before[TIME]) / step_s : (double)NAN;
        ret_radps[i - X] = (float)(before[i] + at * (after[i] - before[i]));
    }
}

static void take_fix(struct phyphox *source, struct source_event *ret_event)
{
    const double *row = source->fix.row;
    const struct recording_config *config = &source->config;

    *ret_event = (struct source_event){
        .kind = SOURCE_FIX,
        .fix = {
            .time_ns = source_time_ns(config->start_ns, row[TIME]),
            .lat_deg = row[LAT],
            .lon_deg = row[LON],
            .sigma_m = config->sigma_m > 0 ? config->sigma_m : sigma_from_radius68(row[ACCURACY]),
            .speed_mps = row[SPEED] >= 0 ? row[SPEED] : (double)NAN, /* -1 = unknown */
            .heading_deg = row[HEADING] >= 0 ? row[HEADING] : (double)NAN,
            .gnss = config->gnss < 0 ? GNSS_PHONE : (enum gnss_class)config->gnss,
            .time_source = TIME_NTP, /* the start is somebody's clock, not the satellites' */
        }};
    source->fix.has_row = false;
}

static void take_motion(struct phyphox *source, struct source_event *ret_event)
{
    const double *row = source->accel.row;

    ret_event->kind = SOURCE_MOTION;
    ret_event->motion.time_ns = source_time_ns(source->config.start_ns, row[TIME]);
    for (int i = X; i <= Z; i++)
        ret_event->motion.accel_mps2[i - X] = (float)row[i];
    interpolate_gyro(source, row[TIME], ret_event->motion.gyro_radps);
    source->accel.has_row = false;
}

static enum road_status phyphox_next(struct source *base, struct source_event *ret_event, char *ret_error)
{
    struct phyphox *source = (struct phyphox *)base;
    struct stream *accel = &source->accel, *fix = &source->fix;
    enum road_status status = fill(accel, "an acceleration", Z, ret_error);

    if (!status)
        status = fill_fix(source, ret_error);
    if (!status && accel->has_row)
        status = fill_gyro(source, accel->row[TIME], ret_error);
    if (status)
        return status;
    if (fix->has_row && (!accel->has_row || fix->row[TIME] <= accel->row[TIME]))
        take_fix(source, ret_event);
    else if (accel->has_row)
        take_motion(source, ret_event);
    else
        ret_event->kind = SOURCE_END;
    return ROAD_OK;
}

static struct source_stats phyphox_stats(const struct source *base)
{
    const struct phyphox *source = (const struct phyphox *)base;
    const struct table *a = &source->accel.table, *g = &source->gyro.table, *f = &source->fix.table;

    return (struct source_stats){.rows = a->rows + g->rows + f->rows,
                                 .rows_refused = a->rows_refused + g->rows_refused + f->rows_refused};
}

static void phyphox_close(struct source *base)
{
    struct phyphox *source = (struct phyphox *)base;

    table_close(&source->accel.table);
    table_close(&source->gyro.table);
    table_close(&source->fix.table);
    free(source);
}

static const struct source_calls calls = {.next = phyphox_next, .stats = phyphox_stats, .close = phyphox_close};

enum road_status source_open_phyphox(const char *folder, const struct recording_config *config,
                                     struct source **ret_source, char *ret_error)
{
    struct phyphox *source = calloc(1, sizeof *source);

    if (!source) {
        snprintf(ret_error, SOURCE_ERROR_SIZE, "%.200s: %s", folder, road_status_sentence(ROAD_NO_MEMORY));
        return ROAD_NO_MEMORY;
    }
    source->base.calls = &calls;
    source->config = *config;
    source->gyro_before[TIME] = (double)NAN;
    enum road_status status = open_stream(folder, "Accelerometer.csv", accel_columns, MOTION_COLUMNS, true,
                                          &source->accel, ret_error);
    if (!status)
        status = open_stream(folder, "Gyroscope.csv", gyro_columns, MOTION_COLUMNS, false, &source->gyro, ret_error);
    if (!status)
        status = open_stream(folder, "Location.csv", fix_columns, FIX_COLUMNS, false, &source->fix, ret_error);
    if (status) {
        phyphox_close(&source->base);
        return status;
    }
    *ret_source = &source->base;
    return ROAD_OK;
}
