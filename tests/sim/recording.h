/* recording.h - a drive as a plain CSV, the format of docs/deployment.md. */
#ifndef SIM_RECORDING_H
#define SIM_RECORDING_H

#include <stdio.h>

#include "tests/sim/drive.h"

struct sim_recording {
    FILE *csv;
    double start_s; /* UTC of time_s = 0 */
};

/* Writes the header line; the sink's rows follow. A sample and a fix are rows of their own. Errors stay in the FILE. */
struct sim_sink sim_recording_sink(struct sim_recording *recording);

#endif
