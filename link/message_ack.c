#include "link/message_parts.h"

#define REASON_MAX 255 /* room for reasons that newer receivers may have */

enum { ACK_SPEAKER = 1, ACK_UPTO, ACK_IS_GAP, ACK_REFUSED };

static void check_ack(struct check *check, const struct ack *ack)
{
    check_that(check, ack->upto <= INT64_MAX, ROAD_BAD_RANGE, "upto");
    check_that(check, ack->n_refused <= ACK_REFUSED_MAX, ROAD_TOO_LARGE, "refused");
    for (size_t i = 0; i < ack->n_refused && check->status == ROAD_OK; i++) {
        check_seq(check, ack->refused[i].seq, "refused.seq");
        check_that(check, ack->refused[i].seq <= ack->upto, ROAD_BAD_RANGE, "refused.seq");
        check_that(check, (unsigned)ack->refused[i].reason - 1u < REASON_MAX, ROAD_BAD_RANGE,
                   "refused.reason");
    }
}

enum road_status ack_encode(const struct ack *ack, uint8_t *ret_bytes, size_t capacity, size_t *ret_length)
{
    struct check check = {0};
    struct wire_writer writer;
    struct wire_fields fields;

    check_ack(&check, ack);
    if (check.status != ROAD_OK)
        return check.status;
    wire_write(&writer, ret_bytes, capacity);
    put_header(&writer, &fields);
    wire_field_bytes(&writer, &fields, ACK_SPEAKER, ack->speaker.bytes, KID_SIZE);
    wire_field_uint(&writer, &fields, ACK_UPTO, ack->upto);
    wire_field(&writer, &fields, ACK_IS_GAP);
    wire_put_bool(&writer, ack->is_gap);
    wire_field(&writer, &fields, ACK_REFUSED);
    wire_put_array(&writer, ack->n_refused);
    for (size_t i = 0; i < ack->n_refused; i++) {
        wire_put_array(&writer, 2);
        wire_put_uint(&writer, ack->refused[i].seq);
        wire_put_uint(&writer, (uint64_t)ack->refused[i].reason);
    }
    wire_fields_close(&writer, &fields);
    if (writer.status == ROAD_OK)
        *ret_length = writer.length;
    return writer.status;
}

static void get_refused(struct wire_reader *reader, struct ack *ack)
{
    const size_t n = wire_array_open(reader, ACK_REFUSED_MAX, "refused");

    for (size_t i = 0; i < n && reader->status == ROAD_OK; i++) {
        wire_tuple_open(reader, 2, "refused");
        ack->refused[i].seq = get_seq(reader, "refused.seq");
        ack->refused[i].reason = (enum road_status)wire_get_uint(reader, REASON_MAX, "refused.reason");
        wire_close(reader);
    }
    wire_close(reader);
    ack->n_refused = n;
}

enum road_status ack_decode(const uint8_t *bytes, size_t length, struct ack *ret_ack, const char **ret_field)
{
    struct wire_reader reader;
    struct wire_map map;
    struct ack ack = {0};
    struct check check = {0};
    int64_t key;

    wire_read(&reader, bytes, length);
    wire_map_open(&reader, &map, "ack");
    while (wire_map_next(&reader, &map, &key)) {
        if (key == 0)
            get_version(&reader);
        else if (key == ACK_SPEAKER)
            ack.speaker = get_kid(&reader, "speaker");
        else if (key == ACK_UPTO)
            ack.upto = get_seq(&reader, "upto");
        else if (key == ACK_IS_GAP)
            ack.is_gap = wire_get_bool(&reader, "is_gap");
        else if (key == ACK_REFUSED)
            get_refused(&reader, &ack);
        else
            wire_skip(&reader);
    }
    wire_map_require(&reader, &map, 0, "version");
    wire_map_require(&reader, &map, ACK_SPEAKER, "speaker");
    wire_map_require(&reader, &map, ACK_UPTO, "upto");
    wire_map_require(&reader, &map, ACK_IS_GAP, "is_gap");
    wire_map_require(&reader, &map, ACK_REFUSED, "refused");
    if (reader.status == ROAD_OK)
        check_ack(&check, &ack);
    const enum road_status status = decode_verdict(&reader, &check, ret_field);
    if (status == ROAD_OK)
        *ret_ack = ack;
    return status;
}
