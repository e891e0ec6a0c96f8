/* fuzz_ledger.c - what a verifier reads from strangers: heads, keys, proofs, tile names, bundles, entries,
 * statements. The first byte says as what the rest is read. What is taken must come out of the writer as it
 * was. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "server/ledger/envelope.h"
#include "server/ledger/key_event.h"
#include "server/ledger/proof.h"
#include "server/ledger/spoken.h"

static void read_head(const char *text, size_t length)
{
    static const char vkey[] =
        "roads.example/district-07+748fd26b+AZsfhHkc/HZjBFhU04netcqVRJ2HXydqg4QLBgqznPxx";
    struct checkpoint head;
    struct note_key key;

    if (checkpoint_parse(text, length, &head) == ROAD_OK && note_key_parse(vkey, &key) == ROAD_OK)
        (void)checkpoint_check(text, length, &key, NULL);
}

static void read_proof(const char *text, size_t length)
{
    static const char vkey[] =
        "roads.example/district-07+748fd26b+AZsfhHkc/HZjBFhU04netcqVRJ2HXydqg4QLBgqznPxx";
    struct note_key key;
    struct proof proof;

    if (proof_parse(text, length, &proof) == ROAD_OK && note_key_parse(vkey, &key) == ROAD_OK)
        (void)proof_check(&proof, &key, "entry", 5);
}

static void read_vkey(const char *text)
{
    struct note_key key;
    char again[NOTE_KEY_TEXT_SIZE];

    if (note_key_parse(text, &key) == ROAD_OK)
        assert(strcmp(note_key_format(&key, again), text) == 0);
}

static void read_tile_name(const char *text)
{
    struct tile tile;
    char again[TILE_PATH_SIZE];

    if (tile_path_parse(text, &tile) == ROAD_OK)
        assert(strcmp(tile_path_format(tile, again), text) == 0);
}

static void read_entry(const uint8_t *data, size_t length)
{
    static uint8_t said[ENVELOPE_SAID_MAX];
    static char again[ENTRY_MAX + 1];
    struct envelope envelope;
    size_t again_length;

    if (envelope_parse(data, length, said, &envelope))
        return;
    assert(envelope_format(&envelope, again, sizeof again, &again_length) == ROAD_OK);
    assert(again_length == length && memcmp(again, data, length) == 0);
}

static void read_bundle(const uint8_t *data, size_t length)
{
    const uint8_t *entry;
    size_t entry_length, offset = 0;

    while (bundle_next(data, length, &offset, &entry, &entry_length) == ROAD_OK)
        assert(entry >= data && entry + entry_length <= data + length);
}

static void read_said(const uint8_t *data, size_t length)
{
    struct key_event event;

    (void)key_event_parse(data, length, &event);
    (void)spoken_check("defect", "defect/1.0102030405060708.1.0", data, length);
    (void)spoken_check("change-digest", "tile/1", data, length);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    char *text = malloc(size); /* the rest, with a NUL behind */
    if (!text)
        return 0;
    memcpy(text, data + 1, size - 1);
    text[size - 1] = '\0';
    switch (data[0] % 7) {
    case 0:
        read_head(text, size - 1);
        break;
    case 1:
        read_proof(text, size - 1);
        break;
    case 2:
        read_vkey(text);
        break;
    case 3:
        read_tile_name(text);
        break;
    case 4:
        read_entry((const uint8_t *)text, size - 1);
        break;
    case 5:
        read_bundle((const uint8_t *)text, size - 1);
        break;
    default:
        read_said((const uint8_t *)text, size - 1);
        break;
    }
    free(text);
    return 0;
}
