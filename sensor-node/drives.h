/* drives.h - which recordings a node drives, in order, and when each began.
 *
 * A recording without absolute time gets a start: the one given, else the one kept in node.db from an earlier
 * run, else now - duration, which is then kept, so that a rerun gives the same batches. */
#ifndef SENSOR_NODE_DRIVES_H
#define SENSOR_NODE_DRIVES_H

#include "link/database.h"
#include "sensor-node/config.h"
#include "sensor-node/source.h"

#define DRIVES_MAX 1024

struct drive {
    char path[1024];
    int64_t start_ns;
    bool has_start;
    bool is_other; /* an earlier run of this node.db drove something else in this place */
};

struct drives {
    struct drive *items;
    size_t n;
};

extern const char *const node_migrations[]; /* of node.db */

/* "2026-11-23T07:41:00[.5]Z". */
enum road_status time_parse(const char *text, int64_t *ret_time_ns);
/* From `drive` or `drive_list`. ret_error: SOURCE_ERROR_SIZE bytes, with file and line. */
enum road_status drives_load(const struct node_config *config, struct drives *ret_drives, char *ret_error);
void drives_done(struct drives *drives);
/* Fills in the start of drive `index`, keeps it, and says whether an earlier run had another drive there. */
enum road_status drives_resolve(struct drives *drives, size_t index, sqlite3 *db, int64_t now_ns, char *ret_error);

#endif
