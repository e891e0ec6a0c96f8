#include "tests/sim/city/cars.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define GNSS_TAU_S 60.0
#define STRAY_DRIVE_M 0.10 /* docs/simulator.md: in the lane, a drive and over 40 m */
#define STRAY_LANE_M 0.18
#define WHEEL_M 0.75
#define TYRE_HALF_M 0.12
#define ALONG_SIGMA_M 0.5 /* where in its response a detector puts the middle: RTK rms 0.6 to 0.9 m measured */
#define ACROSS_SIGMA_M 0.25
#define CAMERA_HALF_LANE_M 1.75
#define SHAKE_SIGMA 0.25 /* ln: vehicles differ (bench_features) */
#define PASS_SIGMA 0.2   /* ln: passes of one vehicle differ */
#define NARROW_M 0.75 /* what is narrower may be missed by both wheels */
#define MAIN_MPS 11.1
#define SIDE_MPS 7.0
#define POINTS_MAX 512
#define DETECTIONS_MAX 64

const char *car_kind_name(enum car_kind kind)
{
    static const char *const names[] = {"taxi", "patrol", "bus", "phone"};

    return names[kind];
}

double car_kind_share(enum car_kind kind, int local_hour)
{
    switch (kind) {
    case CAR_PATROL:
        return local_hour >= 8 && local_hour < 17 ? 1.0 / 9 : 0;
    case CAR_PHONE:
        return (local_hour >= 7 && local_hour < 9) || (local_hour >= 17 && local_hour < 19) ? 0.25 : 0;
    default:
        return local_hour >= 6 && local_hour < 22 ? 1.0 / 16 : 0;
    }
}

/* Per axis: usual receivers of a class (docs/simulator.md). */
double gnss_sigma_m(enum gnss_class gnss)
{
    static const double sigma_m[] = {[GNSS_RTK] = 0.03, [GNSS_SBAS] = 1.0, [GNSS_CONSUMER] = 3.0, [GNSS_PHONE] = 5.0};

    return sigma_m[gnss];
}

void mails_done(struct mails *mails)
{
    for (int i = 0; i < mails->n; i++) {
        free(mails->items[i].passes[0].points);
        free(mails->items[i].batch.detections);
        free(mails->items[i].batch.features);
    }
    free(mails->items);
    free(mails->looks);
    *mails = (struct mails){0};
}

/* Up and down between two ends, along main roads where there are some. */
static void draw_line(struct car *car, const struct traffic *traffic, const struct town *town, struct sim_random *random)
{
    car->line[car->n_line++] = car->lane;
    while (car->n_line < BUS_LINE_LANES) {
        int next = -1;
        for (int tries = 0; tries < 8 && (next < 0 || !town_is_main(town->lanes[next].class)); tries++)
            next = traffic_next(traffic, town, car->line[car->n_line - 1], random);
        if (town->lanes[next].back < 0 || next == town->lanes[car->line[car->n_line - 1]].back)
            break;
        car->line[car->n_line++] = next;
    }
    car->line_step = 1;
}

void car_init(struct car *ret_car, int number, enum car_kind kind, enum gnss_class gnss, bool has_camera, double km_a_day,
              const struct traffic *traffic, const struct town *town, uint64_t seed)
{
    struct sim_random random;

    sim_random_init(&random, seed * 1000003u + (uint64_t)number);
    *ret_car = (struct car){.number = number, .kind = kind, .gnss = gnss, .has_camera = has_camera, .km_a_day = km_a_day};
    ret_car->shake = exp(sim_gauss(&random, SHAKE_SIGMA));
    for (int i = 0; i < 4; i++)
        ret_car->kid.bytes[i] = (uint8_t)(number >> (8 * i));
    ret_car->kid.bytes[7] = 7;
    ret_car->lane = traffic_draw(traffic, town, &random);
    if (kind == CAR_BUS)
        draw_line(ret_car, traffic, town, &random);
}

/* ---- an hour ------------------------------------------------------------------------------------------- */

