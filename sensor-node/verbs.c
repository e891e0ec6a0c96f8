#include "sensor-node/verbs.h"

#include <stddef.h>

const struct verb node_verbs[] = {
    {NULL, NULL, NULL},
};
