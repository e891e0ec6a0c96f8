/* city_parts.h - between city.c and city_watch.c. */
#ifndef SIM_CITY_CITY_PARTS_H
#define SIM_CITY_CITY_PARTS_H

#include "tests/sim/city/city.h"

void city_trace(struct city *city, char what, const void *bytes, size_t length);
void city_trace_thing(struct city *city, char what, int thing);
/* Who is due by now: a repair is done, or only said to be. */
void city_send_crews(struct city *city);
/* What the last settling told. false if memory ran out. */
bool city_watch(struct city *city);

#endif
