/* catalogue.h - the defect types: 16 core and 2 extensions, from one table (grid/defects.csv, turned into
 * catalogue_table.h by a generator at build time). Ids are stable and never reused; 0 is none.
 * Sources and standards' codes stand in the table. Pure, static data. */
#ifndef GRID_CATALOGUE_H
#define GRID_CATALOGUE_H

#include <stdbool.h>
#include <stddef.h>

enum road_code {
    CODE_GREY = 0,
    CODE_GREEN = 1,
    CODE_YELLOW = 2,
    CODE_RED = 3
}; /* worst wins: larger is worse */
enum severity { SEVERITY_NONE = 0, SEVERITY_LOW = 1, SEVERITY_MEDIUM = 2, SEVERITY_HIGH = 3 };
enum sense { SENSE_MOTION = 1, SENSE_CAMERA = 2, SENSE_BOTH = 3 };

enum defect_type_id {
    DEFECT_NONE = 0,
    DEFECT_LONGITUDINAL_CRACK = 1,
    DEFECT_TRANSVERSE_CRACK = 2,
    DEFECT_BLOCK_CRACK = 3,
    DEFECT_ALLIGATOR_CRACK = 4,
    DEFECT_POTHOLE = 5,
    DEFECT_RAVELING = 6,
    DEFECT_EDGE_BREAK = 7,
    DEFECT_SUBSIDENCE = 8,
    DEFECT_RUTTING = 9,
    DEFECT_SHOVING = 10,
    DEFECT_BLEEDING = 11,
    DEFECT_MUD_PUMPING = 12,
    DEFECT_MANHOLE_LEVEL = 13,
    DEFECT_MANHOLE_COVER = 14,
    DEFECT_JOINT_FAULT = 15,
    DEFECT_PATCH_FAILURE = 16,
    DEFECT_PONDING = 17,
    DEFECT_GARBAGE = 18,
    DEFECT_TYPE_COUNT = 18
};

struct defect_type {
    int id;
    const char *code;    /* "pothole" */
    const char *name_en; /* "Pothole" */
    const char *name_zh; /* "坑洞" */
    enum sense sense;
    const char *unit;         /* "depth_mm", … what min_size is measured in */
    double min_size[3];       /* least size of low, medium, high */
    const char *also_high;    /* a second road to high, in words, or "" */
    enum road_code colour[3]; /* at low, medium, high */
    int response_h_medium;    /* hours to repair */
    int response_h_high;
    int tau_h;                                          /* e-folding of confidence without sightings, hours */
    const char *dp_row;                                 /* row of the CJJ 36 deduct table, or "" */
    const char *dp_class;                               /* crack | loose | deformation | other | "" */
    const char *owner;                                  /* road | utility | drainage | sanitation */
    const char *cjj36, *jtg5210, *astm_d6433, *rdd2022; /* the standards' own codes, "|" between */
};

/* NULL for an id outside 1..DEFECT_TYPE_COUNT / an unknown code. */
const struct defect_type *catalogue_type(int id);
const struct defect_type *catalogue_by_code(const char *code);
/* SEVERITY_NONE below the least countable size. `also_high`: the observer saw the type's second road to high
 * (spalled, diameter >= 450 mm with depth >= 25, …). */
enum severity catalogue_severity(const struct defect_type *type, double size, bool also_high);
enum road_code catalogue_colour(const struct defect_type *type, enum severity severity); /* green for none */

#endif
