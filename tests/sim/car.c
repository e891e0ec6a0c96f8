#include "tests/sim/car.h"

#include <math.h>

#define GRAVITY_MPS2 9.80665
#define ANTI_DIVE 0.3       /* share of the braking moment that the linkage takes */
#define TRAVEL_M 0.08       /* then the bump stops */
#define STOP_STIFFNESS 8.0  /* times the spring */

/* Usual figures of each class, ours: body 1.1-1.5 Hz (cars), 1.7-2.3 Hz (truck), wheel hop 9-13 Hz, damping 0.25-0.35. */
static const struct {
    const char *name;
    struct sim_car car;
} classes[SIM_CLASS_COUNT] = {
    [SIM_SMALL] = {"small",
                   {.sprung_kg = 900, .pitch_kgm2 = 1150, .roll_kgm2 = 320, .wheelbase_m = 2.45, .front_share = 0.60,
                    .half_track_m = 0.72, .cg_height_m = 0.52,
                    .axle = {{32, 18e3, 1.3e3, 170e3, 9e3}, {30, 17e3, 1.1e3, 170e3, 3e3}},
                    .rebound = 0.25, .tyre_radius_m = 0.29, .patch_m = 0.09}},
    [SIM_SEDAN] = {"sedan",
                   {.sprung_kg = 1300, .pitch_kgm2 = 2200, .roll_kgm2 = 520, .wheelbase_m = 2.70, .front_share = 0.56,
                    .half_track_m = 0.77, .cg_height_m = 0.54,
                    .axle = {{40, 22e3, 1.6e3, 200e3, 16e3}, {38, 22e3, 1.5e3, 200e3, 8e3}},
                    .rebound = 0.25, .tyre_radius_m = 0.32, .patch_m = 0.10}},
    [SIM_SUV] = {"suv",
                 {.sprung_kg = 1650, .pitch_kgm2 = 2900, .roll_kgm2 = 750, .wheelbase_m = 2.72, .front_share = 0.54,
                  .half_track_m = 0.80, .cg_height_m = 0.66,
                  .axle = {{50, 28e3, 2.1e3, 230e3, 22e3}, {50, 30e3, 2.1e3, 230e3, 14e3}},
                  .rebound = 0.25, .tyre_radius_m = 0.36, .patch_m = 0.11}},
    [SIM_VAN] = {"van",
                 {.sprung_kg = 1900, .pitch_kgm2 = 4500, .roll_kgm2 = 950, .wheelbase_m = 3.20, .front_share = 0.50,
                  .half_track_m = 0.85, .cg_height_m = 0.78,
                  .axle = {{60, 35e3, 2.6e3, 270e3, 22e3}, {80, 50e3, 3.0e3, 270e3, 10e3}},
                  .rebound = 0.3, .tyre_radius_m = 0.34, .patch_m = 0.11}},
    [SIM_MINIBUS] = {"minibus",
                     {.sprung_kg = 2600, .pitch_kgm2 = 8200, .roll_kgm2 = 1500, .wheelbase_m = 3.60, .front_share = 0.48,
                      .half_track_m = 0.87, .cg_height_m = 0.90,
                      .axle = {{80, 48e3, 3.6e3, 340e3, 35e3}, {120, 72e3, 4.6e3, 480e3, 18e3}},
                      .rebound = 0.3, .tyre_radius_m = 0.36, .patch_m = 0.12}},
    [SIM_TRUCK] = {"truck",
                   {.sprung_kg = 6000, .pitch_kgm2 = 20000, .roll_kgm2 = 4300, .wheelbase_m = 3.80, .front_share = 0.42,
                    .half_track_m = 0.95, .cg_height_m = 1.15,
                    .axle = {{190, 150e3, 9e3, 620e3, 60e3}, {330, 340e3, 15e3, 1150e3, 60e3}},
                    .rebound = 0.3, .tyre_radius_m = 0.42, .patch_m = 0.15}},
};

const char *sim_class_name(enum sim_class class)
{
    return classes[class].name;
}

struct sim_car sim_car_of_class(enum sim_class class)
{
    return classes[class].car;
}

/* Independent corners: pitch inertia m a b, roll inertia m h^2, no bars. */
struct sim_car sim_car_standard(void)
{
    const struct sim_axle axle = {40, 20e3, 1.5e3, 190e3, 0};
    const double mass = 4 * 375, wheelbase = 2.7, half_track = 0.75;

    return (struct sim_car){.sprung_kg = mass, .pitch_kgm2 = mass * wheelbase * wheelbase / 4,
                            .roll_kgm2 = mass * half_track * half_track, .wheelbase_m = wheelbase, .front_share = 0.5,
                            .half_track_m = half_track, .cg_height_m = 0.5, .axle = {axle, axle},
                            .tyre_radius_m = 0.32, .patch_m = 0.10};
}

static double spread(struct sim_random *random, double relative)
{
    return exp(sim_gauss(random, relative));
}

void sim_car_vary(struct sim_car *car, struct sim_random *random)
{
    const double load = fmax(0.85, spread(random, 0.08)), wear = fmin(1.15, spread(random, 0.15));

    car->sprung_kg *= load;
    car->pitch_kgm2 *= load * spread(random, 0.05);
    car->roll_kgm2 *= load * spread(random, 0.05);
    car->front_share *= spread(random, 0.03);
    car->wheelbase_m *= spread(random, 0.03);
    car->half_track_m *= spread(random, 0.02);
    for (int i = 0; i < 2; i++) {
        struct sim_axle *a = &car->axle[i];
        a->spring_npm *= spread(random, 0.08);
        a->damper_nspm *= wear * spread(random, 0.05);
        a->tyre_npm *= spread(random, 0.08);
        a->wheel_kg *= spread(random, 0.08);
        a->anti_roll_nmprad *= spread(random, 0.15);
    }
}

