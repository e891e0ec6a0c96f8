/* export.h - the ledger of a database as static files, as any tlog-tiles client reads them. */
#ifndef SERVER_LEDGER_EXPORT_H
#define SERVER_LEDGER_EXPORT_H

#include <sqlite3.h>
#include <stdint.h>

#include "grid/status.h"

/* Writes checkpoint, all tiles of hashes and all bundles of the newest head under `folder` (made if missing);
 * the checkpoint last, by renaming. Files that are there already are written again. ret_size: entries
 * exported. */
enum road_status ledger_export(sqlite3 *db, const char *folder, uint64_t *ret_size);

#endif
