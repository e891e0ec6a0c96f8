#include "gateway/intake.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define JUMP_MM 100000.0
#define BATCH_MM_MAX 20e6
#define MARGIN_MM INT64_C(100000) /* wheel tracks and painted squares stay inside the frame */

enum road_status topic_name(const char *topic, const char *district, const char *kind, char ret_name[NAME_SIZE])
{
    char start[64];
    const int length = snprintf(start, sizeof start, "road/v1/%s/%s/", district, kind);

    if (length < 0 || (size_t)length >= sizeof start || strncmp(topic, start, (size_t)length) != 0 ||
        strlen(topic + length) >= NAME_SIZE || !name_is_valid(topic + length))
        return ROAD_BAD_INPUT;
    strcpy(ret_name, topic + length);
    return ROAD_OK;
}

enum road_status intake_open(const struct intake_rules *rules, const char *topic, const void *bytes, size_t length,
                             struct intake_envelope *ret_envelope)
{
    struct intake_envelope envelope = {0};
    struct kid kid;

    enum road_status status = topic_name(topic, rules->district, "obs", envelope.claimed);
    strcpy(ret_envelope->claimed, envelope.claimed);
    if (status != ROAD_OK)
        return status;
    if (length > SEALED_MAX)
        return ROAD_TOO_LARGE;
    envelope.speaker = registry_by_name(rules->registry, envelope.claimed);
    if (!envelope.speaker || envelope.speaker->role != ROLE_NODE ||
        strcmp(envelope.speaker->district, rules->district) != 0) {
        status = cose_peek(bytes, length, &kid, &envelope.payload, &envelope.payload_length);
        return status == ROAD_OK ? ROAD_UNKNOWN_KEY : status; /* no batch at all, or nobody's */
    }
    status = cose_open(envelope.speaker->verifier, bytes, length, &envelope.payload, &envelope.payload_length);
    if (status != ROAD_OK)
        return status;
    status = batch_peek_seq(envelope.payload, envelope.payload_length, &envelope.seq);
    if (status != ROAD_OK)
        return status;
    *ret_envelope = envelope;
    return ROAD_OK;
}

static enum road_status wrong(enum road_status status, const char *field, const char **ret_field)
{
    if (ret_field)
        *ret_field = field;
    return status;
}

bool intake_is_in_window(int64_t time_ns, int64_t now_ns)
{
    return time_ns >= now_ns - INTAKE_PAST_NS && time_ns <= now_ns + INTAKE_FUTURE_NS;
}

/* The frame ends at 2^20 m east and 2^24 m north. */
static bool is_in_frame(struct grid_point at)
{
    return at.e_mm >= MARGIN_MM && at.e_mm < (INT64_C(1000) << 20) - MARGIN_MM && at.n_mm >= MARGIN_MM &&
           at.n_mm < (INT64_C(1000) << 24) - MARGIN_MM;
}

static enum road_status check_pass(const struct pass *pass, int64_t now_ns, double *length_mm, const char **ret_field)
{
    for (size_t i = 0; i < pass->n_points; i++) {
        const struct pass_point *p = &pass->points[i];
        if (!intake_is_in_window(p->time_ns, now_ns))
            return wrong(ROAD_BAD_TIME, "pass.time", ret_field);
        if (!is_in_frame(p->at))
            return wrong(ROAD_BAD_RANGE, "pass.at", ret_field);
        if (i == 0)
            continue;
        if (p->time_ns < p[-1].time_ns)
            return wrong(ROAD_BAD_TIME, "pass.time", ret_field);
        const double de = (double)(p->at.e_mm - p[-1].at.e_mm), dn = (double)(p->at.n_mm - p[-1].at.n_mm);
        const double step = sqrt(de * de + dn * dn); /* hypot guards what a frame cannot reach */
        if (step > JUMP_MM)
            return wrong(ROAD_BAD_RANGE, "pass.at", ret_field);
        *length_mm += step;
    }
    return *length_mm <= BATCH_MM_MAX ? ROAD_OK : wrong(ROAD_TOO_LARGE, "passes", ret_field);
}

static enum road_status check_detection(const struct batch *batch, const struct detection *d, int64_t now_ns,
                                        const char **ret_field)
{
    if (d->pass >= batch->n_passes)
        return wrong(ROAD_BAD_INPUT, "detection.pass", ret_field);
    if (!intake_is_in_window(d->time_ns, now_ns))
        return wrong(ROAD_BAD_TIME, "detection.time", ret_field);
    if (!is_in_frame(d->at))
        return wrong(ROAD_BAD_RANGE, "detection.at", ret_field);
    if (d->type < 1 || d->type > DEFECT_TYPE_COUNT)
        return wrong(ROAD_BAD_RANGE, "detection.type", ret_field);
    if (d->sensor != SENSE_MOTION && d->sensor != SENSE_CAMERA)
        return wrong(ROAD_BAD_RANGE, "detection.sensor", ret_field);
    return ROAD_OK;
}

static enum road_status check_feature(const struct batch *batch, const struct feature_sighting *f, int64_t now_ns,
                                      const char **ret_field)
{
    if (f->pass >= batch->n_passes)
        return wrong(ROAD_BAD_INPUT, "feature.pass", ret_field);
    if (!intake_is_in_window(f->time_ns, now_ns))
        return wrong(ROAD_BAD_TIME, "feature.time", ret_field);
    if (!is_in_frame(f->at))
        return wrong(ROAD_BAD_RANGE, "feature.at", ret_field);
    if (f->kind < 1 || f->kind > FEATURE_KIND_COUNT)
        return wrong(ROAD_BAD_RANGE, "feature.kind", ret_field);
    return ROAD_OK;
}

enum road_status intake_validate(const struct intake_rules *rules, const struct batch *batch, int64_t now_ns,
                                 const char **ret_field)
{
    double length_mm = 0;

    if (batch->zone.meridian_deg != rules->zone.meridian_deg || batch->zone.is_south != rules->zone.is_south)
        return wrong(ROAD_BAD_RANGE, "zone", ret_field);
    if (batch->time_source == TIME_NONE && (batch->n_passes || batch->n_detections || batch->n_features))
        return wrong(ROAD_BAD_TIME, "time_source", ret_field);
    for (size_t i = 0; i < batch->n_passes; i++) {
        if (batch->passes[i].sensor != SENSE_MOTION && batch->passes[i].sensor != SENSE_CAMERA)
            return wrong(ROAD_BAD_RANGE, "pass.sensor", ret_field);
        const enum road_status status = check_pass(&batch->passes[i], now_ns, &length_mm, ret_field);
        if (status != ROAD_OK)
            return status;
    }
    for (size_t i = 0; i < batch->n_detections; i++) {
        const enum road_status status = check_detection(batch, &batch->detections[i], now_ns, ret_field);
        if (status != ROAD_OK)
            return status;
    }
    for (size_t i = 0; i < batch->n_features; i++) {
        const enum road_status status = check_feature(batch, &batch->features[i], now_ns, ret_field);
        if (status != ROAD_OK)
            return status;
    }
    return ROAD_OK;
}
