/* config.h - the keys of server.conf; docs/deployment.md lists them. */
#ifndef SERVER_CONFIG_H
#define SERVER_CONFIG_H

#include "link/config.h"
#include "link/message.h"

#define SERVER_PATH_SIZE 512

struct server_config {
    char name[NAME_SIZE];
    char district[7];
    char data_dir[SERVER_PATH_SIZE];
    char brokers[SERVER_PATH_SIZE];
    char ca_file[SERVER_PATH_SIZE], cert_file[SERVER_PATH_SIZE], key_file[SERVER_PATH_SIZE];
    char registry[SERVER_PATH_SIZE];
    int log_level; /* enum log_level */
    int64_t zone_meridian_deg;
    bool zone_south;
    char http_host[64];
    int64_t http_port;
    char web_dir[SERVER_PATH_SIZE];
    char log_origin[128];
    char bounds_text[128];
    double bounds[4]; /* west, south, east, north; of bounds_text */
    char truth_file[SERVER_PATH_SIZE], roads_file[SERVER_PATH_SIZE];
    char tls_cert[SERVER_PATH_SIZE], tls_key[SERVER_PATH_SIZE];
};

extern const struct config_key server_config_keys[];
extern const size_t server_config_n_keys;

/* Reads the file and what hangs together between keys. ret_error: CONFIG_ERROR_SIZE bytes. */
enum road_status server_config_load(const char *path, struct server_config *ret_config, char *ret_error);
struct grid_zone server_config_zone(const struct server_config *config);

#endif
