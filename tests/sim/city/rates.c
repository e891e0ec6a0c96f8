#include "tests/sim/city/rates.h"

#include <math.h>

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))
#define DOMAIN_RECALL 0.75 /* Wu 2020, given a crossing (domain figures, 2.4) */

const char *seen_by_name(enum seen_by seen_by)
{
    static const char *const names[] = {"motion", "camera", "both"};

    return names[seen_by];
}

/* Weights: ours, so that each group of senses has about a third. A camera cannot judge a step, a wave or a sag of centimetres
 * (domain figures, 1.4: lead modality A). Recall: the evidence page's "as any damage" and "below floor". */
static const struct defect_rates defects[] = {
    {DEFECT_POTHOLE, 0.20, SEEN_BY_BOTH, 0.20, 0.35, 40, 0.886, 0.717},
    {DEFECT_MANHOLE_LEVEL, 0.07, SEEN_BY_BOTH, 0.35, 0.35, 20, 0.827, 0.643},
    {DEFECT_MANHOLE_COVER, 0.03, SEEN_BY_BOTH, 0.35, 0.35, 0, 0.716, 0.716},
    {DEFECT_PATCH_FAILURE, 0.05, SEEN_BY_BOTH, 0.60, 0.35, 15, 0.696, 0.361},
    {DEFECT_JOINT_FAULT, 0.12, SEEN_BY_MOTION, 1.75, 0, 15, 0.956, 0.671},
    {DEFECT_SHOVING, 0.08, SEEN_BY_MOTION, 1.70, 0, 20, 0.800, 0.800},
    {DEFECT_SUBSIDENCE, 0.10, SEEN_BY_MOTION, 1.20, 0, 40, 0.744, 0.423},
    {DEFECT_LONGITUDINAL_CRACK, 0.08, SEEN_BY_CAMERA, 0.10, 0.8, 0, 0, 0},
    {DEFECT_TRANSVERSE_CRACK, 0.08, SEEN_BY_CAMERA, 1.50, 0, 0, 0, 0},
    {DEFECT_ALLIGATOR_CRACK, 0.08, SEEN_BY_CAMERA, 0.50, 0.5, 0, 0, 0},
    {DEFECT_BLOCK_CRACK, 0.03, SEEN_BY_CAMERA, 0.50, 0.5, 0, 0, 0},
    {DEFECT_RAVELING, 0.04, SEEN_BY_CAMERA, 0.50, 0.5, 0, 0, 0},
    {DEFECT_MUD_PUMPING, 0.04, SEEN_BY_CAMERA, 0.30, 0.5, 0, 0, 0},
};

/* Weights of tests/sim/deal.c; shares counted over all crossings of a kind, half a crossing added where none was. */
static const struct look_alike_rates look_alikes[] = {
    {FEATURE_SPEED_BUMP, 0.22, 0, 1.0 / 640, 612.0 / 640, DEFECT_POTHOLE},
    {FEATURE_SPEED_HUMP, 0.16, 0, 0.5 / 361, 349.0 / 360, DEFECT_SUBSIDENCE},
    {FEATURE_JOINT, 0.20, 0, 3.0 / 839, 109.0 / 839, DEFECT_JOINT_FAULT},
    {FEATURE_RAIL, 0.11, 0, 1.0 / 480, 201.0 / 480, DEFECT_JOINT_FAULT},
    {FEATURE_MANHOLE, 0.16, 0.35, 7.0 / 369, 40.0 / 369, DEFECT_MANHOLE_LEVEL},
    {FEATURE_STUDS, 0.11, 0, 5.0 / 220, 109.0 / 220, DEFECT_SHOVING},
    {FEATURE_KERB, 0.04, 0, 0.5 / 131, 101.0 / 130, DEFECT_JOINT_FAULT},
};

const struct defect_rates *rates_of_type(int type)
{
    for (int i = 0; i < COUNT(defects); i++)
        if (defects[i].type == type)
            return &defects[i];
    return NULL;
}

