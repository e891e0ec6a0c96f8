/* Recordings: what is read, what is refused and in which words. */
#include "tests/sensor-node/reading.h"

#define HEADER "time_s,ax_mps2,ay_mps2,az_mps2,gx_radps,gy_radps,gz_radps,lat_deg,lon_deg,speed_mps\n"

static struct reading read_csv(const char *text)
{
    return read_all(write_file("drive.csv", text), -1, 0);
}

FACT(a_csv_row_is_a_fix_and_a_motion_sample)
{
    const struct reading r = read_csv(HEADER "0,1,2,9.8,0.1,0.2,0.3,30.5,120.25,8.5\n"
                                             "0.01,1.5,2,9.8,,,,,,\n");

    CHECK_INT(r.motions, 2);
    CHECK_INT(r.fixes, 1);
    CHECK_INT(r.refusals, 0);
    CHECK_INT(r.fix[0].time_ns, START_NS);
    CHECK_NEAR(r.fix[0].lat_deg, 30.5, 0);
    CHECK_NEAR(r.fix[0].lon_deg, 120.25, 0);
    CHECK_NEAR(r.fix[0].speed_mps, 8.5, 0);
    CHECK_NEAR(r.fix[0].sigma_m, 3.0, 0);
    CHECK_INT(r.fix[0].gnss, GNSS_CONSUMER);
    CHECK_INT(r.motion[1].time_ns, START_NS + 10000000);
    CHECK_NEAR(r.motion[1].accel_mps2[0], 1.5, 0);
    CHECK_NEAR(r.motion[0].gyro_radps[2], 0.3, 1e-7);
    CHECK(isnan(r.motion[1].gyro_radps[0]));
}

FACT(columns_are_found_by_name_in_any_order_with_bom_crlf_and_blanks)
{
    const struct reading r = read_csv("\xEF\xBB\xBF az_mps2 ,AY_mps2,ax_mps2,note, time_s \r\n9.8,2,1,hello,3.5\r\n");

    CHECK_INT(r.motions, 1);
    CHECK_NEAR(r.motion[0].accel_mps2[0], 1, 0);
    CHECK_NEAR(r.motion[0].accel_mps2[2], 9.8, 1e-6);
    CHECK_INT(r.motion[0].time_ns, START_NS + 3500000000);
}

FACT(sigma_and_heading_columns_are_taken_and_config_goes_before_them)
{
    const char *path =
        write_file("drive.csv", "time_s,ax_mps2,ay_mps2,az_mps2,lat_deg,lon_deg,speed_mps,heading_deg,sigma_m\n"
                                "0,0,0,9.8,30,120,5,271.5,0.5\n");
    struct reading r = read_all(path, GNSS_RTK, 0);

    CHECK_NEAR(r.fix[0].sigma_m, 0.5, 0);
    CHECK_NEAR(r.fix[0].heading_deg, 271.5, 0);
    CHECK_INT(r.fix[0].gnss, GNSS_RTK);
    r = read_all(path, GNSS_RTK, 0.02);
    CHECK_NEAR(r.fix[0].sigma_m, 0.02, 0);
}

FACT(missing_columns_are_named)
{
    const struct reading r = read_csv("time_s,ax_mps2,lat_deg\n0,1,2\n");

    CHECK_STATUS(r.opened, ROAD_BAD_INPUT);
    CHECK_HOLDS(r.first_error, "drive.csv:1: missing columns: ay_mps2, az_mps2");
    CHECK_HOLDS(r.first_error, "time_s, ax_mps2, lat_deg");
}

