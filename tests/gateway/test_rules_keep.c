/* Other rules at a start: everything is folded again, what moved is told, and it is recorded. Held against a listener that
 * applies what it hears, and one that heard a gateway which had the new rules from the first batch on. */
#include "gateway/rules.h"

#include "tests/check.h"
#include "tests/gateway/rig.h"

#define SQUARES_MAX 60000
#define DEFECTS_MAX 64

/* What somebody knows who heard all changes. */
struct listener {
    struct {
        uint64_t id;
        int code;
    } squares[SQUARES_MAX];
    size_t n_squares;
    struct defect_belief defects[DEFECTS_MAX];
    size_t n_defects, statements, rules_statements;
    uint64_t heard;
    struct rules_statement last;
    char text[RULES_TEXT_MAX];
};

static void hear_square(struct listener *l, uint64_t id, int code)
{
    size_t i = 0;

    while (i < l->n_squares && l->squares[i].id != id)
        i++;
    if (i == SQUARES_MAX)
        abort();
    l->n_squares += i == l->n_squares;
    l->squares[i].id = id;
    l->squares[i].code = code;
}

static void hear_defect(struct listener *l, const struct defect_belief *belief)
{
    size_t i = 0;

    while (i < l->n_defects && defect_id_compare(&l->defects[i].id, &belief->id) != 0)
        i++;
    if (i == DEFECTS_MAX)
        abort();
    l->n_defects += i == l->n_defects;
    l->defects[i] = *belief;
}

static void hear_change(struct listener *l, const struct change *change)
{
    for (size_t i = 0; i < change->n_patches; i++)
        for (unsigned k = 0; k < 64; k++)
            if (change->patches[i].mask >> k & 1)
                hear_square(l, cell_of_leaf(change->patches[i].leaf, k).id, (int)cover_shown(change->patches[i].covers[k]));
    for (size_t i = 0; i < change->n_cells; i++)
        hear_square(l, change->cells[i].cell.id, (int)change->cells[i].reason.code);
    for (size_t i = 0; i < change->n_defects; i++)
        hear_defect(l, &change->defects[i]);
    for (size_t i = 0; i < change->n_statements; i++) {
        const struct statement *s = &change->statements[i];
        const uint8_t *payload;
        struct kid kid;
        size_t length;
        l->statements++;
        if (s->kind_length != 5 || memcmp(s->kind, "rules", 5) != 0)
            continue;
        CHECK_STATUS(cose_peek(s->cose, s->cose_length, &kid, &payload, &length), ROAD_OK);
        CHECK_STATUS(rules_statement_decode(payload, length, &l->last, NULL), ROAD_OK);
        snprintf(l->text, sizeof l->text, "%.*s", (int)l->last.text_length, l->last.text);
        CHECK_INT(kid_compare(kid, l->last.gateway), 0);
        l->rules_statements++;
    }
}

static void hear(struct listener *l, struct rig *rig)
{
    const void *bytes;
    const uint8_t *payload;
    struct change change;
    struct kid kid;
    size_t length, payload_length;
    uint64_t seq;

    while (outbox_next(keeper_outbox(rig->keeper), l->heard, &seq, &bytes, &length) == ROAD_OK) {
        CHECK_STATUS(cose_peek(bytes, length, &kid, &payload, &payload_length), ROAD_OK);
        CHECK_STATUS(change_decode(payload, payload_length, &change, NULL), ROAD_OK);
        hear_change(l, &change);
        change_done(&change);
        l->heard = seq;
    }
}

static int code_of(const struct listener *l, uint64_t id)
{
    for (size_t i = 0; i < l->n_squares; i++)
        if (l->squares[i].id == id)
            return l->squares[i].code;
    return CODE_GREY;
}

/* Squares of another code, and defects of another state, as one listener knows them and the other. */
static int differences(const struct listener *a, const struct listener *b)
{
    int n = 0;

    for (size_t i = 0; i < a->n_squares; i++)
        n += a->squares[i].code != code_of(b, a->squares[i].id);
    for (size_t i = 0; i < b->n_squares; i++)
        n += b->squares[i].code != code_of(a, b->squares[i].id);
    for (size_t i = 0; i < a->n_defects; i++) {
        enum defect_state state = DEFECT_DROPPED;
        for (size_t k = 0; k < b->n_defects; k++)
            if (defect_id_compare(&a->defects[i].id, &b->defects[k].id) == 0)
                state = b->defects[k].state;
        n += a->defects[i].state != state;
    }
    return n;
}

static int count_code(const struct listener *l, int code)
{
    int n = 0;

    for (size_t i = 0; i < l->n_squares; i++)
        n += l->squares[i].code == code;
    return n;
}

static struct gateway_rules rules_of(const char *text)
{
    struct gateway_rules rules;
    char error[CONFIG_ERROR_SIZE] = "";

    CHECK_STATUS(rules_parse(text, &rules, error), ROAD_OK);
    CHECK_STR(error, "");
    return rules;
}

