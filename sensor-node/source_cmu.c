/* source_cmu.c - the phone logger of the pothole study at Carnegie Mellon: 5 Hz, everything in one table.
 *
 * Acceleration in g with gravity and with the sign of iOS (at rest -1 along what points up): turned round here, so that
 * it agrees with the turn rates, as the curves of its drives show (gyro about that axis against the course of the
 * fixes: correlation -0.1 to -0.6 in nine of nine). -100 in a turn rate and -1 in a speed are "none". The position is the last one known,
 * written again in every row: only a changed one is a fix. Some of its files have lost the fractions of their seconds. */
#include "sensor-node/source_formats.h"

#define NONE (-100.)

const struct rows_layout rows_cmu = {
    .columns = {[ROW_TIME] = {.names = "timestamp", .is_required = true},
                [ROW_AX] = {.names = "accelerometerX", .is_required = true, .scale = -STANDARD_GRAVITY, .missing = NONE},
                [ROW_AY] = {.names = "accelerometerY", .is_required = true, .scale = -STANDARD_GRAVITY, .missing = NONE},
                [ROW_AZ] = {.names = "accelerometerZ", .is_required = true, .scale = -STANDARD_GRAVITY, .missing = NONE},
                [ROW_GX] = {.names = "gyroX", .missing = NONE},
                [ROW_GY] = {.names = "gyroY", .missing = NONE},
                [ROW_GZ] = {.names = "gyroZ", .missing = NONE},
                [ROW_LAT] = {.names = "latitude", .missing = -1},
                [ROW_LON] = {.names = "longitude", .missing = -1},
                [ROW_SPEED] = {.names = "speed", .missing = -1}},
    .gnss = GNSS_PHONE,
    .is_spread = true,
};
