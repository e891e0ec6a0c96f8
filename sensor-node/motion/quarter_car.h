/* quarter_car.h - what one corner of a passenger car does over a known shape: the physics behind the
 * detector.
 *
 * Corner: ms 375, mu 40 kg, ks 20, kt 190 kN/m, cs 1.5 kNs/m (body 1.1 Hz, wheel hop 11.5 Hz); the tyre is a
 * rigid disc of 0.32 m radius with a 0.10 m contact patch and can lift off (domain figures, section 3).
 * Pure; no allocation. */
#ifndef MOTION_QUARTER_CAR_H
#define MOTION_QUARTER_CAR_H

enum shape_kind {
    SHAPE_BOX,   /* sharp-edged hole (height < 0) or plate (> 0) */
    SHAPE_DIP,   /* one period of a cosine, down (height < 0) or up */
    SHAPE_WAVES, /* a train of sines, `wave_m` long each, height peak to peak */
    SHAPE_STEP,  /* up (height > 0) or down at the middle, and back over 12 m */
    SHAPE_BUMP,  /* half sine */
    SHAPE_TABLE, /* flat hump with ramps of 0.9 m */
    SHAPE_RAILS  /* two rail heads 1.435 m apart, each 0.07 m wide */
};

struct shape {
    enum shape_kind kind;
    double length_m, height_m, wave_m;
};

#define SHAPE_STEP_M   0.02
#define SHAPE_MARGIN_M 0.5 /* flat road on both sides, so that the disc meets the edges */
#define SHAPE_POINTS   480

/* The path of the wheel's hub over a shape, less its radius; what lies beyond is flat (zero). */
struct shape_path {
    float height_m[SHAPE_POINTS];
    int n;
    double middle_m; /* of the shape, from the first point */
};
void shape_path_make(const struct shape *shape, struct shape_path *ret_path);

/* Body acceleration of the corner (m/s2), means over ticks of 10 ms; tick `zero` is the one in which the axle
 * stands over the middle of the shape (over the edge of a step). */
void quarter_car_response(const struct shape_path *path, double speed_mps, int zero, float *ret_accel_mps2,
                          int ticks);

#endif
