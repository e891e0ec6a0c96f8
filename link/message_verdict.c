#include "link/message_parts.h"
#include "link/verdict.h"

enum { MESSAGE_SEQ = 1, MESSAGE_VERDICT };
enum { VERDICT_DEFECT = 1, VERDICT_KIND, VERDICT_TIME, VERDICT_BY, VERDICT_REASON };

static void check_verdict(struct check *check, const struct verdict *verdict)
{
    check_defect_id(check, &verdict->defect, "verdict.defect");
    check_that(check, verdict->kind >= 1 && verdict->kind <= VERDICT_KIND_COUNT, ROAD_BAD_RANGE, "verdict.kind");
    check_that(check, (unsigned)verdict->reason <= VERDICT_REASON_COUNT, ROAD_BAD_RANGE, "verdict.reason");
    check_that(check, (verdict->kind == VERDICT_REJECTED) == (verdict->reason != REASON_NONE), ROAD_BAD_INPUT,
               "verdict.reason");
    check_time(check, verdict->time_ns, "verdict.time");
}

static void put_verdict(struct wire_writer *writer, const struct verdict *verdict)
{
    struct wire_fields fields;

    wire_fields_open(writer, &fields);
    wire_field(writer, &fields, VERDICT_DEFECT);
    put_defect_id(writer, &verdict->defect);
    wire_field_int(writer, &fields, VERDICT_KIND, verdict->kind);
    wire_field_int(writer, &fields, VERDICT_TIME, verdict->time_ns);
    wire_field_bytes(writer, &fields, VERDICT_BY, verdict->by.bytes, KID_SIZE);
    wire_field_nonzero(writer, &fields, VERDICT_REASON, verdict->reason);
    wire_fields_close(writer, &fields);
}

static void get_verdict(struct wire_reader *reader, struct verdict *ret_verdict)
{
    struct wire_map map;
    int64_t key;

    *ret_verdict = (struct verdict){.reason = REASON_NONE};
    wire_map_open(reader, &map, "verdict");
    while (wire_map_next(reader, &map, &key)) {
        if (key == VERDICT_DEFECT)
            get_defect_id(reader, &ret_verdict->defect, "verdict.defect");
        else if (key == VERDICT_KIND)
            ret_verdict->kind = (enum verdict_kind)get_small(reader, "verdict.kind");
        else if (key == VERDICT_TIME)
            ret_verdict->time_ns = get_time(reader, "verdict.time");
        else if (key == VERDICT_BY)
            ret_verdict->by = get_kid(reader, "verdict.by");
        else if (key == VERDICT_REASON)
            ret_verdict->reason = (enum verdict_reason)get_small(reader, "verdict.reason");
        else
            wire_skip(reader);
    }
    wire_map_require(reader, &map, VERDICT_DEFECT, "verdict.defect");
    wire_map_require(reader, &map, VERDICT_KIND, "verdict.kind");
    wire_map_require(reader, &map, VERDICT_TIME, "verdict.time");
    wire_map_require(reader, &map, VERDICT_BY, "verdict.by");
}

/* `seq` 0: the statement, which has no number. */
static enum road_status encode(const struct verdict *verdict, uint64_t seq, uint8_t *ret_bytes, size_t capacity,
                               size_t *ret_length)
{
    struct check check = {0};
    struct wire_writer writer;
    struct wire_fields fields;

    check_verdict(&check, verdict);
    if (check.status != ROAD_OK)
        return check.status;
    wire_write(&writer, ret_bytes, capacity);
    put_header(&writer, &fields);
    if (seq)
        wire_field_uint(&writer, &fields, MESSAGE_SEQ, seq);
    wire_field(&writer, &fields, MESSAGE_VERDICT);
    put_verdict(&writer, verdict);
    wire_fields_close(&writer, &fields);
    if (writer.status == ROAD_OK)
        *ret_length = writer.length;
    return writer.status;
}

static enum road_status decode(const uint8_t *bytes, size_t length, bool is_numbered, struct verdict *ret_verdict,
                               uint64_t *ret_seq, const char **ret_field)
{
    struct verdict verdict = {.reason = REASON_NONE};
    struct check check = {0};
    struct wire_reader reader;
    struct wire_map map;
    uint64_t seq = 0;
    int64_t key;

    wire_read(&reader, bytes, length);
    wire_map_open(&reader, &map, "verdict");
    while (wire_map_next(&reader, &map, &key)) {
        if (key == 0)
            get_version(&reader);
        else if (key == MESSAGE_SEQ && is_numbered)
            seq = get_seq(&reader, "seq");
        else if (key == MESSAGE_VERDICT)
            get_verdict(&reader, &verdict);
        else
            wire_skip(&reader);
    }
    wire_map_require(&reader, &map, 0, "version");
    wire_map_require(&reader, &map, MESSAGE_VERDICT, "verdict");
    if (is_numbered)
        check_seq(&check, seq, "seq");
    check_verdict(&check, &verdict);
    const enum road_status status = decode_verdict(&reader, &check, ret_field);
    if (status != ROAD_OK)
        return status;
    *ret_verdict = verdict;
    if (ret_seq)
        *ret_seq = seq;
    return ROAD_OK;
}

enum road_status verdict_encode(const struct verdict *verdict, uint64_t seq, uint8_t *ret_bytes, size_t capacity,
                                size_t *ret_length)
{
    if (seq < 1 || seq > INT64_MAX)
        return ROAD_BAD_RANGE;
    return encode(verdict, seq, ret_bytes, capacity, ret_length);
}

enum road_status verdict_decode(const uint8_t *bytes, size_t length, struct verdict *ret_verdict, uint64_t *ret_seq,
                                const char **ret_field)
{
    return decode(bytes, length, true, ret_verdict, ret_seq, ret_field);
}

enum road_status verdict_statement_encode(const struct verdict *verdict, uint8_t *ret_bytes, size_t capacity,
                                          size_t *ret_length)
{
    return encode(verdict, 0, ret_bytes, capacity, ret_length);
}

enum road_status verdict_statement_decode(const uint8_t *bytes, size_t length, struct verdict *ret_verdict,
                                          const char **ret_field)
{
    return decode(bytes, length, false, ret_verdict, NULL, ret_field);
}

int verdict_compare(const struct verdict *a, const struct verdict *b)
{
    const int by_defect = defect_id_compare(&a->defect, &b->defect), by_kid = kid_compare(a->by, b->by);

    if (by_defect != 0)
        return by_defect;
    if (a->time_ns != b->time_ns)
        return a->time_ns < b->time_ns ? -1 : 1;
    if (a->kind != b->kind)
        return a->kind < b->kind ? -1 : 1;
    if (by_kid != 0)
        return by_kid;
    return (a->reason > b->reason) - (a->reason < b->reason);
}
