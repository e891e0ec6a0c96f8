/* snapshot.h - the beliefs in a file beside the database, so that a start does not fold every batch again.
 *
 * Disposable: it says which batches and verdicts it holds, and for which road network; everything in it can be folded
 * from the batches, as far back as they are kept. Written to PATH.new, synced and renamed; what was there before stays as
 * PATH.old. Bytes (docs/gateway.md): a header of SNAPSHOT_HEADER_SIZE, then the image (gateway/image.h) with a digest
 * over its pieces of 1 MiB. The order of bytes is the machine's. */
#ifndef GATEWAY_SNAPSHOT_H
#define GATEWAY_SNAPSHOT_H

#include "gateway/beliefs.h"
#include "gateway/store.h"

#define SNAPSHOT_HEADER_SIZE 256
#define SNAPSHOT_PATH_SIZE   1200

struct snapshot_mark {
    struct store_settled settled; /* what is in it was told so far */
    uint8_t roads[SHA256_SIZE];   /* of the network it was folded with; zeros if none */
};

/* Blocks for as long as the disk takes. ROAD_FULL, ROAD_IO: what was there before is still there. */
enum road_status snapshot_write(const char *path, const struct snapshot_mark *mark, const struct beliefs *beliefs);
/* Into beliefs fresh from beliefs_init, which on failure are fresh again. ROAD_NOT_FOUND; ROAD_BAD_VERSION: of another
 * version, machine or configuration; ROAD_CORRUPT: damaged. */
enum road_status snapshot_read(const char *path, const uint8_t roads[SHA256_SIZE], struct beliefs *beliefs,
                               struct snapshot_mark *ret_mark);

#endif
