#include "sensor-node/core_parts.h"

#include <math.h>

#define SIGMA_MAX_M         15.0 /* contract: no pass beyond, the metres are unplaced */

/* Roll and pitch through the same band as the vertical, so that they can be compared. */
static double filter_turn(struct biquad *high, struct biquad *low, double turn_radps)
{
    return isnan(turn_radps) ? NAN : biquad_step(low, biquad_step(high, turn_radps));
}

static void feel(struct node_core *core, const struct tick *tick, struct look *look)
{
    const bool is_level = orient_is_ready(&core->orient) && tick->fault != UNWATCHED_STUCK;
    const double vertical = is_level ? orient_vertical(&core->orient, tick->value) : 0;

    look->felt_mps2 = biquad_step(&core->felt_low, biquad_step(&core->felt_high, vertical));
    look->ride_iri = ride_feel(&core->ride, biquad_step(&core->ride_low, biquad_step(&core->ride_high, vertical)),
                               look->place.speed_mps);
    look->vertical_mps2 = vertical;
    look->level_mps2 = is_level ? orient_level(&core->orient, tick->value) : 0;
    look->has_gyro = !isnan(tick->value[3]);
    look->roll_radps = look->pitch_radps = NAN;
    if (!look->has_gyro)
        return;
    look->roll_radps =
        filter_turn(&core->roll_high, &core->roll_low, orient_roll(&core->orient, tick->value + 3));
    look->pitch_radps =
        filter_turn(&core->pitch_high, &core->pitch_low, orient_pitch(&core->orient, tick->value + 3));
}

/* The mount turns: from the first suspicion on nothing is watched, nor what came just before it. */
static bool level_step(struct node_core *core, const struct tick *tick)
{
    const bool was_tilted = orient_is_tilted(&core->orient);

    if (tick->fault == UNWATCHED_STUCK)
        return orient_is_ready(&core->orient);
    if (!orient_step(&core->orient, tick->value)) {
        core->is_moved = true;
        core_start_filters(core);
    }
    if (orient_is_tilted(&core->orient) && !was_tilted)
        window_doubt(&core->window, core->looked, tick->time_ns - DOUBT_TICKS * (int64_t)TICK_NS, UNWATCHED_MOVED);
    const bool is_level = orient_is_ready(&core->orient);
    core->is_moved &= !is_level;
    return is_level;
}

static bool is_turned(const struct node_core *core)
{
    return core->is_moved || orient_is_tilted(&core->orient);
}

static enum unwatched_reason reason_against(const struct node_core *core, const struct tick *tick, bool is_level)
{
    if (tick->fault != UNWATCHED_NOT)
        return tick->fault;
    if (tick->doubt != UNWATCHED_NOT)
        return tick->doubt;
    if (is_turned(core))
        return UNWATCHED_MOVED;
    return is_level ? UNWATCHED_NOT : UNWATCHED_LEVEL;
}

static enum unplaced_reason place_trouble(const struct node_core *core, int64_t time_ns, const struct place *place)
{
    if (!place)
        return fixes_trouble(&core->fixes, time_ns);
    if (place->time_source == TIME_NONE)
        return UNPLACED_NO_UTC;
    return place_sigma_m(place) <= SIGMA_MAX_M ? UNPLACED_NOT : UNPLACED_COARSE;
}

void core_tick(struct node_core *core, const struct tick *tick, const struct place *place)
{
    if (tick->is_first) {
        core_flush(core);
        core_start_filters(core);
        core_count_unwatched(core, tick->gap_s, tick->gap_reason);
    }
    struct look *look = window_next(&core->window);
    look->time_ns = tick->time_ns;
    look->unplaced = place_trouble(core, tick->time_ns, place);
    look->is_placed = look->unplaced == UNPLACED_NOT;
    if (place) {
        look->place = *place;
        core->speed_mps = place->speed_mps;
        if (look->is_placed && orient_is_ready(&core->orient) && tick->fault == UNWATCHED_NOT)
            orient_learn_forward(&core->orient, tick->value, place->accel_mps2, place->turn_radps);
    } else {
        look->place = (struct place){.speed_mps = core->speed_mps};
    }
    const bool is_level = level_step(core, tick);
    learn_tick(&core->learn, &core->track, tick->time_ns, tick->value,
               is_level && !tick->is_first && tick->fault == UNWATCHED_NOT);
    look->unwatched = reason_against(core, tick, is_level);
    look->is_turned = is_turned(core);
    feel(core, tick, look);
    look->is_watched =
        look->unwatched == UNWATCHED_NOT && look->is_placed && look->place.speed_mps >= WATCH_MIN_MPS;
    core->along_m += look->place.speed_mps * TICK_S;
    look->along_m = core->along_m;
    window_added(&core->window);
    if (core->window.end - core->looked > WINDOW_LAG)
        core_look(core);
}
