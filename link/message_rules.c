#include "link/message_rules.h"

#include <string.h>

#include "link/message_parts.h"

enum { RULES_GATEWAY = 1, RULES_VERSION, RULES_TEXT, RULES_HASH, RULES_BEFORE, RULES_TIME };

static void check_rules(struct check *check, const struct rules_statement *s)
{
    uint8_t hash[SHA256_SIZE];

    check_seq(check, s->version, "rules.version");
    check_that(check, s->text_length >= 1 && s->text_length <= RULES_TEXT_MAX, ROAD_BAD_RANGE, "rules.text");
    check_time(check, s->time_ns, "rules.time");
    if (check->status != ROAD_OK)
        return;
    sha256(s->text, s->text_length, hash);
    check_that(check, memcmp(hash, s->hash, SHA256_SIZE) == 0, ROAD_BAD_INPUT, "rules.hash");
}

enum road_status rules_statement_encode(const struct rules_statement *statement, uint8_t *ret_bytes, size_t capacity,
                                        size_t *ret_length)
{
    struct check check = {0};
    struct wire_writer writer;
    struct wire_fields fields;

    check_rules(&check, statement);
    if (check.status != ROAD_OK)
        return check.status;
    wire_write(&writer, ret_bytes, capacity);
    put_header(&writer, &fields);
    wire_field_bytes(&writer, &fields, RULES_GATEWAY, statement->gateway.bytes, KID_SIZE);
    wire_field_uint(&writer, &fields, RULES_VERSION, statement->version);
    wire_field(&writer, &fields, RULES_TEXT);
    wire_put_text(&writer, statement->text, statement->text_length);
    wire_field_bytes(&writer, &fields, RULES_HASH, statement->hash, SHA256_SIZE);
    if (statement->has_before)
        wire_field_bytes(&writer, &fields, RULES_BEFORE, statement->before, SHA256_SIZE);
    wire_field_int(&writer, &fields, RULES_TIME, statement->time_ns);
    wire_fields_close(&writer, &fields);
    if (writer.status == ROAD_OK)
        *ret_length = writer.length;
    return writer.status;
}

static void get_field(struct wire_reader *reader, int64_t key, struct rules_statement *s)
{
    if (key == 0)
        get_version(reader);
    else if (key == RULES_GATEWAY)
        s->gateway = get_kid(reader, "rules.gateway");
    else if (key == RULES_VERSION)
        s->version = get_seq(reader, "rules.version");
    else if (key == RULES_TEXT)
        s->text = wire_get_text(reader, RULES_TEXT_MAX, &s->text_length, "rules.text");
    else if (key == RULES_HASH)
        wire_get_block(reader, s->hash, SHA256_SIZE, "rules.hash");
    else if (key == RULES_BEFORE) {
        wire_get_block(reader, s->before, SHA256_SIZE, "rules.before");
        s->has_before = true;
    } else if (key == RULES_TIME)
        s->time_ns = get_time(reader, "rules.time");
    else
        wire_skip(reader);
}

enum road_status rules_statement_decode(const uint8_t *bytes, size_t length, struct rules_statement *ret_statement,
                                        const char **ret_field)
{
    static const char *const required[] = {"version", "rules.gateway", "rules.version", "rules.text", "rules.hash", NULL, "rules.time"};
    struct rules_statement statement = {.text = ""};
    struct check check = {0};
    struct wire_reader reader;
    struct wire_map map;
    int64_t key;

    wire_read(&reader, bytes, length);
    wire_map_open(&reader, &map, "rules");
    while (wire_map_next(&reader, &map, &key))
        get_field(&reader, key, &statement);
    for (int i = 0; i <= RULES_TIME; i++)
        if (required[i])
            wire_map_require(&reader, &map, i, required[i]);
    if (reader.status == ROAD_OK)
        check_rules(&check, &statement);
    const enum road_status status = decode_verdict(&reader, &check, ret_field);
    if (status == ROAD_OK)
        *ret_statement = statement;
    return status;
}
