/* What people say, folded with what vehicles saw: colours, names, order, and the gateway's disk. */
#include "gateway/verdict.h"
#include "tests/check.h"
#include "tests/gateway/rig.h"

#define HOUR_NS (3600 * SECOND_NS)
#define DAY1_NS (DAY0_NS + 24 * HOUR_NS)
#define HOLE_E 100.3
#define HOLE_N 40.7

static const struct kid crew = {{0xC0}}, inspector = {{0x15}};
static struct drive drive;

/* The hole's street once, by RTK, with or without a hit. */
static const struct batch *pass_by(uint64_t seq, int64_t start_ns, bool hits)
{
    drive_straight(&drive, seq, start_ns, 0, 40, 200, 40, GNSS_RTK, 0.05);
    if (hits)
        drive_hit(&drive, DEFECT_POTHOLE, start_ns + 10 * SECOND_NS, HOLE_E, HOLE_N, 0.05, 60, 90);
    return &drive.batch;
}

static struct defect_id first_hit(struct kid kid, int64_t start_ns)
{
    return (struct defect_id){.time_ns = start_ns + 10 * SECOND_NS, .kid = kid, .seq = 1, .index = 0};
}

static struct verdict says(enum verdict_kind kind, struct kid by, struct defect_id about, int64_t time_ns)
{
    return (struct verdict){.defect = about, .kind = kind, .by = by, .time_ns = time_ns,
                            .reason = kind == VERDICT_REJECTED ? REASON_NOTHING : REASON_NONE};
}

struct scene {
    struct beliefs beliefs;
    struct delta delta;
};

static void scene_open(struct scene *s)
{
    const struct beliefs_config config = drive_config();

    memset(s, 0, sizeof *s);
    beliefs_init(&s->beliefs, &config);
}

static void scene_close(struct scene *s)
{
    delta_done(&s->delta);
    beliefs_done(&s->beliefs);
}

/* Node `node` passes in hour `hour` of day 0. */
static void passes(struct scene *s, unsigned node, int hour, bool hits)
{
    beliefs_add(&s->beliefs, pass_by(1, DAY0_NS + hour * HOUR_NS, hits), kid_number(node), false);
    beliefs_settle(&s->beliefs, INT64_MIN, &s->delta);
}

static void hears(struct scene *s, enum verdict_kind kind, struct kid by, int hour)
{
    const struct verdict v = says(kind, by, first_hit(kid_number(1), DAY0_NS), DAY0_NS + hour * HOUR_NS);

    beliefs_say(&s->beliefs, &v);
    beliefs_settle(&s->beliefs, INT64_MIN, &s->delta);
}

/* What was last told of the hole; state 0 if nothing was. */
static struct moved_defect told(const struct scene *s)
{
    const struct defect *hole = defect_near(&s->beliefs, HOLE_E, HOLE_N, 1);
    struct moved_defect none = {.is_transition = false};

    for (size_t i = 0; hole && i < s->delta.n_defects; i++)
        if (defect_id_compare(&s->delta.defects[i].now.id, &hole->belief.id) == 0)
            return s->delta.defects[i];
    return none;
}

static enum road_code hole_code(const struct scene *s)
{
    return code_said(&s->beliefs, cell_at(HOLE_E, HOLE_N, 0));
}

FACT(a_verified_repair_gives_the_square_back_to_green_and_a_hit_takes_it_at_once)
{
    struct scene s;

    scene_open(&s);
    for (unsigned node = 1; node <= 4; node++)
        passes(&s, node, (int)node - 1, true);
    CHECK_INT(told(&s).now.state, DEFECT_CONFIRMED);
    CHECK_INT(hole_code(&s), CODE_RED);
    hears(&s, VERDICT_REPAIRED, crew, 33);
    CHECK(told(&s).is_transition);
    CHECK_INT(told(&s).now.repair.stage, REPAIR_CLAIMED);
    CHECK_INT(hole_code(&s), CODE_RED);
    for (unsigned i = 0; i < 5; i++) {
        passes(&s, 10 + i % 2, 34 + (int)i, false);
        CHECK_INT(told(&s).now.repair.passes, i + 1);
        CHECK(!told(&s).is_transition); /* progress is told, but is no entry */
        CHECK_INT(hole_code(&s), CODE_RED);
    }
    passes(&s, 10, 40, false); /* the sixth of RTK */
    CHECK(told(&s).is_transition);
    CHECK_INT(told(&s).now.state, DEFECT_REPAIRED);
    CHECK_INT(told(&s).now.repair.stage, REPAIR_VERIFIED);
    CHECK_INT(hole_code(&s), CODE_GREEN);
    passes(&s, 12, 44, true);
    CHECK(told(&s).is_transition);
    CHECK_INT(told(&s).now.repair.stage, REPAIR_REOPENED);
    CHECK_INT(hole_code(&s), CODE_RED);
    scene_close(&s);
}

