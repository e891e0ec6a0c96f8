/* source_csv.c - the plain CSV: a row is a motion sample, a position report, or both. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sensor-node/source_calls.h"
#include "sensor-node/table.h"

#define STANDSTILL_MPS 0.5    /* below this a position may honestly repeat */
#define STANDSTILL_FIX_S 0.5  /* and counts as a new report only this often */
#define SPEED_MAX_MPS 150.    /* beyond any road vehicle */

enum { TIME, AX, AY, AZ, GX, GY, GZ, LAT, LON, SPEED, HEADING, SIGMA, COLUMNS };

static const struct table_column columns[COLUMNS] = {
    [TIME] = {"time_s", true},   [AX] = {"ax_mps2", true},        [AY] = {"ay_mps2", true},
    [AZ] = {"az_mps2", true},    [GX] = {"gx_radps", false},      [GY] = {"gy_radps", false},
    [GZ] = {"gz_radps", false},  [LAT] = {"lat_deg", false},      [LON] = {"lon_deg", false},
    [SPEED] = {"speed_mps", false}, [HEADING] = {"heading_deg", false}, [SIGMA] = {"sigma_m", false},
};

struct csv_source {
    struct source base;
    struct table table;
    struct recording_config config;
    bool has_motion; /* the row gave a fix first; its motion sample comes next */
    struct motion_sample motion;
    struct fix last_fix;
    bool has_last_fix;
    uint64_t stale;
};

static bool is_stale(const struct csv_source *source, const struct fix *fix)
{
    const struct fix *last = &source->last_fix;

    if (!source->has_last_fix || fix->lat_deg != last->lat_deg || fix->lon_deg != last->lon_deg)
        return false;
    return !(fix->speed_mps < STANDSTILL_MPS) || (double)(fix->time_ns - last->time_ns) * 1e-9 < STANDSTILL_FIX_S;
}

static void fix_from_row(const struct csv_source *source, const double *row, int64_t time_ns, struct fix *ret_fix)
{
    const struct recording_config *config = &source->config;
    const enum gnss_class gnss = config->gnss < 0 ? GNSS_CONSUMER : (enum gnss_class)config->gnss;
    double sigma_m = config->sigma_m > 0 ? config->sigma_m : row[SIGMA];

    if (!(sigma_m > 0))
        sigma_m = source_usual_sigma_m(gnss);
    *ret_fix = (struct fix){
        .time_ns = time_ns,
        .lat_deg = row[LAT],
        .lon_deg = row[LON],
        .sigma_m = sigma_m,
        .speed_mps = row[SPEED] >= 0 ? row[SPEED] : (double)NAN, /* -1 is what phones write for "unknown" */
        .heading_deg = row[HEADING] >= 0 && row[HEADING] <= 360 ? row[HEADING] : (double)NAN,
        .gnss = gnss,
        .time_source = TIME_NTP, /* a recording's start is somebody's clock, not the satellites' */
    };
}

static enum road_status check_row(struct csv_source *source, const double *row, char *ret_error)
{
    struct table *table = &source->table;
    const int axes = !isnan(row[AX]) + !isnan(row[AY]) + !isnan(row[AZ]);

    if (axes != 0 && axes != 3)
        return table_refuse(table, ret_error, "one of ax_mps2, ay_mps2, az_mps2 is missing");
    if (isnan(row[LAT]) != isnan(row[LON]))
        return table_refuse(table, ret_error, "one of lat_deg, lon_deg is missing");
    if (axes == 0 && isnan(row[LAT]))
        return table_refuse(table, ret_error, "neither acceleration nor position");
    if (!isnan(row[LAT]) && !source_position_is_valid(row[LAT], row[LON]))
        return table_refuse(table, ret_error, "the position %g, %g is not on Earth", row[LAT], row[LON]);
    if (row[SPEED] > SPEED_MAX_MPS)
        return table_refuse(table, ret_error, "the speed %g m/s is no vehicle's", row[SPEED]);
    return ROAD_OK;
}

/* The fix of a row goes first, so that it is known when the motion sample of the same instant comes. */
static bool take_row(struct csv_source *source, const double *row, struct source_event *ret_event)
{
    const int64_t time_ns = source_time_ns(source->config.start_ns, row[TIME]);
    struct fix fix;

    source->has_motion = !isnan(row[AX]);
    source->motion = (struct motion_sample){
        .time_ns = time_ns,
        .accel_mps2 = {(float)row[AX], (float)row[AY], (float)row[AZ]},
        .gyro_radps = {(float)row[GX], (float)row[GY], (float)row[GZ]},
    };
    if (!source_position_is_given(row[LAT], row[LON]))
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

static enum road_status csv_source_next(struct source *base, struct source_event *ret_event, char *ret_error)
{
    struct csv_source *source = (struct csv_source *)base;
    double row[COLUMNS];

    while (!source->has_motion) {
        enum road_status status = table_next(&source->table, row, ret_error);
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

static struct source_stats csv_source_stats(const struct source *base)
{
    const struct csv_source *source = (const struct csv_source *)base;

    return (struct source_stats){source->table.rows, source->table.rows_refused, source->stale};
}

static void csv_source_close(struct source *base)
{
    struct csv_source *source = (struct csv_source *)base;

    table_close(&source->table);
    free(source);
}

static const struct source_calls calls = {
    .next = csv_source_next, .stats = csv_source_stats, .close = csv_source_close};

enum road_status source_csv_from_file(FILE *file, const char *name, const struct recording_config *config,
                                      struct source **ret_source, char *ret_error)
{
    struct table table;
    enum road_status status = table_from_file(file, name, columns, COLUMNS, &table, ret_error);

    if (status)
        return status;
    if (table_has(&table, LAT) != table_has(&table, LON)) {
        snprintf(ret_error, SOURCE_ERROR_SIZE, "%.200s:1: lat_deg and lon_deg come together or not at all", name);
        table_close(&table);
        return ROAD_BAD_INPUT;
    }
    struct csv_source *source = calloc(1, sizeof *source);
    if (!source) {
        snprintf(ret_error, SOURCE_ERROR_SIZE, "%.200s: %s", name, road_status_sentence(ROAD_NO_MEMORY));
        table_close(&table);
        return ROAD_NO_MEMORY;
    }
    source->base.calls = &calls;
    source->table = table;
    source->config = *config;
    *ret_source = &source->base;
    return ROAD_OK;
}

enum road_status source_open_csv(const char *path, const struct recording_config *config, struct source **ret_source,
                                 char *ret_error)
{
    FILE *file = fopen(path, "rbe");

    if (!file) {
        snprintf(ret_error, SOURCE_ERROR_SIZE, "%.200s: cannot be opened: %m", path);
        return ROAD_IO;
    }
    return source_csv_from_file(file, path, config, ret_source, ret_error);
}
