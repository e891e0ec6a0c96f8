#include "tests/check.h"
#include "tests/gateway/rig.h"

static struct drive drive;
static struct letter letters[8];

FACT(a_good_batch_is_stored_folded_and_acknowledged)
{
    struct rig rig;

    rig_open(&rig);
    rig_drive(&drive, 1, DAY0_NS, GNSS_RTK, 0.05);
    seal_from(&rig, 0, &drive.batch, &letters[0]);
    CHECK_STATUS(rig_take(&rig, letters, 1), ROAD_OK);
    CHECK_INT(rig.n_acks, 1);
    CHECK_STR(rig.acks[0].topic, "road/v1/330103/ack/node-0");
    CHECK_INT(rig_ack(&rig, 0).upto, 1);
    CHECK(!rig_ack(&rig, 0).is_gap);
    CHECK_INT(keeper_stats(rig.keeper).batches_applied, 1);
    CHECK_INT(live_defects(keeper_beliefs(rig.keeper), DEFECT_SUSPECTED), 1);
    CHECK(outbox_stats(keeper_outbox(rig.keeper)).items >= 1);
    rig_close(&rig);
}

FACT(a_batch_sent_again_is_acknowledged_again_and_applied_once)
{
    struct rig rig;
    uint8_t before[SHA256_SIZE], after[SHA256_SIZE];

    rig_open(&rig);
    rig_drive(&drive, 1, DAY0_NS, GNSS_RTK, 0.05);
    seal_from(&rig, 0, &drive.batch, &letters[0]);
    CHECK_STATUS(rig_take(&rig, letters, 1), ROAD_OK);
    beliefs_digest(keeper_beliefs(rig.keeper), before);
    const uint64_t said = outbox_stats(keeper_outbox(rig.keeper)).last_seq;
    CHECK_STATUS(rig_take(&rig, letters, 1), ROAD_OK);
    CHECK_INT(rig_ack(&rig, 0).upto, 1);
    beliefs_digest(keeper_beliefs(rig.keeper), after);
    CHECK(memcmp(before, after, SHA256_SIZE) == 0);
    CHECK_INT(outbox_stats(keeper_outbox(rig.keeper)).last_seq, said);
    CHECK_INT(keeper_stats(rig.keeper).duplicates, 1);
    rig_close(&rig);
}

FACT(a_missing_number_is_asked_for_and_nothing_is_taken_past_it)
{
    struct rig rig;

    rig_open(&rig);
    rig_drive(&drive, 2, DAY0_NS, GNSS_RTK, 0.05);
    seal_from(&rig, 0, &drive.batch, &letters[0]);
    CHECK_STATUS(rig_take(&rig, letters, 1), ROAD_OK);
    CHECK_INT(rig_ack(&rig, 0).upto, 0);
    CHECK(rig_ack(&rig, 0).is_gap);
    CHECK_INT(keeper_stats(rig.keeper).gaps, 1);
    CHECK_INT(keeper_stats(rig.keeper).batches_applied, 0);
    rig_close(&rig);
}

FACT(a_number_used_again_for_other_bytes_is_quarantined)
{
    struct rig rig;

    rig_open(&rig);
    rig_drive(&drive, 1, DAY0_NS, GNSS_RTK, 0.05);
    seal_from(&rig, 0, &drive.batch, &letters[0]);
    rig_drive(&drive, 1, DAY0_NS + 3600 * SECOND_NS, GNSS_RTK, 0.05);
    seal_from(&rig, 0, &drive.batch, &letters[1]);
    CHECK_STATUS(rig_take(&rig, letters, 2), ROAD_OK);
    CHECK_INT(keeper_stats(rig.keeper).batches_applied, 1);
    CHECK_INT(keeper_stats(rig.keeper).sequence_reused, 1);
    CHECK_INT(keeper_stats(rig.keeper).quarantined, 1);
    CHECK_INT(rig_ack(&rig, 0).upto, 1);
    rig_close(&rig);
}

