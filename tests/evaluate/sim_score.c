#include "tests/evaluate/sim_score.h"

#include <math.h>
#include <string.h>

#define INSIDE_95 5.991 /* chi squared, two degrees of freedom */

static const double bands_kmh[SIM_BANDS - 1] = {25, 40, 55};

static int band_of(double speed_mps)
{
    int band = 0;

    while (band < SIM_BANDS - 1 && speed_mps * 3.6 > bands_kmh[band])
        band++;
    return band;
}

const char *sim_band_name(int band)
{
    static const char *const names[SIM_BANDS] = {"<= 25", "25-40", "40-55", "> 55"};

    return names[band];
}

static int unit_of(struct sim_score *score, const char *name)
{
    int k = 0;

    while (k < score->n_units && strcmp(score->units[k].name, name) != 0)
        k++;
    if (k == SIM_UNITS_MAX)
        return k - 1;
    if (k == score->n_units)
        snprintf(score->units[score->n_units++].name, sizeof score->units[k].name, "%s", name);
    return k;
}

static void score_size(const struct sim_claim *c, const struct sim_row *row, struct sim_sizes *s)
{
    const struct defect_type *type = catalogue_type(row->type);
    const double error = c->size - row->size;

    s->n++;
    s->right_class += catalogue_severity(type, c->size, false) == catalogue_severity(type, row->size, false);
    s->error_sum += error;
    s->error_square += error * error;
    s->relative_square += error / row->size * (error / row->size);
    s->within_sigma += fabs(error) <= 1.96 * c->size_sigma;
}

static void score_place(const struct sim_claim *c, const struct sim_row *row, struct sim_place_score *p)
{
    const double e = c->e_m - row->e_m, n = c->n_m - row->n_m, det = c->ee_m2 * c->nn_m2 - c->en_m2 * c->en_m2;
    const double normalised = det > 0 ? (c->nn_m2 * e * e - 2 * c->en_m2 * e * n + c->ee_m2 * n * n) / det : INFINITY;

    p->n++;
    p->inside += normalised <= INSIDE_95;
    p->error_sum += hypot(e, n);
    p->error_square += e * e + n * n;
    p->normalised_sum += fmin(normalised, 1000);
}

static void score_side(const struct sim_claim *c, const struct sim_row *row, struct sim_score *score)
{
    if (c->side == WHEEL_UNKNOWN)
        score->side_unknown++;
    else if (c->side == row->side)
        score->side_right++;
    else
        score->side_wrong++;
}

static void score_crossing(const struct sim_set *set, const struct sim_row *row, struct sim_score *score)
{
    struct sim_type_score *t = &score->types[row->type];
    const struct sim_claim *c = row->claim >= 0 ? &set->claims[row->claim] : NULL;
    const struct sim_unit *unit = &set->units[set->trips[row->drive].unit];
    const int band = band_of(row->speed_mps);
    struct sim_cell *cell = &score->units[unit_of(score, unit->name)].cells[row->type][band];
    const bool is_found = c && c->type == row->type;

    t->crossings++;
    t->found += is_found;
    t->found_any += c != NULL;
    t->taken_for[c ? c->type : DEFECT_NONE]++;
    cell->crossings++;
    cell->found += is_found;
    if (is_found) {
        score_size(c, row, &t->sizes[band]);
        score_place(c, row, &score->places[unit->gnss]);
        score_side(c, row, score);
    }
}

static void score_look_alike(const struct sim_set *set, const struct sim_row *row, struct sim_score *score)
{
    int k = 0;

    while (k < score->n_kinds && strcmp(score->kinds[k].name, row->name) != 0)
        k++;
    if (k == SIM_KINDS_MAX)
        return;
    if (k == score->n_kinds)
        memcpy(score->kinds[score->n_kinds++].name, row->name, sizeof row->name);
    score->kinds[k].crossings++;
    score->kinds[k].called_damage += row->claim >= 0;
    if (row->sighting >= 0) {
        const bool is_same = set->claims[row->sighting].feature == row->feature;
        score->kinds[k].recognised += is_same;
        score->kinds[k].as_other_feature += !is_same;
    }
}

