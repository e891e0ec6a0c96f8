/* Signed heads: the vectors of the ledger's reference page, made with another implementation. The log's key
 * there has two letters exchanged (BhF for BFh): its own id 748fd26b, its seed and its signature belong to
 * the one below. */
#include "server/ledger/note.h"
#include "tests/check.h"

#define LOG_VKEY     "roads.example/district-07+748fd26b+AZsfhHkc/HZjBFhU04netcqVRJ2HXydqg4QLBgqznPxx"
#define WITNESS_VKEY "witness.example/municipal+5f698277+BHo4r01n7Go88yTh/1kX4J4jFc5GPyznj6fcqxyBuoKX"
#define LOG_LINE                                                                                             \
    "\xe2\x80\x94 roads.example/district-07 "                                                                \
    "dI/SawQrvzr/K3v1KdcvQcL9ifIXZFwBGbj2efmW/91ATNkZjSY1dCIZo4kYUdmnKBJ2kcg6HhcKI7ml+byPyCDKCQU=\n"
#define WITNESS_LINE                                                                                         \
    "\xe2\x80\x94 witness.example/municipal "                                                                \
    "X2mCdwAAAABqGKUAvoKH+HXVNaQMGS2muYIsV6hRaYCKU/"                                                         \
    "lEXPAemPwIVAKG8fityF2YfQeqXeBlg7Rj+z8tY7tZ6AlKzW4KwVqRBA==\n"
/* Root of the eight known leaves, 5dc9da79…, in base64. */
#define BODY "roads.example/district-07\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n"

static const struct tree_hash root_of_8 = {{0x5d, 0xc9, 0xda, 0x79, 0xa7, 0x06, 0x59, 0xa9, 0xad, 0x55, 0x9c,
                                            0xb7, 0x01, 0xde, 0xd9, 0xa2, 0xab, 0x9d, 0x82, 0x3a, 0xad, 0x2f,
                                            0x49, 0x60, 0xcf, 0xe3, 0x70, 0xef, 0xf4, 0x60, 0x43, 0x28}};

static struct signer *log_signer(void)
{
    struct signer *signer = NULL;
    uint8_t seed[32];

    sha256("log", 3, seed);
    CHECK_STATUS(signer_from_seed(seed, &signer), ROAD_OK);
    return signer;
}

static struct note_key parse_key(const char *vkey)
{
    struct note_key key = {0};

    CHECK_STATUS(note_key_parse(vkey, &key), ROAD_OK);
    return key;
}

FACT(the_key_of_the_known_seed_has_the_known_vkey)
{
    struct signer *signer = log_signer();
    struct public_key public_key;
    struct note_key key;
    char text[NOTE_KEY_TEXT_SIZE];

    signer_public(signer, &public_key);
    CHECK_STATUS(note_key_init(&key, "roads.example/district-07", NOTE_KEY_ED25519, public_key.bytes),
                 ROAD_OK);
    CHECK_STR(note_key_format(&key, text), LOG_VKEY);
    signer_close(signer);
}

FACT(the_known_head_is_signed_with_the_known_line)
{
    struct signer *signer = log_signer();
    const struct note_key key = parse_key(LOG_VKEY);
    struct checkpoint head = {.size = 8, .root = root_of_8};
    char text[NOTE_SIZE];
    size_t length;

    strcpy(head.origin, "roads.example/district-07");
    CHECK_STATUS(checkpoint_sign(&head, &key, signer, text, sizeof text, &length), ROAD_OK);
    CHECK_STR(text, BODY "\n" LOG_LINE);
    CHECK_INT(length, strlen(text));
    CHECK_STATUS(checkpoint_sign(&head, &key, signer, text, 150, &length), ROAD_TOO_LARGE);
    signer_close(signer);
}

FACT(the_known_note_is_read_and_both_signatures_hold)
{
    static const char note[] = BODY "\n" LOG_LINE WITNESS_LINE;
    const struct note_key log_key = parse_key(LOG_VKEY), witness = parse_key(WITNESS_VKEY);
    struct checkpoint head;
    uint64_t time_s = 0;

    CHECK_STATUS(checkpoint_parse(note, strlen(note), &head), ROAD_OK);
    CHECK_STR(head.origin, "roads.example/district-07");
    CHECK_INT(head.size, 8);
    CHECK(tree_hash_is_equal(&head.root, &root_of_8));
    CHECK_STATUS(checkpoint_check(note, strlen(note), &log_key, NULL), ROAD_OK);
    CHECK_STATUS(checkpoint_check(note, strlen(note), &witness, &time_s), ROAD_OK);
    CHECK_INT(time_s, 1780000000);
}

