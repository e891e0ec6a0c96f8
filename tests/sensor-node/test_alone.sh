#!/usr/bin/env bash
# The sensing core asks libm for nothing that machines round differently: exp, sin and their kin come from
# sensor-node/motion/exact.h. Nor does it read, write, print or tell the time; memory is taken when it is made.
#   test_alone.sh CORE_LIBRARY ROOM_LIBRARY...      the rooms are those that the core may call
set -u
library=$1
shift
fact=the_sensing_core_asks_for_exact_functions_only
allowed='ceilf?|copysignf?|fabsf?|floorf?|fmaxf?|fminf?|fmodf?|frexp|ldexp|llroundf?|lroundf?|remainder|roundf?|sqrtf?|truncf?'
allowed+='|memchr|memcmp|memcpy|memmove|memset|qsort|calloc|free|abort|__assert_fail'
# What compilers add: position-independent code, stack guard, sanitizers, coverage.
allowed+='|_GLOBAL_OFFSET_TABLE_|__stack_chk_fail|__(asan|ubsan|tsan|sanitizer|sancov|gcov|llvm).*|__start___.*|__stop___.*'

defined() { nm --defined-only --extern-only "$@" 2>/dev/null | awk 'NF == 3 {print $3}' | sort -u; }
wanted=$(nm --undefined-only "$library" 2>/dev/null | awk '$1 == "U" {print $2}' | sort -u)
others=$(comm -23 <(echo "$wanted") <(defined "$library" "$@") | grep -vxE "$allowed")
if [ -n "$wanted" ] && [ -z "$others" ]; then
    echo "ok $fact"
else
    echo "  it also asks for:" $others
    for name in $others; do
        nm -A --undefined-only "$library" | awk -v name="$name" '$NF == name {print "    " $1, name}'
    done
    echo "FAIL $fact"
    exit 1
fi
