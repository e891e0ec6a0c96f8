/* node_live.h - the real daemon, live: roadchief-node on a played IIO device at 1 kHz, a real gpsd at 1 Hz, a real
 * mosquitto and a gateway played here that acknowledges; what it costs while it drives. */
#ifndef TESTS_BENCH_NODE_LIVE_H
#define TESTS_BENCH_NODE_LIVE_H

#include <stdbool.h>

struct node_live {
    double wakeups_per_s; /* how often it gave the processor up and was given it again */
    double cpu_percent;   /* of one core, user and system */
    double seconds;       /* measured over */
};
/* `tape`: a drive at 1 kHz; `program`: roadchief-node. False with the reason on standard error: no mosquitto, no gpsd. Takes 20 s. */
bool node_live_measure(const char *tape, const char *program, struct node_live *ret_live);

#endif
