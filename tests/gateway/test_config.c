#include <unistd.h>

#include "gateway/config.h"
#include "gateway/intake.h"
#include "tests/check.h"

static enum road_status load(const char *text, struct gateway_config *config, char *error)
{
    char path[] = "/tmp/road-gateway-conf-XXXXXX";
    const int fd = mkstemp(path);

    if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
        exit(1);
    close(fd);
    const enum road_status status = config_load(gateway_keys, gateway_keys_count, config, path, error);
    unlink(path);
    return status;
}

#define NEEDED                                                                                               \
    "name = gw-1\ndistrict = 330103\ndata_dir = /var/lib/roadchief/gateway\nbrokers = 127.0.0.1:8883\n"      \
    "key_file = /etc/roadchief/gw-1.key\nregistry = /etc/roadchief/registry\n"

FACT(what_must_be_given_is_enough_and_the_rest_has_defaults)
{
    struct gateway_config config;
    char error[CONFIG_ERROR_SIZE] = "";

    CHECK_STATUS(load(NEEDED, &config, error), ROAD_OK);
    CHECK_STR(error, "");
    CHECK_STR(config.server, "server");
    CHECK_INT(config.zone_meridian_deg, 120);
    CHECK_INT(config.road_class, 1);
    CHECK_INT(config.as_of, 0);
}

FACT(a_printed_config_reads_back_as_it_was)
{
    struct gateway_config config, again;
    char error[CONFIG_ERROR_SIZE] = "", *text = NULL;
    size_t length;

    CHECK_STATUS(load(NEEDED "road_class = branch\nframe_de_mm = -842\nas_of = now\ncadence_d = 2.5\n", &config, error),
                 ROAD_OK);
    FILE *out = open_memstream(&text, &length);
    config_print(gateway_keys, gateway_keys_count, &config, out);
    fclose(out);
    CHECK_STATUS(load(text, &again, error), ROAD_OK);
    CHECK_STR(error, "");
    CHECK_INT(again.road_class, 3);
    CHECK_INT(again.frame_de_mm, -842);
    CHECK_INT(again.as_of, 1);
    CHECK_NEAR(again.cadence_d, 2.5, 0);
    CHECK_STR(again.data_dir, config.data_dir);
    free(text);
}

FACT(a_wrong_config_is_refused_with_its_line)
{
    static const char *const wrongs[] = {
        "name = gw-1\n", NEEDED "speed = 3\n", NEEDED "zone_meridian_deg = 400\n", NEEDED "as_of = yesterday\n",
        NEEDED "name = gw-2\n",
    };
    struct gateway_config config;

    for (size_t i = 0; i < sizeof wrongs / sizeof wrongs[0]; i++) {
        char error[CONFIG_ERROR_SIZE] = "";
        CHECK(load(wrongs[i], &config, error) != ROAD_OK);
        CHECK(strlen(error) > 10);
    }
}

FACT(topics_name_the_node_of_this_district_only)
{
    char name[NAME_SIZE] = "";

    CHECK_STATUS(topic_name("road/v1/330103/obs/bus-7", "330103", "obs", name), ROAD_OK);
    CHECK_STR(name, "bus-7");
    static const char *const wrongs[] = {"road/v1/330106/obs/bus-7", "road/v1/330103/ack/bus-7", "road/v1/330103/obs/",
                                         "road/v1/330103/obs/Bus 7", "road/v1/330103/obs/a/b", "", "road/v1/330103/obs",
                                         "road/v1/330103/obs/a-name-that-is-longer-than-32-characters"};
    for (size_t i = 0; i < sizeof wrongs / sizeof wrongs[0]; i++)
        CHECK_STATUS(topic_name(wrongs[i], "330103", "obs", name), ROAD_BAD_INPUT);
}

int main(int argc, char **argv)
{
    return check_main(argc, argv);
}
