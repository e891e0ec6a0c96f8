#include "tests/check.h"

#include "grid/catalogue.h"

FACT(there_are_16_core_types_and_2_extensions_with_stable_ids)
{
    static const char *const codes[] = {
        "longitudinal_crack", "transverse_crack", "block_crack", "alligator_crack", "pothole",  "raveling",
        "edge_break",         "subsidence",       "rutting",     "shoving",         "bleeding", "mud_pumping",
        "manhole_level",      "manhole_cover",    "joint_fault", "patch_failure",   "ponding",  "garbage"};

    CHECK_INT(sizeof codes / sizeof codes[0], DEFECT_TYPE_COUNT);
    for (int id = 1; id <= DEFECT_TYPE_COUNT; id++) {
        const struct defect_type *type = catalogue_type(id);
        CHECK(type != NULL);
        CHECK_INT(type->id, id);
        CHECK_STR(type->code, codes[id - 1]);
        CHECK(catalogue_by_code(codes[id - 1]) == type);
    }
}

FACT(what_is_no_type_is_null)
{
    CHECK(catalogue_type(0) == NULL);
    CHECK(catalogue_type(-1) == NULL);
    CHECK(catalogue_type(19) == NULL);
    CHECK(catalogue_by_code("") == NULL);
    CHECK(catalogue_by_code("Pothole") == NULL);
    CHECK(catalogue_by_code("pothole ") == NULL);
}

FACT(the_row_of_potholes_is_as_in_the_table)
{
    const struct defect_type *t = catalogue_type(DEFECT_POTHOLE);

    CHECK_STR(t->name_en, "Pothole");
    CHECK_STR(t->name_zh, "坑洞");
    CHECK_INT(t->sense, SENSE_BOTH);
    CHECK_STR(t->unit, "depth_mm");
    CHECK(t->min_size[0] == 13 && t->min_size[1] == 25 && t->min_size[2] == 50);
    CHECK_STR(t->also_high, "depth>=25 and diameter>=450");
    CHECK(t->colour[0] == CODE_YELLOW && t->colour[1] == CODE_RED && t->colour[2] == CODE_RED);
    CHECK_INT(t->response_h_medium, 72);
    CHECK_INT(t->response_h_high, 24);
    CHECK_INT(t->tau_h, 720);
    CHECK_STR(t->dp_row, "pothole");
    CHECK_STR(t->dp_class, "loose");
    CHECK_STR(t->owner, "road");
    CHECK_STR(t->cjj36, "坑槽|水泥:坑洞");
    CHECK_STR(t->jtg5210, "坑槽|水泥:坑洞");
    CHECK_STR(t->astm_d6433, "13");
    CHECK_STR(t->rdd2022, "D40");
}

FACT(a_quoted_name_keeps_its_comma)
{
    CHECK_STR(catalogue_type(DEFECT_MANHOLE_COVER)->name_en, "Manhole cover broken, loose or missing");
    CHECK_STR(catalogue_type(DEFECT_MANHOLE_COVER)->owner, "utility");
}

FACT(every_row_is_whole_and_in_order)
{
    for (int id = 1; id <= DEFECT_TYPE_COUNT; id++) {
        const struct defect_type *t = catalogue_type(id);
        CHECK(*t->code && *t->name_en && *t->name_zh && *t->unit && *t->owner);
        CHECK(t->min_size[0] > 0 && t->min_size[0] < t->min_size[1] && t->min_size[1] < t->min_size[2]);
        CHECK(t->colour[0] <= t->colour[1] && t->colour[1] <= t->colour[2] && t->colour[0] >= CODE_GREEN);
        CHECK(t->response_h_high > 0 && t->response_h_high <= t->response_h_medium);
        CHECK(t->tau_h > 0);
        CHECK_INT(*t->dp_row == '\0', *t->dp_class == '\0');
    }
}

FACT(severities_begin_at_their_least_size)
{
    const struct defect_type *t = catalogue_type(DEFECT_POTHOLE);

    CHECK_INT(catalogue_severity(t, 0, false), SEVERITY_NONE);
    CHECK_INT(catalogue_severity(t, 12.999, false), SEVERITY_NONE);
    CHECK_INT(catalogue_severity(t, 13, false), SEVERITY_LOW);
    CHECK_INT(catalogue_severity(t, 25, false), SEVERITY_MEDIUM);
    CHECK_INT(catalogue_severity(t, 49.999, false), SEVERITY_MEDIUM);
    CHECK_INT(catalogue_severity(t, 50, false), SEVERITY_HIGH);
    CHECK_INT(catalogue_severity(t, INFINITY, false), SEVERITY_HIGH);
    CHECK_INT(catalogue_severity(t, NAN, true), SEVERITY_NONE);
}

FACT(the_second_road_to_high_serves_only_types_that_have_one_and_countable_sizes)
{
    CHECK_INT(catalogue_severity(catalogue_type(DEFECT_POTHOLE), 26, true), SEVERITY_HIGH);
    CHECK_INT(catalogue_severity(catalogue_type(DEFECT_POTHOLE), 5, true), SEVERITY_NONE);
    CHECK_INT(catalogue_severity(catalogue_type(DEFECT_RUTTING), 12, true), SEVERITY_LOW);
}

FACT(colours_follow_the_severity)
{
    const struct defect_type *t = catalogue_type(DEFECT_MANHOLE_LEVEL);

    CHECK_INT(catalogue_colour(t, SEVERITY_NONE), CODE_GREEN);
    CHECK_INT(catalogue_colour(t, SEVERITY_LOW), CODE_GREEN);
    CHECK_INT(catalogue_colour(t, SEVERITY_MEDIUM), CODE_YELLOW);
    CHECK_INT(catalogue_colour(t, SEVERITY_HIGH), CODE_RED);
    CHECK_INT(catalogue_colour(t, (enum severity)9), CODE_GREEN);
}

int main(int argc, char **argv)
{
    return check_main(argc, argv);
}
