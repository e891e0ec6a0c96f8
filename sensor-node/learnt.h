/* learnt.h - what the vehicle learnt, on disk: data_dir/vehicle.state (the bytes of vehicle.h), written whole or not at
 * all at the end of a drive and read at the start.
 *
 * A recording must give the same batches when it is driven again. So what was known when a node.db began its first
 * drive is kept in node.db, and every rerun starts from that, whatever vehicle.state says by then. Logs what goes wrong:
 * a node that cannot keep what it learnt still drives. */
#ifndef SENSOR_NODE_LEARNT_H
#define SENSOR_NODE_LEARNT_H

#include <sqlite3.h>

#include "sensor-node/config.h"
#include "sensor-node/core.h"

/* Before the first sample. A damaged file is set aside as vehicle.state.bad and not used. */
void learnt_begin(const struct node_config *config, sqlite3 *db, struct node_core *core);
void learnt_keep(const struct node_config *config, const struct node_core *core);

#endif
