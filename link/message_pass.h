/* message_pass.h - the points of a pass as a packed byte string (docs/wire.md, "Points"): for message_batch.c only.
 *
 *     varint n, then n times: flags, e, n, t        varints are LEB128, signed ones zigzag
 *     e, n: centimetres; t: milliseconds; each less its prediction: 0, then the last value, then 2 last - one before
 *     flags: bits 0-1 sigma class (0 same, 1 one up, 2 one down, 3 a byte follows),
 *            bits 2-7 zigzag difference of the roughness number; 63 = the number follows as a varint
 *     roughness number: 0 unknown, else IRI in 0.1 m/km + 1 */
#ifndef LINK_MESSAGE_PASS_H
#define LINK_MESSAGE_PASS_H

#include "link/message_parts.h"

#define PASS_POINT_MIN_BYTES 4

void point_quantise(struct pass_point *point);
int64_t quantise_cm(int64_t mm, int64_t end_mm); /* nearest centimetre, in millimetres, below the frame's end */
struct grid_point point_at_quantise(struct grid_point at);
/* Returns the bytes written; 0 if `capacity` is too small. The points have been checked. */
size_t points_pack(const struct pass_point *points, size_t n, uint8_t *ret_bytes, size_t capacity);
/* How many points follow; BAD_INPUT if that many cannot be in these bytes. */
enum road_status points_count(const uint8_t *bytes, size_t length, size_t *ret_n);
/* ret_points has room for points_count. Places and times lie within the frame and the centuries when it is ROAD_OK. */
enum road_status points_unpack(const uint8_t *bytes, size_t length, struct pass_point *ret_points);

#endif
