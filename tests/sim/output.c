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
    const struct sim_known *k = &v->known;

    return json_pack("{s:s,s:b,s:s,s:s,s:s,s:f,s:f,s:f,s:f,s:f,s:f,s:f,s:f,s:f,s:[]}", "name", v->name, "is_phone", v->is_phone,
                     "class", sim_class_name(v->class), "mount", sim_mount_name(v->imu.mount), "gnss_class",
                     classes[v->gps.gnss], "gnss_sigma_m", k->gnss_sigma_m, "gnss_lag_s", k->gnss_lag_s, "antenna_x_m",
                     k->antenna_x_m, "antenna_y_m", k->antenna_y_m, "imu_x_m", k->imu_x_m, "wheelbase_m", k->wheelbase_m,
                     "half_track_m", k->half_track_m, "ride_gain", k->ride_gain, "timing_sigma_s", k->timing_sigma_s, "drives");
}

json_t *sim_roads_json(const struct sim_district *d)
{
    json_t *features = json_array();

    for (int street = 0; street < SIM_STREETS; street++) {
        const struct sim_lane *there = &d->lanes[2 * street], *back = &d->lanes[2 * street + 1];
        double e0, n0, e1, n1, e2, n2, e3, n3;
        char id[32], name[32];
        sim_place_at(d, 2 * street, -8, 0, &e0, &n0);
        sim_place_at(d, 2 * street + 1, back->length_m + 8, 0, &e1, &n1);
        sim_place_at(d, 2 * street, there->length_m + 8, 0, &e2, &n2);
        sim_place_at(d, 2 * street + 1, -8, 0, &e3, &n3);
        snprintf(id, sizeof id, "street-%d", street + 1);
        snprintf(name, sizeof name, "Street %d", street + 1);
        json_array_append_new(
            features, json_pack("{s:s,s:{s:s,s:s,s:s,s:i,s:f,s:s#},s:{s:s,s:[o,o]}}", "type", "Feature", "properties", "id",
                                id, "name", name, "class", "arterial", "lanes", 2, "width", 2 * SIM_LANE_WIDTH_M,
                                "iso8608", &d->iso_class[street], 1, "geometry", "type",
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
    return json_pack("{s:s,s:{s:i,s:i,s:s,s:b,s:i,s:f,s:s,s:f,s:f,s:f,s:I,s:I,s:f,s:s,s:i,s:o},s:{s:s,s:o}}", "type", "Feature",
                     "properties", "id", index, "group", p->group, "type", p->name, "look_alike", p->type == DEFECT_NONE,
                     "severity", (int)placed_severity(p), "size", p->size, "unit", type ? type->unit : "height_mm", "height_m",
                     p->height_m, "length_m", p->length_m, "half_width_m", p->half_width_m, "e_mm",
                     (json_int_t)llround(e_m * 1000), "n_mm", (json_int_t)llround(n_m * 1000), "lateral_m", p->lateral_m,
                     "road", road, "wheel_crossings", p->wheel_crossings, "crossings", crossings, "geometry", "type", "Point",
                     "coordinates", lon_lat(d, e_m, n_m));
}

json_t *sim_truth_json(const struct sim_district *d, json_t *const *crossings)
{
    json_t *features = json_array();

    for (int i = 0; i < d->n_placed; i++)
        json_array_append_new(features, placed_json(d, i, crossings[i]));
    return json_pack("{s:s,s:o}", "type", "FeatureCollection", "features", features);
}

void sim_crossings_header(FILE *csv)
{
    fputs("drive,vehicle,event,time_s,seconds,speed_mps,heading_deg,left,right,share,thing,group,type,feature,name,size,height_m,"
          "length_m,e_m,n_m,lat_deg,lon_deg,car_e_m,car_n_m,iri\n",
          csv);
}

/* The place of a passing is the thing's, of everything else the car's. */
static void write_place(FILE *csv, const struct sim_district *d, const struct sim_crossing *c, double e_m, double n_m)
{
    double lat_deg = NAN, lon_deg = NAN;

    grid_unproject(d->zone, (struct grid_point){llround(e_m * 1000), llround(n_m * 1000)}, &lat_deg, &lon_deg);
    fprintf(csv, ",%.3f,%.3f,%.8f,%.8f,%.3f,%.3f,", e_m, n_m, lat_deg, lon_deg, c->e_m, c->n_m);
}

static void write_crossing(FILE *csv, const struct sim_district *d, const struct sim_crossing *c)
{
    double e_m = c->e_m, n_m = c->n_m;

    fprintf(csv, "%s,%.4f,%.3f,%.3f,%.2f,%.3f,%.3f,%.3f,", sim_event_name(c->event), c->time_s, c->seconds, c->speed_mps,
            fmod(c->heading_rad * 180 / M_PI + 720, 360), c->left, c->right, c->share);
    if (c->event == SIM_LANE) {
        const int street = d->lanes[c->placed].street;
        fprintf(csv, "%d,,0,0,%s_%c,%.3g,,%.1f", c->placed, d->is_good[street] ? "good" : "busy", d->iso_class[street],
                1e6 * d->gd_m3[street], d->lanes[c->placed].length_m);
    } else if (c->event == SIM_PASSING) {
        const struct sim_placed *p = &d->placed[c->placed];
        sim_place_at(d, p->lane, p->station_m, p->lateral_m, &e_m, &n_m);
        fprintf(csv, "%d,%d,%d,%d,%s,%.1f,%.4f,%.3f", c->placed, p->group, p->type, (int)p->feature, p->name, p->size,
                p->height_m, p->length_m);
    } else {
        fprintf(csv, ",,0,0,%s,,,", sim_event_name(c->event));
    }
    write_place(csv, d, c, e_m, n_m);
    if (c->event == SIM_LANE)
        fprintf(csv, "%.3f", d->lanes[c->placed].iri_m_per_km);
    fputc('\n', csv);
}

void sim_crossings_write(FILE *csv, const struct sim_district *district, const char *drive, const struct sim_vehicle *vehicle,
                         const struct sim_drive_result *result)
{
    for (int i = 0; i < result->n_crossings; i++) {
        fprintf(csv, "%s,%s,", drive, vehicle->name);
        write_crossing(csv, district, &result->crossings[i]);
    }
}