FACT(a_bad_row_is_refused_with_file_line_and_reason_and_its_neighbours_are_kept)
{
    static const struct {
        const char *row, *reason;
    } cases[] = {
        {"0.01,text,0,9.8,0,0,0,,,", "drive.csv:3: ax_mps2: 'text' is not a number"},
        {"0.01,nan,0,9.8,0,0,0,,,", "'nan' is not a number"},
        {"0.01,0,0,inf,0,0,0,,,", "az_mps2: 'inf' is not a number"},
        {"0/0/0,0,0,9.8,0,0,0,,,", "time_s: '0/0/0' is not a number"},
        {",0,0,9.8,0,0,0,,,", "the time is missing"},
        {"-1,0,0,9.8,0,0,0,,,", "time goes back"},
        {"99999,0,0,9.8,0,0,0,,,", "time jumps ahead"},
        {"1e300,0,0,9.8,0,0,0,,,", "is no time"},
        {"0.01,0,,9.8,0,0,0,,,", "one of ax_mps2, ay_mps2, az_mps2 is missing"},
        {"0.01,0,0,9.8,0,0,0,30,,", "one of lat_deg, lon_deg is missing"},
        {"0.01,0,0,9.8,0,0,0,91,120,5", "is not on Earth"},
        {"0.01,0,0,9.8,0,0,0,30,120,900", "is no vehicle's"},
        {"0.01", "neither acceleration nor position"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[1024];
        snprintf(text, sizeof text, HEADER "0,0,0,9.8,0,0,0,,,\n%s\n0.02,0,0,9.8,0,0,0,30,120,5\n", cases[i].row);
        const struct reading r = read_csv(text);
        CHECK_INT(r.motions, 2);
        CHECK_INT(r.fixes, 1);
        CHECK_INT(r.refusals, 1);
        CHECK_INT(r.stats.rows, 3);
        CHECK_INT(r.stats.rows_refused, 1);
        CHECK_HOLDS(r.first_error, cases[i].reason);
    }
}

FACT(two_times_that_agree_after_a_jump_are_believed)
{
    const struct reading r = read_csv(HEADER "0,0,0,9.8,0,0,0,,,\n9000,0,0,9.8,0,0,0,,,\n9000.01,0,0,9.8,0,0,0,,,\n"
                                             "9000.02,0,0,9.8,0,0,0,,,\n");

    CHECK_INT(r.refusals, 1);
    CHECK_INT(r.motions, 3);
}

FACT(a_position_written_again_is_no_new_fix_unless_the_vehicle_stands)
{
    const struct reading r = read_csv(HEADER "0.0,0,0,9.8,0,0,0,30,120,8\n"
                                             "0.1,0,0,9.8,0,0,0,30,120,8\n"
                                             "1.0,0,0,9.8,0,0,0,30,120,0.1\n"
                                             "1.1,0,0,9.8,0,0,0,30,120,0.1\n"
                                             "2.0,0,0,9.8,0,0,0,0,0,0\n");

    CHECK_INT(r.motions, 5);
    CHECK_INT(r.fixes, 2);
    CHECK_INT(r.refusals, 0);
    CHECK_INT(r.stats.fixes_stale, 2);
}

FACT(unix_times_in_a_recording_are_utc_already)
{
    const struct reading r = read_csv(HEADER "1533226488.25,0,0,9.8,0,0,0,,,\n");

    CHECK_NEAR((double)(r.motion[0].time_ns - INT64_C(1533226488250000000)), 0, 500);
}

FACT(an_empty_file_is_refused_and_an_empty_drive_just_ends)
{
    struct reading r = read_csv("");

    CHECK_STATUS(r.opened, ROAD_BAD_INPUT);
    CHECK_HOLDS(r.first_error, "the file is empty");
    r = read_csv(HEADER);
    CHECK_STATUS(r.opened, ROAD_OK);
    CHECK_INT(r.motions + r.fixes + r.refusals, 0);
}

FACT(what_cannot_be_read_is_refused_with_a_reason)
{
    struct reading r = read_all(in_folder("nothing.csv"), -1, 0);

    CHECK_STATUS(r.opened, ROAD_IO);
    CHECK_HOLDS(r.first_error, "nothing.csv: cannot be opened: No such file");
    r = read_all(write_file("picture.png", "\x89PNG"), -1, 0);
    CHECK_STATUS(r.opened, ROAD_UNSUPPORTED);
    r = read_all(folder, -1, 0);
    CHECK_STATUS(r.opened, ROAD_BAD_INPUT);
    CHECK_HOLDS(r.first_error, "this folder is no drive, but 1 of its files is: give one, such as drive.csv");
}

static void write_phyphox(const char *location)
{
    write_file("Accelerometer.csv", "\"Time (s)\",\"X (m/s^2)\",\"Y (m/s^2)\",\"Z (m/s^2)\"\n"
                                    "0.0,1E0,2E0,9.81E0\n0.01,1,2,9.8\n0.02,1,2,9.8\n0.5,1,2,9.8\n");
    write_file("Gyroscope.csv", "\"Time (s)\",\"X (rad/s)\",\"Y (rad/s)\",\"Z (rad/s)\"\n"
                                "0.005,1,0,0\n0.015,2,0,0\n0.025,4,0,0\n0.6,4,0,0\n");
    write_file("Location.csv", location);
}

#define LOCATION                                                                                             \
    "\"Time (s)\",\"Latitude (°)\",\"Longitude (°)\",\"Height (m)\",\"Velocity (m/s)\",\"Direction (°)\","   \
    "\"Horizontal Accuracy (m)\",\"Vertical Accuracy (°)\"\n"

static void remove_phyphox(void)
{
    unlink(in_folder("Accelerometer.csv"));
    unlink(in_folder("Gyroscope.csv"));
    unlink(in_folder("Location.csv"));
}

FACT(phyphox_files_are_merged_in_time_order_with_turn_rates_interpolated)
{
    write_phyphox(LOCATION "0.015,47.5,17.5,120,-1,-1,15.096,3\n9,47.6,17.6,120,3,4,7.548,3\n");
    const struct reading r = read_all(folder, -1, 0);

    CHECK_STATUS(r.opened, ROAD_OK);
    CHECK_INT(r.motions, 4);
    CHECK_INT(r.fixes, 2);
    CHECK_INT(r.unordered, 0);
    CHECK(isnan(r.motion[0].gyro_radps[0])); /* before the gyroscope started */
    CHECK_NEAR(r.motion[1].gyro_radps[0], 1.5, 1e-6);
    CHECK_NEAR(r.motion[2].gyro_radps[0], 3.0, 1e-6);
    CHECK(isnan(r.motion[3].gyro_radps[0])); /* in a hole of 0.57 s */
    CHECK_NEAR(r.fix[0].sigma_m, 10, 1e-9);  /* r68 / 1.5096 */
    CHECK_NEAR(r.fix[1].sigma_m, 5, 1e-9);
    CHECK(isnan(r.fix[0].speed_mps) && isnan(r.fix[0].heading_deg));
    CHECK_NEAR(r.fix[1].speed_mps, 3, 0);
    CHECK_INT(r.fix[0].gnss, GNSS_PHONE);
    remove_phyphox();
}

FACT(the_radius_of_68_percent_holds_68_percent)
{
    /* By drawing, independent of the formula: a normal error per axis, counted within the radius. */
    uint64_t state = 1;
    int within = 0;
    const int draws = 200000;

    for (int i = 0; i < draws; i++) {
        double u[2];
        for (int k = 0; k < 2; k++) {
            state = state * 6364136223846793005u + 1442695040888963407u;
            u[k] = ((double)(state >> 11) + 0.5) / 9007199254740992.0;
        }
        const double r = sqrt(-2 * log(u[0])), a = 2 * acos(-1) * u[1];
        within += hypot(r * cos(a), r * sin(a)) < 1.5096;
    }
    CHECK_NEAR((double)within / draws, 0.68, 0.005);
}

FACT(a_phyphox_folder_without_gps_is_motion_only)
{
    write_phyphox(LOCATION);
    unlink(in_folder("Location.csv"));
    const struct reading r = read_all(folder, -1, 0);

    CHECK_INT(r.motions, 4);
    CHECK_INT(r.fixes, 0);
    remove_phyphox();
}

FACT(bad_rows_of_each_phyphox_file_are_refused_alone)
{
    write_phyphox(LOCATION "0.001,0,0,0,0,0,5,5\n0.002,47.5,17.5,1,1,1,,5\n0.003,x,17.5,1,1,1,5,5\n"
                           "0.004,47.5,17.5,1,1,1,5,5\n");
    write_file("Accelerometer.csv", "Time (s),X (m/s^2),Y (m/s^2),Z (m/s^2)\n0,1,2,\n0.01,1,2,9.8\n");
    const struct reading r = read_all(folder, -1, 0);

    CHECK_INT(r.refusals, 4);
    CHECK_INT(r.stats.rows_refused, 4);
    CHECK_INT(r.motions, 1);
    CHECK_INT(r.fixes, 1);
    remove_phyphox();
}

FACT(linear_acceleration_without_gravity_is_not_taken_for_the_other)
{
    write_phyphox(LOCATION);
    write_file("Accelerometer.csv", "Time (s),Linear Acceleration x (m/s^2),Linear Acceleration y (m/s^2),"
                                    "Linear Acceleration z (m/s^2)\n0,1,2,3\n");
    const struct reading r = read_all(folder, -1, 0);

    CHECK_STATUS(r.opened, ROAD_BAD_INPUT);
    CHECK_HOLDS(r.first_error, "Accelerometer.csv:1: missing columns: X (m/s^2)");
    remove_phyphox();
}

FACT(a_real_phyphox_drive_is_read_whole_and_in_order)
{
    const char *path = data_path("rsq-gyor-100hz/q3_02");
    char error[SOURCE_ERROR_SIZE];
    double duration_s = 0;

    if (!path)
        SKIP("no ../shared/data");
    const struct reading r = read_all(path, -1, 0);
    CHECK_INT(r.motions, 35628); /* wc -l minus the header */
    CHECK_INT(r.fixes, 353);
    CHECK_INT(r.refusals, 0);
    CHECK_INT(r.unordered, 0);
    CHECK_NEAR(r.fix[0].sigma_m, 2016.864698 / 1.5096, 1e-6);
    CHECK_STATUS(source_duration(path, &duration_s, error), ROAD_OK);
    CHECK_NEAR(duration_s, 357.6969012, 1e-6); /* the last row of the accelerometer */
}

int main(int argc, char **argv)
{
    snprintf(folder, sizeof folder, "%s", "/tmp/road-source-XXXXXX");
    if (!mkdtemp(folder))
        return 2;
    const int result = check_main(argc, argv);
    unlink(in_folder("drive.csv"));
    unlink(in_folder("picture.png"));
    remove_phyphox();
    rmdir(folder);
    return result;
}
