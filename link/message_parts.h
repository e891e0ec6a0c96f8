/* message_parts.h - what several messages have in common on the wire: for message_*.c and statement.c only.
 *
 * Readers check that a value fits its C type; what it may mean is checked on the struct, by the same
 * functions for sender and receiver, so that no encoder makes what the decoder refuses. */
#ifndef LINK_MESSAGE_PARTS_H
#define LINK_MESSAGE_PARTS_H

#include "link/message.h"
#include "link/wire.h"

/* The first rule that a struct breaks. */
struct check {
    enum road_status status;
    const char *field;
};
void check_that(struct check *check, bool is_true, enum road_status status, const char *field);
void check_seq(struct check *check, uint64_t seq, const char *field);
void check_time(struct check *check, int64_t time_ns, const char *field);
void check_zone(struct check *check, struct grid_zone zone, const char *field);
void check_point(struct check *check, struct grid_point at, const char *field);
void check_covariance(struct check *check, int64_t ee, int64_t en, int64_t nn, const char *field);
void check_defect_id(struct check *check, const struct defect_id *id, const char *field);
void check_belief(struct check *check, const struct defect_belief *belief);

void put_header(struct wire_writer *writer,
                struct wire_fields *ret_fields); /* opens the map, writes the version */
/* The value of key 0. */
void get_version(struct wire_reader *reader);
void put_zone(struct wire_writer *writer, struct grid_zone zone);
struct grid_zone get_zone(struct wire_reader *reader, const char *field);
struct kid get_kid(struct wire_reader *reader, const char *field);
uint64_t get_seq(struct wire_reader *reader, const char *field);
int64_t get_time(struct wire_reader *reader, const char *field);
uint16_t get_u16(struct wire_reader *reader, const char *field);
int32_t get_i32(struct wire_reader *reader, const char *field);
/* A small number that becomes an enum; its meaning is checked on the struct. */
int get_small(struct wire_reader *reader, const char *field);
void put_defect_id(struct wire_writer *writer, const struct defect_id *id);
void get_defect_id(struct wire_reader *reader, struct defect_id *ret_id, const char *field);
void put_belief(struct wire_writer *writer, const struct defect_belief *belief);
void get_belief(struct wire_reader *reader, struct defect_belief *ret_belief);

/* Ends a decoder: the reader's error or the check's, named in *ret_field (which may be NULL). */
enum road_status decode_verdict(struct wire_reader *reader, const struct check *check,
                                const char **ret_field);

#endif
