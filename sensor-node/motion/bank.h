/* bank.h - the shapes that the detector knows, and what the vehicle's sensor would feel over each at a speed.
 *
 * Defects and look-alikes stand in one list: what is best explained by a speed bump is a speed bump. The
 * sensor sits `imu_x_m` behind the front axle on a body that is rigid between the axles, so it feels 1 + x/L
 * of the front corner and -x/L of the rear one, which comes L/v later; a shape under one wheel only lifts
 * half. */
#ifndef MOTION_BANK_H
#define MOTION_BANK_H

#include <stdbool.h>

#include "grid/feature.h"
#include "sensor-node/motion/quarter_car.h"

#define BANK_ENTRIES_MAX 48
#define BANK_ZERO        70  /* ticks of a response before the axle stands over the shape's middle */
#define BANK_SINGLE      170 /* ticks of one axle's response */
#define BANK_TICKS       320 /* of both */

struct bank_entry {
    int type; /* enum defect_type_id; DEFECT_NONE = look-alike */
    enum feature_kind feature; /* of a look-alike */
    struct shape shape;
    double size; /* in the unit of its type */
    bool is_one_sided;
    double prior; /* how common, relative to the others */
};

struct bank {
    struct bank_entry entries[BANK_ENTRIES_MAX];
    struct shape_path paths[BANK_ENTRIES_MAX];
    int n;
    double front_share, rear_share, wheelbase_m;
};

void bank_init(struct bank *bank, double imu_x_m, double wheelbase_m);
/* Ticks between the axles. */
double bank_axle_ticks(const struct bank *bank, double speed_mps);
/* What the detector's filters make of the entry at this speed, tick BANK_ZERO = front axle over the middle.
 * Returns the ticks that count, 0 if the shape is too long for this speed. */
int bank_template(const struct bank *bank, int entry, double speed_mps, float ret_felt_mps2[BANK_TICKS]);

/* The detector's band, the same for the signal and the templates. */
#define BANK_HIGH_PASS_HZ 0.5
#define BANK_LOW_PASS_HZ  20.0

#endif
