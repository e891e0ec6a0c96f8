#include "grid/verbs.h"

#include <stddef.h>

#include "grid/verb_cell.h"

const struct verb grid_verbs[] = {
    {"cell", "the square metre at a position, or what an id means", verb_cell},
    {"cells", "the cells of many positions: CSV in, CSV out", verb_cells},
    {NULL, NULL, NULL},
};
