#include "tests/link/fixtures.h"

#include <math.h>
#include <string.h>

static int hex_digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

size_t unhex(const char *hex, uint8_t *ret_bytes, size_t capacity)
{
    size_t digits = 0;

    for (; *hex && digits / 2 < capacity; hex++) {
        const int digit = hex_digit(*hex);

        if (digit < 0)
            continue;
        uint8_t *byte = &ret_bytes[digits++ / 2];
        *byte = (uint8_t)(digits % 2 ? digit << 4 : *byte | digit);
    }
    return digits / 2;
}

uint64_t chance_next(struct chance *chance)
{
    uint64_t z = chance->state += 0x9E3779B97F4A7C15;

    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
    z = (z ^ z >> 27) * 0x94D049BB133111EB;
    return z ^ z >> 31;
}

int64_t chance_between(struct chance *chance, int64_t low, int64_t high)
{
    return low + (int64_t)(chance_next(chance) % ((uint64_t)(high - low) + 1));
}

double chance_gauss(struct chance *chance)
{
    const double u = ((double)(chance_next(chance) >> 11) + 0.5) * 0x1p-53;
    const double v = (double)(chance_next(chance) >> 11) * 0x1p-53;

    return sqrt(-2 * log(u)) * cos(2 * M_PI * v);
}

static void detection_random(struct chance *chance, size_t n_passes, struct detection *ret_detection)
{
    const int64_t sigma_e = chance_between(chance, 0, 40000), sigma_n = chance_between(chance, 0, 40000);

    memset(ret_detection, 0, sizeof *ret_detection);
    ret_detection->type = (int)chance_between(chance, 1, DEFECT_TYPE_COUNT);
    ret_detection->severity = (enum severity)chance_between(chance, 0, 3);
    ret_detection->confidence_permille = (uint16_t)chance_between(chance, 0, 1000);
    ret_detection->sensor = (enum sense)chance_between(chance, 1, 2);
    ret_detection->time_ns = chance_between(chance, TIME_MIN_NS, TIME_MAX_NS);
    ret_detection->at.e_mm = chance_between(chance, 0, 1048575999);
    ret_detection->at.n_mm = chance_between(chance, 0, 16777215999);
    ret_detection->cov_ee_cm2 = (int32_t)(sigma_e * sigma_e);
    ret_detection->cov_nn_cm2 = (int32_t)(sigma_n * sigma_n);
    ret_detection->cov_en_cm2 = (int32_t)(sigma_e * sigma_n * chance_between(chance, -100, 100) / 100);
    ret_detection->size_milli = (int32_t)chance_between(chance, 0, INT32_MAX);
    ret_detection->size_sigma_milli = (int32_t)chance_between(chance, 0, INT32_MAX);
    ret_detection->heading_cdeg = (uint16_t)chance_between(chance, 0, 35999);
    ret_detection->speed_cmps = (uint16_t)chance_between(chance, 0, UINT16_MAX);
    ret_detection->side = (enum wheel_side)chance_between(chance, 0, 3);
    ret_detection->pass = (uint16_t)chance_between(chance, 0, (int64_t)n_passes - 1);
    ret_detection->has_evidence = chance_between(chance, 0, 1);
    if (chance_between(chance, 0, 1))
        ret_detection->strength_milli = (int32_t)chance_between(chance, 0, INT32_MAX);
    ret_detection->strength_sigma_milli = (int32_t)chance_between(chance, 0, ret_detection->strength_milli);
    for (int i = 0; ret_detection->has_evidence && i < SHA256_SIZE; i++)
        ret_detection->evidence[i] = (uint8_t)chance_next(chance);
}

static void feature_random(struct chance *chance, size_t n_passes, struct feature_sighting *ret_feature)
{
    const int64_t sigma_e = chance_between(chance, 0, 40000), sigma_n = chance_between(chance, 0, 40000);

    *ret_feature = (struct feature_sighting){
        .kind = (enum feature_kind)chance_between(chance, 1, FEATURE_KIND_COUNT),
        .confidence_permille = (uint16_t)chance_between(chance, 0, 1000),
        .time_ns = chance_between(chance, TIME_MIN_NS, TIME_MAX_NS),
        .at = {chance_between(chance, 0, 1048575999), chance_between(chance, 0, 16777215999)},
        .cov_ee_cm2 = (int32_t)(sigma_e * sigma_e),
        .cov_nn_cm2 = (int32_t)(sigma_n * sigma_n),
        .cov_en_cm2 = (int32_t)(sigma_e * sigma_n * chance_between(chance, -100, 100) / 100),
        .strength_milli = (int32_t)chance_between(chance, 0, INT32_MAX),
        .strength_sigma_milli = (int32_t)chance_between(chance, 0, INT32_MAX),
        .heading_cdeg = (uint16_t)chance_between(chance, 0, 35999),
        .speed_cmps = (uint16_t)chance_between(chance, 0, UINT16_MAX),
        .side = (enum wheel_side)chance_between(chance, 0, 3),
        .pass = (uint16_t)chance_between(chance, 0, (int64_t)n_passes - 1)};
}

