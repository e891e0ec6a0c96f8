/* segment.h - the table of 100 m segments: what a gateway told of each, whole. Private to server/store. */
#ifndef SERVER_STORE_SEGMENT_H
#define SERVER_STORE_SEGMENT_H

#include <sqlite3.h>

#include "link/message_segment.h"

/* `road` groups what people call one road: the ways of one name, or a way that has none. Lines are pairs of centimetres,
 * eight bytes each, little-endian. Scores are hundredths, NULL where unknown. */
#define SEGMENT_TABLE                                                                                                  \
    "CREATE TABLE segment(way TEXT NOT NULL, backward INTEGER NOT NULL, idx INTEGER NOT NULL, road TEXT NOT NULL,"      \
    " class INTEGER NOT NULL, length_cm INTEGER NOT NULL, cell INTEGER NOT NULL, line BLOB NOT NULL,"                  \
    " code INTEGER NOT NULL, why INTEGER NOT NULL, grade INTEGER NOT NULL, floor_a INTEGER NOT NULL,"                  \
    " floor_b INTEGER NOT NULL, floor_c INTEGER NOT NULL, pci INTEGER, rqi INTEGER, pqi INTEGER, jtg_pci INTEGER,"     \
    " jtg_rqi INTEGER, observed_permille INTEGER NOT NULL, rough_permille INTEGER NOT NULL, reds INTEGER NOT NULL,"    \
    " passes INTEGER NOT NULL, type1 INTEGER, share1 INTEGER, type2 INTEGER, share2 INTEGER, type3 INTEGER,"           \
    " share3 INTEGER, seen_ns INTEGER NOT NULL, PRIMARY KEY(way, backward, idx)) WITHOUT ROWID;"                       \
    "CREATE INDEX segment_road ON segment(road);"                                                                      \
    "CREATE INDEX segment_cell ON segment(cell);"
#define SEGMENT_UPSERT                                                                                                 \
    "REPLACE INTO segment VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"

/* The cell of the middle of its line; ROAD_BAD_RANGE outside the zone's frame. */
enum road_status segment_cell(struct grid_zone zone, const struct segment_belief *segment, struct cell *ret_cell);
enum road_status segment_write(sqlite3_stmt *upsert, struct grid_zone zone, const struct segment_belief *segment);

#endif
