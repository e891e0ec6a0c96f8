/* output.h - the truth, the manifest and the roads of a simulated district, as files (docs/deployment.md). */
#ifndef SIM_OUTPUT_H
#define SIM_OUTPUT_H

#include <jansson.h>
#include <stdio.h>

#include "tests/sim/drive.h"

/* "2026-11-20T07:00:00.000Z"; `text` holds at least 32 bytes. */
void sim_format_time(double utc_s, char *text);
/* What an installation knows of a vehicle; "drives" is an empty array. */
json_t *sim_vehicle_json(const struct sim_vehicle *vehicle);
json_t *sim_roads_json(const struct sim_district *district);
/* `crossings`: one array for each placed thing, stolen. */
json_t *sim_truth_json(const struct sim_district *district, json_t *const *crossings);
/* crossings.csv: one row for everything that shook a car, and one for each lane it drove. */
void sim_crossings_header(FILE *csv);
void sim_crossings_write(FILE *csv, const struct sim_district *district, const char *drive, const struct sim_vehicle *vehicle,
                         const struct sim_drive_result *result);

#endif
