#include "front/truth.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "front/http.h"

#define THINGS_MAX 4096

struct placed {
    double e_m, n_m, size;
    bool is_look_alike, is_pothole, is_crossed, is_taken;
    const char *type;
};

struct believed {
    double e_m, n_m;
    double ee, en, nn; /* m^2 */
    double major_m;
    const char *type, *id;
    int placed; /* -1 = belongs to nothing */
};

struct comparison {
    json_t *truth, *pages[64];
    int n_pages;
    struct placed placed[THINGS_MAX];
    struct believed believed[THINGS_MAX];
    int n_placed, n_believed;
};

static int vehicles_of(const json_t *crossings)
{
    const char *first = NULL;
    size_t i;
    json_t *crossing;

    json_array_foreach(crossings, i, crossing) {
        const char *vehicle = json_string_value(json_object_get(crossing, "vehicle"));
        if (first && vehicle && strcmp(first, vehicle) != 0)
            return 2;
        first = vehicle;
    }
    return first != NULL;
}

static bool read_truth(struct comparison *c, const char *path)
{
    size_t i;
    json_t *feature;

    c->truth = json_load_file(path, 0, NULL);
    json_array_foreach(json_object_get(c->truth, "features"), i, feature) {
        const json_t *p = json_object_get(feature, "properties");
        const json_t *crossings = json_object_get(p, "crossings");
        struct placed *q = &c->placed[c->n_placed];
        if (c->n_placed == THINGS_MAX)
            return false;
        q->type = json_string_value(json_object_get(p, "type"));
        if (!q->type)
            return false;
        q->e_m = (double)json_integer_value(json_object_get(p, "e_mm")) / 1000;
        q->n_m = (double)json_integer_value(json_object_get(p, "n_mm")) / 1000;
        q->size = json_number_value(json_object_get(p, "size"));
        q->is_look_alike = json_is_true(json_object_get(p, "look_alike"));
        q->is_pothole = strcmp(q->type, "pothole") == 0 && q->size >= TRUTH_POTHOLE_MIN_MM;
        q->is_crossed = (int)json_array_size(crossings) >= TRUTH_CROSSINGS_MIN && vehicles_of(crossings) >= 2;
        c->n_placed++;
    }
    return c->n_placed > 0;
}

/* The covariance back from the ellipse's axes; bearing of the major one clockwise from north. */
static bool read_defect(struct comparison *c, const json_t *item, struct grid_zone zone)
{
    struct believed *b = &c->believed[c->n_believed];
    const json_t *position = json_object_get(item, "position");
    const double lon = json_number_value(json_array_get(position, 0)), lat = json_number_value(json_array_get(position, 1));
    const double minor = json_number_value(json_object_get(item, "sigma_minor_m"));
    const double bearing = json_number_value(json_object_get(item, "bearing_deg")) * M_PI / 180;
    const double s = sin(bearing), k = cos(bearing);

    if (c->n_believed == THINGS_MAX || grid_project_m(zone, lat, lon, &b->e_m, &b->n_m) != ROAD_OK)
        return false;
    b->major_m = json_number_value(json_object_get(item, "sigma_major_m"));
    const double vj = b->major_m * b->major_m, vi = minor * minor;
    b->ee = vj * s * s + vi * k * k;
    b->nn = vj * k * k + vi * s * s;
    b->en = (vj - vi) * s * k;
    b->type = json_string_value(json_object_get(json_object_get(item, "type"), "code"));
    b->id = json_string_value(json_object_get(item, "id"));
    b->placed = -1;
    c->n_believed++;
    return b->type && b->id;
}

static bool read_defects(struct comparison *c, const char *base_url, struct grid_zone zone)
{
    char path[512] = "/v1/defects?state=confirmed&limit=1000";

    while (c->n_pages < 64) {
        json_t *page = http_get_json(base_url, path), *item;
        size_t i;
        if (!page)
            return false;
        c->pages[c->n_pages++] = page;
        json_array_foreach(json_object_get(page, "items"), i, item)
            if (!read_defect(c, item, zone))
                return false;
        const char *next = json_string_value(json_object_get(page, "next"));
        if (!next)
            return true;
        snprintf(path, sizeof path, "/v1/defects?state=confirmed&limit=1000&after=%s", next);
    }
    return false;
}

