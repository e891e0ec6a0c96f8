#include "gateway/rules.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define TEXT(member)    offsetof(struct gateway_rules, member), sizeof(((struct gateway_rules *)0)->member)
#define VALUE(member)   offsetof(struct gateway_rules, member), 0
#define NUMBERS(member) TEXT(member)

#define PCI_FLOORS "floors of the grades A, B, C of PCI, PQI and CSI [CJJ 36-2016, as read in implementations]"
#define RQI_FLOORS "floors of the grades A, B, C of the RQI, 0 to 4.98 [CJJ 36-2016, as read in implementations]"
#define DETECTOR "Pd given a crossing, Pd a pass, Pf: "

/* One row a rule: the figures of the domain, with where each comes from. */
static const struct config_key rules_keys[] = {
    {"rules_version", CONFIG_INT, VALUE(version), 1, 1e9, "1", "", NULL, "number of these rules; count up with each change"},
    {"rules_about", CONFIG_STRING, TEXT(about), 0, 0, "shipped rules", "", NULL, "what these rules are, in words"},

    {"pci_floors_expressway", CONFIG_NUMBERS, NUMBERS(code.pci_floor[0]), 0, 100, "90 75 65", "", NULL, PCI_FLOORS},
    {"pci_floors_arterial", CONFIG_NUMBERS, NUMBERS(code.pci_floor[1]), 0, 100, "85 70 60", "", NULL, PCI_FLOORS},
    {"pci_floors_secondary", CONFIG_NUMBERS, NUMBERS(code.pci_floor[2]), 0, 100, "85 70 60", "", NULL, PCI_FLOORS},
    {"pci_floors_branch", CONFIG_NUMBERS, NUMBERS(code.pci_floor[3]), 0, 100, "80 65 60", "", NULL, PCI_FLOORS},
    {"rqi_floors_expressway", CONFIG_NUMBERS, NUMBERS(code.rqi_floor[0]), 0, 4.98, "4.1 3.6 2.5", "", NULL, RQI_FLOORS},
    {"rqi_floors_arterial", CONFIG_NUMBERS, NUMBERS(code.rqi_floor[1]), 0, 4.98, "3.6 3 2.4", "", NULL, RQI_FLOORS},
    {"rqi_floors_secondary", CONFIG_NUMBERS, NUMBERS(code.rqi_floor[2]), 0, 4.98, "3.6 3 2.4", "", NULL, RQI_FLOORS},
    {"rqi_floors_branch", CONFIG_NUMBERS, NUMBERS(code.rqi_floor[3]), 0, 4.98, "3.4 2.8 2.2", "", NULL, RQI_FLOORS},
    {"pqi_ride_weights", CONFIG_NUMBERS, NUMBERS(code.pqi_ride_weight), 0, 1, "0.6 0.6 0.6 0.4", "", NULL,
     "share of the ride in the PQI by class, expressway to branch; the rest is the surface's [CJJ 36-2016, likewise]"},
    {"cadence_d", CONFIG_NUMBERS, NUMBERS(code.cadence_d), 0.04, 365, "1 1 2 3", "", NULL,
     "planned days between passes by class, expressway to branch [Hangzhou 2025: arterial 1, secondary 2, branch 3; expressway ours]"},
    {"stale_cadences", CONFIG_DOUBLE, VALUE(code.stale_cadences), 1, 100, "3", "", NULL,
     "grey after so many cadences without a pass [contract of this project]"},
    {"severity_factors", CONFIG_NUMBERS, NUMBERS(code.severity_factor), 0, 1, "0.6 0.8 1", "", NULL,
     "share of the points that low, medium and high severity lose in the CSI [ours: CJJ 36 knows no severities]"},
    {"segment_observed", CONFIG_DOUBLE, VALUE(code.segment_observed), 0.01, 1, "0.6", "", NULL,
     "share of a 100 m segment that must be observed for a grade [ours]"},
    {"segment_reds", CONFIG_DOUBLE, VALUE(code.segment_reds), 1, 100, "3", "", NULL,
     "red hazards in 100 m that make a segment red [ours]"},

    {"motion_rtk", CONFIG_NUMBERS, NUMBERS(evidence.detectors.motion_rtk), 0.0001, 0.9999, "0.6 0.6 0.002", "", NULL,
     DETECTOR "motion, wheel track known by RTK [Wu 2020: recall 0.75; Pothole Patrol: below 0.2 % misread]"},
    {"motion_other", CONFIG_NUMBERS, NUMBERS(evidence.detectors.motion_other), 0.0001, 0.9999, "0.75 0.375 0.002", "", NULL,
     DETECTOR "motion with other GPS [likewise; half of the passes cross a hole of 0.4 m]"},
    {"camera", CONFIG_NUMBERS, NUMBERS(evidence.detectors.camera), 0.0001, 0.9999, "0.7 0.7 0.01", "", NULL, DETECTOR "camera [ours]"},
    {"prior", CONFIG_DOUBLE, VALUE(evidence.prior), 1e-9, 0.1, "0.001", "", NULL,
     "probability of a defect before all evidence [ours: about 30 times the city's base rate, so that evidence decides]"},
    {"cap_nats", CONFIG_DOUBLE, VALUE(evidence.cap_nats), 3, 20, "6", "", NULL, "log-odds are kept below this [ours]"},
    {"floor_nats", CONFIG_DOUBLE, VALUE(evidence.floor_nats), 0.1, 20, "2", "", NULL,
     "and at most this much below those of the prior [ours]"},
    {"confirm_p", CONFIG_DOUBLE, VALUE(evidence.confirm_p), 0.5, 0.999, "0.9", "", NULL,
     "a defect is confirmed at this probability [contract]"},
    {"drop_p", CONFIG_DOUBLE, VALUE(evidence.drop_p), 0.001, 0.5, "0.3", "", NULL,
     "a confirmed one is dropped at this probability, by clear passes of two vehicles [contract]"},
    {"repaired_p", CONFIG_DOUBLE, VALUE(evidence.repaired_p), 1e-6, 0.5, "0.01", "", NULL,
     "a repair is verified when the passes since the claim would all have missed what is still there so seldom [contract]"},
    {"sure_confidence", CONFIG_DOUBLE, VALUE(evidence.sure_confidence), 0.01, 1, "0.5", "", NULL,
     "a node less sure of its sighting than this is weighed in proportion [ours]"},
    {"feature_passes", CONFIG_INT, VALUE(evidence.feature_passes), 2, 64, "5", "", NULL,
     "passes (vehicle and hour) that make the baseline of a bump, a joint or a cover; a change alarms after them [ours]"},
};
#define N_KEYS (sizeof rules_keys / sizeof rules_keys[0])

