/* source_rows.c - one table, a row is a motion sample, a position report, or both; what the columns are called and
 * which units they have is the layout's to say. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sensor-node/source_rows.h"
#include "sensor-node/spread.h"

#define STANDSTILL_MPS 0.5   /* below this a position may honestly repeat */
#define STANDSTILL_FIX_S 0.5 /* and counts as a new report only this often */
#define SPEED_MAX_MPS 150.   /* beyond any road vehicle */

struct rows_source {
    struct source base;
    const struct rows_layout *layout;
    struct table table;
    struct spread *spread; /* NULL: every row has its own time */
    struct recording_config config;
    bool has_motion; /* the row gave a fix first; its motion sample comes next */
    struct motion_sample motion;
    struct fix last_fix;
    bool has_last_fix;
    uint64_t stale;
};

static bool is_stale(const struct rows_source *source, const struct fix *fix)
{
    const struct fix *last = &source->last_fix;

    if (!source->has_last_fix || fix->lat_deg != last->lat_deg || fix->lon_deg != last->lon_deg)
        return false;
    return !(fix->speed_mps < STANDSTILL_MPS) || (double)(fix->time_ns - last->time_ns) * 1e-9 < STANDSTILL_FIX_S;
}

static void fix_from_row(const struct rows_source *source, const double *row, int64_t time_ns, struct fix *ret_fix)
{
    const struct recording_config *config = &source->config;
    const enum gnss_class gnss = config->gnss < 0 ? source->layout->gnss : (enum gnss_class)config->gnss;
    double sigma_m = config->sigma_m > 0 ? config->sigma_m : row[ROW_SIGMA];

    if (!(sigma_m > 0))
        sigma_m = source_usual_sigma_m(gnss);
    *ret_fix = (struct fix){
        .time_ns = time_ns,
        .lat_deg = row[ROW_LAT],
        .lon_deg = row[ROW_LON],
        .sigma_m = sigma_m,
        .speed_mps = row[ROW_SPEED] >= 0 ? row[ROW_SPEED] : (double)NAN, /* -1 is what phones write for "unknown" */
        .heading_deg = row[ROW_HEADING] >= 0 && row[ROW_HEADING] <= 360 ? row[ROW_HEADING] : (double)NAN,
        .gnss = gnss,
        .time_source = TIME_NTP, /* a recording's start is somebody's clock, not the satellites' */
    };
}

static enum road_status check_row(struct rows_source *source, const double *row, char *ret_error)
{
    struct table *table = &source->table;
    const struct table_column *columns = source->layout->columns;
    const int axes = !isnan(row[ROW_AX]) + !isnan(row[ROW_AY]) + !isnan(row[ROW_AZ]);

    if (axes != 0 && axes != 3)
        return table_refuse(table, ret_error, "one of %s, %s, %s is missing", columns[ROW_AX].names,
                            columns[ROW_AY].names, columns[ROW_AZ].names);
    if (isnan(row[ROW_LAT]) != isnan(row[ROW_LON]))
        return table_refuse(table, ret_error, "one of %s, %s is missing", columns[ROW_LAT].names, columns[ROW_LON].names);
    if (axes == 0 && isnan(row[ROW_LAT]))
        return table_refuse(table, ret_error, "neither acceleration nor position");
    if (!isnan(row[ROW_LAT]) && !source_position_is_valid(row[ROW_LAT], row[ROW_LON]))
        return table_refuse(table, ret_error, "the position %g, %g is not on Earth", row[ROW_LAT], row[ROW_LON]);
    if (row[ROW_SPEED] > SPEED_MAX_MPS)
        return table_refuse(table, ret_error, "the speed %g m/s is no vehicle's", row[ROW_SPEED]);
    return ROAD_OK;
}

