/* source_comma2k19.c - a segment of the comma2k19 drives: IMU at 104 Hz, u-blox receiver at 10 Hz, all on the clock of
 * the phone since it was switched on. The receiver's own UTC (utc_ms) ties that clock once, at the first fix; from
 * there on the boot clock tells how motion and position lie to each other. can_speed.csv is not read: the receiver's
 * speed is. No accuracy is written: the usual one of such a receiver is taken. */
#include "sensor-node/source_formats.h"

const struct streams_layout streams_comma2k19 = {
    .motion_file = "accelerometer.csv",
    .motion = {[XYZ_TIME] = {.names = "t_boot_s", .is_required = true},
               [XYZ_X] = {.names = "forward_ms2", .is_required = true},
               [XYZ_Y] = {.names = "right_ms2", .is_required = true},
               [XYZ_Z] = {.names = "down_ms2", .is_required = true}},
    .gyro_file = "gyro.csv",
    .gyro = {[XYZ_TIME] = {.names = "t_boot_s", .is_required = true},
             [XYZ_X] = {.names = "forward_rads", .is_required = true},
             [XYZ_Y] = {.names = "right_rads", .is_required = true},
             [XYZ_Z] = {.names = "down_rads", .is_required = true}},
    .fix_file = "gnss_ublox.csv",
    .fix = {[FIX_TIME] = {.names = "t_boot_s", .is_required = true},
            [FIX_LAT] = {.names = "lat", .is_required = true},
            [FIX_LON] = {.names = "lon", .is_required = true},
            [FIX_SPEED] = {.names = "speed_ms"},
            [FIX_HEADING] = {.names = "bearing_deg"},
            [FIX_UTC] = {.names = "utc_ms", .is_required = true, .scale = 1e-3}},
    .gnss = GNSS_CONSUMER,
    .has_utc_fixes = true,
};
