#include "tests/bench/node_drive.h"

#include <math.h>

#include "tests/sim/drive.h"

#define SEED    11 /* below 1000: no seed that is evaluated on */
#define BLOCK_M 250
#define START_S 1790000000.0

static void put_sample(void *context, const struct motion_sample *sample)
{
    tape_put_motion(context, sample);
}

static void put_fix(void *context, const struct fix *fix)
{
    tape_put_fix(context, fix);
}

static bool drive(const struct sim_district *district, double rate_hz, bool has_gyro, double fix_hz,
                  struct tape_writer *writer)
{
    const struct sim_sink sink = {writer, put_sample, put_fix};
    struct sim_vehicle vehicle = sim_vehicle_draw(SEED, 0);
    struct sim_drive_result result = {0};
    struct sim_route route;

    vehicle.imu.rate_hz = rate_hz;
    vehicle.imu.has_gyro = has_gyro;
    vehicle.gps.rate_hz = fix_hz;
    if (!sim_route_init(&route, district, SEED))
        return false;
    tape_put_zone(writer, district->zone);
    const bool is_driven = sim_drive(district, &route, &vehicle, SEED, START_S, &sink, &result);
    sim_drive_result_done(&result);
    sim_route_done(&route);
    return is_driven;
}

bool node_drive_make(const char *path, double rate_hz, bool has_gyro, double fix_hz)
{
    static struct tape_writer writer;
    struct sim_course course;
    struct sim_district district;

    sim_course_default(&course);
    course.block_m = BLOCK_M;
    course.good_share = 0;
    writer.file = fopen(path, "wb");
    if (!writer.file)
        return false;
    bool is_made = sim_course_init(&district, &course, SEED);
    if (is_made) {
        is_made = drive(&district, rate_hz, has_gyro, fix_hz, &writer);
        sim_district_done(&district);
    }
    is_made = tape_flush(&writer) && is_made;
    return fclose(writer.file) == 0 && is_made;
}
