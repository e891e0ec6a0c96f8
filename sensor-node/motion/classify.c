#include "sensor-node/motion/classify.h"

#include <stddef.h>

#include "sensor-node/motion/type_table.h"

static const struct {
    const char *name;
    int defect;
    enum feature_kind feature;
    unsigned families;
} classes[CLASSES] = {
    [CLASS_NOTHING] = {"nothing", DEFECT_NONE, FEATURE_NONE, 0},
    [CLASS_HANDLING] = {"handling", DEFECT_NONE, FEATURE_NONE, 0},
    [CLASS_POTHOLE] = {"pothole", DEFECT_POTHOLE, FEATURE_NONE, BANK_HOLE},
    [CLASS_SUBSIDENCE] = {"subsidence", DEFECT_SUBSIDENCE, FEATURE_NONE, BANK_SAG},
    [CLASS_SHOVING] = {"shoving", DEFECT_SHOVING, FEATURE_NONE, BANK_WAVES},
    [CLASS_MANHOLE_LEVEL] = {"manhole_level", DEFECT_MANHOLE_LEVEL, FEATURE_NONE, BANK_COVER},
    [CLASS_MANHOLE_COVER] = {"manhole_cover", DEFECT_MANHOLE_COVER, FEATURE_NONE, BANK_COVER},
    [CLASS_JOINT_FAULT] = {"joint_fault", DEFECT_JOINT_FAULT, FEATURE_NONE, BANK_STEP},
    [CLASS_PATCH_FAILURE] = {"patch_failure", DEFECT_PATCH_FAILURE, FEATURE_NONE, BANK_PATCH},
    [CLASS_SPEED_BUMP] = {"speed_bump", DEFECT_NONE, FEATURE_SPEED_BUMP, BANK_BUMP},
    [CLASS_SPEED_HUMP] = {"speed_hump", DEFECT_NONE, FEATURE_SPEED_HUMP, BANK_HUMP},
    [CLASS_JOINT] = {"joint", DEFECT_NONE, FEATURE_JOINT, BANK_JOINT},
    [CLASS_RAIL] = {"rail", DEFECT_NONE, FEATURE_RAIL, BANK_RAIL},
    [CLASS_MANHOLE] = {"manhole", DEFECT_NONE, FEATURE_MANHOLE, BANK_COVER},
    [CLASS_STUDS] = {"studs", DEFECT_NONE, FEATURE_STUDS, BANK_STRIPS},
    [CLASS_KERB] = {"kerb", DEFECT_NONE, FEATURE_KERB, 0},
};

int class_defect(enum motion_class class)
{
    return classes[class].defect;
}

enum feature_kind class_feature(enum motion_class class)
{
    return classes[class].feature;
}

unsigned class_families(enum motion_class class)
{
    return classes[class].families;
}

const char *class_name(enum motion_class class)
{
    return classes[class].name;
}

/* Straight lines between the knots, which stand at equal steps from 0 to 1. */
static float calibrated(const float knots[TYPE_KNOTS], float p)
{
    const float at = p * (TYPE_KNOTS - 1);
    const int i = at < TYPE_KNOTS - 1 ? (int)at : TYPE_KNOTS - 2;

    return knots[i] + (at - (float)i) * (knots[i + 1] - knots[i]);
}

/* Damage is told where all kinds of it together are likely enough for the likeliest of them, as that one:
 * holes and sunk covers are often alike, and either wants a look. The rest is told where it is likely enough
 * by itself. */
void classify(const float traits[TRAITS], struct verdict *ret_verdict)
{
    float p[CLASSES], damage = 0;
    int worst = CLASS_POTHOLE, other = CLASS_NOTHING;

    forest_probabilities(&type_forest, traits, p);
    for (int c = 0; c < CLASSES; c++) {
        const bool is_damage = class_defect((enum motion_class)c) != DEFECT_NONE;
        damage += is_damage ? p[c] : 0;
        if (is_damage && p[c] > p[worst])
            worst = c;
        if (!is_damage && p[c] > p[other])
            other = c;
    }
    const bool is_damage = damage >= type_damage_floor[worst];
    const int best = is_damage ? worst : other;
    *ret_verdict = (struct verdict){.class = (enum motion_class)best,
                                    .confidence = calibrated(type_calibration[best], p[best]),
                                    .is_told = is_damage || p[best] >= type_floor[best]};
}
