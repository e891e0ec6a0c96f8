/* The oracle of the large campaign against PROJ, and a small campaign; the large one is bin/oracle_campaign.
 */
#include "tests/check.h"

#include "tests/grid/campaign.h"
#include "tests/grid/oracle.h"

#define BLOCKS 512 /* 2 million points */

/* PROJ counts in doubles: a place 10,000 km from the frame's corner and a longitude of 6 rad are good to some
 * nanometres. */
FACT(the_oracle_is_where_proj_is_to_twenty_nanometres)
{
    static const struct grid_zone zones[] = {
        {120, false}, {0, false}, {180, true}, {357, false}, {291, true}};
    uint64_t seed = 6;
    long double worst = 0;

    for (size_t z = 0; z < sizeof zones / sizeof zones[0]; z++) {
        PJ *proj = oracle_of_zone(zones[z]);
        CHECK(proj != NULL);
        for (int i = 0; proj && i < 20000; i++) {
            const double northern = oracle_between(&seed, -0.9, 84);
            const double lat = zones[z].is_south ? -northern : northern;
            const double lon = zones[z].meridian_deg + oracle_between(&seed, -4.4, 4.4);
            const PJ_XY want = proj_trans(proj, PJ_FWD, proj_coord(lon, lat, 0, 0)).xy;
            long double e, n;
            campaign_oracle(zones[z], lat, lon, &e, &n);
            worst = fmaxl(worst, fmaxl(fabsl(e - want.x), fabsl(n - want.y)));
        }
        proj_destroy(proj);
    }
    printf("  at most %.2f nm from PROJ\n", (double)worst * 1e9);
    CHECK(worst < 20e-9L);
}

FACT(two_million_points_have_no_wrong_cell)
{
    struct campaign c = {0};

    for (uint64_t block = 0; block < BLOCKS; block++)
        campaign_block(&c, 1, block);
    printf("  %" PRIu64 " points, %" PRIu64 " near a rounding edge (%" PRIu64
           " in another cell), %.1f and %.1f nm off at most\n",
           c.points, c.near, c.near_other_cell, (double)c.metres_off_max[0] * 1e9,
           (double)c.metres_off_max[1] * 1e9);
    CHECK_INT(c.other_cell, 0);
    CHECK_INT(c.other_mm, 0);
    CHECK_INT(c.points, BLOCKS * CAMPAIGN_BLOCK);
    CHECK(c.near < c.points / 100);
}

int main(int argc, char **argv)
{
    return check_main(argc, argv);
}