FACT(a_word_follows_its_sighting_through_other_names)
{
    struct scene s;

    scene_open(&s);
    passes(&s, 1, 10, true); /* named after node 1 */
    const struct verdict v =
        says(VERDICT_REPAIRED, crew, first_hit(kid_number(1), DAY0_NS + 10 * HOUR_NS), DAY0_NS + 30 * HOUR_NS);
    CHECK(beliefs_say(&s.beliefs, &v));
    CHECK(!beliefs_say(&s.beliefs, &v)); /* said twice is said once */
    passes(&s, 2, 5, true); /* comes late, and names it anew */
    const struct defect *hole = defect_near(&s.beliefs, HOLE_E, HOLE_N, 1);
    CHECK_INT(hole->belief.id.time_ns, DAY0_NS + 5 * HOUR_NS + 10 * SECOND_NS);
    CHECK_INT(hole->belief.repair.stage, REPAIR_CLAIMED);
    scene_close(&s);
}

FACT(a_word_may_come_before_what_it_is_about)
{
    struct scene s;

    scene_open(&s);
    passes(&s, 9, 1, false);
    hears(&s, VERDICT_CONFIRMED, inspector, 12);
    CHECK_INT(s.delta.n_defects, 0);
    passes(&s, 1, 0, true);
    CHECK_INT(told(&s).now.state, DEFECT_CONFIRMED);
    CHECK(told(&s).now.may_be_red);
    CHECK_INT(hole_code(&s), CODE_RED); /* a person's yes */
    scene_close(&s);
}

FACT(a_false_alarm_loses_its_colour)
{
    struct scene s;

    scene_open(&s);
    for (unsigned node = 1; node <= 4; node++)
        passes(&s, node, (int)node - 1, true);
    hears(&s, VERDICT_REJECTED, inspector, 12);
    CHECK_INT(told(&s).now.state, DEFECT_DROPPED);
    CHECK_INT(hole_code(&s), CODE_GREEN);
    scene_close(&s);
}

#define ORDER_MAX 24

/* Passes and words in a given order. */
static void digest_of(const unsigned *order, unsigned n, uint8_t ret_digest[SHA256_SIZE])
{
    struct scene s;

    scene_open(&s);
    for (unsigned i = 0; i < n; i++) {
        if (order[i] >= ORDER_MAX - 4) {
            static const enum verdict_kind kinds[] = {VERDICT_REPAIRED, VERDICT_DAMAGED, VERDICT_REPAIRED, VERDICT_WHOLE};
            const unsigned v = order[i] - (ORDER_MAX - 4);
            hears(&s, kinds[v], v == 1 ? inspector : crew, 30 + 3 * (int)v);
        } else {
            passes(&s, 1 + order[i], (int)order[i] * 3, order[i] < 6 || order[i] == 14);
        }
    }
    beliefs_digest(&s.beliefs, ret_digest);
    scene_close(&s);
}

FACT(any_order_of_passes_and_words_gives_the_same_beliefs)
{
    struct chance chance = {20261123};
    unsigned order[ORDER_MAX];
    uint8_t first[SHA256_SIZE], again[SHA256_SIZE];

    for (unsigned i = 0; i < ORDER_MAX; i++)
        order[i] = i;
    digest_of(order, ORDER_MAX, first);
    for (int round = 0; round < 12; round++) {
        for (unsigned i = ORDER_MAX; i-- > 1;) {
            const unsigned k = (unsigned)(chance_next(&chance) % (i + 1)), t = order[i];
            order[i] = order[k];
            order[k] = t;
        }
        digest_of(order, ORDER_MAX, again);
        CHECK(memcmp(first, again, SHA256_SIZE) == 0);
    }
    digest_of(order, ORDER_MAX - 1, again); /* one less is not the same */
    CHECK(memcmp(first, again, SHA256_SIZE) != 0);
}

/* ---- the keeper ---------------------------------------------------------------------------------------- */

static void seal_verdict(struct signer *signer, const struct verdict *verdict, uint64_t seq, struct letter *ret_letter)
{
    uint8_t payload[256];
    size_t length;

    rig_must(verdict_encode(verdict, seq, payload, sizeof payload, &length), "verdict_encode");
    snprintf(ret_letter->topic, sizeof ret_letter->topic, "road/v1/" RIG_DISTRICT "/verdict/gw-1");
    rig_must(cose_seal(signer, payload, length, ret_letter->bytes, sizeof ret_letter->bytes, &ret_letter->length),
             "cose_seal");
}

/* The acknowledgement of it; upto UINT64_MAX if there was none. */
static struct ack hear(struct rig *rig, const struct letter *letter)
{
    const struct keeper_message message = {letter->topic, letter->bytes, letter->length};
    struct ack ack = {.upto = UINT64_MAX};
    struct keeper_ack sealed;
    struct public_key key;
    struct verifier *verifier;
    const uint8_t *payload;
    size_t length;

