#include "tests/sim/district.h"

#include <math.h>
#include <stdlib.h>

#include "tests/sim/deal.h"
#include "tests/sim/iri.h"
#include "tests/sim/profile.h"

#define LANE_OFFSET_M (SIM_LANE_WIDTH_M / 2)
#define CROSSING_CUT_M 8.0 /* a lane starts and ends this far from the middle of its crossings */
#define TAPER_M 6.0        /* profiles fade into the flat crossing */
#define GD_SPREAD 1.4      /* a course's streets lie within this factor of their class's mean */

static void lane_profile(struct sim_lane *lane, double gd_m3, struct sim_random *random)
{
    const int samples = (int)(lane->length_m / SIM_PROFILE_STEP_M) + 2;

    sim_profile_make(random, gd_m3, SIM_PROFILE_STEP_M, samples, lane->left_m, lane->right_m);
    for (int i = 0; i < samples; i++) {
        const double from_end = fmin(i, samples - 1 - i) * SIM_PROFILE_STEP_M;
        const float fade = (float)fmin(1.0, from_end / TAPER_M);
        lane->left_m[i] *= fade;
        lane->right_m[i] *= fade;
    }
    lane->iri_m_per_km = (sim_iri(lane->left_m, samples, SIM_PROFILE_STEP_M) + sim_iri(lane->right_m, samples, SIM_PROFILE_STEP_M)) / 2;
}

static bool lane_init(struct sim_district *d, int index, int street, int from, int to)
{
    struct sim_lane *lane = &d->lanes[index];
    const double e0 = d->origin_e_m + from % SIM_GRID * d->block_m, n0 = d->origin_n_m + from / SIM_GRID * d->block_m;
    const double e1 = d->origin_e_m + to % SIM_GRID * d->block_m, n1 = d->origin_n_m + to / SIM_GRID * d->block_m;
    const double de = (e1 - e0) / d->block_m, dn = (n1 - n0) / d->block_m;

    *lane = (struct sim_lane){.street = street, .from = from, .to = to, .direction_e = de, .direction_n = dn};
    lane->length_m = d->block_m - 2 * CROSSING_CUT_M;
    lane->from_e_m = e0 + CROSSING_CUT_M * de + LANE_OFFSET_M * dn;
    lane->from_n_m = n0 + CROSSING_CUT_M * dn - LANE_OFFSET_M * de;
    const size_t samples = (size_t)(lane->length_m / SIM_PROFILE_STEP_M) + 2;
    lane->left_m = calloc(samples, sizeof *lane->left_m);
    lane->right_m = calloc(samples, sizeof *lane->right_m);
    return lane->left_m && lane->right_m;
}

/* gd_m3 and iso_class are set. */
static bool streets_init(struct sim_district *d, struct sim_random *random)
{
    int street = 0;

    for (int node = 0; node < SIM_GRID * SIM_GRID; node++)
        for (int way = 0; way < 2; way++) {
            const bool is_east = way == 0;
            if (is_east ? node % SIM_GRID == SIM_GRID - 1 : node / SIM_GRID == SIM_GRID - 1)
                continue;
            const int to = node + (is_east ? 1 : SIM_GRID);
            if (!lane_init(d, 2 * street, street, node, to) || !lane_init(d, 2 * street + 1, street, to, node))
                return false;
            lane_profile(&d->lanes[2 * street], d->gd_m3[street], random);
            lane_profile(&d->lanes[2 * street + 1], d->gd_m3[street], random);
            street++;
        }
    return true;
}

static int compare_placed(const void *a, const void *b)
{
    const struct sim_placed *p = a, *q = b;

    return p->lane != q->lane ? p->lane - q->lane : (p->station_m > q->station_m) - (p->station_m < q->station_m);
}

static void sort_placed(struct sim_district *d)
{
    qsort(d->placed, (size_t)d->n_placed, sizeof *d->placed, compare_placed);
    for (int lane = 0, i = 0; lane < SIM_LANES; lane++) {
        d->lanes[lane].first_placed = i;
        while (i < d->n_placed && d->placed[i].lane == lane)
            i++;
        d->lanes[lane].end_placed = i;
    }
}

static bool district_begin(struct sim_district *d, struct grid_zone zone, double lat_deg, double lon_deg, double block_m)
{
    *d = (struct sim_district){.zone = zone, .block_m = block_m};
    if (grid_project_m(zone, lat_deg, lon_deg, &d->origin_e_m, &d->origin_n_m) != ROAD_OK)
        return false;
    d->placed = calloc(SIM_PLACED_MAX, sizeof *d->placed);
    return d->placed != NULL;
}

/* Three things a lane, far enough from crossings and from each other to be told apart. */
static void place_templates(struct sim_district *d, struct sim_random *random)
{
    for (int lane = 0; lane < SIM_LANES; lane++)
        for (int slot = 0; slot < 3; slot++) {
            struct sim_placed *p = &d->placed[d->n_placed];
            const double share = 0.20 + 0.30 * slot;
            sim_deal_template(d->n_placed, random, p);
            p->lane = lane;
            p->group = d->n_placed++;
            p->station_m = d->lanes[lane].length_m * share + sim_uniform(random, -6, 6);
        }
}

bool sim_district_init(struct sim_district *ret_district, struct grid_zone zone, double lat_deg, double lon_deg,
                       double block_m, uint64_t seed)
{
    static const char classes[] = "AABAACABABAA";
    struct sim_district *d = ret_district;
    struct sim_random random;

    sim_random_init(&random, seed);
    bool is_good = district_begin(d, zone, lat_deg, lon_deg, block_m);
    for (int street = 0; street < SIM_STREETS; street++) {
        d->iso_class[street] = classes[street % 12];
        d->gd_m3[street] = sim_iso_gd(d->iso_class[street]);
    }
    is_good = is_good && streets_init(d, &random);
    if (is_good) {
        place_templates(d, &random);
        sort_placed(d);
    } else {
        sim_district_done(d);
    }
    return is_good;
}