static void open_by(struct rig *rig, const struct gateway_rules *rules)
{
    keeper_close(rig->keeper);
    rig->config.rules = rules;
    rig->config.opened_ns = rig->now_ns;
    rig->config.beliefs.rules = rules->code;
    rig->config.beliefs.odds = &rules->evidence;
    rig->config.beliefs.feature_passes = (unsigned)rules->evidence.feature_passes;
    rig_open_keeper(rig);
}

/* Six drives of three nodes over a hole and a bump. */
static void take_six(struct rig *rig)
{
    static struct drive drive;
    static struct letter letter;

    for (uint64_t i = 0; i < 6; i++) {
        rig_drive(&drive, i / 3 + 1, DAY0_NS + (int64_t)i * 7200 * SECOND_NS, GNSS_RTK, 0.05);
        drive_feature(&drive, FEATURE_SPEED_BUMP, DAY0_NS + (int64_t)i * 7200 * SECOND_NS, 50, 40, 0.05, 9, 90);
        seal_from(rig, (unsigned)(i % 3), &drive.batch, &letter);
        CHECK_STATUS(rig_take(rig, &letter, 1), ROAD_OK);
    }
}

/* Roughness of 2 m/km is D by the second rules, A by the first: a whole street turns red and back. */
#define STRICT "rules_version = 2\nrqi_floors_arterial = 4.97 4.9 4.8\n"

static void check_change(const char *from, const char *to)
{
    static struct listener l, fresh;
    const struct gateway_rules first = rules_of(from), second = rules_of(to);
    struct rig rig, other;

    memset(&l, 0, sizeof l);
    memset(&fresh, 0, sizeof fresh);
    rig_open(&rig);
    open_by(&rig, &first);
    take_six(&rig);
    hear(&l, &rig);
    CHECK_INT(l.rules_statements, 1); /* at its first start */
    const int red = count_code(&l, CODE_RED);
    open_by(&rig, &second);
    hear(&l, &rig);
    CHECK_INT(l.rules_statements, 2);
    CHECK_INT(l.last.version, second.version);
    CHECK(l.last.has_before);
    CHECK_INT(l.last.time_ns, rig.now_ns);
    CHECK(count_code(&l, CODE_RED) != red);
    rig_open(&other);
    open_by(&other, &second);
    take_six(&other);
    hear(&fresh, &other);
    CHECK_INT(differences(&l, &fresh), 0);
    rig_close(&other);
    const uint64_t heard = l.heard;
    open_by(&rig, &second); /* the same again: nothing to say */
    hear(&l, &rig);
    CHECK_INT(l.heard, heard);
    rig_close(&rig);
}

FACT(stricter_rules_are_told_as_if_they_had_always_been)
{
    check_change("rules_version = 1\n", STRICT);
}

FACT(milder_rules_take_back_what_was_told)
{
    check_change(STRICT, "rules_version = 3\n");
}

/* A sense that hardly tells: the hole is confirmed no more, and what was green is too thinly covered. */
FACT(weaker_evidence_takes_back_defects_and_coverage)
{
    check_change("rules_version = 1\n", "rules_version = 4\nmotion_rtk = 0.011 0.011 0.01\n");
}

FACT(stronger_evidence_confirms_what_was_only_suspected)
{
    check_change("rules_version = 4\nmotion_rtk = 0.6 0.011 0.01\n", "rules_version = 5\n");
}

FACT(the_record_holds_the_rules_their_hash_and_the_one_before)
{
    static struct listener l;
    const struct gateway_rules first = rules_of("rules_version = 1\n"), second = rules_of(STRICT);
    uint8_t hash[SHA256_SIZE];
    struct gateway_rules said;
    struct rig rig;

    memset(&l, 0, sizeof l);
    rig_open(&rig);
    open_by(&rig, &first);
    hear(&l, &rig);
    CHECK(!l.last.has_before);
    open_by(&rig, &second);
    hear(&l, &rig);
    rules_hash(&second, hash);
    CHECK(memcmp(l.last.hash, hash, SHA256_SIZE) == 0);
    rules_hash(&first, hash);
    CHECK(l.last.has_before && memcmp(l.last.before, hash, SHA256_SIZE) == 0);
    said = rules_of(l.text);
    CHECK_NEAR(said.code.rqi_floor[ROAD_ARTERIAL][2], 4.8, 0);
    rig_close(&rig);
}

FACT(defects_that_stand_as_before_are_no_news)
{
    static struct listener l;
    const struct gateway_rules first = rules_of("rules_version = 1\n"), second = rules_of("rules_version = 2\nrules_about = new words\n");
    struct rig rig;

    memset(&l, 0, sizeof l);
    rig_open(&rig);
    open_by(&rig, &first);
    take_six(&rig);
    hear(&l, &rig);
    memset(l.defects, 0, sizeof l.defects);
    l.n_defects = 0;
    open_by(&rig, &second);
    hear(&l, &rig);
    CHECK_INT(l.n_defects, 0);
    CHECK_INT(l.rules_statements, 2); /* but the rules are */
    rig_close(&rig);
}

int main(int argc, char **argv)
{
    return check_main(argc, argv);
}
