/* motion_rows - what the training of the motion classifier learns from: simulated drives through the very code of
 * the node, one row an event, with what was really there.
 *
 *     motion_rows FILE FIRST_SEED SEEDS VEHICLES [PER_KM]
 *
 * FILE: one line of column names, then rows of 32-bit floats as this machine keeps them. Seeds below 1000 are for
 * training and refused from 1000 on: those are for judging. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sensor-node/core.h"
#include "sensor-node/motion/detector.h"
#include "tests/sim/drive.h"

#define EVENTS_MAX  20000
#define FIRST_JUDGED 1000
#define START_S     1795564800.0
#define REACH_MAX_M 6.5
#define TOUCHED     0.5  /* overlap: the wheel crosses it */
#define GRAZED      0.05 /* ... between these it is neither one nor the other: not learnt from */

struct seen {
    double centre_s, front_s, speed_mps, axle_s;
    double own_s[CLASSES]; /* where the best of a class's own shapes puts the front axle */
    float traits[TRAITS];
};
struct rows {
    struct seen *events;
    int n;
    FILE *file;
    struct node_core *core;
    int crossed[CLASSES], lost[CLASSES];
};
enum { LABELS = 11 };
static const char *const labels[LABELS] = {"seed",    "vehicle", "class", "size", "along_m",  "left",
                                           "right", "share",   "mount", "length_m", "crossing"};

static void on_event(void *context, const struct event *event, const struct match *matches, const float *traits)
{
    struct rows *r = context;
    const struct look *look = window_at(event->window, event->centre);

    if (r->n == EVENTS_MAX)
        return;
    struct seen *s = &r->events[r->n++];
    s->centre_s = (double)(look->time_ns - (int64_t)START_S * 1000000000) / 1e9;
    s->front_s = s->centre_s + (double)traits[T_BEST_SHIFT] * TICK_S;
    s->speed_mps = event->speed_mps;
    s->axle_s = event->axle_ticks * TICK_S;
    for (int c = 0; c < CLASSES; c++)
        s->own_s[c] = s->centre_s + TICK_S * ((double)matches[bank_best(matches, class_families((enum motion_class)c))].shift -
                                              EVENT_BEFORE);
    memcpy(s->traits, traits, sizeof s->traits);
}

static void on_sample(void *context, const struct motion_sample *sample)
{
    struct rows *r = context;

    node_core_motion(r->core, sample);
    while (node_core_take(r->core))
        ;
}

static void on_fix(void *context, const struct fix *fix)
{
    struct rows *r = context;

    node_core_fix(r->core, fix);
}

static enum motion_class class_of(const struct sim_placed *p)
{
    for (int c = 0; c < CLASSES; c++)
        if (p->type != DEFECT_NONE ? class_defect((enum motion_class)c) == p->type
                                   : p->feature != FEATURE_NONE && class_feature((enum motion_class)c) == p->feature)
            return (enum motion_class)c;
    return CLASS_NOTHING;
}

static double reach_of(const struct sim_placed *p)
{
    return p->shape == SIM_STEP ? 0.3 : fmin(REACH_MAX_M, sim_placed_reach_m(p));
}

/* How far, in seconds, the event lies from where it would be if this crossing had caused it; negative: it may have. */
static double beyond_s(const struct seen *s, const struct sim_crossing *c, double reach_m)
{
    const double reach_s = reach_m / fmax(1, s->speed_mps);
    const double first = c->time_s - reach_s - 0.15, last = c->time_s + reach_s + s->axle_s + 0.45;

    return fmax(first - s->centre_s, s->centre_s - last);
}

static void write_row(const struct rows *r, const struct seen *s, const float label[LABELS])
{
    fwrite(label, sizeof *label, LABELS, r->file);
    fwrite(s->traits, sizeof *s->traits, TRAITS, r->file);
}

/* The row of one event; none for what only grazed a wheel. */
static void tell(const struct rows *r, const struct seen *s, const struct sim_district *d,
                 const struct sim_drive_result *truth, float label[LABELS])
{
    int best = -1, handled = 0, grazed = 0;
    double nearest = 1e9;

    for (int i = 0; i < truth->n_crossings; i++) {
        const struct sim_crossing *c = &truth->crossings[i];
        if (c->event == SIM_BRAKING || c->event == SIM_DOOR || c->event == SIM_HANDLING)
            handled |= s->centre_s > c->time_s - 0.3 && s->centre_s < c->time_s + c->seconds + 0.8;
        if (c->event != SIM_PASSING)
            continue;
        const struct sim_placed *p = &d->placed[c->placed];
        const double overlap = fmax(c->left, c->right);
        if (overlap < GRAZED || beyond_s(s, c, reach_of(p)) > 0)
            continue;
        grazed |= overlap < TOUCHED;
        if (overlap >= TOUCHED && fabs(s->front_s - c->time_s) < nearest) {
            nearest = fabs(s->front_s - c->time_s);
            best = i;
        }
    }
    if (best < 0 && grazed)
        return;
    label[2] = (float)(handled ? CLASS_HANDLING : CLASS_NOTHING);
    label[3] = label[4] = label[5] = label[6] = label[7] = label[9] = 0;
    label[10] = (float)best;
    if (best >= 0) {
        const struct sim_crossing *c = &truth->crossings[best];
        const struct sim_placed *p = &d->placed[c->placed];
        label[2] = (float)class_of(p);
        label[3] = (float)p->size;
        label[4] = (float)((c->time_s - s->own_s[class_of(p)]) * s->speed_mps);
        label[5] = (float)c->left;
        label[6] = (float)c->right;
        label[7] = (float)(c->share * fabs(p->height_m) * 1000);
        label[9] = (float)p->length_m;
    }
    write_row(r, s, label);
}

