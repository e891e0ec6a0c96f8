/* baseline.h - what vehicles usually make of one thing on the road, and what stands out of it.
 *
 * Strengths are logarithms in micro-nats, one a unit (vehicle and hour), in the order of events. A vehicle is compared
 * with what it usually makes of the thing, as far as that is known (best linear prediction of a random effect: the mean
 * of its own values, drawn to the median of all), else with the median. The spread between passes of one vehicle comes
 * from its steps, that between vehicles is what is left of the whole. Pure; memory grows with the vehicles. */
#ifndef GATEWAY_BASELINE_H
#define GATEWAY_BASELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BASELINE_UNITS 64 /* the latest that it is taken over */

/* The latest values, sorted, with the order in which they came. */
struct latest {
    int64_t sorted[BASELINE_UNITS], ring[BASELINE_UNITS];
    size_t n, next;
};
void latest_add(struct latest *latest, int64_t value);
/* The lower median, that of the values below it, and that of the distances from it; 0 of nothing. */
int64_t latest_median(const struct latest *latest);
int64_t latest_quarter(const struct latest *latest);
int64_t latest_mad(const struct latest *latest);

struct baseline {
    struct latest strengths; /* of units that did not stand out */
    struct latest steps;     /* between one unit of a vehicle and its next, without sign */
    struct habit *habits;    /* what each vehicle makes of it */
    size_t n_habits, habit_capacity;
};
/* Zeroed is empty. */
void baseline_done(struct baseline *baseline);
/* There are so many units, of two vehicles. */
bool baseline_is_known(const struct baseline *baseline, unsigned passes_min);

struct felt {
    uint32_t speaker;
    int64_t strength_micro;
    double noise_micro; /* 1 sigma of this strength */
};
struct baseline_verdict {
    bool stands_out;      /* of what this vehicle makes of it: + 50 % or + 3 MAD */
    bool is_strong;       /* likewise, of what all make of it */
    int64_t excess_micro; /* over what was expected of the vehicle */
    double pf;            /* how often a sound thing is felt so strongly: the tail of a normal distribution */
};
/* Against what was learnt so far. */
struct baseline_verdict baseline_judge(struct baseline *baseline, const struct felt *felt);
/* What stands out moves nothing but the vehicle's steps, so that a cover that sank stays sunk however many feel it; only who
 * comes for the first time is learnt as it is. `is_usual`: learn it all the same, whatever the verdict. */
void baseline_learn(struct baseline *baseline, const struct felt *felt, const struct baseline_verdict *verdict,
                    bool is_usual);

#endif
