#include "front/verbs.h"

#include <stddef.h>

#include "front/demo.h"

const struct verb front_verbs[] = {
    {"demo", "the whole system on this machine, on a recorded or simulated drive", run_demo},
    {NULL, NULL, NULL},
};
