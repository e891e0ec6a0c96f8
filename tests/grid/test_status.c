#include "tests/check.h"

FACT(every_status_has_a_name_and_a_sentence)
{
    for (int code = 0; code <= ROAD_DENIED; code++) {
        CHECK(strcmp(road_status_name((enum road_status)code), "UNKNOWN") != 0);
        CHECK(strlen(road_status_sentence((enum road_status)code)) > 1);
    }
}

FACT(an_unknown_status_is_named_so)
{
    CHECK_STR(road_status_name((enum road_status)999), "UNKNOWN");
}

int main(int argc, char **argv)
{
    return check_main(argc, argv);
}
