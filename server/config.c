#include "server/config.h"

#include <stdio.h>
#include <string.h>

#include "server/ledger/note.h"

#define STRING(key, member, fallback, help_text)                                                             \
    {                                                                                                        \
        .name = key, .type = CONFIG_STRING, .offset = offsetof(struct server_config, member),                \
        .size = sizeof(((struct server_config *)0)->member), .default_text = fallback, .unit = "",           \
        .help = help_text                                                                                    \
    }

const struct config_key server_config_keys[] = {
    STRING("name", name, NULL, "name of this server, as in its certificate and the registry"),
    STRING("district", district, NULL, "six-digit division code"),
    STRING("data_dir", data_dir, NULL, "folder of server.db and log.key"),
    STRING("brokers", brokers, NULL, "MQTT brokers, host:port, tried in this order"),
    STRING("ca_file", ca_file, "", "CA certificate of the broker; empty = no TLS, loopback only"),
    STRING("cert_file", cert_file, "", "this server's certificate"),
    STRING("key_file", key_file, NULL, "this server's private key; signs acknowledgements"),
    STRING("registry", registry, NULL, "file of the speakers' keys"),
    {.name = "log_level",
     .type = CONFIG_CHOICE,
     .offset = offsetof(struct server_config, log_level),
     .default_text = "info",
     .unit = "",
     .choices = "error|warn|info|debug",
     .help = "what is logged"},
    {.name = "zone_meridian_deg",
     .type = CONFIG_INT,
     .offset = offsetof(struct server_config, zone_meridian_deg),
     .min = 0,
     .max = 357,
     .default_text = NULL,
     .unit = "deg",
     .help = "central meridian of the deployment, a multiple of 3"},
    {.name = "zone_south",
     .type = CONFIG_BOOL,
     .offset = offsetof(struct server_config, zone_south),
     .default_text = "no",
     .unit = "",
     .help = "southern hemisphere"},
    STRING("http_host", http_host, "127.0.0.1", "address to answer HTTP on"),
    {.name = "http_port",
     .type = CONFIG_INT,
     .offset = offsetof(struct server_config, http_port),
     .min = 0,
     .max = 65535,
     .default_text = "0",
     .unit = "",
     .help = "port to answer HTTP on; 0 = a free one, printed when ready"},
    STRING("web_dir", web_dir, "", "folder of the built pages; empty = plain pages"),
    STRING("log_origin", log_origin, NULL, "name of the ledger, for ever: roads.example/district-07"),
    STRING("bounds", bounds_text, "-180,-84,180,84",
           "what the map shows first: west,south,east,north in degrees"),
    STRING("truth_file", truth_file, "", "GeoJSON of a simulated district's defects"),
    STRING("roads_file", roads_file, "", "the roads: what `roadchief roads import` made, or GeoJSON lines with name and class"),
    STRING("tls_cert", tls_cert, "", "certificate that browsers trust; empty = plain HTTP, loopback only"),
    STRING("tls_key", tls_key, "", "its private key"),
};
const size_t server_config_n_keys = sizeof server_config_keys / sizeof server_config_keys[0];

struct grid_zone server_config_zone(const struct server_config *config)
{
    return (struct grid_zone){.meridian_deg = (int)config->zone_meridian_deg, .is_south = config->zone_south};
}

static bool read_bounds(struct server_config *config)
{
    double *b = config->bounds;
    char tail;

    return sscanf(config->bounds_text, "%lf,%lf,%lf,%lf%c", &b[0], &b[1], &b[2], &b[3], &tail) == 4 &&
           b[0] >= -180 && b[2] <= 180 && b[1] >= -90 && b[3] <= 90 && b[0] < b[2] && b[1] < b[3];
}

static const char *what_is_wrong(struct server_config *config)
{
    static const uint8_t no_key[ED25519_PUBLIC_SIZE];
    struct note_key key;

    if (strlen(config->district) != 6 || strspn(config->district, "0123456789") != 6)
        return "district: six digits are wanted";
    if (!grid_zone_is_valid(server_config_zone(config)))
        return "zone_meridian_deg: a multiple of 3 from 0 to 357 is wanted";
    if (!read_bounds(config))
        return "bounds: west,south,east,north in degrees are wanted";
    if (note_key_init(&key, config->log_origin, NOTE_KEY_ED25519, no_key))
        return "log_origin: a name without spaces and + is wanted";
    if (!*config->tls_cert != !*config->tls_key)
        return "tls_cert and tls_key: both or neither are wanted";
    return NULL;
}

enum road_status server_config_load(const char *path, struct server_config *ret_config, char *ret_error)
{
    struct server_config config;

    enum road_status status = config_load(server_config_keys, server_config_n_keys, &config, path, ret_error);
    if (status)
        return status;
    const char *wrong = what_is_wrong(&config);
    if (wrong) {
        snprintf(ret_error, CONFIG_ERROR_SIZE, "%s: %s", path, wrong);
        return ROAD_BAD_RANGE;
    }
    *ret_config = config;
    return ROAD_OK;
}
