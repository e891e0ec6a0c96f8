/* relay.h - what a broker pays for passing the same messages on. */
#ifndef TESTS_BENCH_RELAY_H
#define TESTS_BENCH_RELAY_H

#include "tests/bench/traffic.h"

/* Processor time of a mosquitto of our own, on loopback without TLS, for `count` messages from one client to another at
 * QoS 1, from /proc/PID/stat. The letters come round as often as needed. 0 if there is no mosquitto on this machine. */
double relay_cpu(const struct traffic_letter *letters, size_t n, size_t count);

#endif
