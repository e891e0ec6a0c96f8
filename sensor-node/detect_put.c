#include "sensor-node/detect_put.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "grid/feature.h"
#include "sensor-node/source.h"

static void put_position(const struct put *put, struct grid_point at)
{
    double lat_deg = 0, lon_deg = 0;

    grid_unproject(put->zone, at, &lat_deg, &lon_deg);
    printf("[%.8f,%.8f]", lon_deg, lat_deg);
}

static const char *side_name(enum wheel_side side)
{
    static const char *const names[] = {"unknown", "left", "right", "both"};

    return names[side];
}

static void put_detection_facts(const struct detection *f, const struct batch *batch)
{
    static const char *const severities[] = {"none", "low", "medium", "high"};
    const struct defect_type *type = catalogue_type(f->type);
    struct cell cell = {0};
    char time[40], text[CELL_TEXT_SIZE] = "";

    if (cell_from_point(batch->zone, f->at, 0, &cell) == ROAD_OK)
        cell_format(cell, text);
    printf("\"kind\":\"detection\",\"batch\":%" PRIu64 ",\"time\":\"%s\",\"type\":\"%s\",\"severity\":\"%s\","
           "\"confidence\":%.3f,\"size\":%.3f,\"size_sigma\":%.3f,\"unit\":\"%s\",\"heading_deg\":%.2f,"
           "\"speed_mps\":%.2f,\"side\":\"%s\",\"cov_ee_m2\":%.4f,\"cov_en_m2\":%.4f,\"cov_nn_m2\":%.4f,\"cell\":\"%s\"",
           batch->seq, source_time_text(f->time_ns, time), type ? type->code : "unknown", severities[f->severity],
           f->confidence_permille / 1000., f->size_milli / 1000., f->size_sigma_milli / 1000., type ? type->unit : "",
           f->heading_cdeg / 100., f->speed_cmps / 100., side_name(f->side), f->cov_ee_cm2 / 1e4, f->cov_en_cm2 / 1e4,
           f->cov_nn_cm2 / 1e4, text);
}

static void put_pass_facts(const struct pass *p, const struct batch *batch)
{
    static const char *const classes[] = {"rtk", "sbas", "consumer", "phone"};
    const struct pass_point *first = &p->points[0], *last = &p->points[p->n_points - 1];
    double sigma_cm = 0, iri = 0;
    size_t rated = 0;
    char from[40], to[40];

    for (size_t i = 0; i < p->n_points; i++) {
        sigma_cm = fmax(sigma_cm, p->points[i].sigma_cm);
        rated += p->points[i].iri_centi != IRI_UNKNOWN;
        iri += p->points[i].iri_centi != IRI_UNKNOWN ? p->points[i].iri_centi / 100. : 0;
    }
    printf("\"kind\":\"pass\",\"batch\":%" PRIu64 ",\"from\":\"%s\",\"to\":\"%s\",\"sensor\":\"%s\",\"gnss\":\"%s\","
           "\"half_track_m\":%.3f,\"sigma_m_max\":%.2f,\"iri_mean\":",
           batch->seq, source_time_text(first->time_ns, from), source_time_text(last->time_ns, to),
           p->sensor == SENSE_CAMERA ? "camera" : "motion", classes[p->gnss], p->half_track_mm / 1000., sigma_cm / 100);
    if (rated > 0)
        printf("%.2f", iri / (double)rated);
    else
        fputs("null", stdout);
}

static void begin_feature(struct put *put)
{
    if (put->is_geojson)
        fputs(put->written ? ",\n{\"type\":\"Feature\",\"properties\":{" : "{\"type\":\"Feature\",\"properties\":{", stdout);
    else
        putchar('{');
    put->written++;
}

/* GeoJSON wants the geometry beside the properties; a JSON line has it among them. */
static void begin_geometry(const struct put *put, const char *type)
{
    printf(put->is_geojson ? "},\"geometry\":{\"type\":\"%s\",\"coordinates\":" : ",\"geometry\":{\"type\":\"%s\",\"coordinates\":",
           type);
}

static void end_feature(const struct put *put)
{
    fputs(put->is_geojson ? "}}" : "}}\n", stdout);
}

static void put_pass(struct put *put, const struct pass *p, const struct batch *batch)
{
    if (p->n_points < 2)
        return; /* no line */
    begin_feature(put);
    put_pass_facts(p, batch);
    begin_geometry(put, "LineString");
    for (size_t i = 0; i < p->n_points; i++) {
        putchar(i ? ',' : '[');
        put_position(put, p->points[i].at);
    }
    putchar(']');
    end_feature(put);
}

static void put_feature_facts(const struct feature_sighting *f, const struct batch *batch)
{
    const char *code = feature_code(f->kind);
    char time[40];

    printf("\"kind\":\"feature\",\"batch\":%" PRIu64 ",\"time\":\"%s\",\"feature\":\"%s\",\"confidence\":%.3f,"
           "\"strength\":%.3f,\"strength_sigma\":%.3f,\"heading_deg\":%.2f,\"speed_mps\":%.2f,\"side\":\"%s\","
           "\"cov_ee_m2\":%.4f,\"cov_en_m2\":%.4f,\"cov_nn_m2\":%.4f",
           batch->seq, source_time_text(f->time_ns, time), code ? code : "unknown", f->confidence_permille / 1000.,
           f->strength_milli / 1000., f->strength_sigma_milli / 1000., f->heading_cdeg / 100., f->speed_cmps / 100.,
           side_name(f->side), f->cov_ee_cm2 / 1e4, f->cov_en_cm2 / 1e4, f->cov_nn_cm2 / 1e4);
}

static void put_point(struct put *put, struct grid_point at)
{
    begin_geometry(put, "Point");
    put_position(put, at);
    end_feature(put);
}

void put_batch(struct put *put, const struct batch *batch)
{
    for (size_t i = 0; i < batch->n_passes; i++)
        put_pass(put, &batch->passes[i], batch);
    for (size_t i = 0; i < batch->n_detections; i++) {
        begin_feature(put);
        put_detection_facts(&batch->detections[i], batch);
        put_point(put, batch->detections[i].at);
    }
    for (size_t i = 0; i < batch->n_features; i++) {
        begin_feature(put);
        put_feature_facts(&batch->features[i], batch);
        put_point(put, batch->features[i].at);
    }
}

void put_unwatched(struct put *put, const char *members, const double (*lon_lat_deg)[2], size_t n)
{
    begin_feature(put);
    fputs(members, stdout);
    begin_geometry(put, "LineString");
    for (size_t i = 0; i < n; i++)
        printf("%s[%.8f,%.8f]", i ? "," : "[", lon_lat_deg[i][0], lon_lat_deg[i][1]);
    putchar(']');
    end_feature(put);
}

void put_start(const struct put *put)
{
    if (put->is_geojson)
        puts("{\"type\":\"FeatureCollection\",\"features\":[");
}

void put_summary(const struct put *put, const char *members)
{
    printf(put->is_geojson ? "\n],\"summary\":{%s}}\n" : "{\"kind\":\"summary\",%s}\n", members);
}
