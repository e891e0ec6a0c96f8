#include "tests/sim/deal.h"

#include <math.h>

#define HALF_TRACK_M 0.77 /* where wheels run, left and right of the lane's middle */
#define LANE_HALF_M 1.75

/* side: 0 = lane middle, +-1 = a wheel track. */
struct template {
    enum sim_shape shape;
    int type;
    enum feature_kind feature;
    double height_m, length_m, half_width_m, edge_m, wave_m, size;
    int side;
};
static const struct template templates[] = {
    {SIM_BOX, DEFECT_POTHOLE, 0, -0.055, 0.40, 0.25, 0.03, 0, 55, 1},
    {SIM_BOX, DEFECT_POTHOLE, 0, -0.070, 0.55, 0.30, 0.03, 0, 70, -1},
    {SIM_DIP, DEFECT_SUBSIDENCE, 0, -0.030, 4.0, 1.6, 0, 0, 30, 0},
    {SIM_BOX, DEFECT_MANHOLE_LEVEL, 0, -0.025, 0.70, 0.35, 0.03, 0, 25, -1},
    {SIM_BOX, DEFECT_POTHOLE, 0, -0.080, 0.60, 0.30, 0.03, 0, 80, -1},
    {SIM_STEP, DEFECT_JOINT_FAULT, 0, 0.018, 12, 1.75, 0.02, 0, 18, 0},
    {SIM_BOX, DEFECT_POTHOLE, 0, -0.050, 0.45, 0.25, 0.03, 0, 50, -1},
    {SIM_WAVES, DEFECT_SHOVING, 0, 0.030, 4.5, 1.6, 0, 0.75, 30, 0},
    {SIM_BOX, DEFECT_POTHOLE, 0, -0.060, 0.50, 0.30, 0.03, 0, 60, 1},
    {SIM_BOX, DEFECT_PATCH_FAILURE, 0, 0.018, 2.0, 0.60, 0.02, 0, 18, -1},
    {SIM_BOX, DEFECT_MANHOLE_COVER, 0, -0.070, 0.70, 0.35, 0.03, 0, 2, 1},
    {SIM_BOX, DEFECT_POTHOLE, 0, -0.030, 0.40, 0.20, 0.03, 0, 30, -1},
    {SIM_BUMP, DEFECT_NONE, FEATURE_SPEED_BUMP, 0.050, 0.35, 1.75, 0, 0, 50, 0},
    {SIM_BOX, DEFECT_POTHOLE, 0, -0.065, 0.50, 0.25, 0.03, 0, 65, -1},
    {SIM_DIP, DEFECT_SUBSIDENCE, 0, -0.055, 6.0, 1.6, 0, 0, 55, 0},
    {SIM_BOX, DEFECT_MANHOLE_LEVEL, 0, 0.020, 0.70, 0.35, 0.02, 0, 20, 1},
    {SIM_BOX, DEFECT_POTHOLE, 0, -0.055, 0.60, 0.30, 0.03, 0, 55, -1},
    {SIM_HUMP, DEFECT_NONE, FEATURE_SPEED_HUMP, 0.075, 3.7, 1.75, 0.9, 0, 75, 0},
};
#define TEMPLATES ((int)(sizeof templates / sizeof templates[0]))
#define BUMP_MPS 5.5

static void set_name(struct sim_placed *p)
{
    p->name = p->type ? catalogue_type(p->type)->code : feature_code(p->feature);
}

void sim_deal_template(int index, struct sim_random *random, struct sim_placed *ret_placed)
{
    const struct template *t = &templates[index % TEMPLATES];

    *ret_placed = (struct sim_placed){.shape = t->shape, .type = t->type, .feature = t->feature, .length_m = t->length_m,
                                      .half_width_m = t->half_width_m, .height_m = t->height_m, .edge_m = t->edge_m,
                                      .wave_m = t->wave_m, .size = t->size, .wanted_mps = t->feature ? BUMP_MPS : 0,
                                      .is_loose = t->type == DEFECT_MANHOLE_COVER};
    ret_placed->lateral_m = t->side * 0.75 + (t->side ? sim_gauss(random, 0.1) : 0);
    set_name(ret_placed);
}

static double either(struct sim_random *random, double size)
{
    return sim_uniform(random, 0, 1) < 0.5 ? size : -size;
}

/* Somewhere about a wheel track, mostly where wheels run. */
static double wheel_lateral(struct sim_random *random)
{
    return either(random, HALF_TRACK_M) + sim_gauss(random, 0.15);
}

static void deal_pothole(struct sim_random *random, struct sim_placed *p)
{
    const double depth = sim_uniform(random, 0.015, 0.090);

    p->shape = SIM_BOX;
    p->type = DEFECT_POTHOLE;
    p->height_m = -depth;
    /* Deep holes are not short: a tyre would bridge them. */
    p->length_m = sim_uniform(random, 0.25 + 2.5 * depth, 0.55 + 6 * depth);
    p->half_width_m = p->length_m * sim_uniform(random, 0.35, 0.6);
    p->edge_m = fmin(0.45 * p->length_m, sim_uniform(random, 0.02, 0.10));
    p->lateral_m = wheel_lateral(random);
    p->size = 1000 * depth;
}

