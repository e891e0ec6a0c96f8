/* message_segment.h - what the gateway says of 100 m of road in one direction (grid/segment.h), whole: a later belief
 * replaces an earlier one of the same name. It carries its own line and its road's name, so that who receives it needs
 * no road network. For message_change.c, the gateway's publisher and the server's store. */
#ifndef LINK_MESSAGE_SEGMENT_H
#define LINK_MESSAGE_SEGMENT_H

#include "grid/segment.h"
#include "link/message_parts.h"

#define SEGMENT_WAY_MAX    63  /* bytes of a way's id, printable ASCII */
#define SEGMENT_NAME_MAX   127 /* bytes of a road's name, UTF-8 */
#define SEGMENT_LINE_MAX   16
#define SEGMENT_LENGTH_CM_MAX 100000 /* between two points of its line, and all of it: 1 km */
#define SEGMENT_BELIEF_MIN_BYTES 32

struct segment_belief {
    const char *way, *name; /* slices of the bytes decoded; who encodes lends them. name "" = the road has none */
    size_t way_length, name_length;
    uint32_t index; /* along the way, from 0 */
    bool is_backward;
    enum road_class road_class;
    uint32_t length_cm;
    struct grid_point line[SEGMENT_LINE_MAX]; /* as driven; centimetres on the wire */
    size_t n_line;                            /* at least 2 */
    struct segment_facts facts;
};

/* 1 to SEGMENT_WAY_MAX bytes of printable ASCII without blanks; at most SEGMENT_NAME_MAX of UTF-8 without control characters. */
bool segment_way_is_valid(const char *way, size_t length);
bool segment_name_is_valid(const char *name, size_t length);
void check_segment_belief(struct check *check, const struct segment_belief *segment);
void put_segment_belief(struct wire_writer *writer, const struct segment_belief *segment);
void get_segment_belief(struct wire_reader *reader, struct segment_belief *ret_segment);

#endif
