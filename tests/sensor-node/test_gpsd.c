/* Epochs out of reports. The reports are lines that a gpsd 3.22 wrote for NMEA sentences, read by libgps itself. */
#include "sensor-node/gpsd.h"

#include "tests/check.h"

#define TPV(time, mode, lat, lon, more)                                                                      \
    "{\"class\":\"TPV\",\"device\":\"udp://127.0.0.1:1\",\"mode\":" #mode ",\"time\":\"2026-09-21T14:13:" time  \
    "Z\",\"ept\":0.005,\"lat\":" lat ",\"lon\":" lon more "}"
#define GST(time, lat, lon)                                                                                  \
    "{\"class\":\"GST\",\"device\":\"udp://127.0.0.1:1\",\"time\":\"2026-09-21T14:13:" time                     \
    "Z\",\"rms\":48.000,\"lat\":" lat ",\"lon\":" lon ",\"alt\":9.000}"
#define T0_NS INT64_C(1790000000000000000) /* date -d 2026-09-21T14:13:20Z +%s */

struct feed {
    struct gps_data_t data;
    struct gpsd_epochs epochs;
    struct fix fixes[8];
    int count;
};

static void start(struct feed *feed)
{
    memset(feed, 0, sizeof *feed);
    gpsd_epochs_init(&feed->epochs, -1, 0);
}

static void add(struct feed *feed, const char *line, int64_t now_ns)
{
    char text[1024];

    snprintf(text, sizeof text, "%s", line);
    feed->data.set = 0;
    if (gps_unpack(text, &feed->data) != 0)
        CHECK_FAILED("libgps refused %s", line);
    if (gpsd_epochs_add(&feed->epochs, &feed->data, now_ns, &feed->fixes[feed->count]))
        feed->count++;
}

FACT(two_reports_of_one_epoch_make_one_fix_the_last_one_with_its_own_gst)
{
    struct feed f;

    start(&f);
    add(&f, TPV("20.000", 2, "47.674773820", "17.679389710", ""), 0);
    add(&f, GST("19.000", "99.0", "99.0"), 0);
    add(&f, TPV("20.000", 3, "47.674773820", "17.679389710", ",\"speed\":13.366,\"track\":357.64"), 1);
    add(&f, GST("20.000", "3.000", "4.000"), 2);
    CHECK_INT(f.count, 0);
    add(&f, TPV("21.686", 3, "47.677951060", "17.693087220", ",\"speed\":13.524"), 3);
    CHECK_INT(f.count, 1);
    CHECK_INT(f.fixes[0].time_ns, T0_NS);
    CHECK_NEAR(f.fixes[0].lat_deg, 47.67477382, 1e-12);
    CHECK_NEAR(f.fixes[0].lon_deg, 17.67938971, 1e-12);
    CHECK_NEAR(f.fixes[0].speed_mps, 13.366, 1e-9);
    CHECK_NEAR(f.fixes[0].heading_deg, 357.64, 1e-9);
    CHECK_NEAR(f.fixes[0].sigma_m, sqrt((9. + 16.) / 2), 1e-9);
    CHECK_INT(f.fixes[0].gnss, GNSS_CONSUMER);
    CHECK_INT(f.fixes[0].time_source, TIME_GPS);
}

FACT(an_epoch_is_finished_by_waiting_when_nothing_follows)
{
    struct feed f;

    start(&f);
    add(&f, TPV("20.000", 3, "47.6", "17.6", ""), 1000);
    CHECK(!gpsd_epochs_flush(&f.epochs, 1000 + GPSD_FINISH_NS - 1, &f.fixes[0]));
    CHECK(gpsd_epochs_flush(&f.epochs, 1000 + GPSD_FINISH_NS, &f.fixes[0]));
    CHECK_NEAR(f.fixes[0].sigma_m, 3.0, 0); /* no GST: the usual of a consumer receiver */
    CHECK(isnan(f.fixes[0].speed_mps));
    add(&f, TPV("20.000", 3, "47.7", "17.6", ""), 2000); /* too late: given already */
    CHECK(!gpsd_epochs_flush(&f.epochs, INT64_MAX, &f.fixes[0]));
}