static void deal_cover_frame(struct sim_random *random, struct sim_placed *p)
{
    p->shape = SIM_BOX;
    p->length_m = sim_uniform(random, 0.60, 0.82);
    p->half_width_m = p->length_m / 2;
    p->edge_m = sim_uniform(random, 0.01, 0.05);
    p->lateral_m = wheel_lateral(random);
}

static void deal_manhole_level(struct sim_random *random, struct sim_placed *p)
{
    const double level = sim_uniform(random, 0.010, 0.040);

    deal_cover_frame(random, p);
    p->type = DEFECT_MANHOLE_LEVEL;
    p->height_m = sim_uniform(random, 0, 1) < 0.6 ? -level : level;
    p->size = 1000 * level;
}

/* Loose: rocks by some millimetres to centimetres, never twice the same. Missing: a deep round hole. */
static void deal_manhole_cover(struct sim_random *random, struct sim_placed *p)
{
    const double kind = sim_uniform(random, 0, 1);

    deal_cover_frame(random, p);
    p->type = DEFECT_MANHOLE_COVER;
    p->size = kind < 0.5 ? 1 : kind < 0.75 ? 2 : 3;
    p->height_m = p->size > 2 ? -sim_uniform(random, 0.10, 0.15) : -sim_uniform(random, 0.015, 0.05);
    p->is_loose = p->size < 3;
}

static void deal_subsidence(struct sim_random *random, struct sim_placed *p)
{
    const double depth = sim_uniform(random, 0.015, 0.080);

    p->shape = SIM_DIP;
    p->type = DEFECT_SUBSIDENCE;
    p->height_m = -depth;
    p->length_m = sim_uniform(random, fmax(3, 50 * depth), 8);
    p->half_width_m = sim_uniform(random, 0.9, 1.8);
    p->lateral_m = sim_gauss(random, 0.4);
    p->size = 1000 * depth;
}

static void deal_shoving(struct sim_random *random, struct sim_placed *p)
{
    const double height = sim_uniform(random, 0.010, 0.050);

    p->shape = SIM_WAVES;
    p->type = DEFECT_SHOVING;
    p->height_m = height;
    p->wave_m = sim_uniform(random, fmax(0.4, 12 * height), 1.2);
    p->length_m = p->wave_m * (4 + sim_integer(random, 7));
    p->half_width_m = 1.7;
    p->size = 1000 * height;
}

static void deal_joint_fault(struct sim_random *random, struct sim_placed *p)
{
    const double height = sim_uniform(random, 0.005, 0.035);

    p->shape = SIM_STEP;
    p->type = DEFECT_JOINT_FAULT;
    p->height_m = either(random, height);
    p->length_m = sim_uniform(random, 6, 14);
    p->edge_m = sim_uniform(random, 0.01, 0.06);
    p->half_width_m = LANE_HALF_M;
    p->size = 1000 * height;
}

static void deal_patch(struct sim_random *random, struct sim_placed *p)
{
    const double lip = sim_uniform(random, 0.005, 0.030);
    const bool is_wide = sim_uniform(random, 0, 1) < 0.4;

    p->shape = SIM_BOX;
    p->type = DEFECT_PATCH_FAILURE;
    p->height_m = either(random, lip);
    p->length_m = sim_uniform(random, 1.2, 4);
    p->edge_m = sim_uniform(random, 0.01, 0.05);
    p->half_width_m = is_wide ? 1.6 : sim_uniform(random, 0.35, 0.8);
    p->lateral_m = is_wide ? 0 : wheel_lateral(random);
    p->size = 1000 * lip;
}

static void deal_rubber_bump(struct sim_random *random, struct sim_placed *p)
{
    p->shape = SIM_BUMP;
    p->feature = FEATURE_SPEED_BUMP;
    p->height_m = sim_uniform(random, 0.030, 0.070);
    p->length_m = sim_uniform(random, 0.30, 0.60);
    p->wanted_mps = sim_uniform(random, 3.5, 7.5);
}

/* Asphalt, one period of a cosine. */
static void deal_round_bump(struct sim_random *random, struct sim_placed *p)
{
    p->shape = SIM_DIP;
    p->height_m = sim_uniform(random, 0.050, 0.10);
    p->length_m = sim_uniform(random, 1.2, 4.5);
    p->feature = p->length_m < 2 ? FEATURE_SPEED_BUMP : FEATURE_SPEED_HUMP;
    p->wanted_mps = sim_uniform(random, 4, 8);
}

