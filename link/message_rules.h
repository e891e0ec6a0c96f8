/* message_rules.h - the gateway says by which rules it believes, for the record: a statement of kind "rules" about
 * "rules/<its kid>", said at its first start and whenever they change. */
#ifndef LINK_MESSAGE_RULES_H
#define LINK_MESSAGE_RULES_H

#include "link/message.h"

#define RULES_TEXT_MAX    8192 /* bytes of the plain form, one `key = value` a line */
#define RULES_PAYLOAD_MAX (RULES_TEXT_MAX + 256)

struct rules_statement {
    struct kid gateway;
    uint64_t version; /* as the rules number themselves, from 1 */
    const char *text; /* the plain form; a slice of the bytes decoded */
    size_t text_length;
    uint8_t hash[SHA256_SIZE];   /* of the text */
    bool has_before;
    uint8_t before[SHA256_SIZE]; /* of the rules until then */
    int64_t time_ns;             /* when they came into force */
};

enum road_status rules_statement_encode(const struct rules_statement *statement, uint8_t *ret_bytes, size_t capacity,
                                        size_t *ret_length);
enum road_status rules_statement_decode(const uint8_t *bytes, size_t length, struct rules_statement *ret_statement,
                                        const char **ret_field);

#endif