static void score_ride_point(const struct sim_ride *r, const struct sim_row *lane, struct sim_ride_band bands[SIM_BANDS])
{
    struct sim_ride_band *band = &bands[band_of(r->speed_mps)];

    if (!(lane->iri > 0))
        return;
    band->n++;
    band->ratio_sum += r->iri / lane->iri;
}

/* Mean of what was told on the lane, its ends (a crossing's reach) left out, over the golden car's. */
static void score_ride(const struct sim_set *set, const struct sim_row *lane, struct sim_score *score)
{
    const double cut_s = 0.1 * lane->seconds;
    const int unit = unit_of(score, set->units[set->trips[lane->drive].unit].name);
    double sum = 0;
    int n = 0;

    for (int i = 0; i < set->n_rides; i++) {
        const struct sim_ride *r = &set->rides[i];
        if (r->drive == lane->drive && r->time_s > lane->time_s + cut_s && r->time_s < lane->time_s + lane->seconds - cut_s) {
            sum += r->iri;
            n++;
            score_ride_point(r, lane, score->units[unit].rides);
        }
    }
    if (n < 20 || !(lane->iri > 0))
        return;
    const double ratio = log(sum / n / lane->iri);
    score->units[unit].lanes++;
    score->units[unit].ratio_log_sum += ratio;
    score->units[unit].ratio_log_square += ratio * ratio;
}

static void score_row(const struct sim_set *set, const struct sim_row *row, struct sim_score *score)
{
    switch (row->standing) {
    case ROW_COUNTS:
        score_crossing(set, row, score);
        break;
    case ROW_BELOW:
        score->types[row->type].below++;
        score->types[row->type].below_found += row->claim >= 0;
        break;
    case ROW_LOOK_ALIKE:
        score_look_alike(set, row, score);
        break;
    case ROW_LANE:
        *(row->is_good ? &score->good_km : &score->busy_km) += row->length_m / 1000;
        if (row->is_good)
            score_ride(set, row, score);
        break;
    case ROW_GRAZED:
        break;
    }
}

static bool is_on_good_road(const struct sim_set *set, const struct sim_claim *c)
{
    for (int i = 0; i < set->n_rows; i++) {
        const struct sim_row *row = &set->rows[i];
        if (row->standing == ROW_LANE && row->is_good && row->drive == c->drive && c->time_s >= row->time_s &&
            c->time_s <= row->time_s + row->seconds)
            return true;
    }
    return false;
}

static void score_claim(const struct sim_set *set, const struct sim_claim *c, struct sim_score *score)
{
    const int bin = (int)fmin(SIM_BINS - 1, fmax(0, c->confidence * SIM_BINS));

    if (c->type < 1 || c->type > DEFECT_TYPE_COUNT)
        return;
    score->types[c->type].claims[c->verdict]++;
    if (c->verdict == CLAIM_IGNORED)
        return;
    score->bins[bin].n++;
    score->bins[bin].right += c->verdict == CLAIM_RIGHT;
    score->bins[bin].sum += c->confidence;
    if (c->verdict == CLAIM_RIGHT || c->verdict == CLAIM_WRONG_TYPE || c->verdict == CLAIM_TWICE)
        return;
    if (is_on_good_road(set, c))
        score->good_false++;
    else
        score->busy_false++;
}

void sim_score_add(const struct sim_set *set, struct sim_score *score)
{
    const size_t used = strlen(score->seeds);

    snprintf(score->seeds + used, sizeof score->seeds - used, "%s%lld", used ? ", " : "", (long long)set->seed);
    for (int i = 0; i < set->n_units; i++)
        unit_of(score, set->units[i].name);
    for (int i = 0; i < set->n_rows; i++)
        score_row(set, &set->rows[i], score);
    for (int i = 0; i < set->n_claims; i++)
        score_claim(set, &set->claims[i], score);
    for (int i = 0; i < set->n_trips; i++) {
        score->unwatched_s += set->trips[i].unwatched_s;
        score->unplaced_m += set->trips[i].unplaced_m;
    }
    score->n_trips += set->n_trips;
    score->n_claims += set->n_claims;
}
