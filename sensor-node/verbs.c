#include "sensor-node/verbs.h"

#include <stddef.h>

#include "link/program.h"
#include "sensor-node/calibrate.h"
#include "sensor-node/detect.h"

static int run_node(int argc, char **argv)
{
    (void)argc;
    return program_become("roadchief-node", argv);
}

const struct verb node_verbs[] = {
    {"detect", "what a node would find on a recording: PATH [--geojson]", detect_run},
    {"calibrate", "the ride_gain of a vehicle from a drive over road of known IRI: PATH --iri M_PER_KM", calibrate_run},
    {"node", "the daemon that feels the road: --config FILE", run_node},
    {NULL, NULL, NULL},
};
