/* guard.h - keeps time going forward: one wild stamp must not lock out all that follow. Plain values. */
#ifndef NODE_GUARD_H
#define NODE_GUARD_H

#include <stdbool.h>
#include <stdint.h>

#include "grid/status.h"

struct guard {
    bool has_last;
    int64_t last_ns;
    int64_t leap_ns; /* a stamp more than GUARD_LEAP_S ahead ... */
    int leaps;       /* ... and how many in a row agreed with it */
    int accepted;    /* since the first stamp or the last leap */
    int64_t back_from_ns, back_ns; /* stamps of the past that go on steadily: first and last of them */
    bool was_sure;   /* went_back after the clock had been believed: it was set back */
    bool went_back;  /* the stamp just accepted lies before the ones accepted earlier: forget those */
};

#define GUARD_LEAP_S 60
#define GUARD_LEAPS  3
#define GUARD_BACK_S 3 /* so long stamps of the past must go on before the clock is believed to have been set back */

void guard_init(struct guard *guard);
/* ROAD_BAD_TIME: not later than the last one, outside 2000..2100, or a leap ahead that is not yet believed.
 * The first stamps after a start or a leap may themselves be the wild ones: until GUARD_LEAPS of them have
 * come, as many that agree on an earlier time are believed instead. Later a time that lies in the past is refused (a block
 * of samples that was sent twice) unless it goes on for GUARD_BACK_S without reaching the present: then the clock was set
 * back. */
enum road_status guard_check(struct guard *guard, int64_t time_ns);
/* The next stamp a little later will be accepted, and accepting it will change nothing but last_ns. */
bool guard_is_calm(const struct guard *guard);

#endif
