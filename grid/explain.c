/* explain.c - one line for a person from the numbers of a code, in English or Chinese.
 * Only integers are printed, so that no locale and no libm changes a letter. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "grid/code.h"
#include "grid/line.h"

static const char *const letters[4][2] = {{"?", "灰"}, {"G", "绿"}, {"Y", "黄"}, {"R", "红"}};
static const char *const words[4][2] = {
    {"unknown", "未知"}, {"healthy", "健康"}, {"needs care", "亚健康"}, {"unhealthy", "不健康"}};
static const char *const severities[4][2] = {{"", ""}, {"low", "轻"}, {"medium", "中"}, {"high", "重"}};

/* How a size reads: English stands the unit behind, Chinese names the quantity before. */
struct unit_words {
    const char *unit;
    int per_milli; /* thousandths are divided by this: 1000 shows whole units, 100 tenths, 10 hundredths */
    const char *en, *zh_before, *zh_behind;
};
static const struct unit_words units[] = {
    {"crack_width_mm", 100, " mm wide", "宽 ", " 毫米"},   {"depth_mm", 1000, " mm deep", "深 ", " 毫米"},
    {"drop_mm", 1000, " mm drop", "落差 ", " 毫米"},       {"height_mm", 1000, " mm high", "高 ", " 毫米"},
    {"level_mm", 1000, " mm off level", "高差 ", " 毫米"}, {"step_mm", 1000, " mm step", "错台 ", " 毫米"},
    {"lip_mm", 1000, " mm lip", "高差 ", " 毫米"},         {"size_mm", 1000, " mm across", "大小 ", " 毫米"},
    {"area_m2", 10, " m² large", "面积 ", " 平方米"},
};

static int64_t divide_rounded(int64_t value, int64_t by)
{
    return (value + by / 2) / by;
}

/* A value in thousandths with as many decimals as the unit deserves. */
static void add_number(struct line *line, int64_t milli, int per_milli)
{
    const int64_t n = divide_rounded(milli, per_milli);

    if (per_milli == 1000)
        line_add(line, "%" PRId64, n);
    else if (per_milli == 100)
        line_add(line, "%" PRId64 ".%" PRId64, n / 10, n % 10);
    else
        line_add(line, "%" PRId64 ".%02" PRId64, n / 100, n % 100);
}

/* Covers have a class instead of a size: 1 loose, 2 cracked, 3 missing. */
static void add_cover_class(struct line *line, int32_t size_milli, enum code_language language)
{
    static const char *const classes[4][2] = {
        {"", ""}, {"loose", "松动"}, {"cracked", "破裂"}, {"missing or displaced", "缺失或移位"}};
    const int32_t class = size_milli / 1000;

    line_add(line, "%s", classes[class >= 0 && class <= 3 ? class : 0][language]);
}

static void add_fraction(struct line *line, const struct code_reason *reason, enum code_language language)
{
    line_add(line, language == LANGUAGE_ZH ? "占路面 %" PRId64 : "%" PRId64,
        divide_rounded(reason->size_milli, 10));
    if (reason->size_sigma_milli > 0)
        line_add(line, "±%" PRId64, divide_rounded(reason->size_sigma_milli, 10));
    line_add(line, language == LANGUAGE_ZH ? "%%" : " %% of the surface");
}

/* "58±15 mm deep"; a level below its surroundings keeps its sign. */
static void add_size(struct line *line, const struct code_reason *reason, const char *unit,
                     enum code_language language)
{
    const struct unit_words *w = NULL;

    for (size_t u = 0; u < sizeof units / sizeof units[0]; u++)
        if (strcmp(units[u].unit, unit) == 0)
            w = &units[u];
    if (strcmp(unit, "class") == 0) {
        add_cover_class(line, reason->size_milli, language);
    } else if (strcmp(unit, "area_fraction") == 0) {
        add_fraction(line, reason, language);
    } else if (w) {
        line_add(line, "%s%s", language == LANGUAGE_ZH ? w->zh_before : "", reason->size_milli < 0 ? "-" : "");
        add_number(line, llabs((long long)reason->size_milli), w->per_milli);
        if (reason->size_sigma_milli > 0) {
            line_add(line, "±");
            add_number(line, reason->size_sigma_milli, w->per_milli);
        }
        line_add(line, "%s", language == LANGUAGE_ZH ? w->zh_behind : w->en);
    }
}

/* "2026-11-23 07:41Z" from nanoseconds since 1970. The calendar is the proleptic Gregorian one: days are
 * counted in years that begin in March, so that the leap day comes last. */
static void add_time(struct line *line, int64_t ns)
{
    const int64_t minutes_ns = INT64_C(60) * 1000000000;
    int64_t minute = ns / minutes_ns - (ns % minutes_ns < 0);
    const int64_t days = minute / 1440 - (minute % 1440 < 0);
    minute -= days * 1440;
    const int64_t shifted = days + 719468; /* days since 0000-03-01 */
    const int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097, of_era = shifted - era * 146097;
    const int64_t year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    const int64_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const int64_t march_month = (5 * of_year + 2) / 153, day = of_year - (153 * march_month + 2) / 5 + 1;
    const int64_t month = march_month < 10 ? march_month + 3 : march_month - 9;
    const int64_t year = year_of_era + era * 400 + (month <= 2);

    line_add(line, "%04" PRId64 "-%02" PRId64 "-%02" PRId64 " %02" PRId64 ":%02" PRId64 "Z", year, month, day,
        minute / 60, minute % 60);
}

