#include "tests/check.h"

#include "grid/code.h"

static double csi_of(int type, enum severity severity, double area_m2)
{
    const struct code_defect defect = {type, severity, 1, area_m2, true};

    return code_csi(&defect, 1, 1);
}

/* Worked by hand from the table of CJJ 36 (docs/codes.md), severities 0.6, 0.8, 1; to one decimal. */
FACT(csi_of_single_defects_is_as_worked_by_hand)
{
    CHECK_NEAR(csi_of(DEFECT_LONGITUDINAL_CRACK, SEVERITY_MEDIUM, 0.2), 79.6, 0.05);
    CHECK_NEAR(csi_of(DEFECT_LONGITUDINAL_CRACK, SEVERITY_HIGH, 0.2), 74.5, 0.05);
    CHECK_NEAR(csi_of(DEFECT_ALLIGATOR_CRACK, SEVERITY_LOW, 0.3), 71.8, 0.05);
    CHECK_NEAR(csi_of(DEFECT_ALLIGATOR_CRACK, SEVERITY_MEDIUM, 1), 36.0, 0.05);
    CHECK_NEAR(csi_of(DEFECT_ALLIGATOR_CRACK, SEVERITY_HIGH, 1), 20.0, 0.05);
    CHECK_NEAR(csi_of(DEFECT_POTHOLE, SEVERITY_LOW, 0.09), 76.4, 0.05);
    CHECK_NEAR(csi_of(DEFECT_POTHOLE, SEVERITY_MEDIUM, 0.16), 62.2, 0.05);
    CHECK_NEAR(csi_of(DEFECT_POTHOLE, SEVERITY_HIGH, 0.16), 52.7, 0.05);
    CHECK_NEAR(csi_of(DEFECT_POTHOLE, SEVERITY_HIGH, 0.5), 35.0, 0.05);
    CHECK_NEAR(csi_of(DEFECT_SUBSIDENCE, SEVERITY_LOW, 1), 62.2, 0.05);
    CHECK_NEAR(csi_of(DEFECT_SUBSIDENCE, SEVERITY_HIGH, 1), 37.0, 0.05);
    CHECK_NEAR(csi_of(DEFECT_RAVELING, SEVERITY_MEDIUM, 1), 64.0, 0.05);
    CHECK_NEAR(csi_of(DEFECT_RAVELING, SEVERITY_LOW, 1), 73.0, 0.05);
    CHECK_NEAR(csi_of(DEFECT_RUTTING, SEVERITY_MEDIUM, 0.6), 61.9, 0.05);
    CHECK_NEAR(csi_of(DEFECT_MANHOLE_LEVEL, SEVERITY_HIGH, 1), 88.0, 0.05);
}

FACT(csi_of_two_classes_is_as_worked_by_hand)
{
    const struct code_defect both[] = {{DEFECT_ALLIGATOR_CRACK, SEVERITY_MEDIUM, 1, 0.5, true},
                                       {DEFECT_POTHOLE, SEVERITY_MEDIUM, 1, 0.1, true}};

    CHECK_NEAR(code_csi(both, 2, 1), 43.2, 0.05);
}

FACT(a_red_hazard_explains_itself)
{
    const struct code_reason reason = {
        .code = CODE_RED, .channel = CHANNEL_HAZARD, .type = DEFECT_POTHOLE, .severity = SEVERITY_HIGH,
        .posterior_permille = 970, .size_milli = 58000, .size_sigma_milli = 15000, .hits = 3, .passes = 5,
        .motion_hits = 2, .camera_hits = 1, .csi = 47, .iri_centi = 0xFFFF,
        .seen_ns = INT64_C(1795419660) * 1000000000, /* date -ud '2026-11-23 07:41' +%s */
    };
    char text[300];

    code_explain(&reason, LANGUAGE_EN, text, sizeof text);
    CHECK_STR(text, "R: Pothole, high (p=0.97, 58±15 mm deep, seen on 3 of 5 passes, motion 2 camera 1, last "
                    "2026-11-23 07:41Z) | CSI 47");
    code_explain(&reason, LANGUAGE_ZH, text, sizeof text);
    CHECK_STR(text, "红：坑洞，重（可信度 0.97，深 58±15 毫米，5 次经过中 3 次测到，振动 2 次、相机 1 次，最近 "
                    "2026-11-23 07:41Z）｜路面指数 47");
}

int main(int argc, char **argv)
{
    return check_main(argc, argv);
}
