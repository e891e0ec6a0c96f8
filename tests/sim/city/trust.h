/* trust.h - the campaign: how soon real defects are told, how often what is told is real, against closed forms and the
 * wanted figures. `roadchief simulate fleet trust`. */
#ifndef SIM_CITY_TRUST_H
#define SIM_CITY_TRUST_H

#include <stdio.h>

#include "tests/sim/city/city.h"
#include "tests/sim/city/expect.h"

#define TRUST_WARM_UP_DAYS 10
#define TRUST_TAIL_DAYS 13 /* 300 h: the longest wanted median */

/* 900 vehicles, 300 of them with a camera, 23,000 km a day on 10,000 lane-km, or a part of it of the same densities. */
struct city_config trust_config(double scale, uint64_t seed);
/* A town with so many lane-km for `scale`, a fifth of them arterial; false if memory ran out. */
bool trust_town(struct town *ret_town, double scale);

/* What passes of this fleet a place sees, from what was driven. */
void trust_fleet(const struct city *city, struct expect_fleet *ret_fleet);
double trust_passes_a_day(const struct city *city, bool is_main, double days);
/* Which defects; -1 = any. */
struct trust_group {
    int seen_by, is_main, type, severity; /* severity: the first */
};
/* Hours until a share of the defects of a group was suspected, or confirmed, of those that appeared after the warm-up and
 * before the tail; NAN if less than that share ever was. *ret_n: how many there are. */
double trust_hours(const struct city *city, const struct trust_group *group, bool is_confirmed, double share, int *ret_n);
/* Markdown tables; true if every wanted figure is reached. */
bool trust_report(FILE *out, const struct city *city);
/* By road class, type and first severity: a Markdown table; and what a drawing needs, tab by tab: each group's quantiles
 * beside the closed form's. */
void trust_distribution(FILE *out, const struct city *city);
void trust_quantiles(FILE *out, const struct city *city);
/* What the closed form says other fleets would make of it. */
void trust_variants(FILE *out, const struct city *city);

#endif
