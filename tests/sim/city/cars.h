/* cars.h - the vehicles of a fleet and what their nodes send of an hour's driving: passes of what was watched, detections
 * and feature sightings, as batches of the wire. No samples: what a pass tells is drawn from rates.h.
 *
 * An hour of a car follows from (seed, car, hour, where it stood, what lies on the road): cars may be driven on any number
 * of threads. */
#ifndef SIM_CITY_CARS_H
#define SIM_CITY_CARS_H

#include "link/message.h"
#include "tests/sim/city/truth.h"

/* Taxis go where traffic goes, 06 to 22 h. Patrols too, but look after the side roads as much as the cadence asks, 08 to
 * 17 h. Buses go up and down their line along main roads, 06 to 22 h. Phones ride along 07 to 09 and 17 to 19 h. */
enum car_kind { CAR_TAXI, CAR_PATROL, CAR_BUS, CAR_PHONE, CAR_KIND_COUNT };
const char *car_kind_name(enum car_kind kind);
/* Share of its day's kilometres that falls into this hour of the local day. */
double car_kind_share(enum car_kind kind, int local_hour);

#define BUS_LINE_LANES 40

struct car {
    int number;
    enum car_kind kind;
    enum gnss_class gnss;
    bool has_camera;
    double km_a_day;
    double shake; /* what its body makes of a bump, over the mean car's */
    struct kid kid;
    uint64_t seq; /* of its last batch */
    int lane;
    double station_m;
    int line[BUS_LINE_LANES], n_line, line_at, line_step; /* of a bus; step +1 or -1 */
    double driven_m;
};

struct city_rules {
    double batch_m;       /* metres in a batch: 200 */
    double point_m;       /* metres between points of a pass */
    bool is_domain_rates; /* see rates.h */
    double recall_factor; /* 1; less: a detector worse than measured */
};

/* What a car sends. The batch's arrays are owned by the mail. */
struct mail {
    struct batch batch;
    struct pass passes[2];
    int64_t sent_ns;
    int car;
};
/* A car passed where a repair waits to be verified. */
struct look {
    int64_t time_ns;
    int thing;
    double ideal_nats; /* ln P(miss | still there), by where it really drove */
};
struct mails {
    struct mail *items;
    int n, capacity;
    struct look *looks;
    int n_looks, look_capacity;
};
void mails_done(struct mails *mails);

void car_init(struct car *ret_car, int number, enum car_kind kind, enum gnss_class gnss, bool has_camera, double km_a_day,
              const struct traffic *traffic, const struct town *town, uint64_t seed);
double gnss_sigma_m(enum gnss_class gnss);
/* Drives the hour that begins at `from_s`; adds what it sends. false if memory ran out. */
bool car_drive_hour(struct car *car, const struct truth *truth, const struct traffic *traffic, const struct city_rules *rules,
                    uint64_t seed, int64_t from_s, int local_hour, struct mails *mails);

#endif