static enum road_status refuse(char *ret_error, const char *what)
{
    snprintf(ret_error, CONFIG_ERROR_SIZE, "%s", what);
    return ROAD_BAD_INPUT;
}

static bool falls(const double *floors)
{
    return floors[0] >= floors[1] && floors[1] >= floors[2];
}

/* What no single range can say. */
static enum road_status check(const struct gateway_rules *rules, char *ret_error)
{
    const struct detector *detectors[] = {&rules->evidence.detectors.motion_rtk, &rules->evidence.detectors.motion_other, &rules->evidence.detectors.camera};

    for (int c = 0; c < 4; c++)
        if (!falls(rules->code.pci_floor[c]) || !falls(rules->code.rqi_floor[c]))
            return refuse(ret_error, "pci_floors_*, rqi_floors_*: grade A has the highest floor and C the lowest");
    for (size_t i = 0; i < sizeof detectors / sizeof detectors[0]; i++)
        if (!(detectors[i]->pf < detectors[i]->pd_pass && detectors[i]->pd_pass <= detectors[i]->pd_crossed))
            return refuse(ret_error, "motion_rtk, motion_other, camera: Pf < Pd a pass <= Pd given a crossing");
    if (!(rules->evidence.drop_p < rules->evidence.confirm_p))
        return refuse(ret_error, "drop_p is below confirm_p");
    if (!(log(rules->evidence.confirm_p / (1 - rules->evidence.confirm_p)) < rules->evidence.cap_nats))
        return refuse(ret_error, "cap_nats is above the log-odds of confirm_p, or nothing would ever be confirmed");
    if (!(rules->evidence.prior < rules->evidence.drop_p))
        return refuse(ret_error, "prior is below drop_p");
    return ROAD_OK;
}

