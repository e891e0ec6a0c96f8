/* traffic.h - where vehicles turn at crossings, so that each road gets its share of the kilometres.
 *
 * A vehicle at a crossing takes any lane but the one back (back only out of a dead end), with a chance in proportion to the
 * lane's weight. The weights are fitted until the stationary flow of this walk passes each place of a class as often as
 * wanted: passes of one place are then close to a Poisson process of that rate. Pure but for memory. */
#ifndef SIM_CITY_TRAFFIC_H
#define SIM_CITY_TRAFFIC_H

#include "tests/sim/city/town.h"
#include "tests/sim/random.h"

struct traffic {
    double *weight; /* of each lane */
    double *flow;   /* passes of each lane per lane driven; sums to 1 */
    double *until;  /* running sum of flow x length: where a vehicle is, where traffic wears the road */
};

/* `wanted[class]`: passes of a place of this class in proportion to the others; > 0. false if memory ran out. */
bool traffic_fit(struct traffic *ret_traffic, const struct town *town, const double wanted[4]);
void traffic_done(struct traffic *traffic);
int traffic_next(const struct traffic *traffic, const struct town *town, int lane, struct sim_random *random);
/* A lane by the metres driven on it. */
int traffic_draw(const struct traffic *traffic, const struct town *town, struct sim_random *random);
/* Of the kilometres driven, those on arterials. */
double traffic_main_share(const struct traffic *traffic, const struct town *town);
/* How unevenly places of the arterials (is_main) or of the other roads are passed: standard deviation over mean. */
double traffic_unevenness(const struct traffic *traffic, const struct town *town, bool is_main);

#endif
