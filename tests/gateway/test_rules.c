/* The rules file: its ranges, its printed form, its hash; and that the shipped file is what is built in. */
#include "gateway/rules.h"

#include <unistd.h>

#include "gateway/walk.h"
#include "tests/check.h"

static char error[CONFIG_ERROR_SIZE];

static enum road_status load(const char *text, struct gateway_rules *ret_rules)
{
    char path[] = "/tmp/road-rules-XXXXXX";
    const int fd = mkstemp(path);

    if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
        exit(1);
    close(fd);
    *error = '\0';
    const enum road_status status = rules_load(path, ret_rules, error);
    unlink(path);
    return status;
}

static bool have_same_text(const struct gateway_rules *a, const struct gateway_rules *b)
{
    char x[RULES_TEXT_MAX], y[RULES_TEXT_MAX];

    CHECK_STATUS(rules_format(a, x), ROAD_OK);
    CHECK_STATUS(rules_format(b, y), ROAD_OK);
    return strcmp(x, y) == 0;
}

static bool have_same_hash(const struct gateway_rules *a, const struct gateway_rules *b)
{
    uint8_t x[SHA256_SIZE], y[SHA256_SIZE];

    rules_hash(a, x);
    rules_hash(b, y);
    return memcmp(x, y, SHA256_SIZE) == 0;
}

FACT(the_shipped_file_is_what_is_built_in_to_the_byte)
{
    struct gateway_rules built_in, shipped;
    char *printed = NULL, text[65536];
    size_t length;

    rules_default(&built_in);
    CHECK_STATUS(rules_load(SHIPPED_RULES, &shipped, error), ROAD_OK);
    CHECK(memcmp(&built_in, &shipped, sizeof shipped) == 0);
    CHECK(have_same_hash(&built_in, &shipped));
    FILE *out = open_memstream(&printed, &length), *in = fopen(SHIPPED_RULES, "re");
    rules_print(&built_in, out);
    fclose(out);
    CHECK(in != NULL);
    text[in ? fread(text, 1, sizeof text - 1, in) : 0] = '\0';
    if (in)
        fclose(in);
    CHECK_STR(text, printed); /* after a change here: roadchief gateway --print-rules > gateway/rules.conf */
    free(printed);
}

/* The figures of the domain page and of the contract, typed again. */
FACT(the_built_in_rules_are_the_figures_of_the_domain)
{
    struct gateway_rules r;

    rules_default(&r);
    CHECK(memcmp(&r.code, &code_rules_default, sizeof r.code) == 0);
    CHECK(memcmp(&r.evidence, &evidence_rules_default, sizeof r.evidence) == 0);
    CHECK(memcmp(&r.evidence.detectors, &detectors_default, sizeof detectors_default) == 0);
    CHECK_NEAR(r.evidence.repaired_p, 0.01, 0);
    CHECK_NEAR(r.evidence.prior, 0.001, 0);
    CHECK_NEAR(r.evidence.confirm_p, 0.9, 0);
    CHECK_NEAR(r.evidence.drop_p, 0.3, 0);
    CHECK_NEAR(r.evidence.cap_nats, 6, 0);
    CHECK_NEAR(r.evidence.floor_nats, 2, 0);
    CHECK_NEAR(r.evidence.detectors.motion_rtk.pd_crossed, 0.6, 0);
    CHECK_NEAR(r.evidence.detectors.motion_other.pd_pass, 0.375, 0);
    CHECK_NEAR(r.evidence.detectors.camera.pf, 0.01, 0);
}

