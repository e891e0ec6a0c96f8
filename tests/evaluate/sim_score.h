/* sim_score.h - the figures of `evaluate sim`: counts from claims and crossings, as text in Markdown tables or as JSON. */
#ifndef EVALUATE_SIM_SCORE_H
#define EVALUATE_SIM_SCORE_H

#include "tests/evaluate/sim_set.h"

#define SIM_BANDS 4 /* speeds up to 25, 40, 55 km/h, and above */
#define SIM_BINS 10 /* of confidence */
#define SIM_KINDS_MAX 24
#define SIM_UNITS_MAX 64 /* vehicles by name; what comes after the last is counted with it */

struct sim_sizes {
    int n, right_class;
    double error_sum, error_square, relative_square, within_sigma; /* in the type's unit; the last: count within 1.96 sigma */
};

struct sim_type_score {
    int crossings, found, found_any; /* from the floor up: as this type, as any damage */
    int below, below_found;
    int claims[CLAIM_VERDICTS];
    int taken_for[DEFECT_TYPE_COUNT + 1]; /* its crossings by the type claimed */
    struct sim_sizes sizes[SIM_BANDS];
};

struct sim_kind_score { /* a look-alike, or a happening */
    char name[32];
    int crossings, called_damage, recognised, as_other_feature;
};

struct sim_place_score {
    int n, inside;
    double error_sum, error_square, normalised_sum;
};

struct sim_cell {
    int crossings, found;
};

struct sim_ride_band {
    int n;
    double ratio_sum; /* IRI told / golden car of the whole lane */
};

struct sim_score {
    struct sim_type_score types[DEFECT_TYPE_COUNT + 1];
    struct sim_kind_score kinds[SIM_KINDS_MAX];
    int n_kinds;
    struct sim_place_score places[4]; /* by receiver */
    struct {
        int n, right;
        double sum;
    } bins[SIM_BINS];
    int side_right, side_unknown, side_wrong; /* of crossings found */
    double good_km, busy_km, unwatched_s, unplaced_m;
    int good_false, busy_false;
    struct {
        char name[48];
        struct sim_cell cells[DEFECT_TYPE_COUNT + 1][SIM_BANDS];
        int lanes; /* good ones whose ride was told */
        double ratio_log_sum, ratio_log_square; /* ln(IRI told / golden car) */
        struct sim_ride_band rides[SIM_BANDS]; /* of points on good lanes */
    } units[SIM_UNITS_MAX];
    int n_units, n_trips, n_claims;
    char seeds[256]; /* as text, for the head line */
};

/* Adds a matched set. Begin with a zeroed score. */
void sim_score_add(const struct sim_set *set, struct sim_score *score);
const char *sim_band_name(int band);

void sim_score_print(const struct sim_score *score);
json_t *sim_score_json(const struct sim_score *score);

#endif
