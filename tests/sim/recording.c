#include "tests/sim/recording.h"

#include <math.h>

static double seconds(const struct sim_recording *r, int64_t time_ns)
{
    return (double)(time_ns - llround(r->start_s * 1e9)) * 1e-9;
}

static void write_sample(void *context, const struct motion_sample *sample)
{
    const struct sim_recording *r = context;
    const float *a = sample->accel_mps2, *g = sample->gyro_radps;

    fprintf(r->csv, "%.4f,%.4f,%.4f,%.4f", seconds(r, sample->time_ns), (double)a[0], (double)a[1], (double)a[2]);
    if (isnan(g[0]))
        fputs(",,,,,,,\n", r->csv);
    else
        fprintf(r->csv, ",%.5f,%.5f,%.5f,,,,\n", (double)g[0], (double)g[1], (double)g[2]);
}

static void write_fix(void *context, const struct fix *fix)
{
    const struct sim_recording *r = context;

    fprintf(r->csv, "%.4f,,,,,,,%.9f,%.9f,%.2f,", seconds(r, fix->time_ns), fix->lat_deg, fix->lon_deg, fix->speed_mps);
    if (!isnan(fix->heading_deg))
        fprintf(r->csv, "%.1f", fix->heading_deg);
    fputc('\n', r->csv);
}

struct sim_sink sim_recording_sink(struct sim_recording *recording)
{
    fputs("time_s,ax_mps2,ay_mps2,az_mps2,gx_radps,gy_radps,gz_radps,lat_deg,lon_deg,speed_mps,heading_deg\n", recording->csv);
    return (struct sim_sink){recording, write_sample, write_fix};
}
