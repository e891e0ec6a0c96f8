/* streams.h - recordings that keep each sensor in a file of its own: merged in time order, the turn rate interpolated to
 * the instants of the accelerometer. What the files and their columns are called is the format's to say. */
#ifndef SENSOR_NODE_STREAMS_H
#define SENSOR_NODE_STREAMS_H

#include "sensor-node/source_calls.h"
#include "sensor-node/table.h"

enum { XYZ_TIME, XYZ_X, XYZ_Y, XYZ_Z, XYZ_COLUMNS };
enum { FIX_TIME, FIX_LAT, FIX_LON, FIX_SPEED, FIX_HEADING, FIX_RADIUS, FIX_UTC, FIX_COLUMNS };

struct streams_layout {
    const char *motion_file, *gyro_file, *fix_file;
    const char *gravity_file; /* added to motion_file, which lacks it; NULL = it has gravity */
    struct table_column motion[XYZ_COLUMNS], gyro[XYZ_COLUMNS], gravity[XYZ_COLUMNS];
    struct table_column fix[FIX_COLUMNS]; /* FIX_RADIUS: of 68 % confidence, m; FIX_UTC: Unix time of the position */
    enum gnss_class gnss;
    bool has_utc_fixes; /* the files' own clock is no UTC; the first fix that has both times ties the two */
};

/* `folder`/NAME of each file; only the motion file must be there. ROAD_OK or words in ret_error. */
enum road_status source_streams_open(const char *folder, const struct streams_layout *layout,
                                     const struct recording_config *config, struct source **ret_source,
                                     char *ret_error);
/* The same from open streams, which it takes over; NULL = not there. `folder` stands in messages. */
enum { STREAM_MOTION, STREAM_GYRO, STREAM_GRAVITY, STREAM_FIX, STREAMS_FILES };
enum road_status source_streams_from_files(const char *folder, const struct streams_layout *layout,
                                           FILE *files[STREAMS_FILES], const struct recording_config *config,
                                           struct source **ret_source, char *ret_error);

#endif
