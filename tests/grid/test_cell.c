#include "tests/check.h"

#include "grid/cell.h"

#define HANGZHOU ((struct grid_zone){120, false})
/* The design's vector: 30.2741 N 120.1636 E. */
static const struct grid_point wulin = {515741606, 3350510017};

FACT(the_design_vector_gives_its_id_and_its_parent)
{
    struct cell cell;

    CHECK_STATUS(cell_from_point(HANGZHOU, wulin, 0, &cell), ROAD_OK);
    CHECK_INT(cell.id, INT64_C(1414241059722227));
    CHECK_INT(cell_parent(cell, 4).id, INT64_C(1414241059721984));
}

FACT(the_design_vector_reads_as_printed)
{
    char text[CELL_TEXT_SIZE];

    CHECK_STR(cell_format((struct cell){UINT64_C(1414241059722227)}, text), "40-515741-3350510");
    CHECK_STR(cell_format((struct cell){UINT64_C(1414241059721984)}, text), "40-515728-3350496/16");
}

int main(int argc, char **argv)
{
    return check_main(argc, argv);
}
