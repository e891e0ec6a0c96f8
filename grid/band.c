#include "grid/band.h"

const struct band bands[BANDS] = {
#include "grid/projection_table.h"
};
