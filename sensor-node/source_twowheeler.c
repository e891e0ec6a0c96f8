/* source_twowheeler.c - motorbike clips with a time but no place: milliseconds since 1970, m/s^2, degrees a second.
 * Some phones write a row for each sensor that moved, so that the other sensor's values repeat. */
#include <math.h>

#include "sensor-node/source_formats.h"

#define RADIANS (M_PI / 180)

const struct rows_layout rows_twowheeler = {
    .columns = {[ROW_TIME] = {.names = "Timestamp", .is_required = true, .scale = 1e-3},
                [ROW_AX] = {.names = "X_Acc", .is_required = true},
                [ROW_AY] = {.names = "Y_Acc", .is_required = true},
                [ROW_AZ] = {.names = "Z_Acc", .is_required = true},
                [ROW_GX] = {.names = "X_Gyro", .scale = RADIANS},
                [ROW_GY] = {.names = "Y_Gyro", .scale = RADIANS},
                [ROW_GZ] = {.names = "Z_Gyro", .scale = RADIANS}},
    .gnss = GNSS_PHONE,
};
