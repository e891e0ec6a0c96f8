#include "server/ledger/testimony.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/ledger/spoken.h"

enum road_status verify_fail(struct verify_report *report, enum road_status status, int64_t index,
                             const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(report->reason, sizeof report->reason, format, args);
    va_end(args);
    report->bad_index = index;
    return status;
}

enum road_status testimony_start(struct testimony *t, const struct note_key *log_key)
{
    struct public_key public_key;

    note_key_public(log_key, &public_key);
    t->log_kid = kid_of(&public_key);
    return verifier_open(&public_key, &t->log_verifier);
}

void testimony_done(struct testimony *t)
{
    for (size_t i = 0; i < t->n_speakers; i++)
        verifier_close(t->speakers[i].verifier);
    verifier_close(t->log_verifier);
    digest_map_done(&t->subjects);
    digest_map_done(&t->kids);
    free(t->speakers);
}

static struct tree_hash digest_of(const void *data, size_t length)
{
    struct tree_hash digest;

    sha256(data, length, digest.bytes);
    return digest;
}

static enum road_status check_chain(struct testimony *t, const struct envelope *e,
                                    const struct tree_hash *leaf)
{
    const int64_t index = t->index;
    const struct tree_hash key = digest_of(e->subject, strlen(e->subject));
    struct digest_row *row = digest_map_find(&t->subjects, &key);

    if (e->has_prev != (row != NULL))
        return verify_fail(t->report, ROAD_BAD_SIGNATURE, index,
                           row ? "the entry before about %s is not named"
                               : "names an entry before about %s, but there is none",
                           e->subject);
    if (row && (row->number != e->prev_index || !tree_hash_is_equal(&row->hash, &e->prev_leaf)))
        return verify_fail(t->report, ROAD_BAD_SIGNATURE, index,
                           "names entry %" PRIu64 " before about %s; it was %" PRIu64, e->prev_index,
                           e->subject, row->number);
    if (!row && !(row = digest_map_put(&t->subjects, &key)))
        return verify_fail(t->report, ROAD_NO_MEMORY, index, "out of memory");
    row->number = (uint64_t)index;
    row->hash = *leaf;
    return ROAD_OK;
}

static enum road_status add_speaker(struct testimony *t, const struct key_event *event, struct kid kid)
{
    const int64_t index = t->index;
    const struct tree_hash key = digest_of(kid.bytes, KID_SIZE);
    struct digest_row *row = digest_map_put(&t->kids, &key);
    struct speaker *grown = realloc(t->speakers, (t->n_speakers + 1) * sizeof *grown);

    if (grown)
        t->speakers = grown;
    if (!row || !grown)
        return verify_fail(t->report, ROAD_NO_MEMORY, index, "out of memory");
    if (row->number != 0)
        return verify_fail(t->report, ROAD_EXISTS, index, "the key of %s is registered twice", event->name);
    struct speaker *speaker = &t->speakers[t->n_speakers];
    if (verifier_open(&event->key, &speaker->verifier))
        return verify_fail(t->report, ROAD_BAD_INPUT, index, "the key of %s is not a key", event->name);
    memcpy(speaker->role, event->role, sizeof speaker->role);
    row->number = ++t->n_speakers; /* 0 means none */
    t->report->keys = t->n_speakers;
    return ROAD_OK;
}

/* A registration: its subject must be the key itself, and with a registry only what stands there may come. */
static enum road_status check_key_event(struct testimony *t, const struct envelope *e, const uint8_t *payload,
                                        size_t length)
{
    const int64_t index = t->index;
    struct key_event event;
    char subject[ENVELOPE_SUBJECT_SIZE], kid_text[KID_TEXT_SIZE];

    if (key_event_parse(payload, length, &event))
        return verify_fail(t->report, ROAD_BAD_INPUT, index, "the registration of a key cannot be read");
    const struct kid kid = kid_of(&event.key);
    snprintf(subject, sizeof subject, "key/%s", kid_format(kid, kid_text));
    if (strcmp(e->subject, subject) != 0)
        return verify_fail(t->report, ROAD_BAD_SIGNATURE, index, "%s is about %s", e->subject, subject);
    if (t->registry && strcmp(event.role, "log") != 0 && !registry_by_kid(t->registry, kid))
        return verify_fail(t->report, ROAD_UNKNOWN_KEY, index, "the key of %s is not in the registry",
                           event.name);
    return add_speaker(t, &event, kid);
}

