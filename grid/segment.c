#include "grid/segment.h"

#include <math.h>
#include <string.h>

#include "grid/score.h"

enum { GRADE_A = 0, GRADE_D = 3 };
#define HUNDRED_M 100.0
#define MM2 1e6 /* in a square metre: areas are added in whole square millimetres, so that no order changes a bit */
#define INDEPENDENT 2 /* passes without which no ride makes a segment red */
#define RIDE_SHARE_MIN 0.6 /* of the length must have a known ride for an RQI; ours, as the standard's unit is driven whole */

/* JTG 5210-2018, table of weights of damage on asphalt by severity, as read in implementations; its two grades are our low
 * and the other two. What the standard does not count weighs nothing. */
static const double jtg_weights[DEFECT_TYPE_COUNT + 1][3] = {
    [DEFECT_LONGITUDINAL_CRACK] = {0.6, 1, 1}, [DEFECT_TRANSVERSE_CRACK] = {0.6, 1, 1},
    [DEFECT_BLOCK_CRACK] = {0.6, 0.8, 0.8},    [DEFECT_ALLIGATOR_CRACK] = {0.6, 0.8, 1},
    [DEFECT_POTHOLE] = {0.8, 1, 1},            [DEFECT_RAVELING] = {0.6, 1, 1},
    [DEFECT_SUBSIDENCE] = {0.6, 1, 1},         [DEFECT_RUTTING] = {0.6, 1, 1},
    [DEFECT_SHOVING] = {0.6, 1, 1},            [DEFECT_BLEEDING] = {0.2, 0.2, 0.2},
    [DEFECT_PATCH_FAILURE] = {0.1, 0.1, 0.1},
};

double jtg_pci(double damage_percent)
{
    /* PCI = 100 - 15.00 DR^0.412 */
    if (!(damage_percent > 0))
        return 100;
    return fmax(0, 100 - 15.0 * score_exp(0.412 * score_log(damage_percent)));
}

double jtg_rqi(double iri_mpkm, bool is_expressway)
{
    /* RQI = 100 / (1 + a0 e^(a1 IRI)) */
    return is_expressway ? 100 / (1 + 0.026 * score_exp(0.65 * iri_mpkm)) : 100 / (1 + 0.0185 * score_exp(0.58 * iri_mpkm));
}

static bool is_countable(const struct code_defect *d)
{
    return catalogue_type(d->type) && d->area_m2 > 0 && d->severity >= SEVERITY_LOW && d->severity <= SEVERITY_HIGH;
}

/* Square millimetres of each type; `jtg`: weighed by its table. */
struct areas {
    int64_t of_type[DEFECT_TYPE_COUNT];
    int64_t all_mm2, jtg_mm2;
};

static struct areas add_areas(const struct segment_input *input, bool red_only)
{
    struct areas areas = {.all_mm2 = 0};

    for (size_t i = 0; i < input->n_defects; i++) {
        const struct code_defect *d = &input->defects[i];
        if (!is_countable(d) || (red_only && !d->may_be_red))
            continue;
        const int64_t mm2 = llround(fmin(d->area_m2, input->area_m2) * MM2);
        areas.of_type[d->type - 1] += mm2;
        areas.all_mm2 += mm2;
        areas.jtg_mm2 += llround((double)mm2 * jtg_weights[d->type][d->severity - 1]);
    }
    return areas;
}

/* Points by type, and the PCI. Nothing is denser than all of what was observed. */
static double surface(const struct segment_input *input, const struct areas *areas, double taken[DEFECT_TYPE_COUNT])
{
    double deducts[DEFECT_TYPE_COUNT];

    for (int t = 0; t < DEFECT_TYPE_COUNT; t++) {
        const double percent = areas->of_type[t] > 0 ? 100 * (double)areas->of_type[t] / (input->observed_m2 * MM2) : 0;
        deducts[t] = score_deduct(catalogue_type(t + 1)->dp_row, fmin(percent, 100));
    }
    return 100 - score_combine(deducts, taken);
}

/* The mean IRI over the pieces that rest on so many passes; NAN if they are less than RIDE_SHARE_MIN of the segment. */
static double mean_iri(const struct segment_input *input, int passes_min, double *ret_share)
{
    uint64_t length = 0, sum = 0;

    for (size_t i = 0; i < input->n_rides; i++)
        if (input->rides[i].passes >= passes_min) {
            length += input->rides[i].length_mm;
            sum += (uint64_t)input->rides[i].length_mm * input->rides[i].iri_centi;
        }
    *ret_share = input->length_m > 0 ? fmin((double)length / (input->length_m * 1000), 1) : 0;
    return length > 0 && *ret_share >= RIDE_SHARE_MIN ? (double)sum / (double)length / 100 : NAN;
}

static unsigned count_red(const struct segment_input *input)
{
    unsigned n = 0;

    for (size_t i = 0; i < input->n_defects; i++) {
        const struct code_defect *d = &input->defects[i];
        const struct defect_type *type = catalogue_type(d->type);
        n += type && d->may_be_red && catalogue_colour(type, d->severity) == CODE_RED;
    }
    return n;
}

static void find_top(const double taken[DEFECT_TYPE_COUNT], struct segment_score *score)
{
    double left[DEFECT_TYPE_COUNT], sum = 0;

    memcpy(left, taken, sizeof left);
    for (int t = 0; t < DEFECT_TYPE_COUNT; t++)
        sum += left[t];
    for (score->n_top = 0; sum > 0 && score->n_top < SEGMENT_TOP; score->n_top++) {
        int best = 0;
        for (int t = 1; t < DEFECT_TYPE_COUNT; t++)
            if (left[t] > left[best])
                best = t;
        if (!(left[best] > 0))
            return;
        score->top[score->n_top].type = best + 1;
        score->top[score->n_top].share = left[best] / sum;
        left[best] = 0;
    }
}

