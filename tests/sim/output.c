#include "tests/sim/output.h"

#include <math.h>
#include <time.h>

void sim_format_time(double utc_s, char *text)
{
    const time_t seconds = (time_t)floor(utc_s);
    struct tm utc;
    char base[24];

    gmtime_r(&seconds, &utc);
    strftime(base, sizeof base, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(text, 32, "%s.%03dZ", base, (int)((utc_s - floor(utc_s)) * 1000) % 1000);
}

static json_t *lon_lat(const struct sim_district *d, double e_m, double n_m)
{
    const struct grid_point at = {llround(e_m * 1000), llround(n_m * 1000)};
    double lat_deg = 0, lon_deg = 0;

    if (grid_unproject(d->zone, at, &lat_deg, &lon_deg) != ROAD_OK)
        return json_null();
    return json_pack("[f,f]", lon_deg, lat_deg);
}

json_t *sim_vehicle_json(const struct sim_vehicle *v)
{
    static const char *const classes[] = {"rtk", "sbas", "consumer", "phone"};

    return json_pack("{s:s,s:b,s:s,s:f,s:f,s:f,s:f,s:f,s:f,s:f,s:f,s:f,s:[]}", "name", v->name, "is_phone", v->is_phone,
                     "gnss_class", classes[v->gnss], "gnss_sigma_m", v->gnss_sigma_m, "gnss_lag_s", v->gnss_lag_s,
                     "antenna_x_m", v->antenna_x_m, "antenna_y_m", v->antenna_y_m, "imu_x_m", v->imu_x_m,
                     "wheelbase_m", v->wheelbase_m, "half_track_m", v->half_track_m, "ride_gain", SIM_RIDE_GAIN, "timing_sigma_s", SIM_TIMING_SIGMA_S, "drives");
}

json_t *sim_roads_json(const struct sim_district *d)
{
    json_t *features = json_array();

    for (int street = 0; street < SIM_STREETS; street++) {
        const struct sim_lane *there = &d->lanes[2 * street], *back = &d->lanes[2 * street + 1];
        double e0, n0, e1, n1, e2, n2, e3, n3;
        char name[32];
        sim_place_at(d, 2 * street, -8, 0, &e0, &n0);
        sim_place_at(d, 2 * street + 1, back->length_m + 8, 0, &e1, &n1);
        sim_place_at(d, 2 * street, there->length_m + 8, 0, &e2, &n2);
        sim_place_at(d, 2 * street + 1, -8, 0, &e3, &n3);
        snprintf(name, sizeof name, "Street %d", street + 1);
        json_array_append_new(
            features, json_pack("{s:s,s:{s:s,s:s,s:s,s:s#},s:{s:s,s:[o,o]}}", "type", "Feature", "properties", "id", name,
                                "name", name, "class", "arterial", "iso8608", &d->iso_class[street], 1, "geometry", "type",
                                "LineString", "coordinates", lon_lat(d, (e0 + e1) / 2, (n0 + n1) / 2),
                                lon_lat(d, (e2 + e3) / 2, (n2 + n3) / 2)));
    }
    return json_pack("{s:s,s:o}", "type", "FeatureCollection", "features", features);
}

static enum severity placed_severity(const struct sim_placed *p)
{
    const struct defect_type *type = catalogue_type(p->type);
    const bool also_high = p->type == DEFECT_POTHOLE && p->size >= 25 && p->length_m >= 0.45;

    return type ? catalogue_severity(type, p->size, also_high) : SEVERITY_NONE;
}

static json_t *placed_json(const struct sim_district *d, int index, json_t *crossings)
{
    const struct sim_placed *p = &d->placed[index];
    const struct defect_type *type = catalogue_type(p->type);
    double e_m, n_m;
    char road[32];

    sim_place_at(d, p->lane, p->station_m, p->lateral_m, &e_m, &n_m);
    snprintf(road, sizeof road, "Street %d", d->lanes[p->lane].street + 1);
    return json_pack("{s:s,s:{s:i,s:s,s:b,s:i,s:f,s:s,s:f,s:f,s:I,s:I,s:f,s:s,s:i,s:o},s:{s:s,s:o}}", "type", "Feature",
                     "properties", "id", index, "type", p->name, "look_alike", p->type == DEFECT_NONE, "severity",
                     (int)placed_severity(p), "size", p->size, "unit", type ? type->unit : "height_mm", "length_m",
                     p->length_m, "half_width_m", p->half_width_m, "e_mm", (json_int_t)llround(e_m * 1000), "n_mm",
                     (json_int_t)llround(n_m * 1000), "lateral_m", p->lateral_m, "road", road, "wheel_crossings",
                     p->wheel_crossings, "crossings", crossings, "geometry", "type", "Point", "coordinates",
                     lon_lat(d, e_m, n_m));
}

json_t *sim_truth_json(const struct sim_district *d, json_t *const *crossings)
{
    json_t *features = json_array();

    for (int i = 0; i < d->n_placed; i++)
        json_array_append_new(features, placed_json(d, i, crossings[i]));
    return json_pack("{s:s,s:o}", "type", "FeatureCollection", "features", features);
}
