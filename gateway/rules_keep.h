/* rules_keep.h - which rules the stored batches were last believed by, and what happens when others are given.
 *
 * Table `rules` in the gateway's database: one row for each change, with the plain form and its hash. At a start by other
 * rules the batches are folded once by the old ones, so that it is known what was told, and again by the new ones; what
 * differs is told in one transaction with a statement for the record and the new row. Part of keeper_open. */
#ifndef GATEWAY_RULES_KEEP_H
#define GATEWAY_RULES_KEEP_H

#include "gateway/keeper_state.h"

/* What was told by the old rules. */
struct rules_change {
    bool is_first, is_other; /* neither: nothing is new */
    uint64_t number;         /* of the row to come */
    struct gateway_rules before;
    uint8_t hash_before[SHA256_SIZE];
    struct square_told *squares; /* with a reason */
    size_t n_squares, square_capacity;
    struct defect_belief *defects; /* by id */
    size_t n_defects, defect_capacity;
    struct feature_belief *features; /* by id */
    size_t n_features, feature_capacity;
};
struct square_told {
    struct cell cell;
    uint8_t code;
    uint32_t key;
};

/* What the database says; ret_error (KEEPER_ERROR_SIZE) if its rules are none. Without rules in the config nothing is new. */
enum road_status rules_keep_open(struct keeper *keeper, struct rules_change *ret_change, char *ret_error);
void rules_change_done(struct rules_change *change);
/* Into a config of the beliefs. */
void rules_use(const struct gateway_rules *rules, struct beliefs_config *config);
/* By the old rules, after a settling. */
void rules_keep_told(struct rules_change *change, const struct beliefs *beliefs);
/* To fresh beliefs that have the evidence and are not settled yet. */
void rules_keep_adopt(const struct rules_change *change, struct beliefs *beliefs);
/* Tells keeper->delta, less what is as it was, with the statement; and writes the row. A transaction of its own. */
enum road_status rules_keep_tell(struct keeper *keeper, struct rules_change *change);

#endif