/* The sizes that are to be found. */
static double least_mm(int type)
{
    return type == DEFECT_POTHOLE || type == DEFECT_SUBSIDENCE       ? 40
           : type == DEFECT_MANHOLE_LEVEL || type == DEFECT_SHOVING ? 20
           : type == DEFECT_JOINT_FAULT                             ? 15
                                                                    : 0;
}

/* Crossings by class, and those that no event came from: what the peaks alone lose. */
static void count_lost(const struct rows *r, const struct sim_district *d, const struct sim_drive_result *truth,
                       int crossed[CLASSES], int lost[CLASSES])
{
    for (int i = 0; i < truth->n_crossings; i++) {
        const struct sim_crossing *c = &truth->crossings[i];
        bool is_seen = false;
        if (c->event != SIM_PASSING || fmax(c->left, c->right) < TOUCHED)
            continue;
        const struct sim_placed *p = &d->placed[c->placed];
        for (int k = 0; k < r->n && !is_seen; k++)
            is_seen = beyond_s(&r->events[k], c, reach_of(p)) <= 0;
        if (p->size * c->share < least_mm(p->type))
            continue;
        crossed[class_of(p)]++;
        lost[class_of(p)] += !is_seen;
    }
}

static bool drive_once(struct rows *r, const struct sim_district *d, uint64_t seed, int index)
{
    const struct sim_vehicle v = sim_vehicle_draw(seed, index);
    const struct sim_sink sink = {r, on_sample, on_fix};
    struct sim_drive_result truth = {0};
    struct node_core_config config;
    struct sim_route route;
    float label[LABELS] = {(float)seed, (float)index};

    sim_vehicle_config(&v, d->zone, &config);
    if (!sim_route_init(&route, d, seed * 977 + (uint64_t)index) || node_core_new(&config, 1, &r->core) != ROAD_OK)
        return false;
    node_core_watch_events(r->core, on_event, r);
    r->n = 0;
    const bool is_good = sim_drive(d, &route, &v, seed * 977 + (uint64_t)index, START_S, &sink, &truth);
    node_core_finish(r->core);
    label[8] = (float)v.imu.mount;
    for (int i = 0; i < r->n; i++)
        tell(r, &r->events[i], d, &truth, label);
    fprintf(stderr, "seed %d vehicle %d %s %s: %.1f km, %d passings, %d events\n", (int)seed, index,
            sim_class_name(v.class), sim_mount_name(v.imu.mount), truth.distance_m / 1000, truth.n_crossings, r->n);
    count_lost(r, d, &truth, r->crossed, r->lost);
    sim_drive_result_done(&truth);
    sim_route_done(&route);
    node_core_free(r->core);
    return is_good;
}

static void write_names(FILE *file)
{
    for (int i = 0; i < LABELS; i++)
        fprintf(file, "%s,", labels[i]);
    for (int i = 0; i < TRAITS; i++)
        fprintf(file, "t%d%s", i, i + 1 < TRAITS ? "," : "\n");
}

int main(int argc, char **argv)
{
    struct rows rows = {.events = calloc(EVENTS_MAX, sizeof *rows.events)};
    struct sim_course course;
    struct sim_district district;

    if (argc < 5 || !rows.events || !(rows.file = fopen(argv[1], "wb"))) {
        fprintf(stderr, "usage: motion_rows FILE FIRST_SEED SEEDS VEHICLES [PER_KM]\n");
        return 2;
    }
    const int first = atoi(argv[2]), seeds = atoi(argv[3]), vehicles = atoi(argv[4]);
    if (first + seeds > FIRST_JUDGED) {
        fprintf(stderr, "motion_rows: seeds from %d on are for judging\n", FIRST_JUDGED);
        return 2;
    }
    sim_course_default(&course);
    course.block_m = 300;
    course.defects_per_km = course.look_alikes_per_km = argc > 5 ? atof(argv[5]) : 20;
    write_names(rows.file);
    for (int seed = first; seed < first + seeds; seed++) {
        if (!sim_course_init(&district, &course, (uint64_t)seed))
            return 1;
        for (int v = 0; v < vehicles; v++)
            if (!drive_once(&rows, &district, (uint64_t)seed, v + (seed % 97) * vehicles))
                return 1;
        sim_district_done(&district);
    }
    for (int c = 0; c < CLASSES; c++)
        fprintf(stderr, "%s: %d crossed, %d of them without an event\n", class_name((enum motion_class)c), rows.crossed[c],
                rows.lost[c]);
    free(rows.events);
    return fclose(rows.file) == 0 ? 0 : 1;
}
