/* sim_predict.c - the manifest, and the node over every drive of it: set up with what an installation knows. */
#include <math.h>
#include <string.h>

#include "sensor-node/core.h"
#include "sensor-node/drives.h"
#include "tests/evaluate/sim_set.h"

static double number(const json_t *object, const char *key, double usual)
{
    const json_t *value = json_object_get(object, key);

    return json_is_number(value) ? json_number_value(value) : usual;
}

static void text(const json_t *object, const char *key, char *ret_text, size_t size)
{
    const char *value = json_string_value(json_object_get(object, key));

    snprintf(ret_text, size, "%s", value ? value : "");
}

static enum gnss_class gnss_of(const json_t *vehicle)
{
    static const char *const names[] = {"rtk", "sbas", "consumer", "phone"};
    const char *name = json_string_value(json_object_get(vehicle, "gnss_class"));

    for (int i = 0; name && i < 4; i++)
        if (strcmp(name, names[i]) == 0)
            return (enum gnss_class)i;
    return GNSS_CONSUMER;
}

static bool read_unit(struct sim_set *set, const json_t *vehicle)
{
    struct sim_unit *u = &set->units[set->n_units++];
    struct node_core_config *c = u->config = malloc(sizeof *c);

    if (!c)
        return false;
    node_core_config_default(c);
    text(vehicle, "name", u->name, sizeof u->name);
    text(vehicle, "class", u->class, sizeof u->class);
    text(vehicle, "mount", u->mount, sizeof u->mount);
    u->gnss = gnss_of(vehicle);
    u->is_phone = json_is_true(json_object_get(vehicle, "is_phone"));
    u->sigma_m = number(vehicle, "gnss_sigma_m", 0);
    c->zone = set->zone;
    c->antenna_x_m = number(vehicle, "antenna_x_m", c->antenna_x_m);
    c->antenna_y_m = number(vehicle, "antenna_y_m", c->antenna_y_m);
    c->imu_x_m = number(vehicle, "imu_x_m", c->imu_x_m);
    c->wheelbase_m = u->wheelbase_m = number(vehicle, "wheelbase_m", c->wheelbase_m);
    c->half_track_m = number(vehicle, "half_track_m", c->half_track_m);
    c->gnss_lag_s = number(vehicle, "gnss_lag_s", c->gnss_lag_s);
    c->timing_sigma_s = number(vehicle, "timing_sigma_s", c->timing_sigma_s);
    c->ride_gain = number(vehicle, "ride_gain", c->ride_gain);
    return true;
}

static void read_trip(struct sim_set *set, const json_t *drive)
{
    struct sim_trip *t = &set->trips[set->n_trips++];

    *t = (struct sim_trip){.unit = set->n_units - 1};
    text(drive, "file", t->name, sizeof t->name);
    text(drive, "start", t->start, sizeof t->start);
    char *end = strstr(t->name, ".csv");
    if (end)
        *end = '\0';
}

static bool read_manifest(struct sim_set *set, const json_t *manifest)
{
    const json_t *vehicles = json_object_get(manifest, "vehicles"), *zone = json_object_get(manifest, "zone");
    size_t i, k, n_trips = 0;
    json_t *vehicle, *drive;

    json_array_foreach(vehicles, i, vehicle)
        n_trips += json_array_size(json_object_get(vehicle, "drives"));
    set->seed = json_integer_value(json_object_get(manifest, "seed"));
    set->zone.meridian_deg = (int)number(zone, "meridian_deg", 120);
    set->zone.is_south = json_is_true(json_object_get(zone, "is_south"));
    set->units = calloc(json_array_size(vehicles) + 1, sizeof *set->units);
    set->trips = calloc(n_trips + 1, sizeof *set->trips);
    if (!set->units || !set->trips)
        return false;
    json_array_foreach(vehicles, i, vehicle) {
        if (!read_unit(set, vehicle))
            return false;
        json_array_foreach(json_object_get(vehicle, "drives"), k, drive)
            read_trip(set, drive);
    }
    return n_trips > 0;
}

bool sim_set_open(struct sim_set *ret_set, const char *folder)
{
    char path[4096];
    json_error_t error;

    *ret_set = (struct sim_set){.folder = folder};
    snprintf(path, sizeof path, "%s/manifest.json", folder);
    json_t *manifest = json_load_file(path, 0, &error);
    if (!manifest) {
        fprintf(stderr, "evaluate: %s:%d: %s\n", path, error.line, error.text);
        return false;
    }
    const bool is_good = read_manifest(ret_set, manifest);
    json_decref(manifest);
    if (!is_good) {
        fprintf(stderr, "evaluate: %s: no drives in it, or no memory\n", path);
        sim_set_done(ret_set);
    }
    return is_good;
}