FACT(what_a_file_leaves_out_stays_as_shipped)
{
    struct gateway_rules rules, built_in;

    rules_default(&built_in);
    CHECK_STATUS(load("rules_version = 2\nrules_about = a trial\npci_floors_branch = 70 60 50\n", &rules), ROAD_OK);
    CHECK_INT(rules.version, 2);
    CHECK_STR(rules.about, "a trial");
    CHECK_NEAR(rules.code.pci_floor[ROAD_BRANCH][2], 50, 0);
    rules.version = 1;
    memcpy(rules.code.pci_floor, built_in.code.pci_floor, sizeof rules.code.pci_floor);
    memcpy(rules.about, built_in.about, sizeof rules.about);
    CHECK(have_same_text(&rules, &built_in));
}

FACT(every_rule_moves_the_hash)
{
    static const char *const changes[] = {
        "rules_version = 7", "rules_about = other words", "pci_floors_expressway = 91 75 65", "rqi_floors_branch = 3.4 2.8 2.1",
        "cadence_d = 1 1 2 4", "stale_cadences = 4", "severity_factors = 0.6 0.8 0.9",
        "segment_observed = 0.7", "segment_reds = 4", "motion_rtk = 0.6 0.5 0.002", "prior = 0.002", "drop_p = 0.25",
        "feature_passes = 6", "repaired_p = 0.02", "pqi_ride_weights = 0.6 0.6 0.6 0.5"};
    struct gateway_rules rules, built_in;

    rules_default(&built_in);
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        CHECK_STATUS(load(changes[i], &rules), ROAD_OK);
        CHECK(!have_same_hash(&rules, &built_in));
    }
    CHECK_STATUS(load("segment_reds = 3.0\n# said again\nprior = 1e-3\n", &rules), ROAD_OK);
    CHECK(have_same_hash(&rules, &built_in)); /* how it is written does not matter */
}

FACT(the_plain_form_reads_back)
{
    struct gateway_rules rules, again;
    char text[RULES_TEXT_MAX];

    CHECK_STATUS(load("rules_version = 3\nrules_about = # signs = and signs\nprior = 0.00123456789012345\ncadence_d = 1 1.5 2 9\n", &rules), ROAD_OK);
    CHECK_STATUS(rules_format(&rules, text), ROAD_OK);
    CHECK_STATUS(rules_parse(text, &again, error), ROAD_OK);
    CHECK(have_same_hash(&rules, &again));
    CHECK_NEAR(again.evidence.prior, 0.00123456789012345, 0);
    CHECK_STR(again.about, "# signs = and signs");
}

FACT(what_makes_no_sense_is_refused_in_words)
{
    static const struct {
        const char *text, *says;
    } rows[] = {
        {"no_such_rule = 1\n", ":1: there is no key 'no_such_rule'"},
        {"prior = 0.5\n", "out of range"},
        {"prior = nan\n", "is not a number"},
        {"pci_floors_arterial = 85 70\n", "3 numbers are needed"},
        {"pci_floors_arterial = 85 70 60 50\n", "more than 3 numbers"},
        {"pci_floors_arterial = 85 70 sixty\n", "is not a number"},
        {"pci_floors_arterial = 70 85 60\n", "grade A has the highest floor"},
        {"rqi_floors_arterial = 3.6 3 5\n", "out of range"},
        {"camera = 0.7 0.8 0.01\n", "Pd a pass <= Pd given a crossing"},
        {"camera = 0.7 0.7 0.71\n", "Pf < Pd"},
        {"drop_p = 0.5\nconfirm_p = 0.5\n", "drop_p is below"},
        {"cap_nats = 3\nconfirm_p = 0.96\n", "cap_nats"},
        {"drop_p = 0.001\nprior = 0.01\n", "prior is below"},
        {"rules_version = 0\n", "out of range"},
        {"segment_reds = 3\nsegment_reds = 3\n", "given twice"},
    };
    struct gateway_rules rules;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        CHECK_STATUS(load(rows[i].text, &rules), ROAD_BAD_INPUT);
        if (!strstr(error, rows[i].says))
            CHECK_FAILED("\"%s\": says \"%s\"", rows[i].text, error);
    }
}

int main(int argc, char **argv)
{
    return check_main(argc, argv);
}
