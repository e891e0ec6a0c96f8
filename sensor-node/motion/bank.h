/* bank.h - the shapes that the detector knows, and what a corner of a standard car makes of each at any
 * speed.
 *
 * Defects and look-alikes stand in one list; how well each explains an event is what the classifier decides
 * by. The responses of one axle are made at speeds a tenth apart, each when it is needed first: a start costs
 * nothing, and what a vehicle never drives never takes memory. The sensor sits `imu_x_m` behind the
 * front axle on a body that is rigid between the axles, so it feels 1 + x/L of the front corner and -x/L of
 * the rear one, which comes L/v later. */
#ifndef MOTION_BANK_H
#define MOTION_BANK_H

#include <stdbool.h>

#include "sensor-node/motion/event.h"
#include "sensor-node/motion/quarter_car.h"

#define BANK_SHAPES 26
#define BANK_ROLLS  8 /* the first shapes: those that lie under one wheel */
#define BANK_SPEEDS 24
#define BANK_ZERO   30 /* pairs of ticks of a response before the axle stands over the shape's middle ... */
#define BANK_PAIRS  80 /* ... of so many */

/* m/s2, the detector's band; once for shifts of an even number of ticks, once for an odd one. */
struct response {
    float at[2][BANK_PAIRS];
    int still; /* so many pairs of both are 0 before the wheel reaches the shape */
};

struct bank {
    struct shape shapes[BANK_SHAPES];
    double front_share, rear_share;
    struct response response[BANK_SPEEDS][BANK_SHAPES];
    float energy[BANK_SPEEDS][BANK_SHAPES]; /* 0 = too long for this speed */
    bool is_made[BANK_SPEEDS];
};

/* One shape against an event. */
struct match {
    float explained; /* share of the event's energy, 0..1 */
    float gain;      /* of the standard car's response */
    float shift;     /* ticks: front axle over the middle, from event.from */
};

/* What a shape is one of; a bit each. */
enum bank_family {
    BANK_HOLE = 1,
    BANK_COVER = 2,
    BANK_PATCH = 4,
    BANK_STEP = 8,
    BANK_SAG = 16,
    BANK_WAVES = 32,
    BANK_BUMP = 64,
    BANK_HUMP = 128,
    BANK_JOINT = 256,
    BANK_RAIL = 512,
    BANK_STRIPS = 1024
};
void bank_init(struct bank *bank, double imu_x_m, double wheelbase_m);
/* Makes the responses for a speed, the first time; before anything of the bank is laid on an event of it. */
void bank_prepare(struct bank *bank, double speed_mps);
void bank_prepare_all(struct bank *bank);
/* Row of the responses for a speed. */
int bank_speed(double speed_mps);
/* ret_matches holds BANK_SHAPES. Returns the best one. */
int bank_match(const struct bank *bank, const struct event *event, struct match *ret_matches);
/* The best of those in `families` (bits); the best of all if none of them fits. */
int bank_best(const struct match *matches, unsigned families);
/* How well a shape that lies under one wheel explains the roll, near a shift: share of its energy and gain,
 * signed. */
void bank_match_roll(const struct bank *bank, const struct event *event, int shape, float shift,
                     struct match *ret_match);
/* How much of a shape's response, placed at a shift, is in a signal of the event: 1 = the whole of it. */
float bank_share(const struct bank *bank, int speed, int shape, const float signal[EVENT_PAIRS], float shift);

/* The detector's band, the same for the signal and the responses. */
#define BANK_HIGH_PASS_HZ 0.5
#define BANK_LOW_PASS_HZ  20.0

#endif