/* Each row: what is wrong with a genuine batch, and the reason its durable refusal gives. */
static void spoil_zone(struct batch *b)
{
    b->zone.meridian_deg = 117;
}
static void spoil_future(struct batch *b)
{
    for (size_t i = 0; i < b->passes[0].n_points; i++)
        b->passes[0].points[i].time_ns += 8 * NS_PER_DAY;
}
static void spoil_past(struct batch *b)
{
    for (size_t i = 0; i < b->passes[0].n_points; i++)
        b->passes[0].points[i].time_ns -= 91 * NS_PER_DAY;
}
static void spoil_hit_time(struct batch *b)
{
    b->detections[0].time_ns += 8 * NS_PER_DAY;
}
static void spoil_feature_time(struct batch *b)
{
    b->features[0].time_ns += 8 * NS_PER_DAY;
}
static void spoil_feature_place(struct batch *b)
{
    b->features[0].at.n_mm = 1000; /* at the south end of the frame */
}
static void spoil_frame(struct batch *b)
{
    for (size_t i = 0; i < b->passes[0].n_points; i++)
        b->passes[0].points[i].at.e_mm -= ORIGIN_E_MM; /* at the west end of the frame */
}
static void spoil_jump(struct batch *b)
{
    for (size_t i = 30; i < b->passes[0].n_points; i++)
        b->passes[0].points[i].at.n_mm += 200000;
}
static void spoil_time_source(struct batch *b)
{
    b->time_source = TIME_NONE;
}

static const struct {
    const char *name;
    void (*spoil)(struct batch *batch);
    enum road_status reason;
} wrongs[] = {
    {"another zone", spoil_zone, ROAD_BAD_RANGE},     {"time ahead", spoil_future, ROAD_BAD_TIME},
    {"too old", spoil_past, ROAD_BAD_TIME},           {"a hit ahead of time", spoil_hit_time, ROAD_BAD_TIME},
    {"outside the frame", spoil_frame, ROAD_BAD_RANGE}, {"a jump of 200 m", spoil_jump, ROAD_BAD_RANGE},
    {"unknown time", spoil_time_source, ROAD_BAD_TIME},
    {"a feature ahead of time", spoil_feature_time, ROAD_BAD_TIME},
    {"a feature outside the frame", spoil_feature_place, ROAD_BAD_RANGE},
};

FACT(a_genuine_batch_that_cannot_be_true_is_refused_durably_and_the_next_is_taken)
{
    for (size_t i = 0; i < sizeof wrongs / sizeof wrongs[0]; i++) {
        struct rig rig;

        rig_open(&rig);
        rig_drive(&drive, 1, DAY0_NS, GNSS_RTK, 0.05);
        drive_feature(&drive, FEATURE_JOINT, DAY0_NS, 50, 40, 0.05, 2, 90);
        wrongs[i].spoil(&drive.batch);
        seal_from(&rig, 0, &drive.batch, &letters[0]);
        rig_drive(&drive, 2, DAY0_NS + 60 * SECOND_NS, GNSS_RTK, 0.05);
        seal_from(&rig, 0, &drive.batch, &letters[1]);
        rig_drive(&drive, 1, DAY0_NS, GNSS_CONSUMER, 3);
        seal_from(&rig, 1, &drive.batch, &letters[2]);
        CHECK_STATUS(rig_take(&rig, letters, 3), ROAD_OK);
        keeper_close(rig.keeper); /* durable: it is still refused after a restart */
        rig_open_keeper(&rig);
        CHECK_STATUS(rig_take(&rig, letters, 3), ROAD_OK);
        const struct ack ack = rig_ack(&rig, 0);
        CHECK_INT(ack.upto, 2);
        CHECK_INT(ack.n_refused, 1);
        if (ack.n_refused == 1 && ack.refused[0].reason != wrongs[i].reason)
            CHECK_FAILED("%s: refused as %s", wrongs[i].name, road_status_name(ack.refused[0].reason));
        CHECK_INT(rig_ack(&rig, 1).upto, 1);
        CHECK_INT(keeper_beliefs(rig.keeper)->evidence.n_passes, 2);
        rig_close(&rig);
    }
}

