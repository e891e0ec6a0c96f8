/* oracle_campaign.c - the campaign of campaign.h as a command:
 *     oracle_campaign [--points N] [--seed S] [--first BLOCK]
 * One thread; progress on standard error twenty times, one line of result on standard output. Runs of one
 * seed that follow on (--first is printed) or of different seeds add up. Exit status 1 if a cell or a
 * millimetre is wrong. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/grid/campaign.h"

static void print(FILE *to, const struct campaign *c, uint64_t seed, uint64_t first, uint64_t next)
{
    fprintf(to,
            "seed %" PRIu64 " blocks %" PRIu64 "..%" PRIu64 ": %" PRIu64 " points, %" PRIu64
            " wrong cells; within 1 um of a rounding edge %" PRIu64 ", of these %" PRIu64
            " in another cell; millimetres of %" PRIu64 " points: %" PRIu64
            " wrong, at most %.1f nm off within 2 degrees, %.1f nm beyond\n",
            seed, first, next, c->points, c->other_cell, c->near, c->near_other_cell, c->looked_at,
            c->other_mm, (double)c->metres_off_max[0] * 1e9, (double)c->metres_off_max[1] * 1e9);
    fflush(to);
}

int main(int argc, char **argv)
{
    struct campaign campaign = {0};
    uint64_t points = 10000000, seed = 1, first = 0;

    for (int i = 1; i + 1 < argc; i += 2) {
        uint64_t *value = !strcmp(argv[i], "--points")  ? &points
                          : !strcmp(argv[i], "--seed")  ? &seed
                          : !strcmp(argv[i], "--first") ? &first
                                                        : NULL;
        if (!value || sscanf(argv[i + 1], "%" SCNu64, value) != 1) {
            fputs("usage: oracle_campaign [--points N] [--seed S] [--first BLOCK]\n", stderr);
            return 2;
        }
    }
    const uint64_t blocks = (points + CAMPAIGN_BLOCK - 1) / CAMPAIGN_BLOCK;
    for (uint64_t i = 0; i < blocks; i++) {
        campaign_block(&campaign, seed, first + i);
        if ((i + 1) * 20 / blocks != i * 20 / blocks)
            print(stderr, &campaign, seed, first, first + i + 1);
    }
    print(stdout, &campaign, seed, first, first + blocks);
    if (campaign.other_cell)
        printf("one of them: meridian %d%s lat %.17g lon %.17g\n", campaign.example_zone.meridian_deg,
               campaign.example_zone.is_south ? " south" : "", campaign.example_lat, campaign.example_lon);
    return campaign.other_cell != 0 || campaign.other_mm != 0;
}
