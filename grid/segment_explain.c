/* segment_explain.c - 100 m of road in plain sentences, English or Chinese. Only integers are printed. */
#include "grid/line.h"
#include "grid/segment.h"

const char *segment_grade_letter(int grade)
{
    static const char *const letters[] = {"A", "B", "C", "D"};

    return grade >= 0 && grade <= 3 ? letters[grade] : "";
}

/* What decided the colour, in a few words. */
static const char *why_words(const struct segment_facts *facts, enum code_language language)
{
    static const char *const words[SEGMENT_BOTH + 1][2] = {
        [SEGMENT_UNKNOWN] = {"too little of it observed lately for a grade", "近期观测太少，无法评级"},
        [SEGMENT_CLEAN] = {"in good order", "状况良好"},
        [SEGMENT_HAZARD] = {"dangerous places", "存在危险病害"},
        [SEGMENT_SURFACE] = {"the surface is worn", "路面破损"},
        [SEGMENT_RIDE] = {"the ride is rough", "行驶颠簸"},
        [SEGMENT_BOTH] = {"surface and ride together", "路面与平整度综合较差"},
    };

    return words[facts->why >= 0 && facts->why <= SEGMENT_BOTH ? facts->why : SEGMENT_UNKNOWN][language];
}

static void add_percent(struct line *line, unsigned permille)
{
    line_add(line, "%u %%", (permille + 5) / 10);
}

static void add_hazards(struct line *line, const struct segment_facts *facts, bool zh)
{
    if (facts->red_hazards == 0)
        return;
    line_add(line, zh ? "红色病害 %u 处。" : facts->red_hazards == 1 ? " %u red defect." : " %u red defects.", facts->red_hazards);
}

/* "surface 73.0 of 100, ride 3.82 of 4.98, together 75.1" */
static void add_scores(struct line *line, const struct segment_facts *facts, bool zh)
{
    if (facts->pci_centi == SCORE_UNKNOWN)
        return;
    line_add(line, zh ? "%s 级：路面 PCI %u.%u" : " Grade %s: surface (PCI) %u.%u of 100", segment_grade_letter(facts->grade),
        facts->pci_centi / 100u, facts->pci_centi / 10u % 10);
    if (facts->rqi_centi != SCORE_UNKNOWN)
        line_add(line, zh ? "，平整度 RQI %u.%02u" : ", ride (RQI) %u.%02u of 4.98", facts->rqi_centi / 100u, facts->rqi_centi % 100u);
    if (facts->pqi_centi != SCORE_UNKNOWN)
        line_add(line, zh ? "，综合 PQI %u.%u" : ", together (PQI) %u.%u", facts->pqi_centi / 100u, facts->pqi_centi / 10u % 10);
    line_add(line, zh ? "。" : ".");
}

static void add_top(struct line *line, const struct segment_facts *facts, enum code_language language)
{
    const bool zh = language == LANGUAGE_ZH;

    if (facts->n_top == 0)
        return;
    line_add(line, zh ? "失分主要因为" : " Most points are lost to ");
    for (size_t i = 0; i < facts->n_top && i < SEGMENT_TOP; i++) {
        const struct defect_type *type = catalogue_type(facts->top[i].type);
        char name[64];
        snprintf(name, sizeof name, "%s", !type ? "?" : zh ? type->name_zh : type->name_en);
        if (!zh && name[0] >= 'A' && name[0] <= 'Z')
            name[0] = (char)(name[0] - 'A' + 'a');
        line_add(line, "%s%s%s", i == 0 ? "" : zh ? "、" : ", ", name, zh ? "（" : " (");
        add_percent(line, facts->top[i].permille);
        line_add(line, zh ? "）" : ")");
    }
    line_add(line, zh ? "。" : ".");
}

size_t segment_explain(const struct segment_facts *facts, enum code_language language, char *ret_text, size_t capacity)
{
    struct line line = {ret_text, capacity, 0};
    const bool zh = language == LANGUAGE_ZH;

    if (capacity > 0)
        ret_text[0] = '\0';
    line_add(&line, zh ? "%s：%s。" : "%s: %s.", code_letter(facts->code, language), why_words(facts, language));
    add_hazards(&line, facts, zh);
    add_scores(&line, facts, zh);
    add_top(&line, facts, language);
    line_add(&line, zh ? "已观测 " : " Observed: ");
    add_percent(&line, facts->observed_permille);
    line_add(&line, zh ? "。" : ".");
    return line.length;
}
