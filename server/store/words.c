#include "server/store/words.h"

static const char *word(const char *const *words, int n, int index)
{
    return words[index >= 0 && index < n ? index : 0];
}

const char *code_text(int code)
{
    static const char *const words[] = {"grey", "green", "yellow", "red"};
    return word(words, 4, code);
}

const char *channel_text(int channel)
{
    static const char *const words[] = {"unknown", "clean", "hazard", "condition", "ride"};
    return word(words, 5, channel);
}

const char *severity_text(int severity)
{
    static const char *const words[] = {"none", "low", "medium", "high"};
    return word(words, 4, severity);
}

const char *defect_state_text(int state)
{
    static const char *const words[] = {"suspected", "suspected", "confirmed", "dropped", "alias", "repaired"};
    return word(words, 6, state);
}

const char *repair_stage_text(int stage)
{
    static const char *const words[] = {"none", "claimed", "verified", "reopened"};
    return word(words, 4, stage);
}

const char *repair_cause_text(int cause)
{
    static const char *const words[] = {"none", "passes", "inspector", "hit", "desk"};
    return word(words, 5, cause);
}

const char *verdict_kind_text(int kind)
{
    static const char *const words[] = {"none", "repaired", "whole", "damaged", "confirmed", "rejected"};
    return word(words, 6, kind);
}

const char *verdict_reason_text(int reason)
{
    static const char *const words[] = {"none", "feature", "nothing", "elsewhere", "double", "artefact", "other"};
    return word(words, 7, reason);
}

const char *feature_state_text(int state)
{
    static const char *const words[] = {"seen", "seen", "registered", "retired", "alias"};
    return word(words, 5, state);
}

enum road_code defect_colour(int state, int type, int severity, bool may_be_red)
{
    const struct defect_type *row = catalogue_type(type);

    if (state != DEFECT_CONFIRMED || !row)
        return CODE_GREY;
    const enum road_code code = catalogue_colour(row, (enum severity)severity);
    return code == CODE_RED && !may_be_red ? CODE_YELLOW : code;
}
