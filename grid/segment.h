/* segment.h - the score of 100 m of road in one direction: PCI, RQI, PQI, a grade, a colour and its reasons.
 *
 * CJJ 36-2016 (tables of score.c) over what was observed of the segment: density = damaged area / observed area, each
 * confirmed defect whole, whatever its severity: the standard knows none. Not the CSI of a square, which is no PCI.
 * Beside it the PCI and RQI of JTG 5210-2018, as a second view that colours nothing. Colour: docs/segments.md.
 * Pure; plain arithmetic only, the same bits on every machine and in any order of the defects. */
#ifndef GRID_SEGMENT_H
#define GRID_SEGMENT_H

#include "grid/code.h"

#define SEGMENT_TOP 3

/* A stretch of the segment with one roughness. */
struct segment_ride {
    uint32_t length_mm;
    uint32_t iri_centi; /* m/km * 100 */
    int passes;         /* independent ones that it rests on */
};

struct segment_input {
    enum road_class road_class;
    double length_m, area_m2; /* of the segment's own direction */
    double observed_m2;       /* of it, covered within the stale limit */
    const struct code_defect *defects; /* confirmed; area_m2: all of each */
    size_t n_defects;
    const struct segment_ride *rides;
    size_t n_rides;
};

/* What decided the colour. The first of equals. */
enum segment_why {
    SEGMENT_UNKNOWN = 0, /* too little of it was observed */
    SEGMENT_CLEAN = 1,
    SEGMENT_HAZARD = 2,  /* red hazards */
    SEGMENT_SURFACE = 3, /* the grade of the PCI */
    SEGMENT_RIDE = 4,    /* the grade of the RQI */
    SEGMENT_BOTH = 5     /* the grade of the PQI alone */
};
#define SEGMENT_UNGRADED (-1)

struct segment_score {
    enum road_code code;
    enum segment_why why;
    int grade;            /* 0..3 = A..D: of the PQI, of the PCI where the ride is not known; SEGMENT_UNGRADED */
    double pci, rqi, pqi; /* NAN if not known */
    double observed;      /* share, 0..1 */
    double rough;         /* share of the length with a known ride, 0..1 */
    unsigned red_hazards;
    size_t n_top;
    struct {
        int type;
        double share; /* of all points that the PCI loses */
    } top[SEGMENT_TOP]; /* largest first */
    double jtg_pci, jtg_rqi; /* JTG 5210-2018, 0..100; NAN if not known */
};

#define SCORE_UNKNOWN 0xFFFF
/* The same as numbers that travel, the same on every machine. */
struct segment_facts {
    enum road_code code;
    enum segment_why why;
    int grade;                                /* 0..3, SEGMENT_UNGRADED */
    uint16_t floors_deci[3];                  /* of the grades A, B, C of its road's PCI and PQI, tenths */
    uint16_t pci_centi, rqi_centi, pqi_centi; /* SCORE_UNKNOWN */
    uint16_t jtg_pci_centi, jtg_rqi_centi;
    uint16_t observed_permille, rough_permille;
    uint16_t red_hazards, passes;
    size_t n_top;
    struct {
        uint8_t type;
        uint16_t permille; /* of the points that the PCI loses */
    } top[SEGMENT_TOP];
    int64_t seen_ns; /* last covering pass, 0 = never */
};
/* All but `passes` and `seen_ns`, which stay 0. */
void segment_facts_of(const struct code_rules *rules, enum road_class road_class, const struct segment_score *score,
                      struct segment_facts *ret_facts);
/* Two or three plain sentences: what it is, why, what most of it is lost to. Never writes more than `capacity`, always NUL-ends;
 * returns the length wanted. */
size_t segment_explain(const struct segment_facts *facts, enum code_language language, char *ret_text, size_t capacity);
const char *segment_grade_letter(int grade); /* "A".."D", "" ungraded */

void segment_decide(const struct code_rules *rules, const struct segment_input *input, struct segment_score *ret_score);

/* JTG 5210-2018: PCI of asphalt by the damage ratio in percent; RQI by the IRI in m/km, on an expressway or another road. */
double jtg_pci(double damage_percent);
double jtg_rqi(double iri_mpkm, bool is_expressway);

#endif
