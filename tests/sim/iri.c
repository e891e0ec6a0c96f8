#include "tests/sim/iri.h"

#include <math.h>

#define SPEED_MPS (80 / 3.6)
#define K1 653.0
#define K2 63.3
#define C 6.0
#define MU 0.15
#define START_M 11.0
#define AVERAGE_M 0.25
#define SUB_STEP_S 0.0002 /* the wheel turns at 69 rad/s */

static double averaged(const float *height_m, int n, double step_m, int i)
{
    const int half = (int)(AVERAGE_M / step_m / 2);
    double sum = 0;
    int count = 0;

    for (int k = i - half; k <= i + half; k++)
        if (k >= 0 && k < n) {
            sum += (double)height_m[k];
            count++;
        }
    return sum / count;
}

double sim_iri(const float *height_m, int n, double step_m)
{
    const int start = (int)(START_M / step_m);
    const double interval_s = step_m / SPEED_MPS;
    const int sub = (int)ceil(interval_s / SUB_STEP_S);
    double sum = 0, before = averaged(height_m, n, step_m, 0);

    if (n <= start)
        return NAN;
    const double climb_mps = (averaged(height_m, n, step_m, start) - before) / START_M * SPEED_MPS;
    double body_m = before, wheel_m = before, body_mps = climb_mps, wheel_mps = climb_mps;
    for (int i = 1; i < n; i++) {
        const double after = averaged(height_m, n, step_m, i);
        for (int k = 0; k < sub; k++) {
            const double road = before + (after - before) * (k + 0.5) / sub, dt = interval_s / sub;
            const double strut = K2 * (wheel_m - body_m) + C * (wheel_mps - body_mps);
            body_mps += dt * strut;
            wheel_mps += dt * (K1 * (road - wheel_m) - strut) / MU;
            body_m += dt * body_mps;
            wheel_m += dt * wheel_mps;
            sum += fabs(body_mps - wheel_mps) * dt;
        }
        before = after;
    }
    return 1000 * sum / ((n - 1) * step_m);
}
