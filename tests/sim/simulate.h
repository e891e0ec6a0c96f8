/* simulate.h - `roadchief simulate`: a district with known truth and recorded drives, from one seed. The files it
 * writes are described in docs/deployment.md. */
#ifndef SIM_SIMULATE_H
#define SIM_SIMULATE_H

#include <stdbool.h>
#include <stdint.h>

#include "grid/verb.h"

extern const struct verb sim_verbs[];

struct simulate_options {
    const char *out;
    uint64_t seed;
    int rounds;        /* drives of each vehicle; each covers every lane once */
    double block_m;
    double sample_hz;  /* 0 = each vehicle's own */
    bool is_course;    /* the evaluation's course instead of the demo's district */
    int vehicles;      /* of a course */
    double defects_per_km, look_alikes_per_km; /* of a course */
    double lat_deg, lon_deg;
    int64_t start_s;   /* UTC of the first drive; 0 = so that the last one is over by now */
    int is_quiet;
};
void simulate_options_default(struct simulate_options *ret_options);
/* 0, or 1 with the reason on standard error. simulate_place writes roads.geojson and truth.geojson (no
 * crossings yet), which a map can show before anything is driven. */
int simulate_place(const struct simulate_options *options);
int simulate_district(const struct simulate_options *options);

#endif
