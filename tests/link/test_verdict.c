#include "link/verdict.h"
#include "link/wire.h"
#include "tests/check.h"
#include "tests/link/fixtures.h"

static struct verdict verdict_random(struct chance *chance)
{
    struct verdict v = {.defect = {.time_ns = chance_between(chance, TIME_MIN_NS, TIME_MAX_NS),
                                   .seq = (uint64_t)chance_between(chance, 1, INT64_MAX - 1),
                                   .index = (uint32_t)chance_between(chance, 0, UINT32_MAX)},
                        .kind = (enum verdict_kind)chance_between(chance, 1, VERDICT_KIND_COUNT),
                        .time_ns = chance_between(chance, TIME_MIN_NS, TIME_MAX_NS)};

    for (int i = 0; i < KID_SIZE; i++) {
        v.defect.kid.bytes[i] = (uint8_t)chance_next(chance);
        v.by.bytes[i] = (uint8_t)chance_next(chance);
    }
    if (v.kind == VERDICT_REJECTED)
        v.reason = (enum verdict_reason)chance_between(chance, 1, VERDICT_REASON_COUNT);
    return v;
}

FACT(a_verdict_comes_back_as_it_was_sent)
{
    struct chance chance = {11};
    uint8_t bytes[256];
    size_t length;

    for (int round = 0; round < 2000; round++) {
        const struct verdict sent = verdict_random(&chance);
        const uint64_t seq = (uint64_t)chance_between(&chance, 1, INT64_MAX - 1);
        struct verdict got;
        uint64_t got_seq = 0;
        CHECK_STATUS(verdict_encode(&sent, seq, bytes, sizeof bytes, &length), ROAD_OK);
        CHECK_STATUS(verdict_decode(bytes, length, &got, &got_seq, NULL), ROAD_OK);
        CHECK_INT(verdict_compare(&sent, &got), 0);
        CHECK(got_seq == seq);
        CHECK_STATUS(verdict_statement_encode(&sent, bytes, sizeof bytes, &length), ROAD_OK);
        CHECK_STATUS(verdict_statement_decode(bytes, length, &got, NULL), ROAD_OK);
        CHECK_INT(verdict_compare(&sent, &got), 0);
    }
}

FACT(what_cannot_be_is_refused_by_both_ends_with_its_name)
{
    static const struct {
        const char *field;
        int kind, reason;
        int64_t time_ns;
        enum road_status status;
    } rows[] = {
        {"verdict.kind", 0, 0, TIME_MIN_NS, ROAD_BAD_RANGE},
        {"verdict.kind", VERDICT_KIND_COUNT + 1, 0, TIME_MIN_NS, ROAD_BAD_RANGE},
        {"verdict.reason", VERDICT_REJECTED, VERDICT_REASON_COUNT + 1, TIME_MIN_NS, ROAD_BAD_RANGE},
        {"verdict.reason", VERDICT_REJECTED, 0, TIME_MIN_NS, ROAD_BAD_INPUT}, /* nobody is rejected without a reason */
        {"verdict.reason", VERDICT_REPAIRED, REASON_OTHER, TIME_MIN_NS, ROAD_BAD_INPUT},
        {"verdict.time", VERDICT_REPAIRED, 0, TIME_MIN_NS - 1, ROAD_BAD_RANGE},
    };
    struct chance chance = {12};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct verdict v = verdict_random(&chance), got;
        uint8_t bytes[256];
        struct wire_writer w;
        const char *field = "";
        uint64_t seq;
        size_t length;

        v.kind = (enum verdict_kind)rows[i].kind;
        v.reason = (enum verdict_reason)rows[i].reason;
        v.time_ns = rows[i].time_ns;
        CHECK_STATUS(verdict_encode(&v, 1, bytes, sizeof bytes, &length), rows[i].status);
        wire_write(&w, bytes, sizeof bytes); /* the same by hand */
        const uint8_t head[] = {0xa3, 0x00, 0x01, 0x01, 0x01, 0x02, 0xa5, 0x01};
        memcpy(bytes, head, sizeof head);
        w.length = sizeof head;
        wire_put_array(&w, 4);
        wire_put_int(&w, v.defect.time_ns);
        wire_put_bytes(&w, v.defect.kid.bytes, KID_SIZE);
        wire_put_uint(&w, v.defect.seq);
        wire_put_uint(&w, v.defect.index);
        const int64_t rest[] = {2, v.kind, 3, v.time_ns};
        for (size_t k = 0; k < 4; k++)
            wire_put_int(&w, rest[k]);
        wire_put_int(&w, 4);
        wire_put_bytes(&w, v.by.bytes, KID_SIZE);
        wire_put_int(&w, 5);
        wire_put_int(&w, v.reason);
        CHECK_STATUS(verdict_decode(bytes, w.length, &got, &seq, &field), rows[i].status);
        CHECK_STR(field, rows[i].field);
    }
}

FACT(a_message_without_its_number_is_a_statement_only)
{
    struct chance chance = {13};
    const struct verdict v = verdict_random(&chance);
    struct verdict got;
    uint8_t bytes[256];
    const char *field = "";
    uint64_t seq;
    size_t length;

    CHECK_STATUS(verdict_encode(&v, 0, bytes, sizeof bytes, &length), ROAD_BAD_RANGE);
    CHECK_STATUS(verdict_statement_encode(&v, bytes, sizeof bytes, &length), ROAD_OK);
    CHECK(verdict_decode(bytes, length, &got, &seq, &field) != ROAD_OK);
    CHECK_STR(field, "seq");
}

FACT(every_shortening_is_refused)
{
    struct chance chance = {14};
    const struct verdict v = verdict_random(&chance);
    struct verdict got;
    uint8_t bytes[256];
    uint64_t seq;
    size_t length;

    CHECK_STATUS(verdict_encode(&v, 77, bytes, sizeof bytes, &length), ROAD_OK);
    for (size_t n = 0; n < length; n++)
        CHECK(verdict_decode(bytes, n, &got, &seq, NULL) != ROAD_OK);
}

int main(int argc, char **argv)
{
    return check_main(argc, argv);
}
