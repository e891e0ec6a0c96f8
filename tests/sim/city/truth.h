/* truth.h - what really lies on the town's roads, and when: defects that appear, grow and are repaired, and look-alikes
 * that stay. The gateway never sees any of it. Times are seconds UTC. Pure but for memory. */
#ifndef SIM_CITY_TRUTH_H
#define SIM_CITY_TRUTH_H

#include <stdint.h>

#include "link/message.h"
#include "tests/sim/city/rates.h"
#include "tests/sim/city/traffic.h"

#define NEVER_S INT64_MAX

struct thing {
    int lane;
    double station_m, left_m; /* of its middle; left of the lane's middle */
    double e_m, n_m, heading_rad;
    const struct defect_rates *defect; /* NULL for a look-alike */
    const struct look_alike_rates *look_alike;
    double first_size, size, grows_per_day; /* share of the size a day */
    double called_damage, camera_false;     /* a look-alike's own: some are taken for damage again and again */
    double strength;                        /* as a feature_sighting's */
    double half_width_m;
    int64_t appears_s, repaired_s; /* NEVER_S until it is */
    int next_on_lane, next_in_bucket; /* -1 */

    /* What became of it: filled by the watcher. */
    int64_t suspected_s, confirmed_s; /* first time the gateway told so; NEVER_S */
    struct defect_id name;            /* as which it was confirmed */
    int64_t ordered_s, crew_s, claimed_s, verified_s;
    bool is_false_claim;        /* the crew said so and had not been there */
    bool was_wrongly_verified;  /* and the passes agreed */
    double ideal_nats;          /* of the passes since the claim, if all that can be known of them were */
    int passes, passes_needed;  /* since the claim; of them, until the ideal ones came to P(miss) = 0.01; 0 = not yet */
    int passes_verified;        /* until the gateway said so; 0 = not yet */
};

struct truth {
    const struct town *town;
    struct thing *things;
    int n, capacity;
    int *first_on_lane;
    int *buckets; /* of 32 m squares, hashed */
};

struct truth_config {
    double look_alikes_per_km; /* of lane: 5 */
    double clumping;           /* shape of the gamma by which look-alikes differ; 0 = all alike */
};

bool truth_init(struct truth *ret_truth, const struct town *town, const struct truth_config *config, struct sim_random *random);
void truth_done(struct truth *truth);
/* A defect appears somewhere where traffic drives. Its index; -1 if memory ran out. */
int truth_appear(struct truth *truth, const struct traffic *traffic, int64_t now_s, struct sim_random *random);
/* One thing of a given kind at a given place, for tests. */
int truth_put(struct truth *truth, const struct thing *thing);
void truth_grow(struct truth *truth, int64_t now_s, double days);
bool thing_is_there(const struct thing *thing, int64_t at_s);
enum severity thing_severity(const struct thing *thing);

enum truth_match { MATCH_DEFECT, MATCH_REPAIRED, MATCH_LOOK_ALIKE, MATCH_NOTHING, MATCH_COUNT };
/* What lies where the gateway believes a defect of `type`: the nearest thing within `reach_m` that it can be, a defect that is
 * there before one that was repaired before a look-alike. */
enum truth_match truth_match(const struct truth *truth, double e_m, double n_m, double reach_m, int type, int64_t at_s,
                             int *ret_thing);

#endif
