#include "grid/feature.h"

#include <stddef.h>

#include "grid/catalogue.h"

static const struct {
    const char *code, *name_en, *name_zh;
    int defect;
} features[FEATURE_KIND_COUNT + 1] = {
    {"none", "None", "无", DEFECT_NONE},
    {"speed_bump", "Speed bump", "减速带", DEFECT_NONE},
    {"speed_hump", "Speed hump", "减速丘", DEFECT_NONE},
    {"joint", "Expansion joint", "伸缩缝", DEFECT_JOINT_FAULT},
    {"rail", "Rail crossing", "铁路道口", DEFECT_JOINT_FAULT},
    {"manhole", "Manhole, sound", "完好井盖", DEFECT_MANHOLE_LEVEL},
    {"studs", "Rumble strip or studs", "振动标线", DEFECT_NONE},
    {"kerb", "Kerb", "路缘石", DEFECT_NONE},
};

static int row(enum feature_kind kind)
{
    return (int)kind >= 0 && kind <= FEATURE_KIND_COUNT ? (int)kind : -1;
}

const char *feature_code(enum feature_kind kind)
{
    return row(kind) < 0 ? NULL : features[row(kind)].code;
}

const char *feature_name_en(enum feature_kind kind)
{
    return row(kind) < 0 ? NULL : features[row(kind)].name_en;
}

const char *feature_name_zh(enum feature_kind kind)
{
    return row(kind) < 0 ? NULL : features[row(kind)].name_zh;
}

int feature_defect(enum feature_kind kind)
{
    return row(kind) < 0 ? DEFECT_NONE : features[row(kind)].defect;
}