struct outing {
    struct car *car;
    const struct truth *truth;
    const struct traffic *traffic;
    const struct city_rules *rules;
    struct mails *mails;
    struct sim_random random;
    struct sim_markov east, north;
    double time_s, stray_drive_m, stray_m, left_m; /* left_m: still to drive */
    int64_t from_s;
    /* the batch under way */
    struct pass_point points[POINTS_MAX];
    struct detection detections[DETECTIONS_MAX];
    struct feature_sighting features[DETECTIONS_MAX];
    int n_points, n_detections, n_features;
    double batch_m;
};

static int64_t now_ns(const struct outing *o, double time_s)
{
    return o->from_s * 1000000000 + llround(time_s * 1000) * 1000000;
}

static void place_point(struct outing *o)
{
    const struct town_place at = town_at(o->truth->town, o->car->lane, o->car->station_m, o->stray_m);
    const double sigma = gnss_sigma_m(o->car->gnss);

    if (o->n_points == POINTS_MAX)
        return;
    o->points[o->n_points++] = (struct pass_point){.time_ns = now_ns(o, o->time_s),
                                                   .at = {llround((at.e_m + o->east.value) * 1000),
                                                          llround((at.n_m + o->north.value) * 1000)},
                                                   .sigma_cm = (uint16_t)ceil(sigma * 100),
                                                   .iri_centi = 220};
}

static void *copied(const void *items, int n, size_t size)
{
    void *copy = malloc((size_t)(n ? n : 1) * size);

    if (copy && n)
        memcpy(copy, items, (size_t)n * size);
    return copy;
}

static bool post(struct outing *o)
{
    struct mails *mails = o->mails;

    if (o->n_points < 2)
        return true;
    if (mails->n == mails->capacity) {
        const int wanted = mails->capacity ? 2 * mails->capacity : 16;
        void *grown = realloc(mails->items, (size_t)wanted * sizeof *mails->items);
        if (!grown)
            return false;
        mails->items = grown;
        mails->capacity = wanted;
    }
    struct mail *mail = &mails->items[mails->n];
    *mail = (struct mail){.car = o->car->number, .sent_ns = o->points[o->n_points - 1].time_ns};
    mail->passes[0] = (struct pass){.sensor = SENSE_MOTION, .frame = FRAME_CGCS2000, .gnss = o->car->gnss,
                                    .half_track_mm = (uint16_t)(1000 * WHEEL_M), .n_points = (size_t)o->n_points};
    mail->passes[0].points = copied(o->points, o->n_points, sizeof *o->points);
    mail->passes[1] = mail->passes[0];
    mail->passes[1].sensor = SENSE_CAMERA;
    mail->batch = (struct batch){.seq = ++o->car->seq, .zone = o->truth->town->zone, .time_source = TIME_GPS,
                                 .n_passes = o->car->has_camera ? 2 : 1};
    mail->batch.detections = copied(o->detections, o->n_detections, sizeof *o->detections);
    mail->batch.n_detections = (size_t)o->n_detections;
    mail->batch.features = copied(o->features, o->n_features, sizeof *o->features);
    mail->batch.n_features = (size_t)o->n_features;
    mails->n++;
    const struct pass_point last = o->points[o->n_points - 1];
    o->points[0] = last; /* what follows goes on from here */
    o->n_points = 1;
    o->n_detections = o->n_features = 0;
    o->batch_m = 0;
    return mail->passes[0].points && mail->batch.detections && mail->batch.features;
}

/* ---- what a pass tells --------------------------------------------------------------------------------- */

/* Where something is said to lie, and how surely. */
struct said_at {
    struct grid_point at;
    int32_t ee_cm2, en_cm2, nn_cm2;
    uint16_t heading_cdeg;
};

static struct said_at say_where(struct outing *o, double e_m, double n_m, double heading_rad)
{
    const double sigma = gnss_sigma_m(o->car->gnss), s = sin(heading_rad), c = cos(heading_rad);
    const double along = sim_gauss(&o->random, ALONG_SIGMA_M), across = sim_gauss(&o->random, ACROSS_SIGMA_M);
    const double aa = ALONG_SIGMA_M * ALONG_SIGMA_M, cc = ACROSS_SIGMA_M * ACROSS_SIGMA_M, gg = sigma * sigma;
    const double degrees = fmod(heading_rad * 180 / M_PI + 720, 360);