FACT(bytes_that_nobody_can_be_held_to_are_quarantined_beside_a_good_batch)
{
    struct rig rig;

    rig_open(&rig);
    rig_drive(&drive, 1, DAY0_NS, GNSS_RTK, 0.05);
    seal_from(&rig, 0, &drive.batch, &letters[0]);
    seal_batch(rig.stranger, "node-1", &drive.batch, &letters[1]); /* another's key */
    seal_batch(rig.nodes[2], "nobody", &drive.batch, &letters[2]); /* no such name */
    seal_from(&rig, 2, &drive.batch, &letters[3]);
    letters[3].bytes[letters[3].length - 1] ^= 1; /* broken signature */
    letters[4] = letters[0];
    letters[4].length /= 2; /* truncated */
    letters[5] = letters[0];
    snprintf(letters[5].topic, sizeof letters[5].topic, "road/v1/330106/obs/node-0"); /* another district */
    letters[6] = (struct letter){.length = 0};
    snprintf(letters[6].topic, sizeof letters[6].topic, "road/v1/330103/obs/node-0");
    CHECK_STATUS(rig_take(&rig, letters, 7), ROAD_OK);
    CHECK_INT(rig_ack(&rig, 0).upto, 1);
    CHECK_INT(rig.n_acks, 1);
    const struct keeper_stats stats = keeper_stats(rig.keeper);
    CHECK_INT(stats.batches_applied, 1);
    CHECK_INT(stats.quarantined, 6);
    CHECK_INT(stats.unknown_key, 2);
    CHECK_INT(stats.bad_signature, 1);
    CHECK_INT(stats.not_a_batch, 3);
    rig_close(&rig);
}

FACT(a_message_longer_than_allowed_is_quarantined)
{
    static uint8_t huge[SEALED_MAX + 1000];
    struct rig rig;
    size_t n_acks;

    rig_open(&rig);
    const struct keeper_message message = {"road/v1/330103/obs/node-0", huge, sizeof huge};
    CHECK_STATUS(keeper_take(rig.keeper, &message, 1, rig.now_ns, rig.acks, &n_acks), ROAD_OK);
    CHECK_INT(keeper_stats(rig.keeper).quarantined, 1);
    rig_close(&rig);
}

/* Signed garbage with a readable number, CBOR of RFC 8949 by hand: {0: 1, 1: seq, …}. */
FACT(signed_nonsense_is_refused_by_its_number_and_the_node_goes_on)
{
    static const uint8_t deep[] = {0xa3, 0x00, 0x01, 0x01, 0x01, 0x05, 0x81, 0x81, 0x81, 0x81, 0x81,
                                   0x81, 0x81, 0x81, 0x81, 0x81, 0x81, 0x81, 0x81, 0x80};
    static const uint8_t twice_a_key[] = {0xa4, 0x00, 0x01, 0x01, 0x02, 0x02, 0x00, 0x02, 0x00};
    static const uint8_t too_little[] = {0xa2, 0x00, 0x01, 0x01, 0x03};
    static const uint8_t other_version[] = {0xa2, 0x00, 0x09, 0x01, 0x04};
    const struct {
        const uint8_t *bytes;
        size_t length;
    } nonsense[] = {{deep, sizeof deep}, {twice_a_key, sizeof twice_a_key}, {too_little, sizeof too_little},
                    {other_version, sizeof other_version}};
    struct rig rig;

    rig_open(&rig);
    for (size_t i = 0; i < 4; i++)
        seal_bytes(rig.nodes[0], "node-0", nonsense[i].bytes, nonsense[i].length, &letters[i]);
    rig_drive(&drive, 5, DAY0_NS, GNSS_RTK, 0.05);
    seal_from(&rig, 0, &drive.batch, &letters[4]);
    CHECK_STATUS(rig_take(&rig, letters, 5), ROAD_OK);
    const struct keeper_stats stats = keeper_stats(rig.keeper);
    CHECK_INT(stats.batches_refused, 4);
    CHECK_INT(stats.batches_applied, 1);
    CHECK_INT(rig_ack(&rig, 0).upto, 5);
    CHECK_INT(rig_ack(&rig, 0).n_refused, 4);
    rig_close(&rig);
}

