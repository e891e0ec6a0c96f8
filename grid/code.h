/* code.h - health codes: three channels, worst wins, every code carries its reason.
 *
 * The table of ../docs/codes.md (hazard, condition, ride, unknown). The decision is a pure function of
 * what is known of one cell at `as_of`; the explanation line is made from its numbers alone, in English or
 * Chinese, so that the gateway sends numbers and the server words. */
#ifndef GRID_CODE_H
#define GRID_CODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "grid/catalogue.h"
#include "grid/status.h"

enum code_channel {
    CHANNEL_UNKNOWN = 0,
    CHANNEL_CLEAN = 1,
    CHANNEL_HAZARD = 2,
    CHANNEL_CONDITION = 3,
    CHANNEL_RIDE = 4
};
enum road_class { ROAD_EXPRESSWAY = 0, ROAD_ARTERIAL = 1, ROAD_SECONDARY = 2, ROAD_BRANCH = 3 };

/* Floors of the grades A, B, C by road class, CJJ 36-2016 (see domain figures in docs/codes.md). The gateway reads all of
 * them from its rules file. */
struct code_rules {
    double pci_floor[4][3];
    double rqi_floor[4][3];
    double cadence_d[4];   /* planned days between passes */
    double csi_margin;     /* hysteresis of the condition channel, points */
    double coverage_pale;  /* sum w*Pd for pale green: 0.25 */
    double coverage_full;  /* for full green: 1 */
    double stale_cadences; /* grey after this many cadences: 3 */
    double severity_factor[3]; /* share of a deduct that low, medium and high take in the CSI */
    double pqi_ride_weight[4]; /* share of the ride in the PQI, the rest is the surface's */
    double segment_observed;   /* a segment is graded when this share of it is known: 0.6 */
    double segment_reds;       /* red hazards in 100 m that make a segment red: 3 */
};
extern const struct code_rules code_rules_default;

/* A confirmed defect as one cell sees it. */
struct code_defect {
    int type;
    enum severity severity;
    double posterior; /* 0..1 */
    double area_m2;   /* of the defect inside the cell, 0..cell area */
    bool may_be_red;  /* two independent units of two nodes, or motion + camera: see contracts */
};

/* Everything known of one cell. */
struct code_input {
    enum road_class road_class;
    const struct code_defect *defects; /* confirmed only */
    size_t n_defects;
    double cell_area_m2;
    double iri_mpkm;       /* NAN if not known; m/km = mm/m */
    int ride_passes;       /* independent passes that agree on grade D, for red */
    double coverage;       /* sum of w*Pd within the stale limit */
    double age_d;          /* since the last covering pass; INFINITY if never */
    enum road_code before; /* the last code, for hysteresis; CODE_GREY if none */
};

struct code_verdict {
    enum road_code code;
    enum code_channel channel; /* that decided */
    bool is_pale;              /* green, but thinly covered */
    int top_defect;            /* index into input.defects, -1 if none */
    double csi;                /* cell surface index 0..100 */
    double rqi;                /* 0..4.98, NAN if unknown */
    enum road_code kept;       /* what the channels say when the code is grey: the hatch; else the code */
};

void code_decide(const struct code_rules *rules, const struct code_input *input,
                 struct code_verdict *ret_verdict);

/* RQI = 4.98 - 0.34 IRI, clamped to 0..4.98 (CJJ 36). Grade 0..3 = A..D. */
double code_rqi(double iri_mpkm);
int code_grade(const double floors[3], double score);
/* CSI: the CJJ 36 formula with density = defect area in the cell; an ordinal score, not "the PCI". By the default
 * rules. */
double code_csi(const struct code_defect *defects, size_t n, double cell_area_m2);

#define CODE_CSI_NONE 255
/* The numbers a code travels with, integers so that they are the same on every machine. */
struct code_reason {
    enum road_code code;
    enum code_channel channel;
    bool is_pale;
    uint8_t type, severity; /* of the deciding defect, 0 if none */
    uint16_t posterior_permille;
    int32_t size_milli, size_sigma_milli; /* in thousandths of the type's unit */
    uint16_t hits, passes;                /* sightings, watched passes */
    uint16_t motion_hits, camera_hits;
    uint8_t csi; /* 0..100; CODE_CSI_NONE where a defect, not a cell, is explained */
    uint16_t iri_centi;      /* IRI * 100, 0xFFFF unknown */
    uint16_t coverage_centi; /* sum w*Pd * 100, capped */
    int64_t seen_ns;         /* last covering pass, event time UTC */
};

enum code_language { LANGUAGE_EN, LANGUAGE_ZH };
/* One line, e.g. "R: Pothole, high (p=0.97, 58±15 mm deep, seen on 3 of 5 passes, motion 2 camera 1, last
 * 2026-11-23 07:41Z) | CSI 47". Never writes more than `capacity`, always NUL-ends; returns the length
 * wanted. */
size_t code_explain(const struct code_reason *reason, enum code_language language, char *ret_text,
                    size_t capacity);
/* The same for a square that only passes speak of (grid/cover.h): "G: covered lately and nothing found, 3 days ago". `age_d`:
 * whole days since it was last seen, 0 = the same day. */
size_t cover_explain(enum road_code shown, bool is_pale, int age_d, enum code_language language, char *ret_text,
                     size_t capacity);
const char *code_letter(enum road_code code, enum code_language language); /* "R" / "红" */
const char *code_word(enum road_code code, enum code_language language);   /* "unhealthy" / "不健康" */

#endif