    return (struct said_at){{llround((e_m + o->east.value + along * s - across * c) * 1000),
                             llround((n_m + o->north.value + along * c + across * s) * 1000)},
                            (int32_t)lround(1e4 * (gg + aa * s * s + cc * c * c)),
                            (int32_t)lround(1e4 * (aa - cc) * s * c),
                            (int32_t)lround(1e4 * (gg + aa * c * c + cc * s * s)),
                            (uint16_t)(lround(degrees * 100) % 36000)};
}

/* The evidence page's table: 7 of 10 said with more than 0.8; false ones mostly with less. */
static uint16_t draw_confidence(struct outing *o, bool is_true)
{
    return (uint16_t)(is_true && sim_uniform(&o->random, 0, 1) < 0.7 ? 900 + sim_integer(&o->random, 100)
                                                                     : 400 + sim_integer(&o->random, 450));
}

static struct detection *tell(struct outing *o, int type, double size, enum sense sensor, struct said_at where, bool is_true)
{
    const struct defect_type *row = catalogue_type(type);
    const double said_size = size * exp(sim_gauss(&o->random, 0.2));

    if (o->n_detections == DETECTIONS_MAX)
        return NULL;
    struct detection *d = &o->detections[o->n_detections++];
    *d = (struct detection){.type = type, .severity = catalogue_severity(row, said_size, false),
                            .confidence_permille = draw_confidence(o, is_true), .sensor = sensor,
                            .time_ns = now_ns(o, o->time_s), .at = where.at, .cov_ee_cm2 = where.ee_cm2,
                            .cov_en_cm2 = where.en_cm2, .cov_nn_cm2 = where.nn_cm2,
                            .size_milli = (int32_t)lround(1000 * said_size), .size_sigma_milli = (int32_t)lround(250 * said_size),
                            .heading_cdeg = where.heading_cdeg, .speed_cmps = 1000, .side = WHEEL_UNKNOWN,
                            .pass = sensor == SENSE_CAMERA ? 1 : 0};
    return d;
}

static int32_t felt_milli(struct outing *o, const struct thing *thing)
{
    return (int32_t)lround(1000 * thing->strength * o->car->shake * exp(sim_gauss(&o->random, PASS_SIGMA)));
}

static void find_feature(struct outing *o, const struct thing *thing)
{
    const struct said_at where = say_where(o, thing->e_m, thing->n_m, thing->heading_rad);
    const int32_t felt = felt_milli(o, thing);

    if (o->n_features == DETECTIONS_MAX)
        return;
    o->features[o->n_features++] = (struct feature_sighting){
        .kind = thing->look_alike->kind, .confidence_permille = 850, .time_ns = now_ns(o, o->time_s), .at = where.at,
        .cov_ee_cm2 = where.ee_cm2, .cov_en_cm2 = where.en_cm2, .cov_nn_cm2 = where.nn_cm2, .strength_milli = felt,
        .strength_sigma_milli = felt / 10, .heading_cdeg = where.heading_cdeg, .speed_cmps = 1000, .side = WHEEL_BOTH};
}

static void feel_look_alike(struct outing *o, const struct thing *thing)
{
    const double chance = sim_uniform(&o->random, 0, 1);

    if (chance < thing->called_damage) {
        struct detection *d = tell(o, thing->look_alike->called, rates_draw_size(thing->look_alike->called, &o->random),
                                   SENSE_MOTION, say_where(o, thing->e_m, thing->n_m, thing->heading_rad), false);
        if (d)
            d->strength_milli = felt_milli(o, thing);
    } else if (chance < thing->called_damage + thing->look_alike->recognised) {
        find_feature(o, thing);
    }
}

static void feel_defect(struct outing *o, const struct thing *thing)
{
    const double recall = o->rules->recall_factor * rates_recall(thing->defect, thing->size, o->rules->is_domain_rates);
    struct detection *d;

    if (sim_uniform(&o->random, 0, 1) >= recall)
        return;
    d = tell(o, rates_draw_told_type(thing->defect->type, &o->random), thing->size, SENSE_MOTION,
             say_where(o, thing->e_m, thing->n_m, thing->heading_rad), true);
    if (d)
        d->strength_milli = felt_milli(o, thing);
}

static bool is_crossed(const struct outing *o, const struct thing *thing)
{
    const double band = thing->half_width_m + TYRE_HALF_M, off = thing->left_m - o->stray_m;

    return fabs(off - WHEEL_M) < band || fabs(off + WHEEL_M) < band;
}