/* The fix of a row goes first, so that it is known when the motion sample of the same instant comes. */
static bool take_row(struct rows_source *source, const double *row, struct source_event *ret_event)
{
    const int64_t time_ns = source_time_ns(source->config.start_ns, row[ROW_TIME]);
    struct fix fix;

    source->base.is_own_clock = !source_is_unix_time(row[ROW_TIME]);
    source->has_motion = !isnan(row[ROW_AX]);
    source->motion = (struct motion_sample){
        .time_ns = time_ns,
        .accel_mps2 = {(float)row[ROW_AX], (float)row[ROW_AY], (float)row[ROW_AZ]},
        .gyro_radps = {(float)row[ROW_GX], (float)row[ROW_GY], (float)row[ROW_GZ]},
    };
    if (!source_position_is_given(row[ROW_LAT], row[ROW_LON]))
        return false;
    fix_from_row(source, row, time_ns, &fix);
    if (is_stale(source, &fix)) {
        source->stale++;
        return false;
    }
    source->last_fix = fix;
    source->has_last_fix = true;
    *ret_event = (struct source_event){.kind = SOURCE_FIX, .fix = fix};
    return true;
}

static enum road_status rows_next(struct source *base, struct source_event *ret_event, char *ret_error)
{
    struct rows_source *source = (struct rows_source *)base;
    double row[ROW_COLUMNS];

    while (!source->has_motion) {
        enum road_status status = source->spread ? spread_next(source->spread, &source->table, row, ret_error)
                                                 : table_next(&source->table, row, ret_error);
        if (status == ROAD_END) {
            *ret_event = (struct source_event){.kind = SOURCE_END};
            return ROAD_OK;
        }
        if (!status)
            status = check_row(source, row, ret_error);
        if (status)
            return status;
        if (take_row(source, row, ret_event))
            return ROAD_OK;
    }
    source->has_motion = false;
    ret_event->kind = SOURCE_MOTION; /* the rest of the event is not touched: this runs for every sample */
    ret_event->motion = source->motion;
    return ROAD_OK;
}

static struct source_stats rows_stats(const struct source *base)
{
    const struct rows_source *source = (const struct rows_source *)base;

    return (struct source_stats){source->table.rows, source->table.rows_refused, source->stale};
}

static void rows_close(struct source *base)
{
    struct rows_source *source = (struct rows_source *)base;

    table_close(&source->table);
    free(source->spread);
    free(source);
}

static const struct source_calls calls = {.next = rows_next, .stats = rows_stats, .close = rows_close};

enum road_status source_rows_from_file(FILE *file, const char *name, const struct rows_layout *layout,
                                       const struct recording_config *config, struct source **ret_source,
                                       char *ret_error)
{
    struct rows_source *source = calloc(1, sizeof *source);

    if (!source) {
        fclose(file);
        snprintf(ret_error, SOURCE_ERROR_SIZE, "%.200s: %s", name, road_status_sentence(ROAD_NO_MEMORY));
        return ROAD_NO_MEMORY;
    }
    source->base.calls = &calls;
    source->layout = layout;
    source->config = *config;
    enum road_status status =
        table_from_file(file, name, layout->columns, ROW_COLUMNS, &source->table, ret_error);
    if (!status && table_has(&source->table, ROW_LAT) != table_has(&source->table, ROW_LON)) {
        snprintf(ret_error, SOURCE_ERROR_SIZE, "%.200s:1: %s and %s come together or not at all", name,
                 layout->columns[ROW_LAT].names, layout->columns[ROW_LON].names);
        status = ROAD_BAD_INPUT;
    }
    if (!status && layout->is_spread && !(source->spread = calloc(1, sizeof *source->spread)))
        status = ROAD_NO_MEMORY;
    if (status) {
        rows_close(&source->base);
        return status;
    }
    *ret_source = &source->base;
    return ROAD_OK;
}

enum road_status source_rows_open(const char *path, const struct rows_layout *layout,
                                  const struct recording_config *config, struct source **ret_source, char *ret_error)
{
    FILE *file = fopen(path, "rbe");

    if (!file) {
        snprintf(ret_error, SOURCE_ERROR_SIZE, "%.200s: cannot be opened: %m", path);
        return ROAD_IO;
    }
    return source_rows_from_file(file, path, layout, config, ret_source, ret_error);
}
