/* cover.h - what passes say of one square, in 16 bits: last colour 2, day last seen 9, coverage 5.
 *
 *     bits 14..15  last colour (enum road_code); 0 = no pass wrote to this square at its own level: not told
 *     bits  5..13  day last seen, whole UTC days since 1970 modulo 512
 *     bits  0..4   coverage, sixteenths of w * Pd, 31 = that or more
 *
 * Shown: grey below COVER_PALE (0.25), with the last colour as the hatch; pale below COVER_FULL (1).
 * Within a day coverages add up and stop at 31, so their order does not matter. From one day to a later one the sum fades
 * in proportion to the days between, to nothing after the window (three cadences): the 5-bit form of "the sum over
 * the window". What comes for a day before the square's own cannot be added here: the caller folds the block again
 * in the order of days. Pure. */
#ifndef GRID_COVER_H
#define GRID_COVER_H

#include <stdbool.h>
#include <stdint.h>

#include "grid/code.h"

#define COVER_COVERAGE_MAX 31
#define COVER_ONE  16 /* w * Pd = 1 */
#define COVER_PALE 4
#define COVER_FULL 16
#define COVER_DAYS 512

static inline uint16_t cover_pack(enum road_code colour, int64_t day, unsigned coverage)
{
    return (uint16_t)((unsigned)colour << 14 | (unsigned)(day & (COVER_DAYS - 1)) << 5 | coverage);
}

static inline enum road_code cover_colour(uint16_t cover)
{
    return (enum road_code)(cover >> 14);
}

static inline unsigned cover_coverage(uint16_t cover)
{
    return cover & COVER_COVERAGE_MAX;
}

/* Days from the square's own to `day`: -256..255. */
static inline int cover_days_to(uint16_t cover, int64_t day)
{
    const unsigned apart = ((unsigned)(day & (COVER_DAYS - 1)) - (cover >> 5 & (COVER_DAYS - 1))) & (COVER_DAYS - 1);

    return apart < COVER_DAYS / 2 ? (int)apart : (int)apart - COVER_DAYS;
}

/* The square's day, as the last one of that number not after `as_of_day` + 255. */
static inline int64_t cover_day(uint16_t cover, int64_t as_of_day)
{
    return as_of_day - cover_days_to(cover, as_of_day);
}

static inline unsigned cover_faded(unsigned coverage, int days, int window_days)
{
    return days >= window_days ? 0 : coverage * (unsigned)(window_days - days) / (unsigned)window_days;
}

/* Adds a pass of `day` with `weight` sixteenths; false if the day lies before the square's own (nothing is changed).
 * `is_own`: written at this square's level, so that it is told from now on; else only counted in an ancestor. */
static inline bool cover_add(uint16_t *cover, int64_t day, unsigned weight, int window_days, bool is_own)
{
    enum road_code colour = cover_colour(*cover);
    unsigned sum = weight;

    if (*cover) {
        const int days = cover_days_to(*cover, day);
        if (days < 0)
            return false;
        sum += days ? cover_faded(cover_coverage(*cover), days, window_days) : cover_coverage(*cover);
    }
    if (is_own && colour == CODE_GREY)
        colour = CODE_GREEN;
    *cover = cover_pack(colour, day, sum < COVER_COVERAGE_MAX ? sum : COVER_COVERAGE_MAX);
    return true;
}

static inline enum road_code cover_shown(uint16_t cover)
{
    return cover_coverage(cover) < COVER_PALE ? CODE_GREY : cover_colour(cover);
}

static inline bool cover_is_pale(uint16_t cover)
{
    return cover_coverage(cover) < COVER_FULL;
}

#endif