FACT(an_empty_batch_is_applied_and_told)
{
    struct rig rig;

    rig_open(&rig);
    const struct batch empty = {.seq = 1, .zone = drive_zone, .time_source = TIME_NONE, .unplaced_cm = 12345};
    seal_from(&rig, 0, &empty, &letters[0]);
    CHECK_STATUS(rig_take(&rig, letters, 1), ROAD_OK);
    CHECK_INT(rig_ack(&rig, 0).upto, 1);
    CHECK_INT(keeper_stats(rig.keeper).changes, 1);
    CHECK_INT(keeper_beliefs(rig.keeper)->road.unplaced_cm, 12345);
    rig_close(&rig);
}

FACT(a_restart_believes_the_same_and_says_nothing_again)
{
    struct rig rig;
    uint8_t before[SHA256_SIZE], after[SHA256_SIZE];

    rig_open(&rig);
    for (uint64_t seq = 1; seq <= 12; seq++) {
        for (unsigned node = 0; node < RIG_NODES; node++) {
            rig_drive(&drive, seq, DAY0_NS + (int64_t)seq * 5 * 3600 * SECOND_NS + node * SECOND_NS,
                      (enum gnss_class)node, node == 0 ? 0.05 : node == 1 ? 1 : node == 2 ? 3 : 8);
            seal_from(&rig, node, &drive.batch, &letters[0]);
            CHECK_STATUS(rig_take(&rig, letters, 1), ROAD_OK);
        }
        beliefs_digest(keeper_beliefs(rig.keeper), before);
        const uint64_t said = outbox_stats(keeper_outbox(rig.keeper)).last_seq;
        keeper_close(rig.keeper);
        rig_open_keeper(&rig);
        beliefs_digest(keeper_beliefs(rig.keeper), after);
        CHECK(memcmp(before, after, SHA256_SIZE) == 0);
        CHECK_INT(outbox_stats(keeper_outbox(rig.keeper)).last_seq, said);
    }
    rig_close(&rig);
}

FACT(a_full_outbox_takes_no_batch_and_loses_none)
{
    struct rig rig;

    rig_open(&rig);
    keeper_close(rig.keeper);
    rig.config.outbox.max_items = 66; /* 64 are kept spare */
    rig_open_keeper(&rig);
    enum road_status status = ROAD_OK;
    uint64_t seq = 0;
    while (status == ROAD_OK && seq < 20) {
        seq++;
        rig_drive(&drive, seq, DAY0_NS + (int64_t)seq * 60 * SECOND_NS, GNSS_RTK, 0.05);
        seal_from(&rig, 0, &drive.batch, &letters[0]);
        status = rig_take(&rig, letters, 1);
    }
    CHECK_STATUS(status, ROAD_FULL);
    CHECK_INT(keeper_stats(rig.keeper).outbox_full, 1);
    keeper_close(rig.keeper);
    rig.config.outbox.max_items = 1000;
    rig_open_keeper(&rig);
    CHECK_STATUS(rig_take(&rig, letters, 1), ROAD_OK); /* the node sends it again */
    CHECK_INT(rig_ack(&rig, 0).upto, seq);
    rig_close(&rig);
}

/* ---- what is said -------------------------------------------------------------------------------------- */

struct told {
    uint64_t changes, causes, statements, features;
    uint8_t digest[SHA256_SIZE];
};

/* Opens and checks every change in the outbox. */
static struct told read_outbox(struct rig *rig)
{
    struct told said = {0};
    struct public_key key;
    struct verifier *verifier;
    struct change change;
    const void *bytes;
    const uint8_t *payload;
    size_t length, payload_length;
    uint64_t seq = 0;