/* Either anywhere and at any time, or a walk of a few metres a step. */
static void points_random(struct chance *chance, size_t n, struct pass_point *ret_points)
{
    const bool is_wild = chance_between(chance, 0, 3) == 0;

    for (size_t k = 0; k < n; k++) {
        struct pass_point *point = &ret_points[k];

        *point = (struct pass_point){
            .at = {chance_between(chance, 0, 1048575999), chance_between(chance, 0, 16777215999)},
            .time_ns =
                TIME_MIN_NS + (int64_t)k * 30000000000000000 + chance_between(chance, 0, 30000000000000000)};
        if (!is_wild && k > 0) {
            point->at.e_mm = ret_points[k - 1].at.e_mm / 2 + 250000000 + chance_between(chance, -5000, 5000);
            point->at.n_mm = ret_points[k - 1].at.n_mm / 2 + 250000000 + chance_between(chance, -5000, 5000);
            point->time_ns = ret_points[k - 1].time_ns + chance_between(chance, 0, 2000000000);
        }
        point->sigma_cm = (uint16_t)chance_between(chance, 0, 1600);
        point->iri_centi =
            (uint16_t)chance_between(chance, 0, chance_between(chance, 0, 1) ? 1200 : UINT16_MAX);
        if (chance_between(chance, 0, 3) == 0)
            point->iri_centi = IRI_UNKNOWN;
    }
}

void batch_random(struct chance *chance, struct batch_room *ret_room)
{
    struct batch *batch = &ret_room->batch;

    *batch = (struct batch){.seq = (uint64_t)chance_between(chance, 1, INT64_MAX - 1),
                            .zone = {(int)chance_between(chance, 0, 119) * 3, chance_between(chance, 0, 1)},
                            .time_source = (enum time_source)chance_between(chance, 0, 2),
                            .time_sigma_us = (uint32_t)chance_between(chance, 0, UINT32_MAX),
                            .unplaced_cm = (uint32_t)chance_between(chance, 0, UINT32_MAX),
                            .unwatched_ms = (uint32_t)chance_between(chance, 0, UINT32_MAX),
                            .passes = ret_room->passes,
                            .n_passes = (size_t)chance_between(chance, 0, 4),
                            .detections = ret_room->detections,
                            .features = ret_room->features};
    for (size_t i = 0; i < batch->n_passes; i++) {
        const size_t n = (size_t)chance_between(chance, 1, 100);

        batch->passes[i] = (struct pass){.sensor = (enum sense)chance_between(chance, 1, 2),
                                         .frame = (enum frame)chance_between(chance, 0, 1),
                                         .epoch_centiyear = (uint16_t)chance_between(chance, 0, 10000),
                                         .gnss = (enum gnss_class)chance_between(chance, 0, 3),
                                         .half_track_mm = (uint16_t)chance_between(chance, 0, 5000),
                                         .points = ret_room->points[i],
                                         .n_points = n};
        points_random(chance, n, ret_room->points[i]);
    }
    batch->n_detections = batch->n_passes ? (size_t)chance_between(chance, 0, 6) : 0;
    for (size_t i = 0; i < batch->n_detections; i++)
        detection_random(chance, batch->n_passes, &batch->detections[i]);
    batch->n_features = batch->n_passes ? (size_t)chance_between(chance, 0, 6) : 0;
    for (size_t i = 0; i < batch->n_features; i++)
        feature_random(chance, batch->n_passes, &batch->features[i]);
}

void drive_points(struct chance *chance, double speed_mps, size_t n, struct pass_point *ret_points)
{
    /* Position error: Gauss-Markov, 0.8 m, correlated over 20 s; and the filter's own 2 cm of jitter. */
    const double error_m = 0.8, correlation_s = 20;
    double e = 515741.3, n_m = 3350510.7, heading = 0.3, t = 1795900000, iri = 2.5, speed = speed_mps;
    double error_e = error_m * chance_gauss(chance), error_n = error_m * chance_gauss(chance);

    for (size_t k = 0; k < n; k++) {
        /* Taken at the first 10 ms sample past the distance, as a node at 100 Hz does. */
        const double dt = ceil(2.5 / speed * 100) / 100, keep = exp(-dt / correlation_s);

        heading += 0.01 * chance_gauss(chance) + 0.02 * sin((double)k / 15);
        e += speed * dt * sin(heading);
        n_m += speed * dt * cos(heading);
        t += dt;
        speed +=
            0.1 * (speed_mps * (1 + 0.25 * sin((double)k / 9)) - speed) + 0.02 * speed * chance_gauss(chance);
        error_e = keep * error_e + sqrt(1 - keep * keep) * error_m * chance_gauss(chance);
        error_n = keep * error_n + sqrt(1 - keep * keep) * error_m * chance_gauss(chance);
        iri = fmax(0.8, iri + 0.15 * chance_gauss(chance));
        ret_points[k] =
            (struct pass_point){.time_ns = (int64_t)(t * 1000) * 1000000,
                                .at = {llround((e + error_e + 0.02 * chance_gauss(chance)) * 1000),
                                       llround((n_m + error_n + 0.02 * chance_gauss(chance)) * 1000)},
                                .sigma_cm = (uint16_t)chance_between(chance, 150, 260),
                                .iri_centi = (uint16_t)lround(iri * 100)};
    }
}
