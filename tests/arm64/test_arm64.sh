#!/usr/bin/env bash
# The sensing core built for arm64 and run under qemu-user: its tests hold, ids of squares are those of the native build, and
# so are the batches of simulated drives and of a recording, byte for byte.
#   test_arm64.sh BUILD_DIR DATA_DIR      ROAD_ARM64_LONG=1: whole drives and every recording instead of their first minutes
set -u
build=$1 data=${ROAD_DATA:-$2}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
failed=0

ok() { echo "ok $1"; }
bad() { # FACT WHY
    printf '  %s\nFAIL %s\n' "$2" "$1"
    failed=1
}

qemu=$(command -v qemu-aarch64-static || command -v qemu-aarch64) || qemu=
if [ -z "$qemu" ] || ! command -v aarch64-linux-gnu-gcc >/dev/null; then
    echo "skip arm64_gives_the_same: no aarch64-linux-gnu-gcc or no qemu-aarch64 here"
    exit 0
fi
if ! ninja -C "$build" -t query arm64 >/dev/null 2>&1; then
    echo "skip arm64_gives_the_same: no aarch64-linux-gnu-gcc was here when the build was configured"
    exit 0
fi
if ! cmake --build "$build" --target arm64 >"$folder/log" 2>&1; then
    bad the_core_builds_for_arm64 "$(grep -m3 -iE 'error|undefined' "$folder/log")"
    exit 1
fi
ok the_core_builds_for_arm64

# Under qemu a drive takes ten times as long, and test_exact's sweeps are against long double, which arm64 does in
# software (what counts there are the bits): of the slow ones one fact each, unless all are asked for.
hold() { # PROGRAM [PATTERN]
    local program=$1 pattern=${2:-}
    [ -n "${ROAD_ARM64_LONG:-}" ] && [ "$program" != test_exact ] && pattern=
    "$qemu" "$build/arm64/$program" $pattern >"$folder/log" 2>&1 && [ "$(grep -c '^ok ' "$folder/log")" -gt 0 ] &&
        ok "${program}_holds_on_arm64" || bad "${program}_holds_on_arm64" "$(grep -v '^ok ' "$folder/log" | head -5)"
}
hold test_exact every_machine
hold test_resample
hold test_orient
hold test_track
hold test_motion
hold test_node_core a_severe_detection
hold test_node_detections a_pothole_is_found

# Ids of squares, 1.4 million points of all zones: on x86-64 by AVX-512 where there is any, here by plain loops.
fact=cell_ids_are_the_same_on_arm64
"$build/bin/cell_digest" >"$folder/native" && "$qemu" "$build/arm64/cell_digest" >"$folder/arm64"
if [ "$(wc -l <"$folder/native")" -eq 240 ] && cmp -s "$folder/native" "$folder/arm64"; then
    ok "$fact"
else
    bad "$fact" "$(diff "$folder/native" "$folder/arm64" | head -4)"
fi

# compare FACT RECORDING...: the first minutes of each
compare() {
    local fact=$1 lines=0 seconds=(--seconds 100) recording
    shift
    [ -n "${ROAD_ARM64_LONG:-}" ] && seconds=()
    for recording in "$@"; do
        if ! "$build/bin/tape_make" "$recording" "$folder/tape" "${seconds[@]}" 2>"$folder/log"; then
            bad "$fact" "$(head -1 "$folder/log")"
            return
        fi
        "$build/bin/tape_play" "$folder/tape" >"$folder/native"
        "$qemu" "$build/arm64/tape_play" "$folder/tape" >"$folder/arm64"
        if ! cmp -s "$folder/native" "$folder/arm64"; then
            bad "$fact" "$recording: $(diff "$folder/native" "$folder/arm64" | head -2 | cut -c1-160)"
            return
        fi
        lines=$((lines + $(grep -c '^batch ' "$folder/native")))
    done
    [ "$lines" -gt 3 ] && ok "$fact" || bad "$fact" "$lines batches: too few to compare anything"
}

"$build/bin/roadchief" simulate --out "$folder/simulated" --rounds 1 --seed 6 >/dev/null
simulated=("$folder"/simulated/*-1.csv)
[ -n "${ROAD_ARM64_LONG:-}" ] || simulated=("${simulated[0]}")
compare simulated_drives_give_the_same_batches_on_arm64 "${simulated[@]}"
recordings=("$data"/rsq-gyor-100hz/*/)
[ -n "${ROAD_ARM64_LONG:-}" ] || recordings=("$data/rsq-gyor-100hz/q3_02/")
if [ -d "${recordings[0]}" ]; then
    compare recordings_give_the_same_batches_on_arm64 "${recordings[@]}"
elif [ -n "${ROAD_REQUIRE_DATA:-}" ]; then
    bad recordings_give_the_same_batches_on_arm64 "no $data/rsq-gyor-100hz"
else
    echo "skip recordings_give_the_same_batches_on_arm64: no $data/rsq-gyor-100hz"
fi
exit $failed