/* Force of one spring and damper on the body (up positive), static load left out. */
static double strut(const struct sim_axle *a, double rebound, double squeeze_m, double squeeze_mps)
{
    const double damper = a->damper_nspm * (squeeze_mps > 0 ? 1 - rebound : 1 + rebound);
    double force = a->spring_npm * squeeze_m + damper * squeeze_mps;

    if (squeeze_m > TRAVEL_M)
        force += STOP_STIFFNESS * a->spring_npm * (squeeze_m - TRAVEL_M);
    if (squeeze_m < -TRAVEL_M)
        force += STOP_STIFFNESS * a->spring_npm * (squeeze_m + TRAVEL_M);
    return force;
}

struct forces {
    double body[SIM_WHEELS]; /* struts and bars, on the body */
    double tyre[SIM_WHEELS]; /* off the static load */
};

static double static_load_n(const struct sim_car *car, int axle)
{
    const double share = axle == 0 ? car->front_share : 1 - car->front_share;

    return (car->sprung_kg * share / 2 + car->axle[axle].wheel_kg) * GRAVITY_MPS2;
}

static void axle_forces(const struct sim_car *car, const struct sim_car_state *s, int axle, const double road_m[SIM_WHEELS],
                        struct forces *f)
{
    const struct sim_axle *a = &car->axle[axle];
    const double x = axle == 0 ? (1 - car->front_share) * car->wheelbase_m : -car->front_share * car->wheelbase_m;
    const double load = static_load_n(car, axle);
    double squeeze[2];

    for (int side = 0; side < 2; side++) {
        const int i = 2 * axle + side;
        const double y = side == 0 ? car->half_track_m : -car->half_track_m;
        const double body_m = s->heave_m - s->pitch_rad * x + s->roll_rad * y;
        const double body_mps = s->heave_mps - s->pitch_radps * x + s->roll_radps * y;
        squeeze[side] = s->wheel_m[i] - body_m;
        f->body[i] = strut(a, car->rebound, squeeze[side], s->wheel_mps[i] - body_mps);
        f->tyre[i] = fmax(-load, a->tyre_npm * (road_m[i] - s->wheel_m[i])); /* no pull: the tyre lifts off */
    }
    const double bar = a->anti_roll_nmprad * (squeeze[0] - squeeze[1]) / (4 * car->half_track_m * car->half_track_m);
    f->body[2 * axle] += bar;
    f->body[2 * axle + 1] -= bar;
}

static void accelerate(const struct sim_car *car, struct sim_car_state *s, const struct forces *f, double along_mps2,
                       double left_mps2)
{
    const double front_x = (1 - car->front_share) * car->wheelbase_m, rear_x = front_x - car->wheelbase_m;
    const double front = f->body[SIM_FRONT_LEFT] + f->body[SIM_FRONT_RIGHT];
    const double rear = f->body[SIM_REAR_LEFT] + f->body[SIM_REAR_RIGHT];
    const double left = f->body[SIM_FRONT_LEFT] + f->body[SIM_REAR_LEFT];
    const double right = f->body[SIM_FRONT_RIGHT] + f->body[SIM_REAR_RIGHT];
    const double height = car->cg_height_m;

    s->heave_mps2 = (front + rear) / car->sprung_kg;
    s->pitch_radps2 = (-front * front_x - rear * rear_x - (1 - ANTI_DIVE) * car->sprung_kg * along_mps2 * height) / car->pitch_kgm2;
    s->roll_radps2 = ((left - right) * car->half_track_m + car->sprung_kg * left_mps2 * height) / car->roll_kgm2;
    for (int i = 0; i < SIM_WHEELS; i++)
        s->wheel_mps2[i] = (f->tyre[i] - f->body[i]) / car->axle[i / 2].wheel_kg;
}

/* A tyre on a slope is pushed back by its load times the slope. */
static double push_mps2(const struct sim_car *car, const struct forces *f, const double slope[SIM_WHEELS])
{
    double push = 0, mass = car->sprung_kg;

    for (int i = 0; i < SIM_WHEELS; i++) {
        push -= (static_load_n(car, i / 2) + f->tyre[i]) * slope[i];
        mass += car->axle[i / 2].wheel_kg;
    }
    return push / mass;
}

static void advance(struct sim_car_state *s, double step_s)
{
    s->heave_mps += step_s * s->heave_mps2;
    s->pitch_radps += step_s * s->pitch_radps2;
    s->roll_radps += step_s * s->roll_radps2;
    s->heave_m += step_s * s->heave_mps;
    s->pitch_rad += step_s * s->pitch_radps;
    s->roll_rad += step_s * s->roll_radps;
    for (int i = 0; i < SIM_WHEELS; i++) {
        s->wheel_mps[i] += step_s * s->wheel_mps2[i];
        s->wheel_m[i] += step_s * s->wheel_mps[i];
    }
}

void sim_car_step(const struct sim_car *car, struct sim_car_state *state, const double road_m[SIM_WHEELS],
                  const double slope[SIM_WHEELS], double along_mps2, double left_mps2, double step_s)
{
    struct forces f;

    axle_forces(car, state, 0, road_m, &f);
    axle_forces(car, state, 1, road_m, &f);
    accelerate(car, state, &f, along_mps2, left_mps2);
    state->push_mps2 = push_mps2(car, &f, slope);
    advance(state, step_s);
}
