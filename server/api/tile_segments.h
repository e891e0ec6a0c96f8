/* tile_segments.h - the far view's layer: 100 m segments as lines, with code, grade and the share that is unknown. */
#ifndef SERVER_API_TILE_SEGMENTS_H
#define SERVER_API_TILE_SEGMENTS_H

#include "server/api/reader.h"
#include "server/api/tile_frame.h"

#define TILE_SEGMENTS_ALL_ZOOM 11 /* from here on all classes; before it expressways and arterials, then none before... */
#define TILE_SEGMENTS_ZOOM     8  /* ...this zoom */

enum road_status tile_make_segments(struct reader *reader, const struct tile_frame *frame, struct bytes *ret_bytes);

#endif
