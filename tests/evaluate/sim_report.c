/* sim_report.c - the figures as Markdown, which reads as text and can be pasted into docs/, and as JSON. */
#include <math.h>

#include "tests/evaluate/sim_score.h"

static double share(double part, double whole)
{
    return whole > 0 ? part / whole : NAN;
}

static void put_share(double value)
{
    if (isnan(value))
        fputs(" - |", stdout);
    else
        printf(" %.3f |", value);
}

static int claims_counted(const struct sim_type_score *t)
{
    return t->claims[CLAIM_RIGHT] + t->claims[CLAIM_WRONG_TYPE] + t->claims[CLAIM_LOOK_ALIKE] + t->claims[CLAIM_NOTHING] +
           t->claims[CLAIM_TWICE];
}

static bool is_told(const struct sim_type_score *t)
{
    return t->crossings + t->below + claims_counted(t) + t->claims[CLAIM_IGNORED] > 0;
}

static void print_types(const struct sim_score *s)
{
    puts("\n### Types\n\n"
         "| type | from | crossings | found | as any damage | recall | any | claims | wrong type | look-alike | nothing | twice | precision |"
         " below floor: crossings, told | ignored claims |\n|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|");
    for (int type = 1; type <= DEFECT_TYPE_COUNT; type++) {
        const struct sim_type_score *t = &s->types[type];
        if (!is_told(t))
            continue;
        printf("| %s | %.0f | %d | %d | %d |", catalogue_type(type)->code, sim_floor(type), t->crossings, t->found, t->found_any);
        put_share(share(t->found, t->crossings));
        put_share(share(t->found_any, t->crossings));
        printf(" %d | %d | %d | %d | %d |", claims_counted(t), t->claims[CLAIM_WRONG_TYPE], t->claims[CLAIM_LOOK_ALIKE],
               t->claims[CLAIM_NOTHING], t->claims[CLAIM_TWICE]);
        put_share(share(t->claims[CLAIM_RIGHT], claims_counted(t)));
        printf(" %d, %d | %d |\n", t->below, t->below_found, t->claims[CLAIM_IGNORED]);
    }
}

static void print_confusion(const struct sim_score *s)
{
    puts("\n### What crossings were taken for\n\n| crossing | as |\n|---|---|");
    for (int type = 1; type <= DEFECT_TYPE_COUNT; type++) {
        const struct sim_type_score *t = &s->types[type];
        if (t->crossings == 0)
            continue;
        printf("| %s | not told %d", catalogue_type(type)->code, t->taken_for[0]);
        for (int as = 1; as <= DEFECT_TYPE_COUNT; as++)
            if (t->taken_for[as] > 0)
                printf(", %s %d", catalogue_type(as)->code, t->taken_for[as]);
        puts(" |");
    }
}

static struct sim_sizes sizes_add(struct sim_sizes a, const struct sim_sizes *b)
{
    a.n += b->n;
    a.right_class += b->right_class;
    a.error_sum += b->error_sum;
    a.error_square += b->error_square;
    a.relative_square += b->relative_square;
    a.within_sigma += b->within_sigma;
    return a;
}

static void print_sizes(const struct sim_score *s)
{
    puts("\n### Sizes (class = severity of the catalogue by size alone)\n\n"
         "| type | n | mean error | rms error | rms relative | within 1.96 sigma | class right <= 25 km/h | 25-40 | 40-55 | > 55 |\n"
         "|---|---|---|---|---|---|---|---|---|---|");
    for (int type = 1; type <= DEFECT_TYPE_COUNT; type++) {
        const struct sim_sizes *bands = s->types[type].sizes;
        struct sim_sizes all = {0};
        for (int b = 0; b < SIM_BANDS; b++)
            all = sizes_add(all, &bands[b]);
        if (all.n == 0)
            continue;
        printf("| %s | %d | %+.1f | %.1f | %.2f |", catalogue_type(type)->code, all.n, all.error_sum / all.n,
               sqrt(all.error_square / all.n), sqrt(all.relative_square / all.n));
        put_share(all.within_sigma / all.n);
        for (int b = 0; b < SIM_BANDS; b++)
            printf(" %d/%d |", bands[b].right_class, bands[b].n);
        putchar('\n');
    }
}

/* All types but one together, up to a speed: the issue asks for potholes apart. */
static void class_right(const struct sim_score *s, bool is_pothole, int band, int *ret_right, int *ret_n)
{
    *ret_right = *ret_n = 0;
    for (int type = 1; type <= DEFECT_TYPE_COUNT; type++)
        if ((type == DEFECT_POTHOLE) == is_pothole && type != DEFECT_MANHOLE_COVER) {
            *ret_right += s->types[type].sizes[band].right_class;
            *ret_n += s->types[type].sizes[band].n;
        }
}