/* The figures of the table, for who keeps no rules. */
const struct evidence_rules evidence_rules_default = {
    .detectors = {{0.6, 0.6, 0.002}, {0.75, 0.375, 0.002}, {0.7, 0.7, 0.01}},
    .prior = 0.001, .cap_nats = 6, .floor_nats = 2, .confirm_p = 0.9, .drop_p = 0.3, .repaired_p = 0.01,
    .sure_confidence = 0.5, .feature_passes = 5,
};

/* What a square's 16 bits can tell of coverage is fixed with them (grid/cover.h), and no rule that could be changed. */
static void prepare(struct gateway_rules *rules)
{
    memset(rules, 0, sizeof *rules);
    rules->code = code_rules_default;
}

void rules_default(struct gateway_rules *ret_rules)
{
    prepare(ret_rules);
    const enum road_status status = config_defaults(rules_keys, N_KEYS, ret_rules);
    assert(status == ROAD_OK); /* of our own table */
    (void)status;
}

enum road_status rules_load(const char *path, struct gateway_rules *ret_rules, char *ret_error)
{
    char what[CONFIG_ERROR_SIZE];

    prepare(ret_rules);
    enum road_status status = config_load(rules_keys, N_KEYS, ret_rules, path, ret_error);
    if (status == ROAD_OK && (status = check(ret_rules, what)) != ROAD_OK)
        snprintf(ret_error, CONFIG_ERROR_SIZE, "%.200s: %.300s", path, what);
    return status;
}

void rules_print(const struct gateway_rules *rules, FILE *out)
{
    fputs("# rules.conf - by what evidence becomes probabilities, codes and scores. Name it with `rules = FILE` in\n"
          "# gateway.conf; what is left out stays as shipped. A change is recorded in the ledger, and everything is folded\n"
          "# again. Behind each rule stand its range and, in brackets, where the figure comes from.\n\n",
          out);
    config_print(rules_keys, N_KEYS, rules, out);
}

/* What is printed, less the comments. */
enum road_status rules_format(const struct gateway_rules *rules, char ret_text[RULES_TEXT_MAX])
{
    char *printed = NULL;
    size_t length = 0, n = 0;
    FILE *out = open_memstream(&printed, &length);

    if (!out)
        return ROAD_NO_MEMORY;
    config_print(rules_keys, N_KEYS, rules, out);
    if (fclose(out) != 0) {
        free(printed);
        return ROAD_NO_MEMORY;
    }
    for (const char *line = printed, *next; *line && n < RULES_TEXT_MAX; line = next) {
        next = strchr(line, '\n') + 1; /* each line has one */
        const size_t size = (size_t)(next - line);
        if (*line == '#')
            continue;
        if (n + size >= RULES_TEXT_MAX) {
            n = RULES_TEXT_MAX;
            break;
        }
        memcpy(ret_text + n, line, size);
        n += size;
    }
    free(printed);
    if (n >= RULES_TEXT_MAX)
        return ROAD_TOO_LARGE;
    ret_text[n] = '\0';
    return ROAD_OK;
}

enum road_status rules_parse(const char *text, struct gateway_rules *ret_rules, char *ret_error)
{
    uint64_t seen = 0;
    enum road_status status = ROAD_OK;

    rules_default(ret_rules);
    while (*text && status == ROAD_OK) {
        const size_t length = strcspn(text, "\n");
        status = config_line(rules_keys, N_KEYS, ret_rules, &seen, text, length, ret_error);
        text += length + (text[length] == '\n');
    }
    return status == ROAD_OK ? check(ret_rules, ret_error) : status;
}

void rules_hash(const struct gateway_rules *rules, uint8_t ret_hash[SHA256_SIZE])
{
    char text[RULES_TEXT_MAX];
    const enum road_status status = rules_format(rules, text);

    assert(status == ROAD_OK); /* the table is ours, and much shorter */
    (void)status;
    sha256(text, strlen(text), ret_hash);
}
