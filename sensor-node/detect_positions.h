/* detect_positions.h - what `roadchief detect` says of positions without motion: the way, and that nothing was watched. */
#ifndef SENSOR_NODE_DETECT_POSITIONS_H
#define SENSOR_NODE_DETECT_POSITIONS_H

#include "sensor-node/detect_put.h"
#include "sensor-node/detect_summary.h"

/* Reads the source to its end; refused rows go to standard error. */
enum road_status positions_follow(struct source *source, struct put *put, struct tally *tally, char *ret_error);

#endif
