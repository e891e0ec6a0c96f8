/* score.c - the scores that stand behind the condition and ride channels: CSI and RQI of CJJ 36-2016. */
#include <math.h>
#include <string.h>

#include "grid/code.h"
#include "grid/score.h"

#define NODES   6
#define CLASSES 4

/* Points deducted at damage densities of 0.01, 0.1, 1, 10, 50 and 100 %, CJJ 36-2016 (asphalt), as read in
 * implementations of the standard, not in the book. Between the nodes: linear in the logarithm. */
static const double density_nodes[NODES] = {0.01, 0.1, 1, 10, 50, 100};
/* ln of the ratio of each node to the one before; written out so that no libm can differ. */
static const double log_steps[NODES - 1] = {0x1.26bb1bbb55516p+1, 0x1.26bb1bbb55516p+1, 0x1.26bb1bbb55516p+1,
                                            0x1.9c041f7ed8d33p+0, 0x1.62e42fefa39efp-1};
static const struct deduct_row {
    const char *name;
    double points[NODES];
} deduct_rows[] = {
    {"linear", {3, 5, 8, 16, 38, 48}},      {"block", {5, 8, 10, 20, 45, 70}},
    {"alligator", {8, 10, 15, 30, 55, 80}}, {"shoving", {3, 10, 15, 30, 52, 65}},
    {"rutting", {2, 7, 12, 25, 45, 55}},    {"subsidence", {3, 5, 12, 25, 47, 63}},
    {"raveling", {2, 5, 8, 15, 35, 45}},    {"pothole", {10, 15, 25, 40, 65, 72}},
    {"edge", {2, 4, 8, 15, 30, 40}},        {"manhole", {3, 8, 12, 12, 12, 12}},
    {"pumping", {5, 10, 15, 25, 50, 80}},   {"bleeding", {2, 4, 8, 20, 40, 70}},
};
static const char *const class_names[CLASSES] = {"crack", "loose", "deformation", "other"};

/* ln x = exponent ln 2 + 2 atanh((m - 1) / (m + 1)), m within sqrt(1/2)..sqrt(2). Error below 3e-16. */
double score_log(double x)
{
    int exponent;
    double m = frexp(x, &exponent), sum = 0;

    if (m < 0.70710678118654752)
        m *= 2, exponent--;
    const double s = (m - 1) / (m + 1);
    for (int k = 23; k >= 1; k -= 2)
        sum = sum * s * s + 1.0 / k;
    return exponent * 0.69314718055994531 + 2 * s * sum;
}

/* e^x = 2^k e^r with |r| <= ln 2 / 2, by its series; relative error below 1e-15. */
double score_exp(double x)
{
    const int k = (int)lround(x / 0.69314718055994531);
    const double r = x - k * 0.69314718055994531;
    double sum = 1;

    for (int n = 16; n >= 1; n--)
        sum = 1 + sum * r / n;
    return ldexp(sum, k);
}

double score_deduct(const char *row_name, double density_percent)
{
    const struct deduct_row *row = NULL;

    for (size_t r = 0; r < sizeof deduct_rows / sizeof deduct_rows[0]; r++)
        if (strcmp(deduct_rows[r].name, row_name) == 0)
            row = &deduct_rows[r];
    if (!row || !(density_percent > 0))
        return 0;
    if (density_percent < density_nodes[0])
        return row->points[0] * density_percent / density_nodes[0];
    for (int i = 0; i + 1 < NODES; i++)
        if (density_percent < density_nodes[i + 1]) {
            const double share = score_log(density_percent / density_nodes[i]) / log_steps[i];
            return row->points[i] + (row->points[i + 1] - row->points[i]) * share;
        }
    return row->points[NODES - 1];
}

/* CJJ 36: how much of one deduct counts, by its share of the sum. w(1) = 1, w(1/2) = 3/4. */
static double weight(double share)
{
    return ((3 * share - 5.5) * share + 3.5) * share;
}

/* sum of d * w(d / sum d); what each takes of it */
static double combine(const double *deducts, size_t n, double *ret_taken)
{
    double sum = 0, total = 0;

    for (size_t i = 0; i < n; i++)
        sum += deducts[i];
    for (size_t i = 0; i < n; i++) {
        ret_taken[i] = sum > 0 ? deducts[i] * weight(deducts[i] / sum) : 0;
        total += ret_taken[i];
    }
    return total;
}

