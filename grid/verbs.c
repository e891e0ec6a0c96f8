#include "grid/verbs.h"

#include <stddef.h>


const struct verb grid_verbs[] = {
    {NULL, NULL, NULL},
};
