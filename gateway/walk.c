#include "gateway/walk.h"

#include <math.h>
#include <stdlib.h>

#define HOURS_A_DAY 24
#define CLEARING_KEPT 2
#define SURE_PERMILLE 500 /* a node that holds its sighting for more likely than not is taken at its word */

int64_t hit_log_odds(double pd, double pf, double sigma_m, bool is_first, int confidence_permille)
{
    const double places = fmax(1, sqrt(2 * M_PI) * sigma_m); /* 1 m places that the sighting may mean */
    const double trust = confidence_permille >= SURE_PERMILLE ? 1 : confidence_permille / (double)SURE_PERMILLE;
    const double nats = log(pd / pf) - (is_first ? 0 : log(places));

    return llround(fmax(nats, 0) * trust * MICRO);
}

int64_t miss_log_odds(double w, double pd, double pf)
{
    return llround(fmin(log((1 - w * pd) / (1 - pf)), 0) * MICRO);
}

int posterior_permille(int64_t log_odds_micro)
{
    return (int)lround(1000 / (1 + exp(-(double)log_odds_micro / MICRO)));
}

static int by_hour(const void *a, const void *b)
{
    const int64_t x = ((const struct evidence_item *)a)->hour, y = ((const struct evidence_item *)b)->hour;

    return (x > y) - (x < y);
}

/* What the hits since the last drop, and the clear passes since the last hit, come from. */
struct witnesses {
    uint32_t first_hitter;
    bool has_hit, has_second_node, has_fleet;
    uint32_t clearing[CLEARING_KEPT];
    int n_clearing;
};

static void add_hitter(struct witnesses *w, const struct evidence_item *item)
{
    if (!w->has_hit)
        w->first_hitter = item->speaker;
    else if (item->speaker != w->first_hitter)
        w->has_second_node = true;
    w->has_hit = true;
    w->has_fleet |= !item->is_phone;
}

static void add_clearing(struct witnesses *w, uint32_t speaker)
{
    for (int i = 0; i < w->n_clearing; i++)
        if (w->clearing[i] == speaker)
            return;
    if (w->n_clearing < CLEARING_KEPT)
        w->clearing[w->n_clearing++] = speaker;
}

/* Motion and camera of one vehicle of the fleet in one hour. */
static bool has_both_senses(const struct evidence_item *items, size_t from, size_t n)
{
    for (size_t i = from; i < n; i++)
        for (size_t k = i + 1; k < n && items[k].hour == items[i].hour; k++)
            if (items[i].is_hit && items[k].is_hit && !items[i].is_phone && items[i].speaker == items[k].speaker &&
                (items[i].sensor | items[k].sensor) == SENSE_BOTH)
                return true;
    return false;
}

static int64_t clamp(int64_t log_odds)
{
    if (log_odds > LOG_ODDS_CAP_MICRO)
        return LOG_ODDS_CAP_MICRO;
    return log_odds < LOG_ODDS_FLOOR_MICRO ? LOG_ODDS_FLOOR_MICRO : log_odds;
}

static int64_t fade(int64_t log_odds, int64_t days, int tau_h)
{
    if (tau_h <= 0 || days <= 0)
        return log_odds;
    const double kept = exp(-(double)days * HOURS_A_DAY / tau_h);
    return LOG_ODDS_PRIOR_MICRO + llround((double)(log_odds - LOG_ODDS_PRIOR_MICRO) * kept);
}

static enum defect_state next_state(enum defect_state state, int64_t log_odds, int n_clearing, bool fades)
{
    if (log_odds >= LOG_ODDS_CONFIRM_MICRO)
        return DEFECT_CONFIRMED;
    if (n_clearing < CLEARING_KEPT && !fades)
        return state;
    if (state == DEFECT_CONFIRMED)
        return log_odds <= LOG_ODDS_DROP_MICRO ? DEFECT_DROPPED : state;
    return log_odds <= LOG_ODDS_PRIOR_MICRO ? DEFECT_DROPPED : state;
}

void walk_days(struct evidence_item *items, size_t n, int tau_h, int64_t until_day, struct walk_end *ret_end)
{
    struct walk_end end = {.state = DEFECT_SUSPECTED, .log_odds_micro = LOG_ODDS_PRIOR_MICRO};
    struct witnesses witnesses = {0};
    size_t since_drop = 0;
    int64_t day = n ? INT64_MIN : until_day;

    qsort(items, n, sizeof *items, by_hour);
    for (size_t i = 0; i < n;) {
        const size_t day_start = i;
        const int64_t today = items[i].hour / HOURS_A_DAY;
        int64_t sum = day == INT64_MIN ? end.log_odds_micro : fade(end.log_odds_micro, today - day, tau_h);
        bool has_hit = false;
        for (; i < n && items[i].hour / HOURS_A_DAY == today; i++) {
            sum += items[i].log_odds_micro;
            has_hit |= items[i].is_hit;
        }
        if (has_hit && end.state == DEFECT_DROPPED) { /* it starts again */
            end.state = DEFECT_SUSPECTED;
            since_drop = day_start;
            witnesses = (struct witnesses){0};
        }
        if (has_hit)
            witnesses.n_clearing = 0;
        for (size_t k = day_start; k < i; k++) {
            if (items[k].is_hit)
                add_hitter(&witnesses, &items[k]);
            else if (!has_hit) /* on a day with a hit it is not known what came first */
                add_clearing(&witnesses, items[k].speaker);
        }
        end.log_odds_micro = clamp(sum);
        end.state = next_state(end.state, end.log_odds_micro, witnesses.n_clearing, false);
        end.was_confirmed |= end.state == DEFECT_CONFIRMED;
        day = today;
    }
    if (tau_h > 0 && until_day > day) {
        end.log_odds_micro = fade(end.log_odds_micro, until_day - day, tau_h);
        end.state = next_state(end.state, end.log_odds_micro, witnesses.n_clearing, true);
    }
    end.may_be_red = (witnesses.has_second_node && witnesses.has_fleet) || has_both_senses(items, since_drop, n);
    *ret_end = end;
}
