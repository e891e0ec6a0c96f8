/* The one form of an entry: key order and number form are fixed by the bytes below. */
#include "server/ledger/envelope.h"
#include "tests/check.h"

static const char vector[] =
    "{\"v\":1,\"kind\":\"defect\",\"subject\":\"defect/1795419660000000000.00112233aabbccdd.7.0\","
    "\"prev\":{\"index\":3,\"leaf\":\"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d\"},"
    "\"time\":\"2026-11-23T07:41:00.250Z\",\"said\":\"0oRDoQEn\"}";
static const uint8_t said[] = {0xd2, 0x84, 0x43, 0xa1, 0x01, 0x27}; /* base64 by coreutils: 0oRDoQEn */

static struct envelope example(void)
{
    struct envelope e = {.has_prev = true,
                         .prev_index = 3,
                         .time_ms = INT64_C(1795419660250),
                         .said = said,
                         .said_length = sizeof said};

    strcpy(e.kind, "defect");
    strcpy(e.subject, "defect/1795419660000000000.00112233aabbccdd.7.0");
    tree_leaf_hash("", 0, &e.prev_leaf); /* 6e340b9c…, RFC 6962's first leaf */
    return e;
}

FACT(an_entry_has_these_bytes)
{
    const struct envelope e = example();
    char text[1024];
    size_t length = 0;

    CHECK_STATUS(envelope_format(&e, text, sizeof text, &length), ROAD_OK);
    CHECK_STR(text, vector);
    CHECK_INT(length, strlen(vector));
}

FACT(a_first_entry_about_a_subject_has_no_prev)
{
    struct envelope e = example();
    char text[1024];
    size_t length = 0;

    e.has_prev = false;
    e.said_length = 0;
    CHECK_STATUS(envelope_format(&e, text, sizeof text, &length), ROAD_OK);
    CHECK_STR(text,
              "{\"v\":1,\"kind\":\"defect\",\"subject\":\"defect/1795419660000000000.00112233aabbccdd.7.0\","
              "\"prev\":null,\"time\":\"2026-11-23T07:41:00.250Z\",\"said\":\"\"}");
}

FACT(an_entry_is_read_back_whole)
{
    static uint8_t buffer[ENVELOPE_SAID_MAX];
    const struct envelope want = example();
    struct envelope e;

    CHECK_STATUS(envelope_parse((const uint8_t *)vector, strlen(vector), buffer, &e), ROAD_OK);
    CHECK_STR(e.kind, want.kind);
    CHECK_STR(e.subject, want.subject);
    CHECK(e.has_prev);
    CHECK_INT(e.prev_index, 3);
    CHECK(tree_hash_is_equal(&e.prev_leaf, &want.prev_leaf));
    CHECK_INT(e.time_ms, want.time_ms);
    CHECK_INT(e.said_length, sizeof said);
    CHECK(memcmp(e.said, said, sizeof said) == 0);
}

static enum road_status parse(const char *text)
{
    static uint8_t buffer[ENVELOPE_SAID_MAX];
    struct envelope e;

    return envelope_parse((const uint8_t *)text, strlen(text), buffer, &e);
}

