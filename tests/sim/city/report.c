#include "tests/sim/city/report.h"

#include <math.h>

static const char *class_name(enum road_class class)
{
    static const char *const names[] = {"expressway", "arterial", "secondary", "branch"};

    return names[class];
}

void trace_text(const struct city *city, char ret_text[2 * SHA256_SIZE + 1])
{
    for (int i = 0; i < SHA256_SIZE; i++)
        snprintf(ret_text + 2 * i, 3, "%02x", city->trace[i]);
}

static double real_share(const struct city_counts *c)
{
    const uint64_t all = c->confirmed[MATCH_DEFECT] + c->confirmed[MATCH_REPAIRED] + c->confirmed[MATCH_LOOK_ALIKE] +
                         c->confirmed[MATCH_NOTHING];

    return all ? (double)c->confirmed[MATCH_DEFECT] / (double)all : NAN;
}

static double lane_km(const struct city *city)
{
    return town_lane_km(city->town, ROAD_ARTERIAL) + town_lane_km(city->town, ROAD_SECONDARY) +
           town_lane_km(city->town, ROAD_BRANCH);
}

void report_text(FILE *out, const struct city *city, const struct city_speed *speed)
{
    const struct city_counts *c = &city->counts;
    char text[2 * SHA256_SIZE + 1];

    trace_text(city, text);
    fprintf(out, "town        %.0f lane-km in %d lanes, %.0f of them main roads; %.0f %% of the kilometres on those\n",
            lane_km(city), city->town->n_lanes, town_lane_km(city->town, ROAD_ARTERIAL),
            100 * traffic_main_share(&city->traffic, city->town));
    fprintf(out, "traffic     places of main roads differ by %.0f %% (1 sigma) in how often they are passed, of others by %.0f %%\n",
            100 * traffic_unevenness(&city->traffic, city->town, true), 100 * traffic_unevenness(&city->traffic, city->town, false));
    fprintf(out, "fleet       %d vehicles, %d with a camera wanted; %.0f km driven in %.0f days, %.0f km with a camera\n",
            city->config.vehicles, city->config.cameras, c->km, speed->simulated_s / DAY_S, c->camera_km);
    fprintf(out, "sent        %llu batches, %llu detections, %llu feature sightings\n", (unsigned long long)c->batches,
            (unsigned long long)c->detections, (unsigned long long)c->features);
    fprintf(out, "on the road %llu defects appeared, %llu were repaired; %d look-alikes\n", (unsigned long long)c->appeared,
            (unsigned long long)c->repaired, city->truth.n - (int)c->appeared);
    fprintf(out, "suspected   %llu real, %llu just repaired, %llu look-alikes, %llu nothing\n",
            (unsigned long long)c->suspected[MATCH_DEFECT], (unsigned long long)c->suspected[MATCH_REPAIRED],
            (unsigned long long)c->suspected[MATCH_LOOK_ALIKE], (unsigned long long)c->suspected[MATCH_NOTHING]);
    fprintf(out, "confirmed   %llu real, %llu just repaired, %llu look-alikes, %llu nothing: %.1f %% real (%llu told twice)\n",
            (unsigned long long)c->confirmed[MATCH_DEFECT], (unsigned long long)c->confirmed[MATCH_REPAIRED],
            (unsigned long long)c->confirmed[MATCH_LOOK_ALIKE], (unsigned long long)c->confirmed[MATCH_NOTHING],
            100 * real_share(c), (unsigned long long)c->confirmed_twice);
    fprintf(out, "speed       %.1f s for %.1f days: %.0f times real time (the gateway's own code %.1f s of CPU)\n", speed->wall_s,
            speed->simulated_s / DAY_S, speed->simulated_s / speed->wall_s, city->gateway_s);
    fprintf(out, "trace       %s\n", text);
}

void report_json(FILE *out, const struct city *city, const struct city_speed *speed)
{
    const struct city_counts *c = &city->counts;
    char text[2 * SHA256_SIZE + 1];

    trace_text(city, text);
    fprintf(out, "{\"seed\":%llu,\"vehicles\":%d,\"days\":%.3f,\"lane_km\":%.3f,\"main_lane_km\":%.3f,\"km\":%.3f,\"camera_km\":%.3f,",
            (unsigned long long)city->config.seed, city->config.vehicles, speed->simulated_s / DAY_S, lane_km(city),
            town_lane_km(city->town, ROAD_ARTERIAL), c->km, c->camera_km);
    fprintf(out, "\"batches\":%llu,\"detections\":%llu,\"features\":%llu,\"appeared\":%llu,\"repaired\":%llu,",
            (unsigned long long)c->batches, (unsigned long long)c->detections, (unsigned long long)c->features,
            (unsigned long long)c->appeared, (unsigned long long)c->repaired);
    for (int k = 0; k < 2; k++) {
        const uint64_t *n = k ? c->confirmed : c->suspected;
        fprintf(out, "\"%s\":{\"real\":%llu,\"repaired\":%llu,\"look_alike\":%llu,\"nothing\":%llu},", k ? "confirmed" : "suspected",
                (unsigned long long)n[MATCH_DEFECT], (unsigned long long)n[MATCH_REPAIRED],
                (unsigned long long)n[MATCH_LOOK_ALIKE], (unsigned long long)n[MATCH_NOTHING]);
    }
    fprintf(out, "\"confirmed_twice\":%llu,\"realtime_factor\":%.0f,\"trace\":\"%s\"}\n", (unsigned long long)c->confirmed_twice,
            speed->simulated_s / speed->wall_s, text);
}

static void write_hours(FILE *out, const struct city *city, int64_t at_s)
{
    if (at_s == NEVER_S)
        fputc(',', out);
    else
        fprintf(out, ",%.2f", (double)(at_s - city->start_s) / HOUR_S);
}

void report_things(FILE *out, const struct city *city)
{
    fputs("thing,road,class,type,seen_by,first_size,first_severity,e_m,n_m,appears_h,suspected_h,confirmed_h,claimed_h,repaired_h\n", out);
    for (int i = 0; i < city->truth.n; i++) {
        const struct thing *t = &city->truth.things[i];
        const struct town_lane *lane = &city->town->lanes[t->lane];
        if (!t->defect)
            continue;
        const struct defect_type *type = catalogue_type(t->defect->type);
        fprintf(out, "%d,\"%s\",%s,%s,%s,%.3g,%d,%.2f,%.2f", i, lane->road, class_name(lane->class), type->code,
                seen_by_name(t->defect->seen_by), t->first_size, (int)catalogue_severity(type, t->first_size, false), t->e_m,
                t->n_m);
        write_hours(out, city, t->appears_s);
        write_hours(out, city, t->suspected_s);
        write_hours(out, city, t->confirmed_s);
        write_hours(out, city, t->claimed_s);
        write_hours(out, city, t->repaired_s);
        fputc('\n', out);
    }
}