/* PCI, RQI and PQI of the same evidence. */
struct scores {
    double pci, rqi, pqi;
};

static struct scores scores_of(const struct code_rules *rules, enum road_class road_class, double pci, double rqi)
{
    const double ride = rules->pqi_ride_weight[road_class];

    return (struct scores){pci, rqi, 20 * rqi * ride + pci * (1 - ride)}; /* CJJ 36; NaN without a ride */
}

static int grade_of(const double floors[3], double score)
{
    return isnan(score) ? GRADE_A : code_grade(floors, score);
}

/* D is red only by evidence that may be red: of two passes, of defects with the right to it. */
static enum road_code grade_colour(int grade, int sure_grade)
{
    if (grade == GRADE_A)
        return CODE_GREEN;
    return grade == GRADE_D && sure_grade == GRADE_D ? CODE_RED : CODE_YELLOW;
}

static void worsen(struct segment_score *score, enum road_code code, enum segment_why why)
{
    if (code <= score->code)
        return;
    score->code = code;
    score->why = why;
}

static void judge_hazards(const struct code_rules *rules, const struct segment_input *input, struct segment_score *score)
{
    const double hundreds = fmax(input->length_m, HUNDRED_M) / HUNDRED_M; /* a short end needs as many as a whole one */

    if (score->red_hazards == 0)
        return;
    worsen(score, score->red_hazards >= rules->segment_reds * hundreds ? CODE_RED : CODE_YELLOW, SEGMENT_HAZARD);
}

static void judge_grades(const struct code_rules *rules, const struct segment_input *input, const struct scores *all,
                         const struct scores *sure, struct segment_score *score)
{
    const double *pci = rules->pci_floor[input->road_class], *rqi = rules->rqi_floor[input->road_class];

    worsen(score, grade_colour(grade_of(pci, all->pci), grade_of(pci, sure->pci)), SEGMENT_SURFACE);
    worsen(score, grade_colour(grade_of(rqi, all->rqi), grade_of(rqi, sure->rqi)), SEGMENT_RIDE);
    worsen(score, grade_colour(grade_of(pci, all->pqi), grade_of(pci, sure->pqi)), SEGMENT_BOTH);
    if (score->code == CODE_GREEN)
        score->why = SEGMENT_CLEAN;
    score->grade = grade_of(pci, isnan(all->pqi) ? all->pci : all->pqi);
}

void segment_decide(const struct code_rules *rules, const struct segment_input *input, struct segment_score *ret_score)
{
    struct segment_score score = {.code = CODE_GREY, .grade = SEGMENT_UNGRADED, .pci = NAN, .rqi = NAN, .pqi = NAN,
                                  .jtg_pci = NAN, .jtg_rqi = NAN};
    const struct areas areas = add_areas(input, false), sure_areas = add_areas(input, true);
    double taken[DEFECT_TYPE_COUNT], unused[DEFECT_TYPE_COUNT], unused_share;

    score.observed = input->area_m2 > 0 ? fmin(fmax(input->observed_m2 / input->area_m2, 0), 1) : 0;
    score.red_hazards = count_red(input);
    judge_hazards(rules, input, &score);
    const double iri = mean_iri(input, 1, &score.rough), sure_iri = mean_iri(input, INDEPENDENT, &unused_share);
    if (input->observed_m2 > 0) {
        const double pci = surface(input, &areas, taken), sure_pci = surface(input, &sure_areas, unused);
        find_top(taken, &score);
        if (score.observed >= rules->segment_observed) {
            const struct scores all = scores_of(rules, input->road_class, pci, code_rqi(iri));
            const struct scores sure = scores_of(rules, input->road_class, sure_pci, code_rqi(sure_iri));
            score.pci = all.pci, score.rqi = all.rqi, score.pqi = all.pqi;
            judge_grades(rules, input, &all, &sure, &score);
            score.jtg_pci = jtg_pci(fmin(100 * (double)areas.jtg_mm2 / (input->observed_m2 * MM2), 100));
            score.jtg_rqi = isnan(iri) ? NAN : jtg_rqi(iri, input->road_class == ROAD_EXPRESSWAY);
        }
    }
    *ret_score = score;
}

static uint16_t centi(double score)
{
    return isnan(score) ? SCORE_UNKNOWN : (uint16_t)lround(fmin(fmax(score, 0), 100) * 100);
}

static uint16_t permille(double share)
{
    return (uint16_t)lround(share * 1000);
}

void segment_facts_of(const struct code_rules *rules, enum road_class road_class, const struct segment_score *score,
                      struct segment_facts *ret_facts)
{
    *ret_facts = (struct segment_facts){.code = score->code,
                                        .why = score->why,
                                        .grade = score->grade,
                                        .pci_centi = centi(score->pci),
                                        .rqi_centi = centi(score->rqi),
                                        .pqi_centi = centi(score->pqi),
                                        .jtg_pci_centi = centi(score->jtg_pci),
                                        .jtg_rqi_centi = centi(score->jtg_rqi),
                                        .observed_permille = permille(score->observed),
                                        .rough_permille = permille(score->rough),
                                        .red_hazards = (uint16_t)(score->red_hazards < UINT16_MAX ? score->red_hazards : UINT16_MAX),
                                        .n_top = score->n_top};
    for (int i = 0; i < 3; i++)
        ret_facts->floors_deci[i] = (uint16_t)lround(rules->pci_floor[road_class][i] * 10);
    for (size_t i = 0; i < score->n_top; i++) {
        ret_facts->top[i].type = (uint8_t)score->top[i].type;
        ret_facts->top[i].permille = permille(score->top[i].share);
    }
}