    signer_public(rig->gateway, &key);
    rig_must(verifier_open(&key, &verifier), "verifier");
    while (outbox_next(keeper_outbox(rig->keeper), said.changes, &seq, &bytes, &length) == ROAD_OK) {
        CHECK(length <= SEALED_MAX);
        CHECK_STATUS(cose_open(verifier, bytes, length, &payload, &payload_length), ROAD_OK);
        CHECK_STATUS(change_decode(payload, payload_length, &change, NULL), ROAD_OK);
        CHECK_INT(change.seq, ++said.changes);
        CHECK_INT(change.road.covered_cm, change.road.red_cm + change.road.yellow_cm + change.road.green_cm +
                                              change.road.grey_cm);
        for (size_t i = 0; i < change.n_statements; i++, said.statements++) {
            const struct statement *s = &change.statements[i];
            CHECK_STATUS(cose_open(verifier, s->cose, s->cose_length, &payload, &payload_length), ROAD_OK);
        }
        said.causes += change.is_last;
        said.features += change.n_features;
        uint8_t next[SHA256_SIZE];
        sha256_prefixed(0, said.digest, SHA256_SIZE, bytes, length, next);
        memcpy(said.digest, next, SHA256_SIZE);
        change_done(&change);
    }
    verifier_close(verifier);
    return said;
}

enum restart { NO_RESTART, RESTART_AFTER, RESTART_UNTOLD, TOLD_WITH_THE_NEXT, RESTART_PREPARED };

/* Eight batches of two nodes in groups; after each perhaps a restart, or one before the group was told; or it is told with
 * the next one, perhaps after a restart that forgot that it was prepared. */
static struct told say_eight(size_t group, enum restart restart, uint8_t ret_beliefs[SHA256_SIZE])
{
    struct rig rig;

    rig_open(&rig);
    keeper_close(rig.keeper);
    rig.config.settle_ms = 200;
    rig_open_keeper(&rig);
    for (uint64_t i = 0; i < 8; i++) {
        rig_drive(&drive, i / 2 + 1, DAY0_NS + (int64_t)i * 7200 * SECOND_NS, GNSS_RTK, 0.05);
        drive_feature(&drive, FEATURE_SPEED_BUMP, DAY0_NS + (int64_t)i * 7200 * SECOND_NS, 50, 40, 0.05, 9, 90);
        seal_from(&rig, (unsigned)(i % 2), &drive.batch, &letters[i]);
    }
    for (size_t i = 0; i < 8; i += group) {
        CHECK_STATUS(rig_take(&rig, &letters[i], group), ROAD_OK);
        if (restart >= TOLD_WITH_THE_NEXT) {
            const int64_t items = outbox_stats(keeper_outbox(rig.keeper)).items;
            CHECK_STATUS(keeper_prepare(rig.keeper, rig.now_ns), ROAD_OK);
            if (restart == RESTART_PREPARED) {
                keeper_close(rig.keeper);
                rig_open_keeper(&rig);
                CHECK_STATUS(keeper_prepare(rig.keeper, rig.now_ns), ROAD_OK);
            }
            CHECK_INT(outbox_stats(keeper_outbox(rig.keeper)).items, items); /* not written yet */
            continue;
        }
        for (int phase = RESTART_UNTOLD; phase >= RESTART_AFTER; phase--) {
            if (phase == (int)restart) {
                keeper_close(rig.keeper);
                rig_open_keeper(&rig);
            }
            CHECK_STATUS(keeper_settle(rig.keeper, rig.now_ns), ROAD_OK);
        }
    }
    CHECK_STATUS(keeper_settle(rig.keeper, rig.now_ns), ROAD_OK);
    CHECK_INT(keeper_stats(rig.keeper).not_settled, 0);
    const struct told said = read_outbox(&rig);
    beliefs_digest(keeper_beliefs(rig.keeper), ret_beliefs);
    rig_close(&rig);
    return said;
}

FACT(every_group_is_told_once_in_the_same_bytes_whatever_the_restarts)
{
    for (size_t group = 1; group <= 8; group *= 2) {
        uint8_t beliefs[SHA256_SIZE], other[SHA256_SIZE];
        const struct told plain = say_eight(group, NO_RESTART, beliefs);

        CHECK_INT(plain.causes, 8 / group);
        CHECK(plain.statements >= (group < 8 ? 3 : 2)); /* suspected, confirmed, and the tiles' digests */
        for (enum restart how = RESTART_AFTER; how <= RESTART_PREPARED; how++) {
            const struct told said = say_eight(group, how, other);
            CHECK_INT(said.changes, plain.changes);
            CHECK(memcmp(plain.digest, said.digest, SHA256_SIZE) == 0);
            CHECK(memcmp(beliefs, other, SHA256_SIZE) == 0);
        }
    }
}

