/* reason_text.h - reasons as JSON, for the status of the node and the summary of `detect`. */
#ifndef SENSOR_NODE_REASON_TEXT_H
#define SENSOR_NODE_REASON_TEXT_H

#include "sensor-node/reason.h"

/* JSON objects of what there was, {"gap":1.50,"stuck":3.00}: seconds, and metres. */
#define REASONS_TEXT_SIZE 256
void unwatched_json(const double by_s[UNWATCHED_COUNT], char ret_text[REASONS_TEXT_SIZE]);
void unplaced_json(const double by_m[UNPLACED_COUNT], char ret_text[REASONS_TEXT_SIZE]);

#endif
