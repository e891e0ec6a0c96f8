/* source_track.c - the way of a phone as a table, as converters make it of a GPX file: positions only. */
#include "sensor-node/source_formats.h"

const struct rows_layout rows_track = {
    .columns = {[ROW_TIME] = {.names = "time", .is_required = true, .kind = TABLE_DATETIME},
                [ROW_LAT] = {.names = "latitude", .is_required = true},
                [ROW_LON] = {.names = "longitude", .is_required = true},
                [ROW_SPEED] = {.names = "speed"},
                [ROW_ELEVATION] = {.names = "elevation", .is_required = true}},
    .gnss = GNSS_PHONE,
};