static void see(struct outing *o, const struct thing *thing)
{
    const double pd = thing->look_alike                                   ? thing->camera_false
                      : thing->defect->seen_by == SEEN_BY_MOTION ? 0
                                                                 : CAMERA_PD;

    if (fabs(thing->left_m - o->stray_m) > CAMERA_HALF_LANE_M || sim_uniform(&o->random, 0, 1) >= pd)
        return;
    const int type = thing->defect ? thing->defect->type : rates_draw_camera_type(&o->random);
    const double size = thing->defect ? thing->size : rates_draw_size(type, &o->random);
    tell(o, type, size, SENSE_CAMERA, say_where(o, thing->e_m, thing->n_m, thing->heading_rad), thing->defect != NULL);
}

static void pass_thing(struct outing *o, const struct thing *thing)
{
    if (!thing_is_there(thing, o->from_s + (int64_t)o->time_s))
        return;
    if (is_crossed(o, thing)) {
        if (thing->look_alike)
            feel_look_alike(o, thing);
        else
            feel_defect(o, thing);
    }
    if (o->car->has_camera)
        see(o, thing);
}

/* What the rule makes of a pass at the least (domain figures 2.4): 0.375 where a wheel may have missed a hole, 0.75 across the
 * lane, 0.6 where an RTK wheel track really ran over it, 0.7 of a camera. */
static double ideal_nats(const struct outing *o, const struct thing *thing)
{
    const bool is_rtk = o->car->gnss == GNSS_RTK, is_felt = catalogue_type(thing->defect->type)->sense & SENSE_MOTION;
    double nats = o->car->has_camera ? log(1 - 0.7) : 0;

    if (is_felt && is_rtk)
        nats += is_crossed(o, thing) ? log(1 - 0.6) : 0;
    else if (is_felt)
        nats += log(1 - (thing->half_width_m < NARROW_M ? 0.375 : 0.75));
    return nats;
}

static void note_look(struct outing *o, int index)
{
    const struct thing *thing = &o->truth->things[index];
    struct mails *mails = o->mails;

    if (thing->claimed_s == NEVER_S || thing->verified_s != NEVER_S)
        return;
    if (mails->n_looks == mails->look_capacity) {
        const int wanted = mails->look_capacity ? 2 * mails->look_capacity : 16;
        void *grown = realloc(mails->looks, (size_t)wanted * sizeof *mails->looks);
        if (!grown)
            return;
        mails->looks = grown;
        mails->look_capacity = wanted;
    }
    mails->looks[mails->n_looks++] = (struct look){now_ns(o, o->time_s), index, ideal_nats(o, thing)};
}

/* Where nothing lies. */
static void tell_nothing(struct outing *o, double metres)
{
    static const int felt[] = {DEFECT_POTHOLE, DEFECT_SUBSIDENCE, DEFECT_PATCH_FAILURE, DEFECT_MANHOLE_LEVEL};
    const struct town_place at = town_at(o->truth->town, o->car->lane, o->car->station_m, o->stray_m);

    if (sim_uniform(&o->random, 0, 1) < MOTION_FALSE_PER_KM * metres / 1000) {
        const int type = felt[sim_integer(&o->random, 4)];
        tell(o, type, rates_draw_size(type, &o->random), SENSE_MOTION, say_where(o, at.e_m, at.n_m, at.heading_rad), false);
    }
    if (o->car->has_camera && sim_uniform(&o->random, 0, 1) < CAMERA_FALSE_PER_KM * metres / 1000) {
        const int type = rates_draw_camera_type(&o->random);
        tell(o, type, rates_draw_size(type, &o->random), SENSE_CAMERA, say_where(o, at.e_m, at.n_m, at.heading_rad), false);
    }
}

/* ---- the way ------------------------------------------------------------------------------------------- */

static void turn(struct outing *o)
{
    struct car *car = o->car;

    car->station_m = 0;
    o->stray_m = o->stray_drive_m + sim_gauss(&o->random, STRAY_LANE_M);
    if (car->kind != CAR_BUS || car->n_line < 2) {
        car->lane = traffic_next(o->traffic, o->truth->town, car->lane, &o->random);
        return;
    }
    if (car->line_at + car->line_step < 0 || car->line_at + car->line_step >= car->n_line)
        car->line_step = -car->line_step; /* the end of the line: back on the other side */
    else
        car->line_at += car->line_step;
    const int lane = car->line[car->line_at];
    car->lane = car->line_step > 0 || o->truth->town->lanes[lane].back < 0 ? lane : o->truth->town->lanes[lane].back;
}

