#include "gateway/rate.h"
#include "tests/check.h"

#define SECOND_NS INT64_C(1000000000)

static unsigned allowed(struct rates *rates, const char *name, unsigned n, int64_t now_ns)
{
    unsigned passed = 0;

    for (unsigned i = 0; i < n; i++)
        passed += rate_allow(rates, name, now_ns);
    return passed;
}

FACT(a_flood_gets_its_burst_and_then_its_rate)
{
    struct rates *rates = rates_new(10);

    CHECK_INT(allowed(rates, "flood", 10000, 0), 50);
    for (int s = 1; s <= 20; s++)
        CHECK_INT(allowed(rates, "flood", 10000, s * SECOND_NS), 10);
    CHECK_INT(allowed(rates, "flood", 10000, 100 * SECOND_NS), 50); /* no more is saved up */
    rates_free(rates);
}

FACT(one_nodes_flood_does_not_hold_back_another)
{
    struct rates *rates = rates_new(10);

    allowed(rates, "flood", 100000, 0);
    CHECK_INT(allowed(rates, "quiet", 40, 0), 40);
    rates_free(rates);
}

FACT(who_keeps_to_the_rate_is_never_held_back)
{
    struct rates *rates = rates_new(50);
    unsigned passed = 0;

    for (int64_t i = 0; i < 5000; i++)
        passed += rate_allow(rates, "steady", i * SECOND_NS / 50);
    CHECK_INT(passed, 5000);
    rates_free(rates);
}

FACT(names_are_told_once_with_how_much)
{
    struct rates *rates = rates_new(1);
    char text[200];

    allowed(rates, "node-1", 7, 0); /* five of them pass */
    CHECK_INT(rates_report(rates, 8, text, sizeof text), strlen(text));
    CHECK_STR(text, "{\"node-1\":2}");
    rates_report(rates, 8, text, sizeof text);
    CHECK_STR(text, "{}");
    rates_free(rates);
}

FACT(a_hundred_thousand_names_take_no_more_memory)
{
    struct rates *rates = rates_new(1);
    char name[32], text[4096];

    for (int i = 0; i < 100000; i++) {
        snprintf(name, sizeof name, "n-%d", i);
        CHECK(rate_allow(rates, name, i));
        for (int k = 0; k < 6; k++)
            rate_allow(rates, name, i);
    }
    CHECK(rates_report(rates, 1000, text, sizeof text) < sizeof text);
    rates_free(rates);
}

int main(int argc, char **argv)
{
    return check_main(argc, argv);
}
