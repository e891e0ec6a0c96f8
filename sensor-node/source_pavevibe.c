/* source_pavevibe.c - data.csv of the PaveVibe node: an ESP32 with an MPU6050 and a NEO-6M, ten rows a second.
 *
 * Its traps, and what is made of them:
 * - The clock of the rows (RTCData, RTCHora) is local time in whole seconds, seconds to minutes off: rows of one second
 *   are spread over it (spread.h), and UTC comes from the receiver's own date and time: a report is read after it was
 *   made, never before, so that the greatest GPS time less clock time is nearest to the truth.
 * - Rows after a restart have the date 0/0/0: refused.
 * - GPSUpdate = 1 stays set while an old position is written again, and is 0 in most rows with a new one: not used. A
 *   fix is a row whose GPS time differs from the last; it counts for that time, not for the row's; one that was read more
 *   than FIX_LATE_S after its time says where the vehicle was, not where it is, and is left out.
 * - Positions are blank, dates without leading zeros, units g, degrees a second, km/h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sensor-node/source_formats.h"
#include "sensor-node/spread.h"

#define FIX_LATE_S 3.
#define AGREE_S 1.5       /* the clock ticks in whole seconds */
#define AGREE_COUNT 3     /* so many reports must say much the same of the clock */
#define REPORTS_MAX 4096  /* looked at for the clock */
#define SPEED_MAX_MPS 150.
#define RADIANS (M_PI / 180)

enum { TIME, DATE, GPS_CLOCK, GPS_DATE, LAT, LON, SPEED, AX, AY, AZ, GX, GY, GZ, COLUMNS };

const struct table_column pavevibe_columns[PAVEVIBE_COLUMNS] = {
    [TIME] = {.names = "RTCHora", .is_required = true, .kind = TABLE_CLOCK},
    [DATE] = {.names = "RTCData", .is_required = true, .kind = TABLE_DATE},
    [GPS_CLOCK] = {.names = "GPSHora", .is_required = true, .kind = TABLE_CLOCK},
    [GPS_DATE] = {.names = "GPSData", .is_required = true, .kind = TABLE_DATE},
    [LAT] = {.names = "Lat", .is_required = true},
    [LON] = {.names = "Long", .is_required = true},
    [SPEED] = {.names = "Vel", .scale = 1 / 3.6},
    [AX] = {.names = "Ax", .is_required = true, .scale = STANDARD_GRAVITY},
    [AY] = {.names = "Ay", .is_required = true, .scale = STANDARD_GRAVITY},
    [AZ] = {.names = "Az", .is_required = true, .scale = STANDARD_GRAVITY},
    [GX] = {.names = "Gx", .scale = RADIANS},
    [GY] = {.names = "Gy", .scale = RADIANS},
    [GZ] = {.names = "Gz", .scale = RADIANS},
};
_Static_assert(COLUMNS == PAVEVIBE_COLUMNS, "the header says how many");

struct pavevibe {
    struct source base;
    struct recording_config config;
    struct table table;
    struct spread spread;
    double clock_s;    /* to be added to the rows' clock for UTC */
    double last_gps_s; /* time of the last position looked at */
    bool has_motion;
    struct motion_sample motion;
    uint64_t stale;
};

/* A position with a time that was not seen before; NAN = none in this row. */
static double new_report_s(const double *row, double last_gps_s)
{
    const double gps_s = row[GPS_CLOCK] + row[GPS_DATE];

    return source_position_is_given(row[LAT], row[LON]) && gps_s != last_gps_s ? gps_s : (double)NAN;
}