/* The next free claim, NULL without memory. */
static struct sim_claim *new_claim(struct sim_set *set)
{
    if (set->n_claims == set->claims_capacity) {
        const int capacity = set->claims_capacity ? 2 * set->claims_capacity : 1024;
        void *grown = realloc(set->claims, (size_t)capacity * sizeof *set->claims);
        if (!grown)
            return NULL;
        set->claims = grown;
        set->claims_capacity = capacity;
    }
    return &set->claims[set->n_claims++];
}

struct replay {
    struct sim_set *set;
    struct node_core *core;
    int drive;
    int64_t start_ns;
    bool is_full;
};

static void place(const struct replay *r, struct sim_claim *c, struct grid_point at, int32_t ee, int32_t en, int32_t nn)
{
    c->e_m = (double)at.e_mm / 1000;
    c->n_m = (double)at.n_mm / 1000;
    c->ee_m2 = ee / 1e4;
    c->en_m2 = en / 1e4;
    c->nn_m2 = nn / 1e4;
    grid_unproject(r->set->zone, at, &c->lat_deg, &c->lon_deg);
}

static void take_detection(struct replay *r, const struct detection *d)
{
    struct sim_claim *c = new_claim(r->set);

    r->is_full |= !c;
    if (!c)
        return;
    *c = (struct sim_claim){.drive = r->drive, .time_s = (double)(d->time_ns - r->start_ns) * 1e-9, .type = d->type,
                            .size = d->size_milli / 1000., .size_sigma = d->size_sigma_milli / 1000.,
                            .confidence = d->confidence_permille / 1000., .speed_mps = d->speed_cmps / 100., .side = d->side,
                            .row = -1};
    place(r, c, d->at, d->cov_ee_cm2, d->cov_en_cm2, d->cov_nn_cm2);
}

static void take_feature(struct replay *r, const struct feature_sighting *f)
{
    struct sim_claim *c = new_claim(r->set);

    r->is_full |= !c;
    if (!c)
        return;
    *c = (struct sim_claim){.drive = r->drive, .time_s = (double)(f->time_ns - r->start_ns) * 1e-9, .feature = f->kind,
                            .confidence = f->confidence_permille / 1000., .speed_mps = f->speed_cmps / 100., .side = f->side,
                            .row = -1};
    place(r, c, f->at, f->cov_ee_cm2, f->cov_en_cm2, f->cov_nn_cm2);
}

static double speed_between(const struct pass_point *a, const struct pass_point *b)
{
    const double way_m = hypot((double)(b->at.e_mm - a->at.e_mm), (double)(b->at.n_mm - a->at.n_mm)) * 1e-3;

    return b->time_ns > a->time_ns ? way_m / ((double)(b->time_ns - a->time_ns) * 1e-9) : 0;
}

static void take_ride(struct replay *r, const struct pass_point *point, double speed_mps)
{
    struct sim_set *set = r->set;

    if (point->iri_centi == IRI_UNKNOWN)
        return;
    if (set->n_rides == set->rides_capacity) {
        const int capacity = set->rides_capacity ? 2 * set->rides_capacity : 65536;
        void *grown = realloc(set->rides, (size_t)capacity * sizeof *set->rides);
        r->is_full |= !grown;
        if (!grown)
            return;
        set->rides = grown;
        set->rides_capacity = capacity;
    }
    set->rides[set->n_rides++] = (struct sim_ride){r->drive, (double)(point->time_ns - r->start_ns) * 1e-9, point->iri_centi / 100.,
                                                  speed_mps};
}

static void take_batches(struct replay *r)
{
    struct sim_trip *trip = &r->set->trips[r->drive];
    const struct batch *batch;

    while ((batch = node_core_take(r->core))) {
        trip->unwatched_s += batch->unwatched_ms / 1000.;
        trip->unplaced_m += batch->unplaced_cm / 100.;
        for (size_t i = 0; i < batch->n_passes; i++)
            for (size_t k = 1; k < batch->passes[i].n_points; k++) /* the first is the last one of the batch before */
                take_ride(r, &batch->passes[i].points[k],
                          speed_between(&batch->passes[i].points[k - 1], &batch->passes[i].points[k]));
        for (size_t i = 0; i < batch->n_detections; i++)
            take_detection(r, &batch->detections[i]);
        for (size_t i = 0; i < batch->n_features; i++)
            take_feature(r, &batch->features[i]);
    }
}

