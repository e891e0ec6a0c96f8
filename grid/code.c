#include "grid/code.h"

#include <math.h>

#include "grid/score.h"

/* CJJ 36-2016, tables of PCI and RQI grades by road class, as read in implementations of the standard. The
 * cadence is Hangzhou's of 2025: arterial 1, secondary 2, branch 3 days. */
const struct code_rules code_rules_default = {
    .pci_floor = {{90, 75, 65}, {85, 70, 60}, {85, 70, 60}, {80, 65, 60}},
    .rqi_floor = {{4.10, 3.60, 2.50}, {3.60, 3.00, 2.40}, {3.60, 3.00, 2.40}, {3.40, 2.80, 2.20}},
    .cadence_d = {1, 1, 2, 3},
    .csi_margin = 3,
    .coverage_pale = 0.25,
    .coverage_full = 1,
    .stale_cadences = 3,
    .severity_factor = {0.6, 0.8, 1},
    .pqi_ride_weight = {0.6, 0.6, 0.6, 0.4},
    .segment_observed = 0.6,
    .segment_reds = 3,
};

enum { GRADE_A = 0, GRADE_D = 3 };

/* The colour a defect alone would give; red needs the right to it. */
static enum road_code defect_colour(const struct code_defect *defect)
{
    const struct defect_type *type = catalogue_type(defect->type);
    const enum road_code colour = type ? catalogue_colour(type, defect->severity) : CODE_GREEN;

    return colour == CODE_RED && !defect->may_be_red ? CODE_YELLOW : colour;
}

/* Which of two defects a person should hear of first: colour, then the shorter clock, then certainty. */
static bool is_worse(const struct code_defect *a, const struct code_defect *b)
{
    const enum road_code ca = defect_colour(a), cb = defect_colour(b);

    if (ca != cb)
        return ca > cb;
    if (a->severity != b->severity)
        return a->severity > b->severity;
    const struct defect_type *ta = catalogue_type(a->type), *tb = catalogue_type(b->type);
    const int ha = ta ? ta->response_h_high : 0, hb = tb ? tb->response_h_high : 0;
    return ha != hb ? ha < hb : a->posterior > b->posterior;
}

/* -1 without defects. */
static int worst_defect(const struct code_input *input)
{
    int worst = -1;

    for (size_t i = 0; i < input->n_defects; i++)
        if (worst < 0 || is_worse(&input->defects[i], &input->defects[worst]))
            worst = (int)i;
    return worst;
}

static int first_of_type(const struct code_input *input, int type)
{
    int found = -1;

    for (size_t i = 0; i < input->n_defects; i++)
        if (input->defects[i].type == type &&
            (found < 0 || is_worse(&input->defects[i], &input->defects[found])))
            found = (int)i;
    return found;
}

/* Worsening is immediate; a better colour must be earned by the margin. Red rests only on defects that may be
 * red. */
static enum road_code condition_colour(const struct code_rules *rules, const struct code_input *input,
                                       double csi)
{
    const double *floors = rules->pci_floor[input->road_class];
    const double margin_red = input->before == CODE_RED ? rules->csi_margin : 0;
    const double margin_yellow = input->before >= CODE_YELLOW ? rules->csi_margin : 0;
    int unused;

    if (score_csi(rules, input->defects, input->n_defects, input->cell_area_m2, true, &unused) <
        floors[2] + margin_red)
        return CODE_RED;
    return csi < floors[0] + margin_yellow ? CODE_YELLOW : CODE_GREEN;
}

static enum road_code ride_colour(const struct code_rules *rules, const struct code_input *input, double rqi)
{
    if (isnan(rqi))
        return CODE_GREEN;
    const int grade = code_grade(rules->rqi_floor[input->road_class], rqi);
    if (grade == GRADE_D && input->ride_passes >= 2)
        return CODE_RED;
    return grade == GRADE_A ? CODE_GREEN : CODE_YELLOW;
}

static void worsen(struct code_verdict *verdict, enum road_code code, enum code_channel channel,
                   int top_defect)
{
    if (code <= verdict->code)
        return;
    verdict->code = code;
    verdict->channel = channel;
    verdict->top_defect = top_defect;
}

/* Green needs coverage; any code needs a pass within the stale limit. NaN counts as never. */
static bool is_known(const struct code_rules *rules, const struct code_input *input, enum road_code code)
{
    if (!(input->age_d <= rules->stale_cadences * rules->cadence_d[input->road_class]))
        return false;
    return code >= CODE_YELLOW || input->coverage >= rules->coverage_pale;
}

void code_decide(const struct code_rules *rules, const struct code_input *input,
                 struct code_verdict *ret_verdict)
{
    struct code_verdict verdict = {.code = CODE_GREEN, .channel = CHANNEL_CLEAN, .top_defect = -1};
    const int worst = worst_defect(input);
    int worst_type = DEFECT_NONE;

    verdict.csi = score_csi(rules, input->defects, input->n_defects, input->cell_area_m2, false, &worst_type);
    verdict.rqi = code_rqi(input->iri_mpkm);
    if (worst >= 0)
        worsen(&verdict, defect_colour(&input->defects[worst]), CHANNEL_HAZARD, worst);
    worsen(&verdict, condition_colour(rules, input, verdict.csi), CHANNEL_CONDITION,
           first_of_type(input, worst_type));
    worsen(&verdict, ride_colour(rules, input, verdict.rqi), CHANNEL_RIDE, -1);
    verdict.kept = verdict.code;
    if (!is_known(rules, input, verdict.code)) {
        verdict.code = CODE_GREY;
        verdict.channel = CHANNEL_UNKNOWN;
    }
    verdict.is_pale = verdict.code == CODE_GREEN && input->coverage < rules->coverage_full;
    *ret_verdict = verdict;
}