    CHECK_STATUS(keeper_hear(rig->keeper, &message, rig->now_ns, &sealed), ROAD_OK);
    if (!sealed.length)
        return ack;
    signer_public(rig->gateway, &key);
    rig_must(verifier_open(&key, &verifier), "verifier");
    CHECK_STATUS(cose_open(verifier, sealed.bytes, sealed.length, &payload, &length), ROAD_OK);
    CHECK_STATUS(ack_decode(payload, length, &ack, NULL), ROAD_OK);
    CHECK_INT(kid_compare(ack.speaker, signer_kid(rig->server)), 0);
    verifier_close(verifier);
    return ack;
}

static struct letter letters[4];

static void drive_and_take(struct rig *rig, unsigned node, int hour, bool hits)
{
    seal_from(rig, node, pass_by(1, DAY0_NS + hour * HOUR_NS, hits), &letters[0]);
    CHECK_STATUS(rig_take(rig, letters, 1), ROAD_OK);
}

static struct verdict confirms(struct rig *rig, int hour)
{
    return says(VERDICT_CONFIRMED, crew, first_hit(signer_kid(rig->nodes[0]), DAY0_NS), DAY0_NS + hour * HOUR_NS);
}

FACT(a_verdict_is_on_disk_before_its_acknowledgement_and_part_of_the_fold)
{
    struct rig rig;
    uint8_t before[SHA256_SIZE], after[SHA256_SIZE];

    rig_open(&rig);
    drive_and_take(&rig, 0, 0, true);
    const struct verdict v = confirms(&rig, 5);
    seal_verdict(rig.server, &v, 1, &letters[1]);
    const uint64_t changes = outbox_stats(keeper_outbox(rig.keeper)).last_seq;
    CHECK_INT(hear(&rig, &letters[1]).upto, 1);
    CHECK_INT(outbox_stats(keeper_outbox(rig.keeper)).last_seq, changes + 1); /* and told */
    CHECK_INT(live_defects(keeper_beliefs(rig.keeper), DEFECT_CONFIRMED), 1);
    CHECK_INT(hear(&rig, &letters[1]).upto, 1); /* again: acknowledged, not told again */
    CHECK_INT(outbox_stats(keeper_outbox(rig.keeper)).last_seq, changes + 1);
    beliefs_digest(keeper_beliefs(rig.keeper), before);
    keeper_close(rig.keeper);
    rig_open_keeper(&rig);
    beliefs_digest(keeper_beliefs(rig.keeper), after);
    CHECK(memcmp(before, after, SHA256_SIZE) == 0);
    CHECK_INT(live_defects(keeper_beliefs(rig.keeper), DEFECT_CONFIRMED), 1);
    rig_close(&rig);
}

FACT(a_missing_verdict_is_asked_for)
{
    struct rig rig;

    rig_open(&rig);
    const struct verdict v = confirms(&rig, 5);
    seal_verdict(rig.server, &v, 2, &letters[1]);
    const struct ack ack = hear(&rig, &letters[1]);
    CHECK_INT(ack.upto, 0);
    CHECK(ack.is_gap);
    rig_close(&rig);
}

FACT(only_the_servers_key_passes_verdicts_on)
{
    struct rig rig;

    rig_open(&rig);
    drive_and_take(&rig, 0, 0, true);
    const struct verdict v = confirms(&rig, 5);
    struct signer *const others[] = {rig.nodes[1], rig.stranger, rig.gateway};
    for (size_t i = 0; i < 3; i++) {
        seal_verdict(others[i], &v, 1, &letters[1]);
        CHECK_INT(hear(&rig, &letters[1]).upto, UINT64_MAX);
    }
    seal_verdict(rig.server, &v, 1, &letters[1]);
    letters[1].bytes[letters[1].length - 1] ^= 1;
    CHECK_INT(hear(&rig, &letters[1]).upto, UINT64_MAX);
    CHECK_INT(keeper_stats(rig.keeper).quarantined, 4);
    CHECK_INT(live_defects(keeper_beliefs(rig.keeper), DEFECT_SUSPECTED), 1);
    rig_close(&rig);
}

FACT(a_verdict_of_an_impossible_time_is_refused_for_good)
{
    struct rig rig;

    rig_open(&rig);
    struct verdict v = confirms(&rig, 5);
    v.time_ns = rig.now_ns + HOUR_NS;
    seal_verdict(rig.server, &v, 1, &letters[1]);
    const struct ack ack = hear(&rig, &letters[1]);
    CHECK_INT(ack.upto, 1);
    CHECK_INT(ack.n_refused, 1);
    CHECK_INT(ack.refused[0].reason, ROAD_BAD_TIME);
    rig_close(&rig);
}

int main(int argc, char **argv)
{
    return check_main(argc, argv);
}
