/* sim_score.h - the figures of `evaluate sim`: counts from claims and crossings, as text in Markdown tables or as JSON. */
#ifndef EVALUATE_SIM_SCORE_H
#define EVALUATE_SIM_SCORE_H

#include "tests/evaluate/sim_set.h"

#define SIM_BANDS 4 /* speeds up to 25, 40, 55 km/h, and above */
#define SIM_BINS 10 /* of confidence */
#define SIM_KINDS_MAX 24

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

struct sim_score {
    struct sim_type_score types[DEFECT_TYPE_COUNT + 1];
    struct sim_kind_score kinds[SIM_KINDS_MAX];
    int n_kinds;
    struct sim_place_score places[4]; /* by receiver */
    struct {
        int n, right;
        double sum;
    } bins[SIM_BINS];
    double good_km, busy_km, unwatched_s, unplaced_m;
    int good_false, busy_false;
    struct sim_cell *cells; /* unit x type x band */
};

bool sim_score_make(const struct sim_set *set, struct sim_score *ret_score);
void sim_score_done(struct sim_score *score);
int sim_band(double speed_mps);
const char *sim_band_name(int band);
struct sim_cell *sim_score_cell(const struct sim_score *score, int unit, int type, int band);

void sim_score_print(const struct sim_set *set, const struct sim_score *score);
json_t *sim_score_json(const struct sim_set *set, const struct sim_score *score);

#endif
