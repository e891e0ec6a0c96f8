/* config.h - the keys of node.conf. */
#ifndef SENSOR_NODE_CONFIG_H
#define SENSOR_NODE_CONFIG_H

#include "link/config.h"

enum node_source { NODE_SOURCE_RECORDING = 0, NODE_SOURCE_LIVE = 1 };

struct node_config {
    char name[33], district[8], data_dir[1024], brokers[1024];
    char ca_file[1024], cert_file[1024], key_file[1024], registry[1024], gateway[33];
    int log_level;
    int64_t zone_meridian_deg;
    bool zone_south;
    int source;
    char drive[1024], drive_list[1024], start[40];
    double replay_speed;
    int gnss_class; /* 0 auto, else enum gnss_class + 1 */
    double gnss_sigma_m, gnss_lag_s;
    double antenna_x_m, antenna_y_m, imu_x_m, wheelbase_m, half_track_m, ride_gain, timing_sigma_s;
    double watch_step_s, hold_s, epoch;
    double antenna_sigma_m;
    int frame; /* enum frame */
    double batch_m, batch_s;
    int64_t outbox_max_bytes, outbox_max_items, in_flight, resend_after_ms;
    char gpsd_host[256], gpsd_port[16], iio_root[1024], iio_device[64];
    bool exit_when_done, move_to_start;
};

extern const struct config_key node_keys[];
extern const size_t node_keys_count;

#endif