static void print_class(const struct sim_score *s)
{
    puts("\n| size class right | <= 25 km/h | 25-40 | 40-55 | > 55 |\n|---|---|---|---|---|");
    for (int pothole = 0; pothole < 2; pothole++) {
        printf("| %s |", pothole ? "potholes" : "all but potholes and covers");
        for (int b = 0; b < SIM_BANDS; b++) {
            int right, n;
            class_right(s, pothole, b, &right, &n);
            put_share(share(right, n));
        }
        putchar('\n');
    }
}

static int look_alikes(const struct sim_score *s, int *ret_called)
{
    int crossings = 0;

    *ret_called = 0;
    for (int k = 0; k < s->n_kinds; k++) {
        crossings += s->kinds[k].crossings;
        *ret_called += s->kinds[k].called_damage;
    }
    return crossings;
}

static void print_look_alikes(const struct sim_score *s)
{
    int called;
    const int crossings = look_alikes(s, &called);

    puts("\n### Look-alikes and happenings\n\n| kind | crossings | called damage | share | recognised | as another feature |\n|---|---|---|---|---|---|");
    for (int k = 0; k < s->n_kinds; k++) {
        const struct sim_kind_score *kind = &s->kinds[k];
        printf("| %s | %d | %d |", kind->name, kind->crossings, kind->called_damage);
        put_share(share(kind->called_damage, kind->crossings));
        printf(" %d | %d |\n", kind->recognised, kind->as_other_feature);
    }
    printf("| all | %d | %d |", crossings, called);
    put_share(share(called, crossings));
    puts(" | |");
}

static void print_false(const struct sim_score *s)
{
    puts("\n### False detections where nothing lies, or no damage\n\n| road | km | false | per km |\n|---|---|---|---|");
    printf("| good | %.1f | %d |", s->good_km, s->good_false);
    put_share(share(s->good_false, s->good_km));
    printf("\n| busy | %.1f | %d |", s->busy_km, s->busy_false);
    put_share(share(s->busy_false, s->busy_km));
    printf("\n\nNot watched: %.0f s. Not placed: %.0f m.\n", s->unwatched_s, s->unplaced_m);
}

static const char *const receivers[] = {"rtk", "sbas", "consumer", "phone"};

static void print_places(const struct sim_score *s)
{
    puts("\n### Places (of crossings found)\n\n| receiver | n | mean error m | rms m | normalised error squared (2 is honest) | inside 95 % |\n|---|---|---|---|---|---|");
    for (int g = 0; g < 4; g++) {
        const struct sim_place_score *p = &s->places[g];
        if (p->n == 0)
            continue;
        printf("| %s | %d | %.2f | %.2f | %.2f |", receivers[g], p->n, p->error_sum / p->n, sqrt(p->error_square / p->n),
               p->normalised_sum / p->n);
        put_share(share(p->inside, p->n));
        putchar('\n');
    }
}

static void print_rides(const struct sim_score *s)
{
    printf("\nWheel side of what was found: right %d, not told %d, wrong %d.\n", s->side_right, s->side_unknown, s->side_wrong);
    printf("\n### Ride on good lanes: IRI told over the golden car's\n\n| vehicle | lanes | mean ratio | spread (1 sigma, x) |");
    for (int b = 0; b < SIM_BANDS; b++)
        printf(" %s km/h |", sim_band_name(b));
    puts("\n|---|---|---|---|---|---|---|---|");
    for (int u = 0; u < s->n_units; u++) {
        const int n = s->units[u].lanes;
        if (n == 0)
            continue;
        const double mean = s->units[u].ratio_log_sum / n, square = s->units[u].ratio_log_square / n;
        printf("| %s | %d | %.2f | %.2f |", s->units[u].name, n, exp(mean), exp(sqrt(fmax(0, square - mean * mean))));
        for (int b = 0; b < SIM_BANDS; b++)
            put_share(s->units[u].rides[b].ratio_sum / s->units[u].rides[b].n);
        putchar('\n');
    }
}