void sim_course_default(struct sim_course *ret_course)
{
    *ret_course = (struct sim_course){.lat_deg = 30.2741, .lon_deg = 120.1636, .block_m = 1000, .defects_per_km = 5,
                                      .look_alikes_per_km = 5, .good_share = 0.25};
}

static void add_placed(struct sim_district *d, const struct sim_placed *placed, int lane, double station_m, int group)
{
    const double margin = sim_placed_reach_m(placed) + 2;

    if (d->n_placed == SIM_PLACED_MAX || station_m < margin || station_m > d->lanes[lane].length_m - margin)
        return;
    d->placed[d->n_placed] = *placed;
    d->placed[d->n_placed].lane = lane;
    d->placed[d->n_placed].station_m = station_m;
    d->placed[d->n_placed++].group = group;
}

/* In one place of the street: what spans the road goes into both lanes, else each lane gets its own. */
static void place_slot(struct sim_district *d, int street, double station_m, bool is_defect, struct sim_random *random, int *group)
{
    const double length = d->lanes[2 * street].length_m;
    struct sim_placed things[2];
    const int n = sim_deal(is_defect, random, things);
    const double apart = n == 2 ? sim_uniform(random, 10, 30) : 0; /* a bridge has a joint at both ends */

    for (int k = 0; k < n; k++) {
        const double at = station_m + (k - 0.5 * (n - 1)) * apart;
        const bool is_across = sim_deal_spans(&things[k]);
        add_placed(d, &things[k], 2 * street, at, *group);
        if (is_across)
            add_placed(d, &things[k], 2 * street + 1, length - at, *group);
        ++*group;
    }
    if (!sim_deal_spans(&things[0])) {
        struct sim_placed other[2];
        do
            sim_deal(is_defect, random, other);
        while (sim_deal_spans(&other[0]));
        add_placed(d, &other[0], 2 * street + 1, length - station_m + sim_uniform(random, -5, 5), ++*group);
        ++*group;
    }
}

static void place_street(struct sim_district *d, const struct sim_course *course, int street, struct sim_random *random, int *group)
{
    const double per_km = course->defects_per_km + course->look_alikes_per_km, length = d->lanes[2 * street].length_m;
    const int slots = (int)(length / 1000 * per_km + sim_uniform(random, 0, 1));
    double owed = sim_uniform(random, 0, 1);

    for (int i = 0; i < slots; i++) {
        owed += course->defects_per_km / per_km;
        const bool is_defect = owed >= 1;
        owed -= is_defect;
        place_slot(d, street, length * (i + 0.5 + sim_uniform(random, -0.35, 0.35)) / slots, is_defect, random, group);
    }
}

bool sim_course_init(struct sim_district *ret_district, const struct sim_course *course, uint64_t seed)
{
    const struct grid_zone zone = grid_zone_nearest(course->lat_deg, course->lon_deg);
    struct sim_district *d = ret_district;
    struct sim_random random;
    int group = 0;
    double owed = 0;

    sim_random_init(&random, seed);
    bool is_good = district_begin(d, zone, course->lat_deg, course->lon_deg, course->block_m);
    for (int street = 0; street < SIM_STREETS; street++) {
        d->iso_class[street] = sim_uniform(&random, 0, 1) < 0.5 ? 'A' : 'B';
        d->gd_m3[street] = sim_iso_gd(d->iso_class[street]) * pow(GD_SPREAD, sim_uniform(&random, -1, 1));
        owed += course->good_share;
        d->is_good[street] = owed >= 1 - 1e-9;
        owed -= d->is_good[street];
    }
    is_good = is_good && streets_init(d, &random);
    for (int street = 0; is_good && street < SIM_STREETS; street++)
        if (!d->is_good[street])
            place_street(d, course, street, &random, &group);
    if (is_good)
        sort_placed(d);
    else
        sim_district_done(d);
    return is_good;
}

void sim_district_done(struct sim_district *district)
{
    for (int i = 0; i < SIM_LANES; i++) {
        free(district->lanes[i].left_m);
        free(district->lanes[i].right_m);
    }
    free(district->placed);
    *district = (struct sim_district){0};
}

double sim_height_m(const struct sim_district *district, int lane, double station_m, double lateral_m, bool is_left,
                    const float *share)
{
    const struct sim_lane *l = &district->lanes[lane];
    const float *profile = is_left ? l->left_m : l->right_m;
    const double at = fmin(fmax(station_m, 0.0), l->length_m - SIM_PROFILE_STEP_M) / SIM_PROFILE_STEP_M;
    const int i = (int)at;
    double height = (double)profile[i] + (at - i) * (double)(profile[i + 1] - profile[i]);

    for (int k = l->first_placed; k < l->end_placed; k++) {
        const struct sim_placed *p = &district->placed[k];
        if (fabs(station_m - p->station_m) > 16)
            continue;
        const double part = (share ? (double)share[k] : 1.0) * sim_overlap(p, lateral_m);
        if (part > 0)
            height += part * sim_placed_height_m(p, station_m - p->station_m);
    }
    return height;
}

void sim_place_at(const struct sim_district *district, int lane, double station_m, double lateral_m, double *ret_e_m,
                  double *ret_n_m)
{
    const struct sim_lane *l = &district->lanes[lane];

    *ret_e_m = l->from_e_m + station_m * l->direction_e - lateral_m * l->direction_n;
    *ret_n_m = l->from_n_m + station_m * l->direction_n + lateral_m * l->direction_e;
}