/* From one station of the lane to another: a step of the receiver, and whatever lies between. */
static void roll(struct outing *o, double to_m, double mps)
{
    struct car *car = o->car;
    const double from_m = car->station_m, seconds = (to_m - from_m) / mps, began_s = o->time_s;

    for (int i = o->truth->first_on_lane[car->lane]; i >= 0; i = o->truth->things[i].next_on_lane) {
        const struct thing *thing = &o->truth->things[i];
        if (thing->station_m < from_m || thing->station_m >= to_m)
            continue;
        o->time_s = began_s + (thing->station_m - from_m) / mps;
        pass_thing(o, thing);
        note_look(o, i);
    }
    o->time_s = began_s + seconds;
    car->station_m = to_m;
    sim_markov_step(&o->east, &o->random, seconds);
    sim_markov_step(&o->north, &o->random, seconds);
    tell_nothing(o, to_m - from_m);
    car->driven_m += to_m - from_m;
    o->left_m -= to_m - from_m;
    o->batch_m += to_m - from_m;
    place_point(o);
}

static bool drive(struct outing *o)
{
    const struct town *town = o->truth->town;

    place_point(o);
    while (o->left_m > 0 && o->time_s < 3599) {
        struct car *car = o->car;
        const double mps = town_is_main(town->lanes[car->lane].class) ? MAIN_MPS : SIDE_MPS;
        const double end_m = town->lanes[car->lane].length_m;
        const double step_m = fmin(fmin(o->rules->point_m, o->left_m + 0.01), (3599.5 - o->time_s) * mps);
        if (car->station_m >= end_m - 0.01) {
            turn(o);
            o->time_s += 1; /* across */
            place_point(o);
            continue;
        }
        roll(o, fmin(end_m, car->station_m + step_m), mps);
        if ((o->batch_m >= o->rules->batch_m || o->n_points > POINTS_MAX - 4 || o->n_detections > DETECTIONS_MAX / 2) && !post(o))
            return false;
    }
    return post(o);
}

static int by_time(const void *a, const void *b)
{
    const struct detection *x = a, *y = b;

    return (x->time_ns > y->time_ns) - (x->time_ns < y->time_ns);
}

/* Things of a lane are kept in no order; what is sent is. */
static void sort_told(struct mails *mails, int first)
{
    for (int i = first; i < mails->n; i++)
        if (mails->items[i].batch.n_detections > 1)
            qsort(mails->items[i].batch.detections, mails->items[i].batch.n_detections, sizeof(struct detection), by_time);
}

bool car_drive_hour(struct car *car, const struct truth *truth, const struct traffic *traffic, const struct city_rules *rules,
                    uint64_t seed, int64_t from_s, int local_hour, struct mails *mails)
{
    struct outing o = {.car = car, .truth = truth, .traffic = traffic, .rules = rules, .mails = mails, .from_s = from_s};
    const double sigma = gnss_sigma_m(car->gnss), km = car->km_a_day * car_kind_share(car->kind, local_hour);
    const int first = mails->n;

    if (km <= 0)
        return true;
    sim_random_init(&o.random, (seed * 0x9E3779B97F4A7C15u) ^ ((uint64_t)car->number << 40) ^ (uint64_t)(from_s / 3600));
    sim_markov_init(&o.east, &o.random, sigma, GNSS_TAU_S);
    sim_markov_init(&o.north, &o.random, sigma, GNSS_TAU_S);
    o.stray_drive_m = sim_gauss(&o.random, STRAY_DRIVE_M);
    o.stray_m = o.stray_drive_m + sim_gauss(&o.random, STRAY_LANE_M);
    o.left_m = 1000 * km * sim_uniform(&o.random, 0.7, 1.3);
    o.time_s = sim_uniform(&o.random, 0, fmax(1, 3500 - o.left_m / SIDE_MPS));
    const bool is_good = drive(&o);
    sort_told(mails, first);
    return is_good;
}
