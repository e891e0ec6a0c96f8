/* morton.h - interleaving of metres east and north into 44 bits: see cell.h. Inner header of the room. */
#ifndef GRID_MORTON_H
#define GRID_MORTON_H

#include <stdint.h>

/* Bit b of a 20-bit number to bit 2b. */
static inline uint64_t morton_spread(uint64_t x)
{
    x = (x | x << 16) & 0x0000FFFF0000FFFF;
    x = (x | x << 8) & 0x00FF00FF00FF00FF;
    x = (x | x << 4) & 0x0F0F0F0F0F0F0F0F;
    x = (x | x << 2) & 0x3333333333333333;
    return (x | x << 1) & 0x5555555555555555;
}

/* And back: the even bits. */
static inline uint32_t morton_gather(uint64_t x)
{
    x &= 0x5555555555555555;
    x = (x | x >> 1) & 0x3333333333333333;
    x = (x | x >> 2) & 0x0F0F0F0F0F0F0F0F;
    x = (x | x >> 4) & 0x00FF00FF00FF00FF;
    x = (x | x >> 8) & 0x0000FFFF0000FFFF;
    return (uint32_t)(x | x >> 16);
}

/* column < 2^20, row < 2^24: the row's high 4 bits stand above the interleaved 20 and 20. */
static inline uint64_t morton_from_metres(uint64_t column, uint64_t row)
{
    return (row >> 20) << 40 | morton_spread(row & 0xFFFFF) << 1 | morton_spread(column);
}

#endif
