/* check.h - the one shape of our tests: a fact is a function, named by what it states.
 * A failed check prints both values and the place; the rest of the file still runs.
 * Output, one line a fact: `ok NAME`, `FAIL NAME` or `skip NAME: why`; `./roadchief test` counts them.
 * Facts that need ../shared/data call SKIP(); with ROAD_REQUIRE_DATA=1 in the environment a skip counts as failed.
 *
 *     FACT(outbox_full_refuses_and_says_so) { CHECK_STATUS(outbox_append(...), ROAD_FULL); }
 *     int main(int argc, char **argv) { return check_main(argc, argv); }
 */
#ifndef TESTS_CHECK_H
#define TESTS_CHECK_H

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "grid/status.h"

struct check_fact {
    const char *name;
    void (*run)(void);
    struct check_fact *next;
};

static struct check_fact *check_first, **check_last = &check_first;
static int check_failures;
static const char *check_skipped;

#define FACT(fact)                                                                                           \
    static void fact(void);                                                                                  \
    static struct check_fact fact##_row = {#fact, fact, NULL};                                               \
    __attribute__((constructor)) static void fact##_add(void)                                                \
    {                                                                                                        \
        *check_last = &fact##_row;                                                                           \
        check_last = &fact##_row.next;                                                                       \
    }                                                                                                        \
    static void fact(void)

#define CHECK_FAILED(...)                                                                                    \
    do {                                                                                                     \
        check_failures++;                                                                                    \
        printf("  %s:%d: ", __FILE__, __LINE__);                                                             \
        printf(__VA_ARGS__);                                                                                 \
        putchar('\n');                                                                                       \
    } while (0)

#define CHECK(condition)                                                                                     \
    do {                                                                                                     \
        if (!(condition))                                                                                    \
            CHECK_FAILED("%s", #condition);                                                                  \
    } while (0)
#define CHECK_INT(got, want)                                                                                 \
    do {                                                                                                     \
        const int64_t got_ = (int64_t)(got), want_ = (int64_t)(want);                                        \
        if (got_ != want_)                                                                                   \
            CHECK_FAILED("%s: got %" PRId64 ", want %" PRId64, #got, got_, want_);                           \
    } while (0)
#define CHECK_NEAR(got, want, tolerance)                                                                     \
    do {                                                                                                     \
        const double got_ = (got), want_ = (want);                                                           \
        if (!(fabs(got_ - want_) <= (tolerance)))                                                            \
            CHECK_FAILED("%s: got %.17g, want %.17g +- %g", #got, got_, want_, (double)(tolerance));         \
    } while (0)
#define CHECK_STR(got, want)                                                                                 \
    do {                                                                                                     \
        const char *got_ = (got), *want_ = (want);                                                           \
        if (strcmp(got_, want_) != 0)                                                                        \
            CHECK_FAILED("%s: got \"%s\", want \"%s\"", #got, got_, want_);                                  \
    } while (0)
#define CHECK_STATUS(got, want)                                                                              \
    do {                                                                                                     \
        const enum road_status got_ = (got), want_ = (want);                                                 \
        if (got_ != want_)                                                                                   \
            CHECK_FAILED("%s: got %s, want %s", #got, road_status_name(got_), road_status_name(want_));      \
    } while (0)
#define SKIP(why)                                                                                            \
    do {                                                                                                     \
        check_skipped = (why);                                                                               \
        return;                                                                                              \
    } while (0)

/* Runs the facts whose name holds argv[1] (all without it). Exit status 1 if one failed. */
static inline int check_main(int argc, char **argv)
{
    const char *pattern = argc > 1 ? argv[1] : "";
    const char *require = getenv("ROAD_REQUIRE_DATA");
    int failed = 0;

    setvbuf(stdout, NULL, _IOLBF, 0);
    for (struct check_fact *f = check_first; f; f = f->next) {
        if (!strstr(f->name, pattern))
            continue;
        check_failures = 0;
        check_skipped = NULL;
        f->run();
        if (check_skipped && require && *require == '1')
            CHECK_FAILED("skipped (%s) although data is required", check_skipped);
        if (check_failures)
            printf("FAIL %s\n", f->name), failed++;
        else if (check_skipped)
            printf("skip %s: %s\n", f->name, check_skipped);
        else
            printf("ok %s\n", f->name);
    }
    return failed != 0;
}

#endif
