#include "gateway/verbs.h"

#include <stddef.h>

#include "gateway/roads_verb.h"
#include "link/program.h"

static int run_gateway(int argc, char **argv)
{
    (void)argc;
    return program_become("roadchief-gateway", argv);
}

const struct verb gateway_verbs[] = {
    {"gateway", "the daemon that fuses batches into codes: --config FILE", run_gateway},
    {"roads", "the road network: from OpenStreetMap or GeoJSON, and what is in it", roads_verb},
    {NULL, NULL, NULL},
};
