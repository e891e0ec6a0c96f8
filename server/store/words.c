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