FACT(status_gives_the_class_fixed_float_differential_and_plain)
{
    static const struct {
        const char *line;
        enum gnss_class want;
    } cases[] = {
        {TPV("20.000", 3, "47.6", "17.6", ",\"status\":3"), GNSS_RTK},
        {TPV("20.000", 3, "47.6", "17.6", ",\"status\":4"), GNSS_SBAS},
        {TPV("20.000", 3, "47.6", "17.6", ",\"status\":2"), GNSS_SBAS},
        {TPV("20.000", 3, "47.6", "17.6", ",\"status\":5"), GNSS_CONSUMER},
        {TPV("20.000", 3, "47.6", "17.6", ""), GNSS_CONSUMER},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct feed f;
        start(&f);
        add(&f, cases[i].line, 0);
        CHECK(gpsd_epochs_flush(&f.epochs, INT64_MAX, &f.fixes[0]));
        CHECK_INT(f.fixes[0].gnss, cases[i].want);
    }
}

FACT(reports_without_time_place_or_fix_and_times_going_back_give_nothing)
{
    static const char *const lines[] = {
        "{\"class\":\"TPV\",\"device\":\"x\",\"mode\":3,\"lat\":47.6,\"lon\":17.6}",
        "{\"class\":\"TPV\",\"device\":\"x\",\"mode\":1,\"time\":\"2026-09-21T14:13:30.000Z\"}",
        "{\"class\":\"TPV\",\"device\":\"x\",\"mode\":3,\"time\":\"1999-09-21T14:13:30.000Z\",\"lat\":47.6,\"lon\":17.6}",
        TPV("30.000", 3, "0.0", "0.0", ""),
        TPV("30.000", 3, "95.0", "17.0", ""),
        TPV("10.000", 3, "47.6", "17.6", ""),
    };

    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        struct feed f;
        start(&f);
        add(&f, TPV("20.000", 3, "47.6", "17.6", ""), 0);
        CHECK(gpsd_epochs_flush(&f.epochs, INT64_MAX, &f.fixes[0]));
        add(&f, lines[i], 0);
        if (gpsd_epochs_flush(&f.epochs, INT64_MAX, &f.fixes[0]))
            CHECK_FAILED("taken for a fix: %s", lines[i]);
    }
}

FACT(deviations_that_no_receiver_has_are_taken_for_none)
{
    static const char *const lines[] = {GST("20.000", "0.0", "0.0"), GST("20.000", "1e-200", "1e-200"),
                                        GST("20.000", "1e200", "1e200"), GST("20.000", "-3.0", "4.0")};

    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        struct feed f;
        start(&f);
        add(&f, TPV("20.000", 3, "47.6", "17.6", ""), 0);
        add(&f, lines[i], 0);
        CHECK(gpsd_epochs_flush(&f.epochs, INT64_MAX, &f.fixes[0]));
        CHECK_NEAR(f.fixes[0].sigma_m, 3.0, 0); /* the usual of a consumer receiver */
    }
}

FACT(a_report_of_nans_is_refused)
{
    struct feed f;
    struct fix fix;

    start(&f);
    f.data.set = MODE_SET | LATLON_SET | TIME_SET;
    f.data.fix.mode = MODE_3D;
    f.data.fix.time.tv_sec = 1790000000;
    f.data.fix.latitude = f.data.fix.longitude = (double)NAN;
    CHECK(!gpsd_epochs_add(&f.epochs, &f.data, 0, &fix));
    CHECK_INT(f.epochs.refused, 1);
    CHECK(!gpsd_epochs_flush(&f.epochs, INT64_MAX, &fix));
}

int main(int argc, char **argv)
{
    return check_main(argc, argv);
}
