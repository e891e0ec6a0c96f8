/* config.h - the keys of gateway.conf. */
#ifndef GATEWAY_CONFIG_H
#define GATEWAY_CONFIG_H

#include "link/config.h"

struct gateway_config {
    char name[33], district[8], data_dir[1024], brokers[1024];
    char ca_file[1024], cert_file[1024], key_file[1024], registry[1024], rules[1024], server[33];
    int log_level;
    int64_t zone_meridian_deg;
    bool zone_south;
    char roads[1024];
    int road_class;
    double cadence_d;
    int64_t frame_de_mm, frame_dn_mm;
    int as_of; /* 0 event, 1 now */
    int64_t settle_ms;
    int64_t snapshot_every_s, retain_days, retain_phone_hours;
    bool standing;
    double node_messages_per_s;
    int64_t outbox_max_bytes, outbox_max_items, quarantine_max_items;
    int64_t in_flight, resend_after_ms;
};

extern const struct config_key gateway_keys[];
extern const size_t gateway_keys_count;

#endif
