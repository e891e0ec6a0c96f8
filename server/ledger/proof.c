#include "server/ledger/proof.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define MAGIC            "c2sp.org/tlog-proof@v1\n"
#define HASH_TEXT_LENGTH 44
#define EXTRA_MAX        4096

bool proof_is_one(const char *text, size_t length)
{
    return length >= strlen(MAGIC) && memcmp(text, MAGIC, strlen(MAGIC)) == 0;
}

size_t proof_format(uint64_t index, const struct tree_proof *path, const char *note, char *ret_text)
{
    char hash[64];
    size_t used = (size_t)snprintf(ret_text, PROOF_TEXT_SIZE, MAGIC "index %" PRIu64 "\n", index);

    for (size_t i = 0; i < path->n; i++) {
        base64_encode(path->hashes[i].bytes, TREE_HASH_SIZE, hash, sizeof hash);
        used += (size_t)snprintf(ret_text + used, PROOF_TEXT_SIZE - used, "%s\n", hash);
    }
    used += (size_t)snprintf(ret_text + used, PROOF_TEXT_SIZE - used, "\n%s", note);
    return used;
}

static bool next_line(const char **text, const char *end, const char **ret_line, size_t *ret_length)
{
    const char *newline = memchr(*text, '\n', (size_t)(end - *text));

    if (!newline)
        return false;
    *ret_line = *text;
    *ret_length = (size_t)(newline - *text);
    *text = newline + 1;
    return true;
}

static bool read_index(const char *line, size_t length, uint64_t *ret_index)
{
    static const char word[] = "index ";
    char again[32];

    if (length <= strlen(word) || length >= sizeof again || memcmp(line, word, strlen(word)) != 0)
        return false;
    *ret_index = 0;
    for (size_t i = strlen(word); i < length; i++) {
        if (line[i] < '0' || line[i] > '9' || *ret_index > UINT64_MAX / 10 - 1)
            return false;
        *ret_index = *ret_index * 10 + (uint64_t)(line[i] - '0');
    }
    snprintf(again, sizeof again, "index %" PRIu64, *ret_index); /* no leading zeros */
    return strlen(again) == length;
}

/* Hashes up to the blank line. */
static bool read_path(const char **text, const char *end, struct tree_proof *path)
{
    const char *line;
    size_t length, got;

    for (path->n = 0; next_line(text, end, &line, &length); path->n++) {
        if (length == 0)
            return true;
        if (path->n == TREE_PROOF_MAX - 1 || length != HASH_TEXT_LENGTH ||
            base64_decode(line, length, path->hashes[path->n].bytes, TREE_HASH_SIZE, &got) ||
            got != TREE_HASH_SIZE)
            return false;
    }
    return false;
}

enum road_status proof_parse(const char *text, size_t length, struct proof *ret_proof)
{
    const char *const end = text + length, *line;
    struct proof proof = {.index = 0};
    size_t line_length;

    if (length >= PROOF_TEXT_SIZE + EXTRA_MAX)
        return ROAD_TOO_LARGE;
    if (!proof_is_one(text, length))
        return ROAD_BAD_INPUT;
    text += strlen(MAGIC);
    if (!next_line(&text, end, &line, &line_length))
        return ROAD_BAD_INPUT;
    if (line_length > 6 && memcmp(line, "extra ", 6) == 0 && !next_line(&text, end, &line, &line_length))
        return ROAD_BAD_INPUT;
    if (!read_index(line, line_length, &proof.index) || !read_path(&text, end, &proof.path))
        return ROAD_BAD_INPUT;
    proof.note = text;
    proof.note_length = (size_t)(end - text);
    const enum road_status status = checkpoint_parse(proof.note, proof.note_length, &proof.head);
    if (!status)
        *ret_proof = proof;
    return status;
}

enum road_status proof_check(const struct proof *proof, const struct note_key *key, const void *entry,
                             size_t length)
{
    struct tree_hash leaf;

    if (strcmp(proof->head.origin, key->name) != 0)
        return ROAD_DENIED;
    if (checkpoint_check(proof->note, proof->note_length, key, NULL))
        return ROAD_BAD_SIGNATURE;
    tree_leaf_hash(entry, length, &leaf);
    return tree_inclusion_check(proof->index, proof->head.size, &leaf, &proof->path, &proof->head.root);
}
