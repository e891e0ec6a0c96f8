#include "gateway/config.h"

#define TEXT(member) offsetof(struct gateway_config, member), sizeof(((struct gateway_config *)0)->member)
#define VALUE(member) offsetof(struct gateway_config, member), 0

const struct config_key gateway_keys[] = {
    {"name", CONFIG_STRING, TEXT(name), 0, 0, NULL, "", NULL, "this gateway's name: certificate, topic, registry"},
    {"district", CONFIG_STRING, TEXT(district), 0, 0, NULL, "", NULL, "six-digit division code, part of every topic"},
    {"data_dir", CONFIG_STRING, TEXT(data_dir), 0, 0, NULL, "", NULL, "folder of gateway.db"},
    {"brokers", CONFIG_STRING, TEXT(brokers), 0, 0, NULL, "", NULL, "host:port, host:port: tried in this order"},
    {"ca_file", CONFIG_STRING, TEXT(ca_file), 0, 0, "", "", NULL, "CA of the broker; empty = plain TCP, loopback only"},
    {"cert_file", CONFIG_STRING, TEXT(cert_file), 0, 0, "", "", NULL, "this gateway's certificate"},
    {"key_file", CONFIG_STRING, TEXT(key_file), 0, 0, NULL, "", NULL, "its Ed25519 key; it signs changes and acks too"},
    {"registry", CONFIG_STRING, TEXT(registry), 0, 0, NULL, "", NULL, "who may speak; read again on SIGHUP"},
    {"server", CONFIG_STRING, TEXT(server), 0, 0, "server", "", NULL, "name of the server whose key signs change-acks"},
    {"log_level", CONFIG_CHOICE, VALUE(log_level), 0, 0, "info", "", "error|warn|info|debug", "how much is logged"},
    {"zone_meridian_deg", CONFIG_INT, VALUE(zone_meridian_deg), 0, 357, "120", "deg", NULL,
     "central meridian of the deployment, a multiple of 3"},
    {"zone_south", CONFIG_BOOL, VALUE(zone_south), 0, 0, "no", "", NULL, "southern hemisphere"},
    {"road_class", CONFIG_CHOICE, VALUE(road_class), 0, 0, "arterial", "", "expressway|arterial|secondary|branch",
     "class of the roads: floors of the grades and the planned cadence; with `roads`, where no road is near"},
    {"roads", CONFIG_STRING, TEXT(roads), 0, 0, "", "", NULL,
     "road network that `roadchief roads import` made: class by place, and lanes; empty = one class everywhere"},
    {"cadence_d", CONFIG_DOUBLE, VALUE(cadence_d), 0, 365, "0", "d", NULL,
     "planned days between passes; 0 = by road class; grey after three of them"},
    {"frame_de_mm", CONFIG_INT, VALUE(frame_de_mm), -5000, 5000, "0", "mm", NULL,
     "east: added to passes in the current ITRF, to bring them to the deployment's frame"},
    {"frame_dn_mm", CONFIG_INT, VALUE(frame_dn_mm), -5000, 5000, "0", "mm", NULL, "north: likewise"},
    {"rules", CONFIG_STRING, TEXT(rules), 0, 0, "", "", NULL,
     "file of rules, as --print-rules prints them; empty = as shipped"},
    {"as_of", CONFIG_CHOICE, VALUE(as_of), 0, 0, "event", "", "event|now",
     "what codes age by: the newest event time folded (replays), or the clock"},
    {"settle_ms", CONFIG_INT, VALUE(settle_ms), 0, 60000, "200", "ms", NULL,
     "what was taken is told together after this; 0 = with each group of messages"},
    {"outbox_max_bytes", CONFIG_INT, VALUE(outbox_max_bytes), 4194304, 1e12, "1073741824", "bytes", NULL,
     "changes waiting for the server; when full no batch is acknowledged"},
    {"outbox_max_items", CONFIG_INT, VALUE(outbox_max_items), 256, 1e9, "1000000", "", NULL, "likewise, in messages"},
    {"quarantine_max_items", CONFIG_INT, VALUE(quarantine_max_items), 1, 1e6, "1000", "", NULL,
     "refused messages kept for a person to see"},
    {"in_flight", CONFIG_INT, VALUE(in_flight), 1, 1000, "32", "", NULL, "changes on their way to the server at once"},
    {"resend_after_ms", CONFIG_INT, VALUE(resend_after_ms), 50, 600000, "2000", "ms", NULL,
     "a change without an acknowledgement is sent again after this"},
};
const size_t gateway_keys_count = sizeof gateway_keys / sizeof gateway_keys[0];
