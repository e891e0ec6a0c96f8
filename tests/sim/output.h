/* output.h - the truth, the manifest and the roads of a simulated district, as files. */
#ifndef SIM_OUTPUT_H
#define SIM_OUTPUT_H

#include <jansson.h>

#include "tests/sim/vehicle.h"

/* "2026-11-20T07:00:00Z"; `text` holds at least 32 bytes. */
void sim_format_time(double utc_s, char *text);
json_t *sim_vehicle_json(const struct sim_vehicle *vehicle);
json_t *sim_roads_json(const struct sim_district *district);
/* `crossings`: one array for each placed thing, stolen. */
json_t *sim_truth_json(const struct sim_district *district, json_t *const *crossings);

#endif