FACT(whatever_the_grouping_the_same_is_believed_in_the_end)
{
    uint8_t one[SHA256_SIZE], all[SHA256_SIZE];

    const struct told singly = say_eight(1, NO_RESTART, one), together = say_eight(8, NO_RESTART, all);
    CHECK_INT(singly.features, 7); /* registered by the second node, and more sure with each pass */
    CHECK_INT(together.features, 1);
    CHECK(memcmp(one, all, SHA256_SIZE) == 0);
}

FACT(what_was_taken_waits_to_be_told_for_settle_ms)
{
    struct rig rig;

    rig_open(&rig);
    keeper_close(rig.keeper);
    rig.config.settle_ms = 200;
    rig_open_keeper(&rig);
    CHECK_INT(keeper_wait_ns(rig.keeper, rig.now_ns), INT64_MAX);
    rig_drive(&drive, 1, DAY0_NS, GNSS_RTK, 0.05);
    seal_from(&rig, 0, &drive.batch, &letters[0]);
    CHECK_STATUS(rig_take(&rig, letters, 1), ROAD_OK);
    CHECK_INT(rig_ack(&rig, 0).upto, 1);
    CHECK_INT(keeper_stats(rig.keeper).not_settled, 1);
    CHECK_INT(outbox_stats(keeper_outbox(rig.keeper)).items, 0);
    CHECK_INT(keeper_wait_ns(rig.keeper, rig.now_ns), 0); /* nothing was told for long */
    CHECK_STATUS(keeper_settle(rig.keeper, rig.now_ns), ROAD_OK);
    const int64_t items = outbox_stats(keeper_outbox(rig.keeper)).items;
    CHECK(items >= 1);
    CHECK_INT(keeper_wait_ns(rig.keeper, rig.now_ns), INT64_MAX);
    CHECK_STATUS(keeper_settle(rig.keeper, rig.now_ns), ROAD_OK); /* there is nothing to tell */
    CHECK_INT(outbox_stats(keeper_outbox(rig.keeper)).items, items);
    rig_drive(&drive, 2, DAY0_NS + 3600 * SECOND_NS, GNSS_RTK, 0.05);
    seal_from(&rig, 0, &drive.batch, &letters[0]);
    CHECK_STATUS(rig_take(&rig, letters, 1), ROAD_OK);
    CHECK_INT(keeper_wait_ns(rig.keeper, rig.now_ns + 50000000), 150000000);
    CHECK_INT(keeper_wait_ns(rig.keeper, rig.now_ns - SECOND_NS), 0); /* a clock that was set back */
    CHECK_INT(keeper_wait_ns(rig.keeper, rig.now_ns + 200000000), 0);
    rig_close(&rig);
}

