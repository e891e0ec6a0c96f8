#include "sensor-node/motion/finding.h"

#include <math.h>

#include "sensor-node/motion/exact.h"

#define STRENGTH_MAX 1e6 /* of what is usual */

#define ALONG_SIGMA_M  0.03  /* what the sensor's own place on the car adds */
#define ACROSS_SIGMA_M 0.155 /* a wheel may run anywhere over the hole: 0.54 m / sqrt(12) */
#define ACROSS_SAG_M   0.45  /* ... and of a sag, which need not lie in its middle */
#define ACROSS_BOTH_M  0.25  /* the middle of what lies across the lane, seen from the vehicle's middle */

static void set_position(const struct finding *f, const struct look *look, double half_track_m, double timing_sigma_s,
                         struct detection *d)
{
    const double s = look->place.along_e, c = look->place.along_n;
    const double speed = look->place.speed_mps, along_m = f->fraction * TICK_S * speed;
    const double left_m = f->side == WHEEL_LEFT ? half_track_m : f->side == WHEEL_RIGHT ? -half_track_m : 0;
    const double timing_m = timing_sigma_s * speed;
    const double var_along = timing_m * timing_m + ALONG_SIGMA_M * ALONG_SIGMA_M + f->along_sigma_m * f->along_sigma_m;
    const double across_m = f->side != WHEEL_BOTH            ? ACROSS_SIGMA_M
                            : f->type == DEFECT_SUBSIDENCE ? ACROSS_SAG_M
                                                           : ACROSS_BOTH_M;
    const double var_across =
        across_m * across_m + (f->side == WHEEL_UNKNOWN ? half_track_m * half_track_m : 0);

    d->at.e_mm = llround(1000 * (look->place.e_m + along_m * s - left_m * c));
    d->at.n_mm = llround(1000 * (look->place.n_m + along_m * c + left_m * s));
    d->cov_ee_cm2 = (int32_t)ceil(1e4 * (look->place.var_ee + var_along * s * s + var_across * c * c));
    d->cov_nn_cm2 = (int32_t)ceil(1e4 * (look->place.var_nn + var_along * c * c + var_across * s * s));
    d->cov_en_cm2 = (int32_t)lround(1e4 * (look->place.var_en + (var_along - var_across) * s * c));
}

static int32_t strength_milli(double strength)
{
    return (int32_t)llround(1000 * fmin(strength, STRENGTH_MAX));
}

void finding_place(const struct finding *finding, const struct look *look, double half_track_m, double timing_sigma_s,
                   struct detection *ret_detection)
{
    const struct finding *f = finding;
    const double heading_deg = fmod(place_heading_rad(&look->place) * 180 / M_PI + 360, 360);
    struct detection d = {.type = f->type, .sensor = SENSE_MOTION, .side = f->side};

    if (f->type != DEFECT_NONE)
        d.severity = catalogue_severity(catalogue_type(f->type), f->size, f->also_high);
    d.confidence_permille = (uint16_t)fmin(990, fmax(1, round(1000 * f->confidence)));
    d.time_ns = look->time_ns + llround(f->fraction * TICK_NS);
    d.size_milli = (int32_t)llround(1000 * f->size);
    d.size_sigma_milli = (int32_t)llround(1000 * f->size_sigma);
    d.strength_milli = strength_milli(f->strength);
    d.strength_sigma_milli = strength_milli(f->strength_sigma);
    d.heading_cdeg = (uint16_t)(lround(heading_deg * 100) % 36000);
    d.speed_cmps = (uint16_t)lround(100 * look->place.speed_mps);
    set_position(f, look, half_track_m, timing_sigma_s, &d);
    *ret_detection = d;
}

void finding_place_feature(const struct finding *finding, const struct look *look, double half_track_m,
                           double timing_sigma_s, struct feature_sighting *ret_feature)
{
    struct detection d;

    finding_place(finding, look, half_track_m, timing_sigma_s, &d);
    *ret_feature = (struct feature_sighting){.kind = finding->feature,
                                             .confidence_permille = d.confidence_permille,
                                             .time_ns = d.time_ns,
                                             .at = d.at,
                                             .cov_ee_cm2 = d.cov_ee_cm2,
                                             .cov_en_cm2 = d.cov_en_cm2,
                                             .cov_nn_cm2 = d.cov_nn_cm2,
                                             .strength_milli = d.strength_milli,
                                             .strength_sigma_milli = d.strength_sigma_milli,
                                             .heading_cdeg = d.heading_cdeg,
                                             .speed_cmps = d.speed_cmps,
                                             .side = d.side};
}
