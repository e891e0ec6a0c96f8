/* city.h - a town, its fleet, its gateway and its crews under a simulated clock, at batch level.
 *
 *     truth --(rates)--> cars --batches in order of sending--> beliefs_add / beliefs_settle --told--> watcher
 *       ^                                                                                                |
 *       +------------------------------ crews <--------- orders for what is confirmed <------------------+
 *
 * The gateway's own code folds every batch, in this process; there is no network, no signature and no database at this
 * level. One step is an hour: things appear, crews come, cars drive (on any number of threads), their batches are folded in
 * the order they were sent, and beliefs settle every `settle_s`. One seed gives one trace: SHA-256 over everything that
 * happened in order (what appeared, every batch's bytes, everything the gateway told of a defect, every repair). */
#ifndef SIM_CITY_CITY_H
#define SIM_CITY_CITY_H

#include "gateway/beliefs.h"
#include "tests/sim/city/cars.h"

#define LOCAL_OFFSET_S (8 * 3600) /* the deployment's wall clock is UTC + 8 */
#define HOUR_S 3600
#define DAY_S 86400

struct city_config {
    int vehicles, cameras, days;
    double km_a_day;           /* of all vehicles together */
    double kinds[CAR_KIND_COUNT]; /* shares, in car_kind's order; sum 1 */
    double gnss[3];            /* shares of RTK, SBAS, consumer among all that are no phones; sum 1 */
    double main_share;         /* of the kilometres, driven on main roads; 0 = every place as often as any other */
    double new_per_km;         /* defects for each km driven: 1 / 119 */
    struct truth_config truth;
    struct city_rules rules;
    double crew_hours;         /* mean time from confirmed to repaired, beside what waits in the night; 0 = nobody comes */
    double false_claims;       /* share of repairs that are only said to be done */
    int settle_s, threads;
    int counts_from_day; /* what is suspected and confirmed is counted from here on */
    uint64_t seed;
};
void city_config_default(struct city_config *ret_config);

/* A defect as the gateway told of it. */
struct known {
    struct defect_id id;
    enum defect_state state;
    int thing; /* -1 */
    bool is_used, was_false; /* false: confirmed where no defect was, and counted as that */
};

struct city_counts {
    uint64_t batches, detections, features;
    uint64_t appeared, repaired, orders, crews_in_vain;
    uint64_t suspected[MATCH_COUNT], confirmed[MATCH_COUNT]; /* once for each name */
    uint64_t confirmed_twice;                              /* real, but under a second name */
    uint64_t false_again;                                  /* a false one, dropped and confirmed again */
    uint64_t claims, false_claims, verified, wrongly_verified, reopened, wrongly_reopened;
    double km, camera_km;
};

struct city {
    struct city_config config;
    const struct town *town;
    struct traffic traffic, patrol;
    struct truth truth;
    struct car *cars;
    struct mails *mails; /* of each car */
    struct beliefs beliefs;
    struct delta delta;
    struct known *known;
    size_t n_known, known_size;
    struct city_counts counts;
    struct sim_random random;
    int64_t start_s, now_s;
    uint8_t trace[SHA256_SIZE];
    double gateway_s; /* CPU seconds inside the gateway */
};

/* The town is the caller's and must outlive the city. false if memory ran out. */
bool city_open(struct city *ret_city, const struct town *town, const struct city_config *config);
void city_close(struct city *city);
/* The next hour; false if memory ran out. */
bool city_hour(struct city *city);

#endif