FACT(a_note_without_the_key_s_line_is_not_signed_by_it)
{
    static const char note[] = BODY "\n" WITNESS_LINE;
    const struct note_key log_key = parse_key(LOG_VKEY);

    CHECK_STATUS(checkpoint_check(note, strlen(note), &log_key, NULL), ROAD_NOT_FOUND);
}

/* Every bit of every byte of a note with the log's line alone. */
FACT(no_flipped_bit_of_a_head_goes_unseen)
{
    static const char note[] = BODY "\n" LOG_LINE;
    const struct note_key log_key = parse_key(LOG_VKEY);
    char text[sizeof note];

    for (size_t i = 0; i < 8 * strlen(note); i++) {
        memcpy(text, note, sizeof note);
        text[i / 8] = (char)(text[i / 8] ^ 1 << i % 8);
        if (checkpoint_check(text, strlen(note), &log_key, NULL) == ROAD_OK)
            CHECK_FAILED("bit %zu of byte %zu", i % 8, i / 8);
    }
    for (size_t length = 0; length < strlen(note); length++)
        CHECK(checkpoint_check(note, length, &log_key, NULL) != ROAD_OK);
}

FACT(heads_written_in_another_way_are_refused)
{
    static const char *const notes[] = {
        "roads.example/district-07\n08\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n\n" LOG_LINE,
        "roads.example/district-07\n+8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n\n" LOG_LINE,
        "roads.example/district-07\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg\n\n" LOG_LINE,
        "roads.example/district-07\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyh=\n\n" LOG_LINE,
        "roads.example/district-07\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\nmore\n\n" LOG_LINE,
        "\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n\n" LOG_LINE,
        "roads.example/district-07\n20000000000000000000\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/"
        "RgQyg=\n\n" LOG_LINE,
        BODY LOG_LINE,
        BODY "\n",
        BODY "\n\n" LOG_LINE,
        BODY "\n" LOG_LINE "\n",
        BODY "\n- roads.example/district-07 dI/SawQr\n",
    };
    struct checkpoint head;

    for (size_t i = 0; i < sizeof notes / sizeof notes[0]; i++)
        if (checkpoint_parse(notes[i], strlen(notes[i]), &head) != ROAD_BAD_INPUT)
            CHECK_FAILED("note %zu was taken", i);
}

FACT(sixteen_lines_of_unknown_keys_are_ignored)
{
    const struct note_key log_key = parse_key(LOG_VKEY);
    char note[NOTE_SIZE] = BODY "\n";

    for (int i = 0; i < 16; i++)
        strcat(note, "\xe2\x80\x94 somebody.example AAAAAAAAAAAA\n");
    CHECK_STATUS(checkpoint_check(note, strlen(note), &log_key, NULL), ROAD_NOT_FOUND);
    strcat(note, LOG_LINE);
    CHECK_STATUS(checkpoint_check(note, strlen(note), &log_key, NULL), ROAD_OK);
}

FACT(vkeys_that_do_not_hang_together_are_refused)
{
    static const char *const keys[] = {
        "",
        "+",
        "a+b+c",
        "roads.example/district-07",
        "roads.example/district-07+748fd26c+AZsfhHkc/HZjBFhU04netcqVRJ2HXydqg4QLBgqznPxx",
        "roads.example/district-08+748fd26b+AZsfhHkc/HZjBFhU04netcqVRJ2HXydqg4QLBgqznPxx",
        "roads.example/district-07+748fd26b+AZsfhHkc/HZjBFhU04netcqVRJ2HXydqg4QLBgqznPxy",
        "roads.example/district-07+748FD26B+AZsfhHkc/HZjBFhU04netcqVRJ2HXydqg4QLBgqznPxx",
        "roads.example/district-07+748fd26b+AZsfhHkc/HZjBFhU04netcqVRJ2HXydqg4QLBgqznPx",
        "roads example+748fd26b+AZsfhHkc/HZjBFhU04netcqVRJ2HXydqg4QLBgqznPxx"};
    struct note_key key;

    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        if (note_key_parse(keys[i], &key) == ROAD_OK)
            CHECK_FAILED("\"%s\" was taken", keys[i]);
}

int main(int argc, char **argv)
{
    return check_main(argc, argv);
}
