#!/usr/bin/env bash
# simulate and evaluate sim as people type them.
#   test_sim.sh ROADCHIEF [PATTERN]
set -u
roadchief=$1 pattern=${2:-}
failed=0
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# fact NAME COMMAND...: the command succeeds
fact() {
    local name=$1
    shift
    [[ "$name" == *"$pattern"* ]] || return 0
    if "$@" >"$tmp/said" 2>&1; then
        echo "ok $name"
    else
        sed 's/^/    /' "$tmp/said" | head -20
        echo "FAIL $name"
        failed=1
    fi
}

small="--course --block 150 --vehicles 2 --quiet --start 1790000000"
make() { "$roadchief" simulate --out "$tmp/$1" --seed "$2" $small; }
same_files() { make again 1001 && diff -r "$tmp/a" "$tmp/again"; }
scores() { "$roadchief" evaluate sim --data "$tmp/a" --predictions "$tmp/p.csv" --json >"$tmp/a.json"; }
adds_up() { # what was crossed from the floor up is the truth's own count of potholes
    local want got
    want=$(awk -F, 'NR > 1 && $3 == "passing" && $13 == 5 && $16 >= 40 && ($8 >= 0.5 || $9 >= 0.5)' "$tmp/a/crossings.csv" | wc -l)
    got=$(grep -A2 '"type": "pothole"' "$tmp/a.json" | sed -n 's/.*"crossings": \([0-9]*\).*/\1/p' | head -1)
    echo "want $want got $got"
    [ "$want" -gt 0 ] && [ "$want" = "$got" ]
}
reads_no_labels() { # the same predictions without them, and it says so
    cp -r "$tmp/a" "$tmp/bare" && rm "$tmp/bare/crossings.csv" "$tmp/bare/truth.geojson"
    "$roadchief" evaluate sim --data "$tmp/bare" --predictions "$tmp/q.csv" 2>"$tmp/err" && cmp "$tmp/p.csv" "$tmp/q.csv" &&
        grep -q 'not scored' "$tmp/err"
}
together() {
    mkdir "$tmp/both" && mv "$tmp/a" "$tmp/b" "$tmp/both" && "$roadchief" evaluate sim --data "$tmp/both" | grep -q '^Seeds 1001, 1002: 2 vehicles, 4 drives'
}
refuses_nothing() { ! "$roadchief" evaluate sim --data "$tmp" 2>&1 && "$roadchief" evaluate sim --data "$tmp" 2>&1 | grep -q 'manifest.json'; }
refuses_numbers() { ! "$roadchief" simulate --out "$tmp/c" --vehicles 0 && ! "$roadchief" simulate --out "$tmp/c" --defects x; }

fact nothing_to_evaluate_is_said refuses_nothing
fact simulate_refuses_what_is_out_of_range refuses_numbers
fact a_course_is_made make a 1001
fact one_seed_gives_the_same_files same_files
fact another_course_is_made make b 1002
rm -rf "$tmp/again"
fact a_course_is_scored scores
fact crossings_add_up adds_up
fact predictions_do_not_depend_on_labels reads_no_labels
rm -rf "$tmp/bare"
fact folders_are_scored_together together
exit $failed
