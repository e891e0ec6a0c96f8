/* report.h - what a simulated fleet came to: for a person, as JSON, and one line for each defect as CSV. */
#ifndef SIM_CITY_REPORT_H
#define SIM_CITY_REPORT_H

#include <stdio.h>

#include "tests/sim/city/city.h"

struct city_speed {
    double wall_s, simulated_s;
};
void report_text(FILE *out, const struct city *city, const struct city_speed *speed);
void report_json(FILE *out, const struct city *city, const struct city_speed *speed);
/* Every defect that appeared, and when what became of it: hours since the start, empty = never. */
void report_things(FILE *out, const struct city *city);
void trace_text(const struct city *city, char ret_text[2 * SHA256_SIZE + 1]);

#endif