static void print_bins(const struct sim_score *s)
{
    puts("\n### Confidence\n\n| said | n | mean said | right |\n|---|---|---|---|");
    for (int b = 0; b < SIM_BINS; b++)
        if (s->bins[b].n > 0)
            printf("| %.1f-%.1f | %d | %.3f | %.3f |\n", b / (double)SIM_BINS, (b + 1) / (double)SIM_BINS, s->bins[b].n,
                   s->bins[b].sum / s->bins[b].n, share(s->bins[b].right, s->bins[b].n));
}

static void print_cells(const struct sim_score *s)
{
    puts("\n### Found of crossings, by type, speed (km/h) and vehicle\n");
    fputs("| vehicle | type |", stdout);
    for (int b = 0; b < SIM_BANDS; b++)
        printf(" %s |", sim_band_name(b));
    puts("\n|---|---|---|---|---|---|");
    for (int unit = 0; unit < s->n_units; unit++)
        for (int type = 1; type <= DEFECT_TYPE_COUNT; type++) {
            const struct sim_cell *cells = s->units[unit].cells[type];
            int n = 0;
            for (int b = 0; b < SIM_BANDS; b++)
                n += cells[b].crossings;
            if (n == 0)
                continue;
            printf("| %s | %s |", s->units[unit].name, catalogue_type(type)->code);
            for (int b = 0; b < SIM_BANDS; b++)
                printf(" %d/%d |", cells[b].found, cells[b].crossings);
            putchar('\n');
        }
}

/* Every type of the list, in one line. */
static void print_sum(const struct sim_score *s)
{
    int crossings = 0, found = 0, right = 0, claims = 0;

    for (int type = 1; type <= DEFECT_TYPE_COUNT; type++) {
        crossings += s->types[type].crossings;
        found += s->types[type].found;
        right += s->types[type].claims[CLAIM_RIGHT];
        claims += claims_counted(&s->types[type]);
    }
    printf("All types: recall %.3f (%d of %d crossings), precision %.3f (%d of %d claims of damage).\n", share(found, crossings), found,
           crossings, share(right, claims), right, claims);
}

void sim_score_print(const struct sim_score *score)
{
    printf("Seeds %s: %d vehicles, %d drives, %.1f km of lanes, %d claims, features included. Rules: docs/evaluation.md.\n", score->seeds,
           score->n_units, score->n_trips, score->good_km + score->busy_km, score->n_claims);
    print_sum(score);
    print_types(score);
    print_confusion(score);
    print_sizes(score);
    print_class(score);
    print_look_alikes(score);
    print_false(score);
    print_places(score);
    print_rides(score);
    print_bins(score);
    print_cells(score);
}