FACT(where_codes_age_with_the_clock_a_new_day_is_told_without_a_batch)
{
    const struct cell wheel = cell_at(20, 40.75, 0); /* under a wheel of the drive east along n = 40 */
    struct rig rig;

    rig_open(&rig);
    keeper_close(rig.keeper);
    rig.config.is_as_of_now = true;
    rig.config.settle_ms = 200;
    rig_open_keeper(&rig);
    CHECK_INT(keeper_wait_ns(rig.keeper, rig.now_ns), INT64_MAX); /* nothing can age yet */
    rig.now_ns = DAY0_NS + 1800 * SECOND_NS;
    rig_drive(&drive, 1, DAY0_NS, GNSS_RTK, 0.05);
    seal_from(&rig, 0, &drive.batch, &letters[0]);
    CHECK_STATUS(rig_take(&rig, letters, 1), ROAD_OK);
    CHECK_STATUS(keeper_settle(rig.keeper, rig.now_ns), ROAD_OK);
    CHECK_INT(code_said(keeper_beliefs(rig.keeper), wheel), CODE_GREEN);
    CHECK_INT(keeper_wait_ns(rig.keeper, rig.now_ns), NS_PER_DAY - rig.now_ns % NS_PER_DAY);
    uint64_t said = outbox_stats(keeper_outbox(rig.keeper)).last_seq;
    int grey_after_d = 0;
    for (int day = 1; day <= 400 && !grey_after_d; day++) {
        const int64_t now_ns = rig.now_ns + day * NS_PER_DAY;
        CHECK_INT(keeper_wait_ns(rig.keeper, now_ns), 0);
        CHECK_STATUS(keeper_settle(rig.keeper, now_ns), ROAD_OK);
        CHECK(keeper_wait_ns(rig.keeper, now_ns) > 0);
        if (code_said(keeper_beliefs(rig.keeper), wheel) == CODE_GREY)
            grey_after_d = day;
    }
    /* Three cadences of an arterial road (docs/codes.md), in whole days. */
    CHECK(grey_after_d >= 3 && grey_after_d <= 4);
    CHECK(outbox_stats(keeper_outbox(rig.keeper)).last_seq > said);
    const int64_t later_ns = rig.now_ns + 30 * NS_PER_DAY;
    CHECK_STATUS(keeper_settle(rig.keeper, later_ns), ROAD_OK);
    said = outbox_stats(keeper_outbox(rig.keeper)).last_seq;
    CHECK_STATUS(keeper_settle(rig.keeper, later_ns + 3600 * SECOND_NS), ROAD_OK); /* within a day nothing ages */
    CHECK_INT(outbox_stats(keeper_outbox(rig.keeper)).last_seq, said);
    keeper_close(rig.keeper);
    rig_open_keeper(&rig);
    CHECK(keeper_wait_ns(rig.keeper, later_ns) > 0); /* and a restart within it knows that */
    CHECK_INT(code_said(keeper_beliefs(rig.keeper), wheel), CODE_GREY);
    rig_close(&rig);
}

FACT(more_features_than_one_change_holds_are_told_in_several)
{
    struct rig rig;

    rig_open(&rig);
    for (unsigned node = 0; node < 2; node++) {
        const int64_t start = DAY0_NS + node * NS_PER_HOUR;
        drive_straight(&drive, 1, start, 0, 40, 1000, 40, GNSS_RTK, 0.05);
        for (int i = 0; i < DRIVE_FEATURES; i++)
            drive_feature(&drive, FEATURE_MANHOLE, start + i * SECOND_NS / 2, 5 * i + 0.5, 40.7, 0.05, 2, 90);
        seal_from(&rig, node, &drive.batch, &letters[node]);
    }
    CHECK_STATUS(rig_take(&rig, letters, 2), ROAD_OK);
    const struct told said = read_outbox(&rig);
    CHECK_INT(said.causes, 1); /* one group */
    CHECK_INT(said.features, DRIVE_FEATURES);
    CHECK_INT(keeper_stats(rig.keeper).features, 2 * DRIVE_FEATURES);
    CHECK_INT(keeper_stats(rig.keeper).features_changed, DRIVE_FEATURES);
    rig_close(&rig);
}

FACT(two_nodes_of_the_fleet_make_a_deep_hole_red_and_one_does_not)
{
    for (unsigned nodes = 1; nodes <= 2; nodes++) {
        struct rig rig;

        rig_open(&rig);
        for (uint64_t i = 0; i < 4; i++) {
            rig_drive(&drive, nodes == 1 ? i + 1 : i / 2 + 1, DAY0_NS + (int64_t)i * 7200 * SECOND_NS, GNSS_RTK, 0.05);
            seal_from(&rig, (unsigned)i % nodes, &drive.batch, &letters[i]);
        }
        CHECK_STATUS(rig_take(&rig, letters, 4), ROAD_OK);
        const struct beliefs *beliefs = keeper_beliefs(rig.keeper);
        CHECK_INT(live_defects(beliefs, DEFECT_CONFIRMED), 1);
        CHECK_INT(code_said(beliefs, cell_at(100.3, 40.7, 0)), nodes == 2 ? CODE_RED : CODE_YELLOW);
        rig_close(&rig);
    }
}

int main(int argc, char **argv)
{
    return check_main(argc, argv);
}
