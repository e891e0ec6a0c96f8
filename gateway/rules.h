/* rules.h - the rules by which evidence becomes probabilities, codes and scores: one file, with a version.
 *
 * gateway/rules.conf is the shipped form of the defaults (a test holds them together); `roadchief gateway --print-rules`
 * prints the rules in force, `rules = FILE` in gateway.conf takes others. Each key says what it is, its range and where
 * the figure comes from. Equal rules have an equal hash; what changes a hash changes what the gateway believes of old
 * evidence too, so that all is folded again and the change is recorded (docs/codes.md). */
#ifndef GATEWAY_RULES_H
#define GATEWAY_RULES_H

#include "gateway/coverage.h"
#include "link/config.h"
#include "link/message_rules.h"

/* How evidence is weighed; gateway/walk.h has the thresholds as it uses them. */
struct evidence_rules {
    struct detectors detectors;
    double prior, cap_nats, floor_nats, confirm_p, drop_p, repaired_p;
    double sure_confidence; /* 0..1 */
    int64_t feature_passes;
};
extern const struct evidence_rules evidence_rules_default;

struct gateway_rules {
    int64_t version;
    char about[96]; /* what this version is, in words */
    struct code_rules code;
    struct evidence_rules evidence;
};

void rules_default(struct gateway_rules *ret_rules);
/* ret_error: CONFIG_ERROR_SIZE. The struct is half filled when it fails. */
enum road_status rules_load(const char *path, struct gateway_rules *ret_rules, char *ret_error);
/* With every key explained; rules_load reads it again. */
void rules_print(const struct gateway_rules *rules, FILE *out);
/* One `key = value` a line, as rules_parse reads it, at most RULES_TEXT_MAX with its NUL. */
enum road_status rules_format(const struct gateway_rules *rules, char ret_text[RULES_TEXT_MAX]);
enum road_status rules_parse(const char *text, struct gateway_rules *ret_rules, char *ret_error);
/* SHA-256 of the plain form. */
void rules_hash(const struct gateway_rules *rules, uint8_t ret_hash[SHA256_SIZE]);

#endif
