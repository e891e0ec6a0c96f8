/* standing.h - may a node be believed? A function of what it sent, and of what others found at the same places; never
 * of the order in which things came.
 *
 * Four rules, each for what no honest vehicle does, however odd it is:
 *   jumps         it is at two places at once: more than 70 m/s between two points after 50 m and three sigmas
 *   false alarms  what it alone reports and two others' clean passes contradict, per kilometre
 *   copies        its points are another node's, to the centimetre, and later
 *   blind         clean passes over holes that others hit before and after it, at many places, and no hit of its own
 * The first three are of one UTC day, the last of all that is kept; three bad days make every day bad. What a node
 * in bad standing sends is kept and acknowledged, and counts as nobody's: not for odds, reds, clears or cover.
 * Contradictions are counted before anybody's standing is asked, so the rules do not feed on each other.
 *
 * Speakers are small numbers (indices into evidence). Memory: about 50 bytes a node and day, and 16 bytes for each
 * 300 m that were driven in the days kept. One thread. */
#ifndef GATEWAY_STANDING_H
#define GATEWAY_STANDING_H

#include "gateway/image.h"
#include "gateway/walk.h"

/* 0 = the rule is off. */
struct standing_rules {
    unsigned jumps_a_day;
    unsigned false_alarms_a_day;  /* at least so many, and … */
    double false_alarms_per_km;   /* … more than this on the day, and more than twice those that others bear out */
    unsigned copies_a_day;        /* of the sampled fours of points, one in STANDING_SAMPLED */
    int64_t blind_micro;          /* ln of the odds that it is blind rather than honest */
    unsigned bad_days;
};
extern const struct standing_rules standing_rules_default;
#define STANDING_SAMPLED 128

enum standing_fault {
    FAULT_JUMPS = 1,
    FAULT_FALSE_ALARMS = 2,
    FAULT_COPIES = 4,
    FAULT_BLIND = 8,
    FAULT_OFTEN = 16 /* too many bad days */
};
const char *standing_fault_name(enum standing_fault fault); /* "jumps", "false-alarms", … */

/* What one thing on the road says of those who passed it. */
struct opinion {
    uint32_t speaker;
    int32_t day;
    int32_t contradicted, supported; /* hits */
    int64_t blind_micro;
};
struct opinions {
    struct opinion *items;
    size_t n, capacity;
};
void opinions_done(struct opinions *opinions);
/* From all hits and clean passes at the thing, nobody left out; sorts them by speaker. Replaces what was in it. */
void opinions_form(struct evidence_item *items, size_t n, struct opinions *opinions);

struct standing; /* opaque */
#define STANDING_EVERY_DAY INT32_MIN

struct standing *standing_new(const struct standing_rules *rules);
void standing_free(struct standing *standing);
bool standing_is_on(const struct standing *standing); /* some rule is */
/* What a node's next batch says of itself; its batches come in order. */
void standing_see(struct standing *standing, uint32_t speaker, struct kid kid, const struct batch *batch);
/* A thing thinks otherwise than before. */
void standing_count(struct standing *standing, const struct opinions *before, const struct opinions *after);
/* Days before this one are no more. */
void standing_forget(struct standing *standing, int32_t first_day);
/* enum standing_fault bits; 0 = believed. `day` since 1970, or STANDING_EVERY_DAY for the node as a whole. */
unsigned standing_faults(const struct standing *standing, uint32_t speaker, int32_t day);
/* All faults of each node on any kept day, and how many days are bad, for reports: n of each, by speaker. */
void standing_all(const struct standing *standing, unsigned *ret_faults, unsigned *ret_bad_days, size_t n);
/* Counts each turn: unchanged means that nothing has to be reported anew. */
uint64_t standing_turns(const struct standing *standing);
/* Whose days became bad or good since the last call; false if none are left. STANDING_EVERY_DAY: all of them. */
bool standing_next_turn(struct standing *standing, uint32_t *ret_speaker, int32_t *ret_day);
/* When no turn is left to be asked for. */
enum road_status standing_save(const struct standing *standing, const struct image_sink *sink);
/* Into a new one; the rules are not in it. ROAD_CORRUPT if what is read cannot be. */
enum road_status standing_load(struct standing *standing, struct image_source *source, size_t n_speakers);

#endif