static double distance_m(const struct placed *p, const struct believed *b)
{
    return hypot(p->e_m - b->e_m, p->n_m - b->n_m);
}

/* The nearest pair that may belong together, again and again, until there is none. */
static void pair_up(struct comparison *c)
{
    for (;;) {
        int best_placed = -1, best_believed = -1;
        double best_m = INFINITY;
        for (int j = 0; j < c->n_believed; j++)
            for (int i = 0; i < c->n_placed && c->believed[j].placed < 0; i++) {
                const double d = distance_m(&c->placed[i], &c->believed[j]);
                if (c->placed[i].is_taken || d >= best_m || d > fmax(2.0, 3 * c->believed[j].major_m))
                    continue;
                best_m = d;
                best_placed = i;
                best_believed = j;
            }
        if (best_placed < 0)
            return;
        c->placed[best_placed].is_taken = true;
        c->believed[best_believed].placed = best_placed;
    }
}

static double normalised_error_squared(const struct placed *p, const struct believed *b)
{
    const double de = b->e_m - p->e_m, dn = b->n_m - p->n_m, det = b->ee * b->nn - b->en * b->en;

    return det > 0 ? (b->nn * de * de - 2 * b->en * de * dn + b->ee * dn * dn) / det : INFINITY;
}

static void score_believed(const struct comparison *c, const struct believed *b, struct truth_score *s, int *n_nees)
{
    const struct placed *p = b->placed >= 0 ? &c->placed[b->placed] : NULL;

    if (!p || p->is_look_alike) {
        s->false_confirmed++;
        s->false_look_alike += p != NULL;
        return;
    }
    s->placed_confirmed++;
    if (!p->is_pothole || !p->is_crossed)
        return;
    const double nees = normalised_error_squared(p, b);
    s->potholes_confirmed++;
    s->potholes_typed += strcmp(b->type, "pothole") == 0;
    s->potholes_inside += nees <= 2.45 * 2.45;
    s->nees_mean += nees;
    ++*n_nees;
}

static void print_pairs(const struct comparison *c)
{
    for (int i = 0; i < c->n_placed; i++) {
        const struct placed *p = &c->placed[i];
        const struct believed *b = NULL;
        for (int j = 0; j < c->n_believed && !b; j++)
            if (c->believed[j].placed == i)
                b = &c->believed[j];
        fprintf(stderr, "truth %-14s %5.0f%s -> %s", p->type, p->size, p->is_crossed ? "" : " (few crossings)",
                b ? b->type : "not confirmed\n");
        if (b)
            fprintf(stderr, " off by %.2f m, sigma %.2f m, error squared %.2f\n", distance_m(p, b), b->major_m,
                    normalised_error_squared(p, b));
    }
    for (int j = 0; j < c->n_believed; j++)
        if (c->believed[j].placed < 0)
            fprintf(stderr, "truth nothing        -> %s at %.1f %.1f sigma %.2f m\n", c->believed[j].type,
                    c->believed[j].e_m, c->believed[j].n_m, c->believed[j].major_m);
}

static void score_all(const struct comparison *c, struct truth_score *ret_score)
{
    struct truth_score s = {0};
    int n_nees = 0;

    for (int i = 0; i < c->n_placed; i++) {
        s.placed += !c->placed[i].is_look_alike;
        s.potholes += c->placed[i].is_pothole && c->placed[i].is_crossed;
    }
    for (int j = 0; j < c->n_believed; j++)
        score_believed(c, &c->believed[j], &s, &n_nees);
    s.nees_mean = n_nees ? s.nees_mean / n_nees : NAN;
    *ret_score = s;
}

bool truth_compare(const char *base_url, const char *truth_path, struct grid_zone zone, bool is_verbose,
                   struct truth_score *ret_score)
{
    struct comparison *c = calloc(1, sizeof *c);
    bool is_read = c && read_truth(c, truth_path) && read_defects(c, base_url, zone);

    if (is_read) {
        pair_up(c);
        score_all(c, ret_score);
        if (is_verbose)
            print_pairs(c);
    }
    for (int i = 0; c && i < c->n_pages; i++)
        json_decref(c->pages[i]);
    if (c)
        json_decref(c->truth);
    free(c);
    return is_read;
}
