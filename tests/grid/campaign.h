/* campaign.h - metre cells of very many random points against a transverse Mercator in long double.
 *
 * The oracle is the Krueger series to the sixth order with algebra in place of most functions; in the 64 bits
 * of an x86-64's long double it is good to picometres, and its truncation is below 5 nm (Karney 2011).
 * test_campaign.c holds it against PROJ. A point is "near" if its exact place lies within 1 um of where a
 * millimetre rounds: there two right programs may differ.
 *
 * Points come in blocks of 64 latitudes by 64 longitudes of one zone, each block's from (seed, number of the
 * block) alone: a campaign is a range of blocks, and ranges add up. Of 16 blocks 15 lie within 2 degrees of
 * the meridian (the band polynomials), one within 4.4 (the series); latitudes -0.9..84 of the zone's
 * hemisphere. */
#ifndef TESTS_GRID_CAMPAIGN_H
#define TESTS_GRID_CAMPAIGN_H

#include <stdint.h>

#include "grid/projection.h"

#define CAMPAIGN_SIDE  64
#define CAMPAIGN_BLOCK (CAMPAIGN_SIDE * CAMPAIGN_SIDE) /* points */

struct campaign {
    uint64_t points, near, near_other_cell;
    uint64_t other_cell;           /* of those that are not near: has to be 0 */
    uint64_t looked_at, other_mm;  /* millimetres of one point in 16; not near: has to be 0 */
    long double metres_off_max[2]; /* grid_project_m against the oracle, of these: within 2 degrees, beyond */
    double example_lat, example_lon; /* of the last one that is wrong */
    struct grid_zone example_zone;
};

/* Metres in the zone's frame, from the doubles as they are. */
void campaign_oracle(struct grid_zone zone, double lat_deg, double lon_deg, long double *ret_e_m,
                     long double *ret_n_m);
void campaign_block(struct campaign *campaign, uint64_t seed, uint64_t block);

#endif