static int class_of(int type)
{
    int c = 0;

    while (c < CLASSES && strcmp(catalogue_type(type)->dp_class, class_names[c]) != 0)
        c++;
    return c; /* CLASSES: the standard has no row for it */
}

double score_combine(const double deducts[DEFECT_TYPE_COUNT], double ret_taken[DEFECT_TYPE_COUNT])
{
    double of_class[CLASSES], class_taken[CLASSES];

    memset(ret_taken, 0, DEFECT_TYPE_COUNT * sizeof *ret_taken);
    for (int c = 0; c < CLASSES; c++) {
        double of_type[DEFECT_TYPE_COUNT], taken[DEFECT_TYPE_COUNT];
        size_t n = 0;
        for (int t = 0; t < DEFECT_TYPE_COUNT; t++)
            if (class_of(t + 1) == c)
                of_type[n++] = deducts[t];
        of_class[c] = combine(of_type, n, taken);
        n = 0;
        for (int t = 0; t < DEFECT_TYPE_COUNT; t++)
            if (class_of(t + 1) == c)
                ret_taken[t] = taken[n++];
    }
    const double total = combine(of_class, CLASSES, class_taken);
    for (int t = 0; t < DEFECT_TYPE_COUNT; t++) {
        const int c = class_of(t + 1);
        if (c < CLASSES && of_class[c] > 0)
            ret_taken[t] *= class_taken[c] / of_class[c];
    }
    return fmin(total, 100);
}

/* Areas of one type add up, as the standard counts them: in 10^-12 of the cell, so that the order
 * of the defects changes no bit. `counted` is what severity and certainty leave of the area. */
#define AREA_UNITS 1e12
struct type_sum {
    int64_t area, counted;
};

static void add_areas(const struct code_rules *rules, const struct code_defect *defects, size_t n, double cell_area_m2,
                      bool red_only, struct type_sum sums[DEFECT_TYPE_COUNT])
{
    for (size_t i = 0; i < n; i++) {
        const struct code_defect *d = &defects[i];
        if (!catalogue_type(d->type) || (red_only && !d->may_be_red) || !(d->area_m2 > 0) ||
            !(d->posterior > 0) || d->severity < SEVERITY_LOW || d->severity > SEVERITY_HIGH)
            continue;
        const double units = fmin(d->area_m2 / cell_area_m2, 1) * AREA_UNITS;
        sums[d->type - 1].area += llround(units);
        sums[d->type - 1].counted += llround(units * rules->severity_factor[d->severity - 1] * fmin(d->posterior, 1));
    }
}

static double type_deduct(const struct defect_type *type, struct type_sum sum)
{
    if (sum.area <= 0)
        return 0;
    const double density_percent = fmin((double)sum.area / AREA_UNITS, 1) * 100;
    return score_deduct(type->dp_row, density_percent) * ((double)sum.counted / (double)sum.area);
}

double score_csi(const struct code_rules *rules, const struct code_defect *defects, size_t n, double cell_area_m2,
                 bool red_only, int *ret_worst_type)
{
    struct type_sum sums[DEFECT_TYPE_COUNT] = {0};
    double deducts[DEFECT_TYPE_COUNT], unused[DEFECT_TYPE_COUNT], worst = 0;

    *ret_worst_type = DEFECT_NONE;
    if (n == 0 || !(cell_area_m2 > 0))
        return 100;
    add_areas(rules, defects, n, cell_area_m2, red_only, sums);
    for (int t = 0; t < DEFECT_TYPE_COUNT; t++) {
        deducts[t] = type_deduct(catalogue_type(t + 1), sums[t]);
        if (deducts[t] > worst)
            worst = deducts[t], *ret_worst_type = t + 1;
    }
    return 100 - score_combine(deducts, unused);
}

double code_csi(const struct code_defect *defects, size_t n, double cell_area_m2)
{
    int worst;

    return score_csi(&code_rules_default, defects, n, cell_area_m2, false, &worst);
}

double code_rqi(double iri_mpkm)
{
    /* CJJ 36-2016: RQI = 4.98 - 0.34 IRI, IRI in m/km. Written so that NaN stays NaN. */
    const double rqi = 4.98 - 0.34 * iri_mpkm;

    return rqi < 0 ? 0 : rqi > 4.98 ? 4.98 : rqi;
}

int code_grade(const double floors[3], double score)
{
    for (int grade = 0; grade < 3; grade++)
        if (score >= floors[grade])
            return grade;
    return 3;
}
