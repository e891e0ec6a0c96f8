/* message_pass.h - the points of a pass as a packed byte string: for message_batch.c only.
 *
 * The form is docs/wire.md, "Points":
 *     varint n, then n times: flags, e, n, t    varints are LEB128, signed ones zigzag
 *     e, n in cm, t in ms, less a prediction:   0, then the last value, then 2 last - one before
 *     flags, bits 0-1: sigma class              0 same, 1 one up, 2 one down, 3 = a byte follows
 *     flags, bits 2-7: roughness number         zigzag of its step, 63 = a varint follows
 *     roughness number                          0 unknown, else IRI in 0.1 m/km, plus 1 */
#ifndef LINK_MESSAGE_PASS_H
#define LINK_MESSAGE_PASS_H

#include "link/message_parts.h"

#define PASS_POINT_MIN_BYTES 4

void point_quantise(struct pass_point *point);
struct grid_point point_at_quantise(struct grid_point at);
/* Returns the bytes written; 0 if `capacity` is too small. The points have been checked. */
size_t points_pack(const struct pass_point *points, size_t n, uint8_t *ret_bytes, size_t capacity);
/* How many points follow; BAD_INPUT if that many cannot be in these bytes. */
enum road_status points_count(const uint8_t *bytes, size_t length, size_t *ret_n);
/* ret_points has room for points_count. Places and times lie within the frame and the centuries when it is
 * ROAD_OK. */
enum road_status points_unpack(const uint8_t *bytes, size_t length, struct pass_point *ret_points);

#endif
