/* expect.h - how long it should take until a defect is suspected and confirmed, in closed form; docs/fleet.md derives it.
 *
 * Passes of a place are a Poisson process that runs from 06 to 22 h. Each pass is of a receiver class, with or without a
 * camera, and tells or not; the rule of the gateway (domain figures 2.4, written down here once more) makes a walk of the
 * log-odds of that. reached[k] = probability that k passes are enough; the time follows from how many passes there are by
 * then. No gateway code, no randomness. */
#ifndef SIM_CITY_EXPECT_H
#define SIM_CITY_EXPECT_H

#include "tests/sim/city/rates.h"

#define EXPECT_PASSES 400
#define EXPECT_CLASSES 4 /* as enum gnss_class */
#define DAY_FROM_H 6
#define DAY_TO_H 22

struct expect_fleet {
    double share[EXPECT_CLASSES][2]; /* of the passes: by receiver, without and with a camera; sum 1 */
    double sigma_m[EXPECT_CLASSES];
    double start_nats; /* log-odds before the first hit: EXPECT_PRIOR_NATS at a place that nobody watched before,
                        * EXPECT_FLOOR_NATS where clean passes have brought them down as far as they go */
    bool is_domain_rates;
};
struct expect_reach {
    double suspected[EXPECT_PASSES + 1], confirmed[EXPECT_PASSES + 1]; /* by that many passes */
};

/* One kind of pass and what it may come to: for the walk, and for whoever wants to throw dice instead. */
struct expect_outcome {
    double probability;
    double first_nats, later_nats; /* what it adds if it is the first hit, or comes after it */
    bool is_hit;
};
#define EXPECT_OUTCOMES (EXPECT_CLASSES * 2 * 8)
/* For a defect of which the middle lies `off_m` right of the line of the left wheels. Returns how many; probabilities sum to 1. */
int expect_outcomes(const struct expect_fleet *fleet, const struct defect_rates *rates, bool is_big, double off_m,
                    struct expect_outcome ret_outcomes[EXPECT_OUTCOMES]);
#define EXPECT_CONFIRM_NATS 2.1972246 /* p = 0.9 */
#define EXPECT_PRIOR_NATS (-6.9067548) /* p = 0.001 */
#define EXPECT_FLOOR_NATS (EXPECT_PRIOR_NATS - 2)

/* For one such defect, and for all new ones that these senses can find, as often as they appear. */
void expect_reached_at(const struct expect_fleet *fleet, const struct defect_rates *rates, bool is_big, double off_m,
                       struct expect_reach *ret_reach);
void expect_reached(const struct expect_fleet *fleet, enum seen_by seen_by, struct expect_reach *ret_reach);
/* Hours until a share of them is reached that appear at any hour of the day, at so many passes a day; NAN if never. */
double expect_hours(const double reached[EXPECT_PASSES + 1], double passes_a_day, double share);
/* The same as a probability: reached within so many hours. */
double expect_within(const double reached[EXPECT_PASSES + 1], double passes_a_day, double hours);

#endif
