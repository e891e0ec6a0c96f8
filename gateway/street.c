/* street.c - road metres by code, each piece of road once: see piece.h. */
#include "gateway/beliefs.h"

/* Of the square of 16 m `off` squares across the way: north or south of a piece driven east or west, else east or west. */
static const struct piece *neighbour_of(const struct beliefs *beliefs, const struct block *block, unsigned number,
                                        int off)
{
    const bool is_column = number & 1;
    const int32_t column = block->column * 4 + piece_column(number / 4) + (is_column ? 0 : off);
    const int32_t row = block->row * 4 + piece_row(number / 4) + (is_column ? off : 0);

    if (column >> 2 != block->column || row >> 2 != block->row)
        block = evidence_block(&beliefs->evidence, column >> 2, row >> 2);
    return block ? pieces_find(&block->pieces, piece_square(column & 3, row & 3) * 4 + number % 4) : NULL;
}

static uint32_t metres_of(const struct beliefs *beliefs, const struct block *block, const struct piece *piece)
{
    const struct piece *below = neighbour_of(beliefs, block, piece->number, -1);
    const struct piece *above = neighbour_of(beliefs, block, piece->number, 1);
    const uint32_t traverses = piece->traverses - piece->crossings + (below ? below->traverses - below->crossings : 0) +
                               (above ? above->traverses : 0);

    return traverses ? piece->length_cm / traverses : 0;
}

void street_measure(struct beliefs *beliefs, struct block *block)
{
    const int window = block_window(&beliefs->evidence, block);
    uint64_t *const sums[] = {[CODE_GREY] = &beliefs->road.grey_cm, [CODE_GREEN] = &beliefs->road.green_cm,
                              [CODE_YELLOW] = &beliefs->road.yellow_cm, [CODE_RED] = &beliefs->road.red_cm};

    for (int code = CODE_GREY; code <= CODE_RED; code++) {
        *sums[code] -= block->road_cm[code];
        beliefs->road.covered_cm -= block->road_cm[code];
        block->road_cm[code] = 0;
    }
    for (unsigned i = 0; i < block->pieces.n; i++) {
        const struct piece *piece = &block->pieces.items[i];
        block->road_cm[piece_code(beliefs, piece, window)] += metres_of(beliefs, block, piece);
    }
    for (int code = CODE_GREY; code <= CODE_RED; code++) {
        *sums[code] += block->road_cm[code];
        beliefs->road.covered_cm += block->road_cm[code];
    }
}
