#!/usr/bin/env bash
# The grid's core needs libc and libm only, and of libc nothing that reads, writes, allocates or tells the time.
#   test_alone.sh LIBRARY [PATTERN]
set -u
library=$1 pattern=${2:-}
fact=the_core_asks_for_pure_functions_only
[[ "$fact" == *"$pattern"* ]] || exit 0
allowed='asinh|atan|atan2|atanh|ceil|cos|cosh|erfc|exp|fabs|floor|fmax|fmin|frexp|hypot|ldexp|llround|lround|sin|sincos|sinh|sqrt|tan'
allowed+='|memcpy|memset|memmove|strcmp|strlen|snprintf|vsnprintf|llabs'
# What compilers add: position-independent code, choice of vector set, stack guard, checked printf, sanitizers, coverage.
allowed+='|_GLOBAL_OFFSET_TABLE_|__cpu_indicator_init|__cpu_model|__stack_chk_fail|__v?snprintf_chk'
allowed+='|__(asan|ubsan|tsan|sanitizer|sancov|gcov|llvm).*|__start___.*|__stop___.*|__multi3|__divti3'

defined=$(nm --defined-only --extern-only "$library" 2>/dev/null | awk 'NF == 3 {print $3}' | sort -u)
wanted=$(nm --undefined-only "$library" 2>/dev/null | awk '$1 == "U" {print $2}' | sort -u)
others=$(comm -23 <(echo "$wanted") <(echo "$defined") | grep -vxE "$allowed")
if [ -n "$wanted" ] && [ -z "$others" ]; then
    echo "ok $fact"
else
    echo "  it also asks for:" $others
    echo "FAIL $fact"
    exit 1
fi