const struct defect_rates *rates_draw_defect(struct sim_random *random)
{
    double left = sim_uniform(random, 0, 1);
    int i = 0;

    while (i < COUNT(defects) - 1 && left >= defects[i].weight)
        left -= defects[i++].weight;
    return &defects[i];
}

const struct look_alike_rates *rates_draw_look_alike(struct sim_random *random)
{
    double left = sim_uniform(random, 0, 1);
    int i = 0;

    while (i < COUNT(look_alikes) - 1 && left >= look_alikes[i].weight)
        left -= look_alikes[i++].weight;
    return &look_alikes[i];
}

double rates_recall(const struct defect_rates *rates, double size, bool is_domain)
{
    if (rates->seen_by == SEEN_BY_CAMERA)
        return 0;
    return is_domain ? DOMAIN_RECALL : size >= rates->floor_size ? rates->recall_big : rates->recall_small;
}

/* The rows of "What crossings were taken for", of those told. */
static const struct {
    int type, told;
    double share;
} taken_for[] = {
    {DEFECT_POTHOLE, DEFECT_MANHOLE_LEVEL, 10.0 / 294},       {DEFECT_POTHOLE, DEFECT_JOINT_FAULT, 4.0 / 294},
    {DEFECT_POTHOLE, DEFECT_PATCH_FAILURE, 3.0 / 294},        {DEFECT_POTHOLE, DEFECT_MANHOLE_COVER, 1.0 / 294},
    {DEFECT_MANHOLE_LEVEL, DEFECT_POTHOLE, 83.0 / 224},       {DEFECT_MANHOLE_LEVEL, DEFECT_PATCH_FAILURE, 2.0 / 224},
    {DEFECT_MANHOLE_LEVEL, DEFECT_MANHOLE_COVER, 1.0 / 224},  {DEFECT_MANHOLE_LEVEL, DEFECT_JOINT_FAULT, 1.0 / 224},
    {DEFECT_MANHOLE_COVER, DEFECT_POTHOLE, 28.0 / 73},        {DEFECT_MANHOLE_COVER, DEFECT_MANHOLE_LEVEL, 10.0 / 73},
    {DEFECT_MANHOLE_COVER, DEFECT_SHOVING, 1.0 / 73},         {DEFECT_MANHOLE_COVER, DEFECT_PATCH_FAILURE, 1.0 / 73},
    {DEFECT_JOINT_FAULT, DEFECT_PATCH_FAILURE, 4.0 / 239},    {DEFECT_JOINT_FAULT, DEFECT_MANHOLE_LEVEL, 2.0 / 239},
    {DEFECT_PATCH_FAILURE, DEFECT_MANHOLE_LEVEL, 4.0 / 87},   {DEFECT_PATCH_FAILURE, DEFECT_POTHOLE, 1.0 / 87},
};

int rates_draw_told_type(int type, struct sim_random *random)
{
    double left = sim_uniform(random, 0, 1);

    for (int i = 0; i < COUNT(taken_for); i++) {
        if (taken_for[i].type != type)
            continue;
        if (left < taken_for[i].share)
            return taken_for[i].told;
        left -= taken_for[i].share;
    }
    return type;
}

double rates_draw_size(int type, struct sim_random *random)
{
    const struct defect_type *row = catalogue_type(type);

    if (type == DEFECT_MANHOLE_COVER)
        return 1 + sim_integer(random, 3);
    /* Log-uniform from the least countable size to a third beyond high. */
    return exp(sim_uniform(random, log(row->min_size[0]), log(1.33 * row->min_size[2])));
}

int rates_draw_camera_type(struct sim_random *random)
{
    static const int types[] = {DEFECT_LONGITUDINAL_CRACK, DEFECT_TRANSVERSE_CRACK, DEFECT_POTHOLE, DEFECT_ALLIGATOR_CRACK};

    return types[sim_integer(random, COUNT(types))];
}
