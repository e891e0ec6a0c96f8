/* sim_set.h - what `evaluate sim` holds in memory: what the node claimed on every simulated drive, what was really crossed,
 * and how the two were brought together. The rules stand in docs/evaluation.md. */
#ifndef EVALUATE_SIM_SET_H
#define EVALUATE_SIM_SET_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "sensor-node/core.h"

/* A detection of the node, or a feature that it saw (type DEFECT_NONE). */
struct sim_claim {
    int drive;
    double time_s; /* of the recording */
    int type;
    enum feature_kind feature;
    double size, size_sigma, confidence, speed_mps;
    double e_m, n_m, ee_m2, en_m2, nn_m2;
    double lat_deg, lon_deg;
    enum wheel_side side;
    int row;     /* the truth it belongs to; -1 */
    int verdict; /* enum sim_verdict */
};

enum sim_verdict {
    CLAIM_RIGHT,
    CLAIM_WRONG_TYPE,
    CLAIM_LOOK_ALIKE, /* it is a look-alike, or not the road at all */
    CLAIM_NOTHING,
    CLAIM_TWICE,      /* of a crossing that another claim has */
    CLAIM_IGNORED,    /* below the floor, or only grazed */
    CLAIM_VERDICTS
};

enum sim_standing {
    ROW_COUNTS,     /* a defect from the floor up, crossed by a wheel */
    ROW_LOOK_ALIKE, /* crossed, or a happening that is not the road's */
    ROW_BELOW,      /* a defect below the floor */
    ROW_GRAZED,     /* a wheel has less than half of it */
    ROW_LANE
};

struct sim_row {
    int drive;
    enum sim_standing standing;
    double time_s, from_s, to_s; /* the middle; when claims may belong to it */
    double seconds, speed_mps, length_m;
    int type;
    enum feature_kind feature;
    char name[32];
    double size, e_m, n_m;
    enum wheel_side side; /* the wheels that cross */
    bool is_good; /* lanes: nothing lies there */
    double iri;   /* lanes: of the golden car, m/km */
    int claim;    /* the damage claimed here; -1 */
    int sighting; /* the feature seen here; -1 */
};

struct sim_unit {
    char name[48], class[16], mount[16];
    enum gnss_class gnss;
    bool is_phone;
    double wheelbase_m;
    double sigma_m; /* of its receiver, as the installation knows it */
    struct node_core_config *config;
};

struct sim_trip {
    char name[96], start[40];
    int unit;
    double distance_m, duration_s, unwatched_s, unplaced_m;
};

/* The ride that a pass tells of one of its points. */
struct sim_ride {
    int drive;
    double time_s, iri, speed_mps; /* the last between it and the point beside it */
};

struct sim_set {
    const char *folder;
    struct grid_zone zone;
    json_int_t seed;
    struct sim_unit *units;
    struct sim_trip *trips;
    struct sim_claim *claims; /* by drive, as they came; features among them */
    struct sim_row *rows;     /* by drive and time */
    struct sim_ride *rides;   /* by drive and time */
    int n_units, n_trips, n_claims, n_rows, n_rides, claims_capacity, rows_capacity, rides_capacity;
};

/* The least size that counts, in the type's unit; 0 = every one. */
double sim_floor(int type);

/* manifest.json: vehicles and their drives. Reasons go to standard error. */
bool sim_set_open(struct sim_set *ret_set, const char *folder);
/* Runs the node over every drive. */
bool sim_set_predict(struct sim_set *set);
void sim_set_write_header(FILE *predictions);
/* One row a claim; `is_one_of_many`: the folder stands before the drive. */
void sim_set_write(const struct sim_set *set, bool is_one_of_many, FILE *predictions);
/* crossings.csv; false if there is none (nothing can be scored then) or it is not what it should be. */
bool sim_set_read_truth(struct sim_set *set);
void sim_set_match(struct sim_set *set);
void sim_set_done(struct sim_set *set);

#endif
