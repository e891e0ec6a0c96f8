/* sample.h - a fleet at sample level: whole cars over a rough road, their sensors and receivers, the real node cores, and the
 * gateway's own code; no rate is drawn. The evaluation's course (24 lanes of 1 km) stands in for a town.
 *
 * Each round every vehicle drives every lane once, two hours after the last. Half of the course's defects are there from
 * the beginning, the others appear before a round; each begins at half of its height and reaches all of it in five rounds; a
 * crew repairs what was confirmed two rounds later and says so. One seed gives one trace on any number of threads. */
#ifndef SIM_CITY_SAMPLE_H
#define SIM_CITY_SAMPLE_H

#include <stdbool.h>
#include <stdio.h>

#include "link/sign.h"

struct sample_config {
    int vehicles, rounds, threads;
    double block_m; /* length of a lane: 1000 */
    uint64_t seed;
};
struct sample_report {
    double driven_s; /* of simulated time: the rounds' longest drives, one after another */
    double km;
    uint64_t samples, batches, detections, features;
    int defects, look_alikes;
    int there, suspected, confirmed; /* of the defects: those that appeared, and were told while there */
    int repaired, verified;
    int told_real, told_other; /* names that were confirmed: at a defect, or elsewhere */
    uint8_t trace[SHA256_SIZE];
};
/* false if memory ran out. */
bool sample_run(const struct sample_config *config, struct sample_report *ret_report);
void sample_text(FILE *out, const struct sample_report *report, double wall_s);

#endif
