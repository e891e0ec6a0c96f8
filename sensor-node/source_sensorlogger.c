/* source_sensorlogger.c - an export folder of the phone app Sensor Logger (Kelvin Choi): one file a sensor, one clock,
 * nanoseconds since 1970. What is written here follows the app's own reference pages (UNITS.md, COORDINATES.md and
 * CROSSPLATFORM.md of github.com/tszheichoi/awesome-sensor-logger).
 *
 * TotalAcceleration.csv holds gravity (Android); Accelerometer.csv does not, and needs Gravity.csv beside it (iOS). On
 * iOS all three axes of both have the other sign (at rest -9.8 along what points up), turn rates have not; the switch
 * "Standardise Units & Frames" takes that away. Metadata.csv tells platform and switch; without it a folder that has
 * TotalAcceleration.csv counts as Android, one without as iOS. horizontalAccuracy is a radius of 68 %. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "sensor-node/source_formats.h"

#define NS_TO_S 1e-9

#define COLUMN_TIME {.names = "time", .is_required = true, .scale = NS_TO_S}
#define COLUMNS_XYZ(sign)                                                                                    \
    {                                                                                                        \
        [XYZ_TIME] = COLUMN_TIME, [XYZ_X] = {.names = "x", .is_required = true, .scale = (sign)},            \
        [XYZ_Y] = {.names = "y", .is_required = true, .scale = (sign)},                                      \
        [XYZ_Z] = {.names = "z", .is_required = true, .scale = (sign)}                                       \
    }
#define LAYOUT(file, gravity_name, sign)                                                                     \
    {                                                                                                        \
        .motion_file = (file), .motion = COLUMNS_XYZ(sign), .gravity_file = (gravity_name),                  \
        .gravity = COLUMNS_XYZ(sign), .gyro_file = "Gyroscope.csv", .gyro = COLUMNS_XYZ(1),                  \
        .fix_file = "Location.csv",                                                                          \
        .fix = {[FIX_TIME] = COLUMN_TIME,                                                                    \
                [FIX_LAT] = {.names = "latitude", .is_required = true},                                      \
                [FIX_LON] = {.names = "longitude", .is_required = true},                                     \
                [FIX_SPEED] = {.names = "speed"},                                                            \
                [FIX_HEADING] = {.names = "bearing"},                                                        \
                [FIX_RADIUS] = {.names = "horizontalAccuracy", .is_required = true}},                        \
        .gnss = GNSS_PHONE                                                                                   \
    }

#define TOTAL "TotalAcceleration.csv"
#define LINEAR "Accelerometer.csv"
#define GRAVITY "Gravity.csv"
const struct streams_layout streams_sensorlogger[2][2] = {{LAYOUT(TOTAL, NULL, 1), LAYOUT(TOTAL, NULL, -1)},
                                                    {LAYOUT(LINEAR, GRAVITY, 1), LAYOUT(LINEAR, GRAVITY, -1)}};

/* What every file of one sensor's axes begins with. */
static const struct table_column known_by[] = {{.names = "time", .is_required = true},
                                               {.names = "seconds_elapsed", .is_required = true},
                                               {.names = "x", .is_required = true},
                                               {.names = "y", .is_required = true},
                                               {.names = "z", .is_required = true}};

static bool has(const char *folder, const char *file)
{
    return format_header_matches(folder, file, known_by, sizeof known_by / sizeof known_by[0]);
}

bool format_is_sensorlogger(const char *path)
{
    return has(path, TOTAL) || has(path, LINEAR);
}

bool format_is_sensorlogger_part(const struct csv_field *header, size_t n)
{
    size_t required;

    return table_match(header, n, known_by, 2, &required) == 2; /* time, seconds_elapsed */
}

static bool field_is(struct csv_field field, const char *word)
{
    return field.length == strlen(word) && strncasecmp(field.text, word, field.length) == 0;
}

/* The first row of Metadata.csv, as far as it says something on the sign. */
static void read_metadata(const char *folder, bool *is_known, bool *is_ios, bool *is_standard)
{
    char path[4096];
    struct csv *csv;
    struct csv_field header[CSV_FIELDS_MAX], row[CSV_FIELDS_MAX];
    int platform = -1, standard = -1;
    size_t n = 0;

    snprintf(path, sizeof path, "%.4000s/Metadata.csv", folder);
    if (csv_open(path, &csv))
        return;
    if (!csv_next(csv, header, &n)) {
        for (size_t i = 0; i < n; i++) {
            platform = field_is(header[i], "platform") ? (int)i : platform;
            standard = field_is(header[i], "standardisation") ? (int)i : standard;
        }
        if (!csv_next(csv, row, &n)) {
            *is_known = platform >= 0 && platform < (int)n;
            *is_ios = *is_known && field_is(row[platform], "ios");
            *is_standard = standard >= 0 && standard < (int)n && field_is(row[standard], "true");
        }
    }
    csv_close(csv);
}

enum road_status source_open_sensorlogger(const char *folder, const struct recording_config *config,
                                          struct source **ret_source, char *ret_error)
{
    const bool is_total = has(folder, TOTAL);
    bool is_known = false, is_ios = false, is_standard = false;

    if (!is_total && !has(folder, GRAVITY)) {
        snprintf(ret_error, SOURCE_ERROR_SIZE,
                 "%.200s/" LINEAR ":1: this is acceleration without gravity, and neither " TOTAL " nor " GRAVITY
                 " lies beside it; switch on Gravity in the app and record again",
                 folder);
        return ROAD_BAD_INPUT;
    }
    read_metadata(folder, &is_known, &is_ios, &is_standard);
    const bool is_turned = (is_known ? is_ios : !is_total) && !is_standard;
    return source_streams_open(folder, &streams_sensorlogger[!is_total][is_turned], config, ret_source, ret_error);
}
