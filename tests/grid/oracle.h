/* oracle.h - PROJ as the second opinion: the exact transverse Mercator of Poder and Engsager, and random
 * places. */
#ifndef TESTS_GRID_ORACLE_H
#define TESTS_GRID_ORACLE_H

#include <proj.h>
#include <stdint.h>
#include <stdio.h>

#include "grid/projection.h"

/* lon, lat in degrees to east, north in metres; NULL if PROJ cannot. The caller destroys it. */
static inline PJ *oracle_of_zone(struct grid_zone zone)
{
    char text[300];

    (void)snprintf(
        text, sizeof text,
        "+proj=pipeline +step +proj=unitconvert +xy_in=deg +xy_out=rad +step +proj=tmerc "
        "+algo=poder_engsager +lat_0=0 +lon_0=%d +k=1 +x_0=500000 +y_0=%d +a=6378137 +rf=298.257222101",
        zone.meridian_deg, zone.is_south ? 10000000 : 0);
    return proj_create(NULL, text);
}

/* Uniform in 0..1 (xorshift64*; Vigna 2016). The state must not be 0. */
static inline double oracle_uniform(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return (double)((*state * UINT64_C(0x2545F4914F6CDD1D)) >> 11) * 0x1p-53;
}

static inline double oracle_between(uint64_t *state, double low, double high)
{
    return low + (high - low) * oracle_uniform(state);
}

/* low..high, both included. */
static inline int64_t oracle_integer(uint64_t *state, int64_t low, int64_t high)
{
    return low + (int64_t)(oracle_uniform(state) * (double)(high - low + 1));
}

#endif
