/* rate.h - how fast a node may speak: a bucket of tokens for each name.
 *
 * A message that finds no token is dropped before anything is done with it. It is not acknowledged, so the node keeps it
 * and sends it again: that is the backpressure. Bounded: RATE_NAMES_MAX names, the one silent longest gives way. Pure:
 * time is handed in. */
#ifndef GATEWAY_RATE_H
#define GATEWAY_RATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RATE_NAMES_MAX 16384
#define RATE_BURST_S 5 /* so many seconds' messages may come at once */

struct rates; /* opaque */

struct rates *rates_new(double per_second);
void rates_free(struct rates *rates);
/* False: too fast. `now_ns` does not go back. Names of 32 bytes at most. */
bool rate_allow(struct rates *rates, const char *name, int64_t now_ns);
/* JSON members {"name":n,…} of at most `max` names that were held back since the last call; bytes written, without NUL. */
size_t rates_report(struct rates *rates, size_t max, char *ret_text, size_t capacity);

#endif
