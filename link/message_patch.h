/* message_patch.h - leaf patches on the wire, for message_change.c: many plain squares in few bytes. */
#ifndef LINK_MESSAGE_PATCH_H
#define LINK_MESSAGE_PATCH_H

#include "link/message_parts.h"

/* The least bytes that one can take: head, leaf, mask, head and one cover. */
#define PATCH_MIN_BYTES 6

/* `before`: the patch before it in the change, NULL for the first; their leaves ascend. */
void check_patch(struct check *check, const struct leaf_patch *patch, const struct leaf_patch *before,
                 struct grid_zone zone);
void put_patch(struct wire_writer *writer, const struct leaf_patch *patch);
void get_patch(struct wire_reader *reader, struct leaf_patch *ret_patch);

#endif
