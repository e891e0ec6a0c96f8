/* tile.h - the tree cut into tiles of 256 hashes (C2SP tlog-tiles): names, widths, bundles of entries.
 *
 *     tile/<L>/<N>[.p/<W>]        hash i = MTH(D[(N*256 + i) * 256^L : (N*256 + i + 1) * 256^L]), W x 32
 * bytes tile/entries/<N>[.p/<W>]    W entries, each a u16 big-endian length and the bytes
 *
 * N is written in groups of three digits, all but the last prefixed x: 1234067 is x001/x234/067. W stands
 * only on partial tiles (1..255). Pure: no I/O, no allocation. */
#ifndef SERVER_LEDGER_TILE_H
#define SERVER_LEDGER_TILE_H

#include "server/ledger/tree.h"

#define TILE_WIDTH     256
#define TILE_LEVELS    8    /* 256^8 = 2^64 */
#define TILE_ENTRIES   (-1) /* the "level" of the bundles of entries */
#define TILE_PATH_SIZE 64
#define ENTRY_MAX      65535 /* bytes of one entry */
#define BUNDLE_MAX     (TILE_WIDTH * (2 + ENTRY_MAX))

struct tile {
    int level; /* 0..63, or TILE_ENTRIES */
    uint64_t n;
    unsigned width; /* 1..256; 256 = full */
};

/* Returns ret_path, "tile/0/x001/234" or "tile/entries/000.p/17". */
char *tile_path_format(struct tile tile, char ret_path[TILE_PATH_SIZE]);
/* Takes exactly what tile_path_format writes; anything else is ROAD_BAD_INPUT. */
enum road_status tile_path_parse(const char *path, struct tile *ret_tile);
/* How wide tile n of a level is in a tree of `size` leaves: 0 = not there, 256 = full. */
unsigned tile_width(int level, uint64_t n, uint64_t size);

/* One entry of a bundle. ROAD_END at its end; ROAD_BAD_INPUT if cut short. *offset moves behind the entry. */
enum road_status bundle_next(const uint8_t *bundle, size_t length, size_t *offset, const uint8_t **ret_entry,
                             size_t *ret_length);
/* Writes the entry's length and bytes; returns the bytes written, 0 if they do not fit or exceed ENTRY_MAX.
 */
size_t bundle_put(uint8_t *ret_bytes, size_t capacity, const void *entry, size_t length);

#endif
