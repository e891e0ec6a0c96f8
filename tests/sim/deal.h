/* deal.h - what is put on a road: the 18 fixed things of the demo's district, and things of every kind with sizes drawn
 * at random. docs/simulator.md lists the ranges. */
#ifndef SIM_DEAL_H
#define SIM_DEAL_H

#include "tests/sim/placed.h"
#include "tests/sim/random.h"

/* The `index`-th thing of the demo's district; lane and station are the caller's. */
void sim_deal_template(int index, struct sim_random *random, struct sim_placed *ret_placed);
/* One defect or one look-alike; two for a bridge's pair of joints. Returns how many. */
int sim_deal(bool is_defect, struct sim_random *random, struct sim_placed ret_placed[2]);
/* It lies across the whole road, both lanes. */
bool sim_deal_spans(const struct sim_placed *placed);

#endif
