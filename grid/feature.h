/* feature.h - what belongs to a road and shakes a car all the same: look-alikes of defects. They are observations
 * too; the gateway registers them, so that a change alarms and not their presence. Ids are stable, never reused. */
#ifndef GRID_FEATURE_H
#define GRID_FEATURE_H

enum feature_kind {
    FEATURE_NONE = 0,
    FEATURE_SPEED_BUMP = 1, /* short, rounded, across the lane */
    FEATURE_SPEED_HUMP = 2, /* long, flat-topped, with ramps */
    FEATURE_JOINT = 3,      /* expansion joint of a bridge */
    FEATURE_RAIL = 4,       /* level crossing or tram rails */
    FEATURE_MANHOLE = 5,    /* a cover within tolerance */
    FEATURE_STUDS = 6,      /* rumble strip or row of studs */
    FEATURE_KERB = 7,       /* mounted at walking pace: a driveway */
    FEATURE_KIND_COUNT = 7
};

/* "speed_bump"; "none" for FEATURE_NONE; NULL beyond the table. */
const char *feature_code(enum feature_kind kind);
const char *feature_name_en(enum feature_kind kind);
const char *feature_name_zh(enum feature_kind kind);
/* The defect that a feature of this kind has become when it shakes cars much more than it used to
 * (enum defect_type_id); 0 where a change means nothing but that it was rebuilt. */
int feature_defect(enum feature_kind kind);

#endif
