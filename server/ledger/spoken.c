#include "server/ledger/spoken.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "link/message_rules.h"
#include "link/verdict.h"
#include "link/wire.h"

/* "defect/<id>", with the id that the belief itself carries. */
static enum road_status check_defect(const char *subject, const uint8_t *payload, size_t length)
{
    struct defect_belief belief;
    struct kid cause_kid;
    uint64_t cause_seq;
    const char *field;
    char id[DEFECT_ID_TEXT_SIZE];

    if (defect_statement_decode(payload, length, &belief, &cause_kid, &cause_seq, &field))
        return ROAD_BAD_INPUT;
    if (strncmp(subject, "defect/", 7) != 0 || strcmp(subject + 7, defect_id_format(&belief.id, id)) != 0)
        return ROAD_BAD_INPUT;
    return ROAD_OK;
}

/* "defect/<id>", with the name that the verdict itself carries. */
static enum road_status check_verdict(const char *subject, const uint8_t *payload, size_t length)
{
    struct verdict verdict;
    char id[DEFECT_ID_TEXT_SIZE];

    if (verdict_statement_decode(payload, length, &verdict, NULL))
        return ROAD_BAD_INPUT;
    if (strncmp(subject, "defect/", 7) != 0 || strcmp(subject + 7, defect_id_format(&verdict.defect, id)) != 0)
        return ROAD_BAD_INPUT;
    return ROAD_OK;
}

/* "tile/<id>", with the tile's id under key 1 (docs/wire.cddl). */
static enum road_status check_digest(const char *subject, const uint8_t *payload, size_t length)
{
    struct wire_reader reader;
    struct wire_map map;
    int64_t key;
    uint64_t tile = 0;
    char want[32];

    wire_read(&reader, payload, length);
    wire_map_open(&reader, &map, "digest");
    while (wire_map_next(&reader, &map, &key)) {
        if (key == 1)
            tile = wire_get_uint(&reader, UINT64_MAX, "tile");
        else
            wire_skip(&reader);
    }
    snprintf(want, sizeof want, "tile/%" PRIu64, tile);
    return wire_end(&reader) == ROAD_OK && strcmp(subject, want) == 0 ? ROAD_OK : ROAD_BAD_INPUT;
}

/* "rules/<kid>", with the kid that the statement itself names. */
static enum road_status check_rules(const char *subject, const uint8_t *payload, size_t length)
{
    struct rules_statement statement;
    const char *field;
    char want[KID_TEXT_SIZE + 8], kid[KID_TEXT_SIZE];

    if (rules_statement_decode(payload, length, &statement, &field))
        return ROAD_BAD_INPUT;
    snprintf(want, sizeof want, "rules/%s", kid_format(statement.gateway, kid));
    return strcmp(subject, want) == 0 ? ROAD_OK : ROAD_BAD_INPUT;
}

enum road_status spoken_check(const char *kind, const char *subject, const uint8_t *payload, size_t length)
{
    if (strcmp(kind, "defect") == 0)
        return check_defect(subject, payload, length);
    if (strcmp(kind, "change-digest") == 0)
        return check_digest(subject, payload, length);
    if (strcmp(kind, "rules") == 0)
        return check_rules(subject, payload, length);
    if (strcmp(kind, "verdict") == 0)
        return check_verdict(subject, payload, length);
    return ROAD_BAD_INPUT;
}
