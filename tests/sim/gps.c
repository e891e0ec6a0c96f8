#include "tests/sim/gps.h"

#include <math.h>

#define JUMP_LASTS_S 10.0
#define COURSE_MIN_MPS 1.5 /* slower than this a receiver's course means nothing */

void sim_gps_init(struct sim_gps_state *state, const struct sim_gps *gps, struct sim_random *random)
{
    *state = (struct sim_gps_state){.gps = gps};
    sim_markov_init(&state->east, random, gps->sigma_m, gps->tau_s);
    sim_markov_init(&state->north, random, gps->sigma_m, gps->tau_s);
}

static double lasting(struct sim_random *random, double mean_s)
{
    return -mean_s * log(sim_uniform(random, 1e-9, 1));
}

static bool begins(struct sim_random *random, double per_h, double rate_hz)
{
    return per_h > 0 && sim_uniform(random, 0, 1) < per_h / 3600 / rate_hz;
}

bool sim_gps_is_due(struct sim_gps_state *state, double now_s, struct sim_random *random)
{
    struct sim_gps_state *s = state;
    const struct sim_gps *g = s->gps;

    if (now_s < s->next_s)
        return false;
    s->next_s += 1 / g->rate_hz;
    sim_markov_step(&s->east, random, 1 / g->rate_hz);
    sim_markov_step(&s->north, random, 1 / g->rate_hz);
    if (now_s >= s->out_until_s && begins(random, g->outages_per_h, g->rate_hz))
        s->out_until_s = now_s + lasting(random, g->outage_s);
    if (now_s >= s->jump_until_s && begins(random, g->jumps_per_h, g->rate_hz)) {
        s->jump_until_s = now_s + lasting(random, JUMP_LASTS_S);
        s->jump_e_m = sim_gauss(random, g->jump_m);
        s->jump_n_m = sim_gauss(random, g->jump_m);
    }
    return now_s >= s->out_until_s;
}

bool sim_gps_fix(struct sim_gps_state *state, struct grid_zone zone, double e_m, double n_m, double speed_mps,
                 double heading_rad, struct sim_random *random, struct fix *ret_fix)
{
    const struct sim_gps *g = state->gps;
    const bool is_jump = state->next_s <= state->jump_until_s;
    const double e = e_m + state->east.value + sim_gauss(random, g->fast_sigma_m) + (is_jump ? state->jump_e_m : 0);
    const double n = n_m + state->north.value + sim_gauss(random, g->fast_sigma_m) + (is_jump ? state->jump_n_m : 0);
    struct fix fix = {.sigma_m = hypot(g->sigma_m, g->fast_sigma_m), .gnss = g->gnss, .time_source = TIME_GPS, .heading_deg = NAN};

    if (grid_unproject(zone, (struct grid_point){llround(e * 1000), llround(n * 1000)}, &fix.lat_deg, &fix.lon_deg) != ROAD_OK)
        return false;
    fix.speed_mps = fmax(0, speed_mps + sim_gauss(random, g->speed_sigma_mps));
    if (g->course_sigma_rad > 0 && speed_mps > COURSE_MIN_MPS) {
        const double course = heading_rad + sim_gauss(random, g->course_sigma_rad * fmax(1, 8 / speed_mps));
        fix.heading_deg = fmod(course * 180 / M_PI + 720, 360);
    }
    *ret_fix = fix;
    return true;
}