FACT(entries_written_in_another_way_are_refused)
{
#define REST "\"time\":\"2026-11-23T07:41:00.250Z\",\"said\":\"\"}"
    static const char *const rows[] = {
        "",
        "{}",
        "[]",
        "null",
        "{ \"v\":1,\"kind\":\"a\",\"subject\":\"b\",\"prev\":null," REST,
        "{\"v\":1,\"kind\":\"a\",\"subject\":\"b\",\"prev\":null," REST "\n",
        "{\"v\":1.0,\"kind\":\"a\",\"subject\":\"b\",\"prev\":null," REST,
        "{\"kind\":\"a\",\"v\":1,\"subject\":\"b\",\"prev\":null," REST,
        "{\"v\":1,\"v\":1,\"kind\":\"a\",\"subject\":\"b\",\"prev\":null," REST,
        "{\"v\":1,\"kind\":\"a\",\"subject\":\"b\",\"more\":1,\"prev\":null," REST,
        "{\"v\":1,\"kind\":\"\\u0061\",\"subject\":\"b\",\"prev\":null," REST,
        "{\"v\":1,\"kind\":\"A\",\"subject\":\"b\",\"prev\":null," REST,
        "{\"v\":1,\"kind\":\"a\",\"subject\":\"b c\",\"prev\":null," REST,
        "{\"v\":1,\"kind\":\"a\",\"subject\":\"\",\"prev\":null," REST,
        "{\"v\":1,\"kind\":\"a\",\"subject\":\"b\",\"prev\":0," REST,
        "{\"v\":1,\"kind\":\"a\",\"subject\":\"b\",\"prev\":{\"index\":-1,\"leaf\":\"\"}," REST,
        "{\"v\":1,\"kind\":\"a\",\"subject\":\"b\",\"prev\":{\"index\":1,\"leaf\":\"00\"}," REST,
        "{\"v\":1,\"kind\":\"a\",\"subject\":\"b\",\"prev\":null,\"time\":\"2026-11-23T07:41:00Z\",\"said\":"
        "\"\"}",
        "{\"v\":1,\"kind\":\"a\",\"subject\":\"b\",\"prev\":null,\"time\":\"2026-11-31T07:41:00.000Z\","
        "\"said\":\"\"}",
        "{\"v\":1,\"kind\":\"a\",\"subject\":\"b\",\"prev\":null,\"time\":\"2026-11-23T07:41:00.250Z\","
        "\"said\":\"A\"}",
        "{\"v\":1,\"kind\":\"a\",\"subject\":\"b\",\"prev\":null,\"time\":\"2026-11-23T07:41:00.250Z\","
        "\"said\":\"AB==\"}",
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (parse(rows[i]) == ROAD_OK)
            CHECK_FAILED("row %zu was taken: %s", i, rows[i]);
    CHECK_STATUS(parse("{\"v\":1,\"kind\":\"a\",\"subject\":\"b\",\"prev\":null," REST), ROAD_OK);
    CHECK_STATUS(parse("{\"v\":2,\"kind\":\"a\",\"subject\":\"b\",\"prev\":null," REST), ROAD_BAD_VERSION);
}

FACT(what_does_not_belong_in_an_entry_is_not_written)
{
    struct envelope e = example();
    char text[ENTRY_MAX + 1];
    size_t length;

    e.time_ms = -1;
    CHECK_STATUS(envelope_format(&e, text, sizeof text, &length), ROAD_BAD_INPUT);
    e = example();
    strcpy(e.subject, "defect/\"");
    CHECK_STATUS(envelope_format(&e, text, sizeof text, &length), ROAD_BAD_INPUT);
    e = example();
    strcpy(e.kind, "");
    CHECK_STATUS(envelope_format(&e, text, sizeof text, &length), ROAD_BAD_INPUT);
    e = example();
    CHECK_STATUS(envelope_format(&e, text, strlen(vector), &length), ROAD_TOO_LARGE);
    e.said_length = ENVELOPE_SAID_MAX + 1;
    CHECK_STATUS(envelope_format(&e, text, sizeof text, &length), ROAD_TOO_LARGE);
}

FACT(the_largest_statement_fits)
{
    static uint8_t big[ENVELOPE_SAID_MAX], back[ENVELOPE_SAID_MAX];
    struct envelope e = example(), again;
    char text[ENTRY_MAX + 1];
    size_t length = 0;

    memset(big, 0xa5, sizeof big);
    e.said = big;
    e.said_length = sizeof big;
    CHECK_STATUS(envelope_format(&e, text, sizeof text, &length), ROAD_OK);
    CHECK_STATUS(envelope_parse((const uint8_t *)text, length, back, &again), ROAD_OK);
    CHECK(again.said_length == sizeof big && memcmp(back, big, sizeof big) == 0);
}

int main(int argc, char **argv)
{
    return check_main(argc, argv);
}
