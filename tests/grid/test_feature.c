#include "tests/check.h"

#include "grid/catalogue.h"
#include "grid/feature.h"

FACT(every_kind_has_a_code_and_two_names)
{
    for (enum feature_kind k = FEATURE_NONE; k <= FEATURE_KIND_COUNT; k++)
        CHECK(feature_code(k) && feature_name_en(k) && feature_name_zh(k));
    CHECK_STR(feature_code(FEATURE_SPEED_BUMP), "speed_bump");
    CHECK_STR(feature_code(FEATURE_KERB), "kerb");
}

FACT(what_is_no_kind_has_none)
{
    CHECK(feature_code((enum feature_kind)-1) == NULL);
    CHECK(feature_name_en(FEATURE_KIND_COUNT + 1) == NULL);
    CHECK_INT(feature_defect(99), DEFECT_NONE);
}

FACT(a_sound_cover_that_changes_becomes_a_level_difference_and_a_bump_becomes_nothing)
{
    CHECK_INT(feature_defect(FEATURE_MANHOLE), DEFECT_MANHOLE_LEVEL);
    CHECK_INT(feature_defect(FEATURE_JOINT), DEFECT_JOINT_FAULT);
    CHECK_INT(feature_defect(FEATURE_SPEED_BUMP), DEFECT_NONE);
}

int main(int argc, char **argv)
{
    return check_main(argc, argv);
}