static int by_size(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* The greatest difference that others agree with: a single wild time must not move the clock. */
static double agreed_s(double *differences_s, size_t n)
{
    qsort(differences_s, n, sizeof *differences_s, by_size);
    for (size_t i = n; i >= AGREE_COUNT; i--)
        if (differences_s[i - 1] - differences_s[i - AGREE_COUNT] <= AGREE_S)
            return differences_s[i - 1];
    return n > 0 ? differences_s[n / 2] : 0;
}

/* Reads the file through once for its clock; rows that are refused here are told when they come again. */
static enum road_status find_clock(struct table *table, double *ret_clock_s)
{
    char ignored[SOURCE_ERROR_SIZE];
    double row[TABLE_COLUMNS_MAX], last_gps_s = 0;
    struct spread *spread = calloc(1, sizeof *spread);
    double *differences_s = calloc(REPORTS_MAX, sizeof *differences_s);
    enum road_status status = spread && differences_s ? ROAD_OK : ROAD_NO_MEMORY;
    size_t n = 0;

    while (!status || status == ROAD_BAD_INPUT) {
        status = spread_next(spread, table, row, ignored);
        if (status)
            continue;
        const double gps_s = new_report_s(row, last_gps_s);
        if (isnan(gps_s))
            continue;
        last_gps_s = gps_s;
        if (n < REPORTS_MAX)
            differences_s[n++] = gps_s - row[TIME];
    }
    if (status == ROAD_END)
        *ret_clock_s = agreed_s(differences_s, n);
    free(spread);
    free(differences_s);
    return status == ROAD_END ? ROAD_OK : status;
}

static enum road_status check_row(struct pavevibe *source, const double *row, char *ret_error)
{
    struct table *table = &source->table;

    if (isnan(row[AX]) || isnan(row[AY]) || isnan(row[AZ]))
        return table_refuse(table, ret_error, "one of Ax, Ay, Az is missing");
    if (isnan(row[LAT]) != isnan(row[LON]))
        return table_refuse(table, ret_error, "one of Lat, Long is missing");
    if (!isnan(row[LAT]) && !source_position_is_valid(row[LAT], row[LON]))
        return table_refuse(table, ret_error, "the position %g, %g is not on Earth", row[LAT], row[LON]);
    if (row[SPEED] > SPEED_MAX_MPS)
        return table_refuse(table, ret_error, "the speed %g m/s is no vehicle's", row[SPEED]);
    return ROAD_OK;
}

static void take_motion(struct pavevibe *source, const double *row)
{
    source->has_motion = true;
    source->motion.time_ns = source_time_ns(source->config.start_ns, row[TIME] + source->clock_s);
    for (int i = 0; i < 3; i++) {
        source->motion.accel_mps2[i] = (float)row[AX + i];
        source->motion.gyro_radps[i] = (float)row[GX + i];
    }
}

static bool take_fix(struct pavevibe *source, const double *row, struct source_event *ret_event)
{
    const struct recording_config *config = &source->config;
    const enum gnss_class gnss = config->gnss < 0 ? GNSS_CONSUMER : (enum gnss_class)config->gnss;
    const double gps_s = new_report_s(row, source->last_gps_s);

    if (isnan(gps_s)) {
        source->stale += source_position_is_given(row[LAT], row[LON]);
        return false;
    }
    source->last_gps_s = gps_s;
    if (row[TIME] + source->clock_s - gps_s > FIX_LATE_S) {
        source->stale++;
        return false;
    }
    *ret_event = (struct source_event){
        .kind = SOURCE_FIX,
        .fix = {.time_ns = source_time_ns(0, gps_s),
                .lat_deg = row[LAT],
                .lon_deg = row[LON],
                .sigma_m = config->sigma_m > 0 ? config->sigma_m : source_usual_sigma_m(gnss),
                .speed_mps = row[SPEED] >= 0 ? row[SPEED] : (double)NAN,
                .heading_deg = (double)NAN,
                .gnss = gnss,
                .time_source = TIME_NTP}};
    return true;
}

static enum road_status pavevibe_next(struct source *base, struct source_event *ret_event, char *ret_error)
{
    struct pavevibe *source = (struct pavevibe *)base;
    double row[TABLE_COLUMNS_MAX];

    if (!source->has_motion) {
        enum road_status status = spread_next(&source->spread, &source->table, row, ret_error);
        if (status == ROAD_END) {
            ret_event->kind = SOURCE_END;
            return ROAD_OK;
        }
        if (!status)
            status = check_row(source, row, ret_error);
        if (status)
            return status;
        take_motion(source, row);
        if (take_fix(source, row, ret_event))
            return ROAD_OK;
    }
    source->has_motion = false;
    ret_event->kind = SOURCE_MOTION;
    ret_event->motion = source->motion;
    return ROAD_OK;
}

static struct source_stats pavevibe_stats(const struct source *base)
{
    const struct pavevibe *source = (const struct pavevibe *)base;

    return (struct source_stats){source->table.rows, source->table.rows_refused, source->stale};
}

static void pavevibe_close(struct source *base)
{
    struct pavevibe *source = (struct pavevibe *)base;

    table_close(&source->table);
    free(source);
}

static const struct source_calls calls = {.next = pavevibe_next, .stats = pavevibe_stats, .close = pavevibe_close};

enum road_status source_pavevibe_from_files(FILE *first, FILE *again, const char *name,
                                            const struct recording_config *config, struct source **ret_source,
                                            char *ret_error)
{
    struct pavevibe *source = calloc(1, sizeof *source);
    struct table once = {0};
    enum road_status status = ROAD_NO_MEMORY;

    snprintf(ret_error, SOURCE_ERROR_SIZE, "%.200s: %s", name, road_status_sentence(status));
    if (!source) {
        fclose(first), fclose(again);
        return status;
    }
    source->base.calls = &calls;
    source->config = *config;
    status = table_from_file(again, name, pavevibe_columns, COLUMNS, &source->table, ret_error);
    if (status)
        fclose(first);
    else
        status = table_from_file(first, name, pavevibe_columns, COLUMNS, &once, ret_error);
    if (!status)
        status = find_clock(&once, &source->clock_s);
    table_close(&once);
    if (status) {
        pavevibe_close(&source->base);
        return status;
    }
    *ret_source = &source->base;
    return ROAD_OK;
}

enum road_status source_open_pavevibe(const char *path, const struct recording_config *config,
                                      struct source **ret_source, char *ret_error)
{
    FILE *first = fopen(path, "rbe"), *again = fopen(path, "rbe");

    if (first && again)
        return source_pavevibe_from_files(first, again, path, config, ret_source, ret_error);
    snprintf(ret_error, SOURCE_ERROR_SIZE, "%.200s: cannot be opened: %m", path);
    if (first)
        fclose(first);
    if (again)
        fclose(again);
    return ROAD_IO;
}

bool format_is_pavevibe(const char *path)
{
    return format_header_matches(NULL, path, pavevibe_columns, COLUMNS);
}
