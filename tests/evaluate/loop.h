/* loop.h - several drives of one loop, fused by the gateway's own code, against what was pressed on all of
 * them.
 *
 * Drives are passes of one loop if at least 80 % of the fixes of each lie within 25 m of the other. The
 * gateway gets the batches of the drives that are fused, each drive as a phone of its own, and is asked for its
 * defects. Both sides are brought to the scale of the score: of defects nearer than 25 m the most probable one
 * stands for all, with the probability that any of them is there, and counts from the cut on; presses are joined
 * into sites of at most 25 m (match_sites). A defect and a site pair within 25 m, each once. */
#ifndef EVALUATE_LOOP_H
#define EVALUATE_LOOP_H

#include "tests/evaluate/bootstrap.h"
#include "tests/evaluate/match.h"
#include "tests/evaluate/recording.h"

#define LOOP_REACH_M 25.0

struct loop_drive {
    const struct recording *recording;
    const struct place_m *presses; /* where the vehicle was */
    size_t n_presses;
};

struct loop {
    struct grid_zone zone;
    const struct loop_drive *drives; /* passes of one loop, all of them labelled */
    size_t n_drives;
    double cut; /* probability, 0..1 */
};

struct loop_score {
    size_t subsets;    /* ways of choosing the passes */
    struct tally sum;  /* over the subsets */
    struct tally near; /* `hits` of predicted and of truth alone, for precision and recall without pairing */
    double near_recalled;
    size_t n_blocks, block_capacity; /* squares of 250 m, for the bootstrap */
    struct tally *blocks;
};

/* Which drives are passes of one loop: ret_group[i] = the lowest index of its group. */
void loop_groups(struct grid_zone zone, const struct recording *const *drives, size_t n, size_t *ret_group);
/* Fuses every choice of `passes` drives of the loop; truth = the presses of all of its drives. */
void loop_score(const struct loop *loop, size_t passes, struct loop_score *ret_score);
void loop_score_done(struct loop_score *score);

#endif