static void add_last(struct line *line, const struct code_reason *reason, enum code_language language)
{
    if (reason->seen_ns == 0)
        return;
    line_add(line, language == LANGUAGE_ZH ? "，最近 " : ", last ");
    add_time(line, reason->seen_ns);
}

static void add_centi(struct line *line, unsigned centi)
{
    line_add(line, "%u.%02u", centi / 100, centi % 100);
}

static void add_senses(struct line *line, const struct code_reason *reason, enum code_language language)
{
    const bool zh = language == LANGUAGE_ZH;

    if (reason->motion_hits == 0 && reason->camera_hits == 0)
        return;
    line_add(line, zh ? "，" : ", ");
    if (reason->motion_hits)
        line_add(line, zh ? "振动 %u 次" : "motion %u", reason->motion_hits);
    if (reason->motion_hits && reason->camera_hits)
        line_add(line, zh ? "、" : " ");
    if (reason->camera_hits)
        line_add(line, zh ? "相机 %u 次" : "camera %u", reason->camera_hits);
}

static void add_sightings(struct line *line, const struct code_reason *reason, bool zh)
{
    if (reason->passes > 0 && zh)
        line_add(line, "，%u 次经过中 %u 次测到", reason->passes, reason->hits);
    else if (reason->passes > 0)
        line_add(line, reason->passes == 1 ? ", seen on %u of %u pass" : ", seen on %u of %u passes", reason->hits,
            reason->passes);
    else if (reason->hits > 0)
        line_add(line,
            zh                  ? "，测到 %u 次"
            : reason->hits == 1 ? ", seen %u time"
                                : ", seen %u times",
            reason->hits);
}

/* The English name within a sentence begins small. */
static void add_name(struct line *line, const struct defect_type *type, enum code_language language,
                     bool is_first)
{
    const char *en = type->name_en;

    if (language == LANGUAGE_ZH)
        line_add(line, "%s", type->name_zh);
    else if (is_first || *en < 'A' || *en > 'Z')
        line_add(line, "%s", en);
    else
        line_add(line, "%c%s", *en - 'A' + 'a', en + 1);
}

/* "Pothole, high (p=0.97, 58±15 mm deep, seen on 3 of 5 passes, …)" */
static void add_defect(struct line *line, const struct code_reason *reason, const struct defect_type *type,
                       enum code_language language, bool is_first)
{
    const bool zh = language == LANGUAGE_ZH;
    const unsigned centi = (reason->posterior_permille + 5u) / 10u;

    add_name(line, type, language, is_first);
    if (reason->severity >= SEVERITY_LOW && reason->severity <= SEVERITY_HIGH)
        line_add(line, zh ? "，%s" : ", %s", severities[reason->severity][language]);
    line_add(line, zh ? "（可信度 " : " (p=");
    /* A permille that rounds to 1.00 would claim certainty. */
    add_centi(line, centi >= 100 && reason->posterior_permille < 1000 ? 99 : centi);
    if (reason->size_milli != 0) {
        line_add(line, zh ? "，" : ", ");
        add_size(line, reason, type->unit, language);
    }
    add_sightings(line, reason, zh);
    add_senses(line, reason, language);
    add_last(line, reason, language);
    line_add(line, zh ? "）" : ")");
}

static void add_passes(struct line *line, unsigned passes, bool zh)
{
    line_add(line, zh ? "经过 %u 次" : passes == 1 ? "%u pass" : "%u passes", passes);
}

/* How often and when the cell was covered, in brackets. */
static void add_cover(struct line *line, const struct code_reason *reason, bool with_sum,
                      enum code_language language)
{
    const bool zh = language == LANGUAGE_ZH;

    if (!with_sum && reason->passes == 0 && reason->seen_ns == 0)
        return;
    line_add(line, zh ? "（" : " (");
    if (with_sum) {
        line_add(line, zh ? "覆盖度 " : "coverage ");
        add_centi(line, reason->coverage_centi);
    }
    if (with_sum && reason->passes > 0)
        line_add(line, zh ? "，" : ", ");
    if (reason->passes > 0)
        add_passes(line, reason->passes, zh);
    if (reason->seen_ns != 0) {
        line_add(line, with_sum || reason->passes > 0 ? (zh ? "，" : ", ") : "");
        line_add(line, zh ? "最近 " : "last ");
        add_time(line, reason->seen_ns);
    }
    line_add(line, zh ? "）" : ")");
}