/* JSON knows no NaN: what cannot be said is null. */
static json_t *real(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

static json_t *class_json(const struct sim_score *s, bool is_pothole)
{
    json_t *rows = json_array();

    for (int b = 0; b < SIM_BANDS; b++) {
        int right, n;
        class_right(s, is_pothole, b, &right, &n);
        json_array_append_new(rows, json_pack("{s:s,s:i,s:o}", "kmh", sim_band_name(b), "n", n, "right", real(share(right, n))));
    }
    return rows;
}

static json_t *type_json(int type, const struct sim_type_score *t)
{
    struct sim_sizes all = {0};

    for (int b = 0; b < SIM_BANDS; b++)
        all = sizes_add(all, &t->sizes[b]);
    return json_pack("{s:s,s:f,s:i,s:i,s:i,s:o,s:o,s:i,s:i,s:i,s:i,s:i,s:o,s:i,s:i,s:i,s:o,s:o,s:o,s:o}", "type",
                     catalogue_type(type)->code, "floor", sim_floor(type), "crossings", t->crossings, "found", t->found,
                     "found_as_any", t->found_any, "recall", real(share(t->found, t->crossings)), "recall_as_any",
                     real(share(t->found_any, t->crossings)), "claims", claims_counted(t), "wrong_type",
                     t->claims[CLAIM_WRONG_TYPE], "look_alike", t->claims[CLAIM_LOOK_ALIKE], "nothing", t->claims[CLAIM_NOTHING],
                     "twice", t->claims[CLAIM_TWICE], "precision", real(share(t->claims[CLAIM_RIGHT], claims_counted(t))),
                     "below_floor", t->below, "below_floor_told", t->below_found, "ignored", t->claims[CLAIM_IGNORED],
                     "size_error_mean", real(share(all.error_sum, all.n)), "size_error_rms", real(sqrt(share(all.error_square, all.n))),
                     "size_error_relative_rms", real(sqrt(share(all.relative_square, all.n))), "size_within_95",
                     real(share(all.within_sigma, all.n)));
}

static json_t *types_json(const struct sim_score *s)
{
    json_t *rows = json_array();

    for (int type = 1; type <= DEFECT_TYPE_COUNT; type++)
        if (is_told(&s->types[type]))
            json_array_append_new(rows, type_json(type, &s->types[type]));
    return rows;
}

static json_t *kinds_json(const struct sim_score *s)
{
    json_t *rows = json_array();

    for (int k = 0; k < s->n_kinds; k++)
        json_array_append_new(rows, json_pack("{s:s,s:i,s:i,s:i,s:i}", "kind", s->kinds[k].name, "crossings",
                                              s->kinds[k].crossings, "called_damage", s->kinds[k].called_damage, "recognised",
                                              s->kinds[k].recognised, "as_other_feature", s->kinds[k].as_other_feature));
    return rows;
}

static json_t *places_json(const struct sim_score *s)
{
    json_t *rows = json_array();

    for (int g = 0; g < 4; g++) {
        const struct sim_place_score *p = &s->places[g];
        if (p->n > 0)
            json_array_append_new(rows, json_pack("{s:s,s:i,s:f,s:f,s:f,s:f}", "receiver", receivers[g], "n", p->n, "error_m_mean",
                                                  p->error_sum / p->n, "error_m_rms", sqrt(p->error_square / p->n),
                                                  "normalised_error_squared", p->normalised_sum / p->n, "inside_95",
                                                  share(p->inside, p->n)));
    }
    return rows;
}

static json_t *rides_json(const struct sim_score *s)
{
    json_t *rows = json_array();

    for (int u = 0; u < s->n_units; u++)
        if (s->units[u].lanes > 0)
            json_array_append_new(rows, json_pack("{s:s,s:i,s:f}", "vehicle", s->units[u].name, "lanes", s->units[u].lanes,
                                                  "ratio", exp(s->units[u].ratio_log_sum / s->units[u].lanes)));
    return rows;
}

static json_t *bins_json(const struct sim_score *s)
{
    json_t *rows = json_array();

    for (int b = 0; b < SIM_BINS; b++)
        if (s->bins[b].n > 0)
            json_array_append_new(rows, json_pack("{s:f,s:i,s:f,s:f}", "from", b / (double)SIM_BINS, "n", s->bins[b].n, "said",
                                                  s->bins[b].sum / s->bins[b].n, "right", share(s->bins[b].right, s->bins[b].n)));
    return rows;
}

static json_t *cells_json(const struct sim_score *s)
{
    json_t *rows = json_array();

    for (int unit = 0; unit < s->n_units; unit++)
        for (int type = 1; type <= DEFECT_TYPE_COUNT; type++)
            for (int b = 0; b < SIM_BANDS; b++) {
                const struct sim_cell *cell = &s->units[unit].cells[type][b];
                if (cell->crossings > 0)
                    json_array_append_new(rows, json_pack("{s:s,s:s,s:s,s:i,s:i}", "vehicle", s->units[unit].name, "type",
                                                          catalogue_type(type)->code, "kmh", sim_band_name(b), "crossings",
                                                          cell->crossings, "found", cell->found));
            }
    return rows;
}

json_t *sim_score_json(const struct sim_score *score)
{
    int called;
    const int crossings = look_alikes(score, &called);

    return json_pack("{s:s,s:s,s:i,s:i,s:f,s:o,s:o,s:o,s:{s:o,s:i,s:i,s:o},s:{s:f,s:i,s:o},s:{s:f,s:i,s:o},s:o,s:{s:i,s:i,s:i},s:o,s:o,s:o,s:f,s:f}", "set",
                     "sim", "seeds", score->seeds, "vehicles", score->n_units, "drives", score->n_trips, "km",
                     score->good_km + score->busy_km, "types", types_json(score), "size_class", class_json(score, false),
                     "size_class_potholes", class_json(score, true), "look_alikes", "kinds", kinds_json(score), "crossings",
                     crossings, "called_damage", called, "share", real(share(called, crossings)), "good_road", "km",
                     score->good_km, "false", score->good_false, "false_per_km", real(share(score->good_false, score->good_km)),
                     "busy_road", "km", score->busy_km, "false", score->busy_false, "false_per_km",
                     real(share(score->busy_false, score->busy_km)), "places", places_json(score), "side",
                     "right", score->side_right, "not_told", score->side_unknown, "wrong", score->side_wrong, "rides",
                     rides_json(score), "confidence",
                     bins_json(score), "cells", cells_json(score), "unwatched_s", score->unwatched_s, "unplaced_m",
                     score->unplaced_m);
}
