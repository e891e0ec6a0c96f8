/* line.h - a line that grows into the caller's array and counts what it would have liked to write. Inner header of the
 * room. */
#ifndef GRID_LINE_H
#define GRID_LINE_H

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

struct line {
    char *text;
    size_t capacity, length;
};

__attribute__((format(printf, 2, 3))) static inline void line_add(struct line *line, const char *format, ...)
{
    const size_t room = line->length < line->capacity ? line->capacity - line->length : 0;
    va_list arguments;

    va_start(arguments, format);
    const int n = vsnprintf(room ? line->text + line->length : NULL, room, format, arguments);
    va_end(arguments);
    if (n > 0)
        line->length += (size_t)n;
}

#endif
