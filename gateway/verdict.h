/* verdict.h - what people said of defects, as a set in memory: part of what beliefs are a function of.
 *
 * A verdict names a defect by any of its sightings, so it stays with that sighting when defects merge, split or get
 * another name, and it may be there before the sighting is. Durable in gateway/verdict_store.h. One thread. */
#ifndef GATEWAY_VERDICT_H
#define GATEWAY_VERDICT_H

#include "link/verdict.h"

struct verdicts {
    struct verdict *items; /* ascending by verdict_compare, each once */
    size_t n, capacity;
};

void verdicts_done(struct verdicts *verdicts);
/* False if the same words were there already. */
bool verdicts_add(struct verdicts *verdicts, const struct verdict *verdict);
/* How many are about this name; *ret_first is the first of them, the others follow it. */
size_t verdicts_about(const struct verdicts *verdicts, const struct defect_id *name, const struct verdict **ret_first);

#endif
