/* source_csv.c - the plain CSV of our own: units in the names of the columns. */
#include "sensor-node/source_formats.h"

const struct rows_layout rows_csv = {
    .columns = {[ROW_TIME] = {.names = "time_s", .is_required = true},
                [ROW_AX] = {.names = "ax_mps2", .is_required = true},
                [ROW_AY] = {.names = "ay_mps2", .is_required = true},
                [ROW_AZ] = {.names = "az_mps2", .is_required = true},
                [ROW_GX] = {.names = "gx_radps"},
                [ROW_GY] = {.names = "gy_radps"},
                [ROW_GZ] = {.names = "gz_radps"},
                [ROW_LAT] = {.names = "lat_deg"},
                [ROW_LON] = {.names = "lon_deg"},
                [ROW_SPEED] = {.names = "speed_mps"},
                [ROW_HEADING] = {.names = "heading_deg"},
                [ROW_SIGMA] = {.names = "sigma_m"}},
    .gnss = GNSS_CONSUMER,
};