static enum road_status hand_on(struct node_core *core, const struct source_event *event)
{
    return event->kind == SOURCE_FIX ? node_core_fix(core, &event->fix) : node_core_motion(core, &event->motion);
}

static enum road_status read_through(struct replay *r, struct source *source, char *ret_error)
{
    struct source_event event = {.kind = SOURCE_IDLE};

    for (;;) {
        const enum road_status status = source_next(source, &event, ret_error);
        if (status == ROAD_BAD_INPUT)
            continue; /* a row refused, as a node would */
        if (status != ROAD_OK || event.kind == SOURCE_END)
            break;
        if (event.kind != SOURCE_FIX && event.kind != SOURCE_MOTION)
            continue;
        if (hand_on(r->core, &event) == ROAD_FULL) {
            take_batches(r);
            hand_on(r->core, &event);
        }
        take_batches(r);
    }
    node_core_finish(r->core);
    take_batches(r);
    return event.kind == SOURCE_END ? ROAD_OK : ROAD_IO;
}

static bool predict_trip(struct sim_set *set, int drive, struct node_core *core)
{
    const struct sim_trip *trip = &set->trips[drive];
    const struct sim_unit *unit = &set->units[trip->unit];
    struct replay r = {.set = set, .core = core, .drive = drive};
    struct source *source = NULL;
    char path[4200], error[SOURCE_ERROR_SIZE] = "";

    snprintf(path, sizeof path, "%s/%s.csv", set->folder, trip->name);
    if (time_parse(trip->start, &r.start_ns) != ROAD_OK) {
        fprintf(stderr, "evaluate: manifest.json: '%s' is no time\n", trip->start);
        return false;
    }
    enum road_status status = source_open_recording(path, r.start_ns, (int)unit->gnss, unit->sigma_m, &source, error);
    if (status == ROAD_OK)
        status = read_through(&r, source, error);
    source_close(source);
    if (status != ROAD_OK || r.is_full)
        fprintf(stderr, "evaluate: %s\n", r.is_full ? "no memory" : error);
    return status == ROAD_OK && !r.is_full;
}

/* One core a vehicle: what it learnt on one drive it knows on the next. */
bool sim_set_predict(struct sim_set *set)
{
    struct node_core *core = NULL;
    bool is_good = true;

    for (int drive = 0, unit = -1; is_good && drive < set->n_trips; drive++) {
        if (set->trips[drive].unit != unit) {
            unit = set->trips[drive].unit;
            node_core_free(core);
            core = NULL;
            is_good = node_core_new(set->units[unit].config, 1, &core) == ROAD_OK;
            if (!is_good)
                fprintf(stderr, "evaluate: %s: the node refuses its settings\n", set->units[unit].name);
        }
        is_good = is_good && predict_trip(set, drive, core);
    }
    node_core_free(core);
    return is_good;
}

void sim_set_write_header(FILE *predictions)
{
    fputs("drive,time_s,class,confidence,size,size_sigma,lat_deg,lon_deg,cov_ee_m2,cov_en_m2,cov_nn_m2,speed_mps,side\n", predictions);
}

void sim_set_write(const struct sim_set *set, bool is_one_of_many, FILE *predictions)
{
    const char *slash = strrchr(set->folder, '/'), *folder = slash ? slash + 1 : set->folder;

    for (int i = 0; i < set->n_claims; i++) {
        const struct sim_claim *c = &set->claims[i];
        fprintf(predictions, "%s%s%s,%.3f,%s,%.3f,%.1f,%.1f,%.8f,%.8f,%.4f,%.4f,%.4f,%.2f,%d\n", is_one_of_many ? folder : "",
                is_one_of_many ? "/" : "", set->trips[c->drive].name, c->time_s, c->type ? catalogue_type(c->type)->code : feature_code(c->feature), c->confidence, c->size, c->size_sigma,
                c->lat_deg, c->lon_deg, c->ee_m2, c->en_m2, c->nn_m2, c->speed_mps, (int)c->side);
    }
}

void sim_set_done(struct sim_set *set)
{
    for (int i = 0; i < set->n_units; i++)
        free(set->units[i].config);
    free(set->units);
    free(set->trips);
    free(set->claims);
    free(set->rows);
    free(set->rides);
    *set = (struct sim_set){.folder = NULL};
}
