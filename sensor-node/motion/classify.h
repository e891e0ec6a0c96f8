/* classify.h - which of the known things an event was, and how sure that is.
 *
 * Boosted trees in a frozen table (type_table.c, made by tests/train), then a table that turns their
 * probability into a confidence which is right as often as it says, measured on simulated drives that the
 * trees have not seen. Pure. */
#ifndef MOTION_CLASSIFY_H
#define MOTION_CLASSIFY_H

#include <stdbool.h>

#include "grid/catalogue.h"
#include "grid/feature.h"
#include "sensor-node/motion/traits.h"

/* What an event may have been; the order is that of the table. */
enum motion_class {
    CLASS_NOTHING,  /* the road's own roughness */
    CLASS_HANDLING, /* not the road: a door, braking, a phone in the hand */
    CLASS_POTHOLE,
    CLASS_SUBSIDENCE,
    CLASS_SHOVING,
    CLASS_MANHOLE_LEVEL,
    CLASS_MANHOLE_COVER,
    CLASS_JOINT_FAULT,
    CLASS_PATCH_FAILURE,
    CLASS_SPEED_BUMP,
    CLASS_SPEED_HUMP,
    CLASS_JOINT,
    CLASS_RAIL,
    CLASS_MANHOLE,
    CLASS_STUDS,
    CLASS_KERB,
    CLASSES
};
int class_defect(enum motion_class class);                /* enum defect_type_id, DEFECT_NONE */
enum feature_kind class_feature(enum motion_class class); /* FEATURE_NONE for what is none */
unsigned class_families(enum motion_class class);         /* of the bank's shapes; 0 = none of its own */
const char *class_name(enum motion_class class);

struct verdict {
    enum motion_class class;
    float confidence; /* 0..1, calibrated */
    bool is_told;     /* sure enough to be reported */
};
void classify(const float traits[TRAITS], struct verdict *ret_verdict);

#endif
