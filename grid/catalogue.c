#include "grid/catalogue.h"

#include <string.h>

static const struct defect_type types[] = {
#include "grid/catalogue_table.h"
};
_Static_assert(sizeof types / sizeof types[0] == DEFECT_TYPE_COUNT, "one row a type in defects.csv");

const struct defect_type *catalogue_type(int id)
{
    return id >= 1 && id <= DEFECT_TYPE_COUNT ? &types[id - 1] : NULL;
}

const struct defect_type *catalogue_by_code(const char *code)
{
    for (size_t t = 0; t < DEFECT_TYPE_COUNT; t++)
        if (strcmp(types[t].code, code) == 0)
            return &types[t];
    return NULL;
}

enum severity catalogue_severity(const struct defect_type *type, double size, bool also_high)
{
    if (!(size >= type->min_size[0]))
        return SEVERITY_NONE;
    if (size >= type->min_size[2] || (also_high && *type->also_high))
        return SEVERITY_HIGH;
    return size >= type->min_size[1] ? SEVERITY_MEDIUM : SEVERITY_LOW;
}

enum road_code catalogue_colour(const struct defect_type *type, enum severity severity)
{
    return severity >= SEVERITY_LOW && severity <= SEVERITY_HIGH ? type->colour[severity - 1] : CODE_GREEN;
}
