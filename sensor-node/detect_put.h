/* detect_put.h - what `roadchief detect` writes on standard output: JSON lines, or one GeoJSON collection. */
#ifndef SENSOR_NODE_DETECT_PUT_H
#define SENSOR_NODE_DETECT_PUT_H

#include <stdbool.h>

#include "link/message.h"

struct put {
    bool is_geojson;
    struct grid_zone zone;
    uint64_t written; /* features of the collection */
};

/* Before the first and after the last; the last is the summary: in GeoJSON a foreign member of the collection
 * (RFC 7946, 6.1), else a last line. `members` are JSON members without braces. */
void put_start(const struct put *put);
void put_summary(const struct put *put, const char *members);
/* Its passes, detections and feature sightings. */
void put_batch(struct put *put, const struct batch *batch);
/* A stretch of positions without motion, as lon, lat pairs: somebody was there, nothing was watched. */
void put_unwatched(struct put *put, const char *members, const double (*lon_lat_deg)[2], size_t n);

#endif