static void add_ride(struct line *line, const struct code_reason *reason, enum code_language language)
{
    const bool zh = language == LANGUAGE_ZH;

    line_add(line, zh ? "行驶颠簸（国际平整度指数 IRI " : "rough ride (IRI ");
    add_centi(line, reason->iri_centi);
    line_add(line, zh ? " 米/千米" : " m/km");
    if (reason->passes > 0) {
        line_add(line, zh ? "，" : ", ");
        add_passes(line, reason->passes, zh);
    }
    add_last(line, reason, language);
    line_add(line, zh ? "）" : ")");
}

static void add_green(struct line *line, const struct code_reason *reason, const struct defect_type *type,
                      enum code_language language)
{
    const bool zh = language == LANGUAGE_ZH;

    if (type) {
        line_add(line, zh ? "健康，仅有 " : "healthy, only ");
        add_defect(line, reason, type, language, false);
        return;
    }
    if (reason->is_pale)
        line_add(line, zh ? "暂时健康，覆盖尚少，未发现病害" : "healthy so far, thinly covered, nothing found");
    else
        line_add(line, zh ? "健康，未发现病害" : "healthy, nothing found");
    add_cover(line, reason, reason->is_pale, language);
}

static void add_grey(struct line *line, const struct code_reason *reason, const struct defect_type *type,
                     enum code_language language)
{
    const bool zh = language == LANGUAGE_ZH;

    if (type && reason->channel == CHANNEL_HAZARD) {
        line_add(line, zh ? "疑似，尚未确认：" : "suspected, not confirmed: ");
        add_defect(line, reason, type, language, false);
    } else if (type) {
        line_add(line, zh ? "太久未经过，此前为：" : "not covered lately, before that: ");
        add_defect(line, reason, type, language, false);
    } else if (reason->seen_ns == 0 && reason->coverage_centi == 0) {
        line_add(line, zh ? "尚未经过" : "not covered yet");
    } else if (reason->coverage_centi > 0) {
        line_add(line, zh ? "覆盖太少，无法判断" : "covered too thinly to tell");
        add_cover(line, reason, true, language);
    } else {
        line_add(line, zh ? "太久未经过" : "covered too long ago to tell");
        add_cover(line, reason, false, language);
    }
}

static void add_finding(struct line *line, const struct code_reason *reason, const struct defect_type *type,
                        enum code_language language)
{
    const bool zh = language == LANGUAGE_ZH;

    if (reason->channel == CHANNEL_RIDE) {
        add_ride(line, reason, language);
        return;
    }
    if (reason->channel == CHANNEL_CONDITION)
        line_add(line, zh ? "路面破损，主要是" : "worn surface, mostly ");
    if (type)
        add_defect(line, reason, type, language, reason->channel != CHANNEL_CONDITION);
    else
        line_add(line, "%s", code_word(reason->code, language));
}

size_t code_explain(const struct code_reason *reason, enum code_language language, char *ret_text,
                    size_t capacity)
{
    struct line line = {ret_text, capacity, 0};
    const struct defect_type *type = catalogue_type(reason->type);

    if (capacity > 0)
        ret_text[0] = '\0';
    line_add(&line, language == LANGUAGE_ZH ? "%s：" : "%s: ", code_letter(reason->code, language));
    if (reason->code == CODE_GREEN)
        add_green(&line, reason, type, language);
    else if (reason->code == CODE_GREY)
        add_grey(&line, reason, type, language);
    else
        add_finding(&line, reason, type, language);
    if (reason->code != CODE_GREY && reason->csi <= 100 && (type || reason->channel == CHANNEL_CONDITION))
        line_add(&line, language == LANGUAGE_ZH ? "｜路面指数 %u" : " | CSI %u", reason->csi);
    return line.length;
}

static void add_age(struct line *line, int age_d, bool zh)
{
    if (age_d <= 0)
        line_add(line, zh ? "今天" : "today");
    else if (age_d == 1)
        line_add(line, zh ? "昨天" : "1 day ago");
    else
        line_add(line, zh ? "%d 天前" : "%d days ago", age_d);
}

size_t cover_explain(enum road_code shown, bool is_pale, int age_d, enum code_language language, char *ret_text,
                     size_t capacity)
{
    const bool zh = language == LANGUAGE_ZH;
    struct line line = {ret_text, capacity, 0};

    if (capacity > 0)
        ret_text[0] = '\0';
    line_add(&line, zh ? "%s：" : "%s: ", code_letter(shown, language));
    if (shown == CODE_GREY)
        line_add(&line, zh ? "太久未经过或覆盖太少，无法判断，最近一次在 " : "covered too thinly or too long ago to tell, last ");
    else if (is_pale)
        line_add(&line, zh ? "近期经过，覆盖尚少，未发现病害，" : "covered lately, though thinly, and nothing found, ");
    else
        line_add(&line, zh ? "近期经过，未发现病害，" : "covered lately and nothing found, ");
    add_age(&line, age_d, zh);
    return line.length;
}

const char *code_letter(enum road_code code, enum code_language language)
{
    return letters[code <= CODE_RED ? code : CODE_GREY][language == LANGUAGE_ZH];
}

const char *code_word(enum road_code code, enum code_language language)
{
    return words[code <= CODE_RED ? code : CODE_GREY][language == LANGUAGE_ZH];
}