/* A verdict is a department's word, which the operator took and sealed with the log's key. */
static bool is_operators(const char *kind)
{
    return strcmp(kind, "key") == 0 || strcmp(kind, "operator") == 0 || strcmp(kind, "config") == 0 ||
           strcmp(kind, "verdict") == 0;
}

static bool has_checked_payload(const char *kind)
{
    return !is_operators(kind) || strcmp(kind, "verdict") == 0;
}

/* Who may say what: the operator's kinds by the log's key, a gateway's by a registered gateway. */
static enum road_status check_speaker(struct testimony *t, const struct envelope *e, struct kid kid,
                                      struct verifier **ret_verifier)
{
    const int64_t index = t->index;
    const struct tree_hash key = digest_of(kid.bytes, KID_SIZE);
    char text[KID_TEXT_SIZE];

    if (is_operators(e->kind)) {
        if (kid_compare(kid, t->log_kid) != 0)
            return verify_fail(t->report, ROAD_DENIED, index, "an entry of kind %s is not by the log's key",
                               e->kind);
        *ret_verifier = t->log_verifier;
        return ROAD_OK;
    }
    const struct digest_row *row = digest_map_find(&t->kids, &key);
    if (!row)
        return verify_fail(t->report, ROAD_UNKNOWN_KEY, index, "said by key %s, which is not registered",
                           kid_format(kid, text));
    const struct speaker *speaker = &t->speakers[row->number - 1];
    if (strcmp(speaker->role, "gateway") != 0)
        return verify_fail(t->report, ROAD_DENIED, index, "an entry of kind %s is by a %s", e->kind,
                           speaker->role);
    *ret_verifier = speaker->verifier;
    return ROAD_OK;
}

static enum road_status check_said(struct testimony *t, const struct envelope *e)
{
    const int64_t index = t->index;
    const uint8_t *payload;
    struct verifier *verifier = NULL;
    struct kid kid;
    size_t length;

    if (cose_peek(e->said, e->said_length, &kid, &payload, &length))
        return verify_fail(t->report, ROAD_BAD_INPUT, index, "what was said is not a COSE_Sign1");
    enum road_status status = check_speaker(t, e, kid, &verifier);
    if (status)
        return status;
    if (cose_open(verifier, e->said, e->said_length, &payload, &length))
        return verify_fail(t->report, ROAD_BAD_SIGNATURE, index, "the speaker's signature does not hold");
    t->report->statements++;
    if (strcmp(e->kind, "key") == 0)
        return check_key_event(t, e, payload, length);
    if (has_checked_payload(e->kind) && spoken_check(e->kind, e->subject, payload, length))
        return verify_fail(t->report, ROAD_BAD_INPUT, index, "what was said is not about %s", e->subject);
    return ROAD_OK;
}

enum road_status testimony_check(struct testimony *t, const uint8_t *entry, size_t length,
                                 const struct tree_hash *leaf, struct envelope *ret_envelope)
{
    enum road_status status = envelope_parse(entry, length, t->said, ret_envelope);

    if (status)
        return verify_fail(t->report, status, t->index, "not an entry: %s", road_status_sentence(status));
    if ((status = check_chain(t, ret_envelope, leaf)) == ROAD_OK)
        status = check_said(t, ret_envelope);
    if (!status)
        t->index++;
    return status;
}
