/* traffic.h - sealed batches of many vehicles on streets 100 m apart, for the bench of the gateway.
 *
 * Each vehicle drives up and down a street, by RTK, a point every 2.5 m; one batch in 500 has a
 * hit. The vehicles' batches come in turn. Keys come from seeds; all is made before anything is timed. */
#ifndef TESTS_BENCH_TRAFFIC_H
#define TESTS_BENCH_TRAFFIC_H

#include "link/message.h"
#include "link/registry.h"

#define TRAFFIC_VEHICLES 200
#define TRAFFIC_DISTRICT "330103"

struct traffic_letter {
    char topic[64];
    uint8_t *bytes;
    size_t length;
    unsigned vehicle;
};

struct traffic {
    struct signer *gateway;
    struct registry *registry; /* veh-0 … veh-199 and gw-1 */
    struct traffic_letter *letters;
    size_t n;
    double metres; /* of all */
};

/* `rounds` batches of `metres` of each vehicle, driven at 14 m/s, the last ending at `end_ns`; the first has number
 * `after` + 1. The same drive whatever the numbers. Ends the program if it cannot. */
void traffic_make(struct traffic *traffic, unsigned rounds, double metres, unsigned after, int64_t end_ns);
void traffic_done(struct traffic *traffic);

#endif