static void deal_hump(struct sim_random *random, struct sim_placed *p)
{
    p->shape = SIM_HUMP;
    p->feature = FEATURE_SPEED_HUMP;
    p->height_m = sim_uniform(random, 0.050, 0.10);
    p->length_m = sim_uniform(random, 3, 8);
    p->edge_m = sim_uniform(random, 0.8, 1.8);
    p->wanted_mps = sim_uniform(random, 4.5, 8.5);
}

static void deal_joint(struct sim_random *random, struct sim_placed *p)
{
    p->shape = SIM_JOINT;
    p->feature = FEATURE_JOINT;
    p->wave_m = sim_uniform(random, 0.02, 0.08);
    p->length_m = p->wave_m + sim_uniform(random, 0.08, 0.35);
    p->height_m = sim_uniform(random, -0.006, 0.008);
}

static void deal_rail(struct sim_random *random, struct sim_placed *p)
{
    p->shape = SIM_RAILS;
    p->feature = FEATURE_RAIL;
    p->count = 1 + sim_integer(random, 2);
    p->wave_m = sim_uniform(random, 3.6, 4.4);
    p->length_m = 1.6 + (p->count - 1) * p->wave_m;
    p->height_m = sim_uniform(random, -0.008, 0.015);
    p->wanted_mps = sim_uniform(random, 6, 12);
}

static void deal_sound_manhole(struct sim_random *random, struct sim_placed *p)
{
    deal_cover_frame(random, p);
    p->feature = FEATURE_MANHOLE;
    /* Within tolerance: up to 5 mm either way, or proud by up to 10 mm. */
    p->height_m = sim_uniform(random, 0, 1) < 0.6 ? sim_uniform(random, -0.005, 0.005) : sim_uniform(random, 0.005, 0.010);
}

static void deal_strips(struct sim_random *random, struct sim_placed *p)
{
    const bool is_studs = sim_uniform(random, 0, 1) < 0.4;

    p->shape = SIM_STRIPS;
    p->feature = FEATURE_STUDS;
    p->count = is_studs ? 1 + sim_integer(random, 2) : 4 + sim_integer(random, 9);
    p->edge_m = is_studs ? 0.10 : sim_uniform(random, 0.10, 0.20);
    p->wave_m = is_studs ? sim_uniform(random, 0.3, 1) : sim_uniform(random, 0.30, 0.80);
    p->height_m = is_studs ? sim_uniform(random, 0.012, 0.020) : sim_uniform(random, 0.004, 0.009);
    p->length_m = (p->count - 1) * p->wave_m + p->edge_m;
}

/* Up onto a pavement or a raised driveway and down again, at less than 10 km/h. */
static void deal_kerb(struct sim_random *random, struct sim_placed *p)
{
    p->shape = SIM_BOX;
    p->feature = FEATURE_KERB;
    p->height_m = sim_uniform(random, 0.03, 0.11);
    p->length_m = sim_uniform(random, 6, 10);
    p->edge_m = sim_uniform(random, 0.03, 0.12);
    p->wanted_mps = sim_uniform(random, 1.3, 2.3);
}

static const struct {
    void (*deal)(struct sim_random *random, struct sim_placed *p);
    double weight;
} defects[] = {{deal_pothole, 0.30},     {deal_manhole_level, 0.16}, {deal_manhole_cover, 0.06}, {deal_subsidence, 0.13},
               {deal_shoving, 0.10},     {deal_joint_fault, 0.14},   {deal_patch, 0.11}},
  look_alikes[] = {{deal_rubber_bump, 0.17}, {deal_round_bump, 0.10}, {deal_hump, 0.11},   {deal_joint, 0.20},
                   {deal_rail, 0.11},        {deal_sound_manhole, 0.16}, {deal_strips, 0.11}, {deal_kerb, 0.04}};

static void finish(struct sim_placed *p)
{
    if (p->half_width_m == 0)
        p->half_width_m = LANE_HALF_M;
    if (p->feature)
        p->size = 1000 * fabs(p->height_m);
    set_name(p);
}

int sim_deal(bool is_defect, struct sim_random *random, struct sim_placed ret_placed[2])
{
    const int n = is_defect ? (int)(sizeof defects / sizeof defects[0]) : (int)(sizeof look_alikes / sizeof look_alikes[0]);
    double left = sim_uniform(random, 0, 1);
    int k = 0;

    while (k < n - 1 && left >= (is_defect ? defects[k].weight : look_alikes[k].weight)) {
        left -= is_defect ? defects[k].weight : look_alikes[k].weight;
        k++;
    }
    const int count = !is_defect && look_alikes[k].deal == deal_joint ? 2 : 1;
    for (int i = 0; i < count; i++) {
        ret_placed[i] = (struct sim_placed){0};
        if (is_defect)
            defects[k].deal(random, &ret_placed[i]);
        else
            look_alikes[k].deal(random, &ret_placed[i]);
        finish(&ret_placed[i]);
    }
    return count;
}

bool sim_deal_spans(const struct sim_placed *placed)
{
    return placed->feature != FEATURE_NONE && placed->feature != FEATURE_MANHOLE && placed->feature != FEATURE_KERB;
}
