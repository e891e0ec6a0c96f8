/* walk.h - the probability of one defect, day by day.
 *
 * Log-odds L = ln p / (1 - p) start at the prior 1e-3; hits add ln(Pd / Pf), watched passes without a hit add
 * ln((1 - w Pd) / (1 - Pf)); kept within [L0 - 2, +6] at the end of each UTC day. Schmitt trigger: confirmed at
 * p >= 0.9, dropped at p <= 0.3 and only if the clearing passes since the last hit come from at least two nodes, and
 * those without the busiest of them have come a third of the way.
 * Days are the steps so that the order of arrival within a day cannot matter. Sums are micro-nats in int64. Pure.
 *
 * What people say stands among the evidence in event order; a verdict ends a step like midnight does, and what was
 * observed in its own UTC hour counts as before it. The claim of a repair moves no odds: it starts a count of clean
 * passes. Their product of P(miss | still there) at most 0.01, and 0.22 (a third of the way) without any one node's, verifies; an inspector of another party
 * verifies at once; one hit above suspicion reopens, and the defect is then what it was when the claim came.
 * Source of the figures: the domain figures in docs/gateway.md, "Evidence" and "Repair and return". */
#ifndef GATEWAY_WALK_H
#define GATEWAY_WALK_H

#include "link/verdict.h"

#define MICRO 1000000
/* The thresholds of the rules (gateway/rules.conf), in micro-nats of log-odds. */
struct walk_rules {
    int64_t prior_micro;   /* as shipped ln(0.001 / 0.999) */
    int64_t cap_micro;     /* 6 */
    int64_t floor_micro;   /* the prior less 2 */
    int64_t confirm_micro; /* p = 0.9. Alone, from an even chance, a hit that lifts it there reopens a repair too: a doubted
                              one, or one that may lie anywhere within 15 m, does not. Ours. */
    int64_t drop_micro;    /* p = 0.3 */
    int64_t repaired_micro; /* ln 0.01: P(miss | still there) of all passes since a claim */
    int64_t sure_permille; /* 500: a node that holds its sighting for more likely than not is taken at its word */
};
/* Of probabilities and nats as the rules have them. */
struct walk_rules walk_rules_of(double prior, double cap_nats, double floor_nats, double confirm_p, double drop_p,
                                double repaired_p, double sure_confidence);
#define REPAIR_REOPEN_DAYS 30 /* after that a hit at the same place is a new defect; ours */

/* One unit of evidence: a vehicle, an hour, a sensor; it hit the defect or it passed without a hit. */
struct evidence_item {
    int64_t hour; /* UTC, since 1970 */
    uint32_t speaker;
    enum sense sensor;
    bool is_hit, is_phone;
    int64_t log_odds_micro;
    int64_t miss_micro; /* of a pass without a hit: ln P(miss | still there), see miss_if_there */
};

struct walk_end {
    enum defect_state state; /* suspected, confirmed, dropped or repaired */
    int64_t log_odds_micro;
    bool may_be_red; /* by the hits since it was last dropped, or by a person's yes */
    bool was_confirmed; /* on some day */
    struct repair repair;
};

/* ln(Pd / Pf) weighed by confidence, less the cost of not knowing the place: see docs/gateway.md. */
int64_t hit_log_odds(const struct walk_rules *rules, double pd, double pf, double sigma_m, bool is_first,
                     int confidence_permille);
/* ln((1 - w Pd) / (1 - Pf)), never above 0. */
int64_t miss_log_odds(double w, double pd, double pf);
/* ln(1 - w Pd): what a verifying pass counts. */
int64_t miss_if_there(double w, double pd);
int posterior_permille(int64_t log_odds_micro);

/* Sorts the items by hour. `tau_h` > 0: the odds fade to the prior with this time constant (ponding, litter), up to
 * `until_day` (days since 1970). */
void walk_days(const struct walk_rules *rules, struct evidence_item *items, size_t n, int tau_h, int64_t until_day, struct walk_end *ret_end);
/* The same with what people said of it; sorts the verdicts too. */
void walk_days_said(const struct walk_rules *rules, struct evidence_item *items, size_t n, struct verdict *verdicts, size_t n_verdicts, int tau_h,
                    int64_t until_day, struct walk_end *ret_end);

#endif
