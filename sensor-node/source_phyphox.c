/* source_phyphox.c - an export folder of the phone app phyphox: one file a sensor.
 *
 * Each file's time starts when its own sensor started; the app sets them to one clock within less than a second,
 * and nothing in the export tells the rest: it is taken as it stands. "Horizontal Accuracy" is the radius of 68 %
 * confidence of both phone systems; a fix without it is refused. */
#include "sensor-node/source_formats.h"

const struct streams_layout streams_phyphox = {
    .motion_file = "Accelerometer.csv",
    .motion = {[XYZ_TIME] = {.names = "Time (s)", .is_required = true},
               [XYZ_X] = {.names = "X (m/s^2)|Acceleration x (m/s^2)", .is_required = true},
               [XYZ_Y] = {.names = "Y (m/s^2)|Acceleration y (m/s^2)", .is_required = true},
               [XYZ_Z] = {.names = "Z (m/s^2)|Acceleration z (m/s^2)", .is_required = true}},
    .gyro_file = "Gyroscope.csv",
    .gyro = {[XYZ_TIME] = {.names = "Time (s)", .is_required = true},
             [XYZ_X] = {.names = "X (rad/s)|Gyroscope x (rad/s)", .is_required = true},
             [XYZ_Y] = {.names = "Y (rad/s)|Gyroscope y (rad/s)", .is_required = true},
             [XYZ_Z] = {.names = "Z (rad/s)|Gyroscope z (rad/s)", .is_required = true}},
    .fix_file = "Location.csv",
    .fix = {[FIX_TIME] = {.names = "Time (s)", .is_required = true},
            [FIX_LAT] = {.names = "Latitude (\xC2\xB0)", .is_required = true},
            [FIX_LON] = {.names = "Longitude (\xC2\xB0)", .is_required = true},
            [FIX_SPEED] = {.names = "Velocity (m/s)"},
            [FIX_HEADING] = {.names = "Direction (\xC2\xB0)"},
            [FIX_RADIUS] = {.names = "Horizontal Accuracy (m)", .is_required = true}},
    .gnss = GNSS_PHONE,
};
