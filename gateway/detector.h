/* detector.h - how surely a sense finds, and how often it finds what is not there. The figures: gateway/rules.conf. */
#ifndef GATEWAY_DETECTOR_H
#define GATEWAY_DETECTOR_H

#include "link/message.h"

struct detector {
    double pd_crossed, pd_pass, pf;
};
struct detectors {
    struct detector motion_rtk, motion_other, camera;
};
extern const struct detectors detectors_default; /* as shipped */
const struct detector *detector_of(const struct detectors *detectors, enum sense sensor, enum gnss_class gnss);

#endif
