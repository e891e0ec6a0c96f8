#!/usr/bin/env bash
# `roadchief evaluate cmu` and `evaluate rsq` on folders made up here, whose scores a person can work out.
#   test_verbs.sh ROADCHIEF [PATTERN]
set -u
roadchief=$1 pattern=${2:-}
failed=0
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# fact NAME CONDITION...: the condition is a command
fact() {
    local name=$1
    shift
    [[ "$name" == *"$pattern"* ]] || return 0
    if "$@"; then
        echo "ok $name"
    else
        echo "  failed: $*"
        tail -n 30 "$tmp"/*.out | sed 's/^/    /'
        echo "FAIL $name"
        failed=1
    fi
}

# drive NAME START_S KICK_S...: two minutes at 10 m/s eastwards at 5 Hz, a kick at each second given
drive() {
    local name=$1 start=$2
    shift 2
    awk -v start="$start" -v kicks="$*" 'BEGIN {
        n = split(kicks, at, " ")
        print "timestamp,latitude,longitude,speed,accelerometerX,accelerometerY,accelerometerZ,gyroX,gyroY,gyroZ"
        for (i = 0; i < 600; i++) {
            t = i * 0.2; up = -0.97 + 0.03 * ((i * 7) % 5 - 2) / 2; s = int(t)
            for (k = 1; k <= n; k++) if (t > at[k] - 0.1 && t < at[k] + 0.1) up += 0.9
            printf "%.1f,40.4500000,%.7f,10.0,%.4f,%.4f,%.4f,0.0%d,0.0%d,0.0%d\n", start + t,
                -79.95 + s * 10 / 84700, 0.02 + 0.01 * (i % 3), up, 0.2 + 0.01 * (i % 4), i % 3, i % 4, i % 5
        }
    }' >"$tmp/cmu/events/${name}_sensors.csv"
}
presses() {
    local name=$1
    shift
    { echo timestamp; for t in "$@"; do echo "$t"; done; } >"$tmp/cmu/events/${name}_potholes.csv"
}

mkdir -p "$tmp/cmu/events"
drive a 1500000000.0 20 50 80
drive b 1500086400.0 20 50 80 100
drive c 1500172800.0 20 50
evaluate() { "$roadchief" evaluate "$@" >"$tmp/$1.out" 2>"$tmp/$1.err"; }

evaluate cmu --data "$tmp/cmu" --predictions "$tmp/before.csv"
fact without_labels_it_predicts_and_says_so grep -q "predicted, not scored" "$tmp/cmu.out"
fact a_row_for_each_detection test "$(wc -l <"$tmp/before.csv")" = 10
fact the_header_is_the_contract test "$(head -1 "$tmp/before.csv")" = "drive,time_s,lat_deg,lon_deg,confidence"
fact time_is_the_files_own grep -q "^a,1500000020.000,40.4[45]" "$tmp/before.csv"

presses a 1500000020.4 1500000050.4 1500000080.4
presses b 1500086420.4 1500086450.4 1500086480.4
presses c 1500172820.4 1500172850.4 1500172890.4
evaluate cmu --data "$tmp/cmu" --predictions "$tmp/after.csv"
fact labels_change_no_prediction cmp -s "$tmp/before.csv" "$tmp/after.csv"
# 8 pairs of 9 predictions and 9 presses
fact single_passes_are_scored_one_to_one grep -q "single pass, all labelled drives *F1 0.889.*(8 of 9 predicted, 9 true)" "$tmp/cmu.out"
# the sites at 20, 50, 80 and 90 s; three passes saw 20, 50, two saw 80, one saw 100
fact passes_of_a_loop_are_fused grep -q "3 passes fused, 1 way to choose .*4 true" "$tmp/cmu.out"
mkdir -p "$tmp/far"
cp "$tmp/cmu/events/"* "$tmp/far"
sed 's/,40\.45/,40.55/' "$tmp/far/c_sensors.csv" >"$tmp/far/d_sensors.csv"
cp "$tmp/far/c_potholes.csv" "$tmp/far/d_potholes.csv"
evaluate cmu --data "$tmp/far"
fact a_drive_elsewhere_is_no_pass_of_the_loop grep -q "a loop of 3 passes" "$tmp/cmu.out"
evaluate cmu --data "$tmp/cmu" --json
fact scores_come_as_json grep -qE '^\{"set":"cmu","drives":3,"single":\{"f1":0.8889,.*"fused_3_passes":\{"f1":.*\}\}$' "$tmp/cmu.out"

sed -i '100s/.*/1500000019.6,40.45,-79.95,10.0,0.02,none,0.2,0,0,0/' "$tmp/cmu/events/a_sensors.csv"
echo "soon" >>"$tmp/cmu/events/a_potholes.csv"
evaluate cmu --data "$tmp/cmu"
fact bad_rows_are_counted_and_said grep -q "3 drives read, 0 could not be; .* rows, 2 refused" "$tmp/cmu.out"
"$roadchief" evaluate cmu --data "$tmp/nothing" >"$tmp/none.out" 2>&1
fact a_folder_that_is_not_there_is_an_error test $? = 1

# ride NAME AMPLITUDE: 70 s at 12 m/s and 100 Hz, the body swings with 3 Hz
ride() {
    mkdir -p "$tmp/rsq/$1"
    awk -v a="$2" 'BEGIN {
        print "\"Time (s)\",\"X (m/s^2)\",\"Y (m/s^2)\",\"Z (m/s^2)\""
        for (i = 0; i < 7000; i++) printf "%.4f,%.4f,%.4f,%.4f\n", i / 100, 0.1 * (i % 3 - 1), 0.1 * (i % 5 - 2), 9.81 + a * sin(i * 0.1885)
    }' >"$tmp/rsq/$1/Accelerometer.csv"
    awk 'BEGIN {
        print "\"Time (s)\",\"Latitude (°)\",\"Longitude (°)\",\"Height (m)\",\"Velocity (m/s)\",\"Direction (°)\",\"Horizontal Accuracy (m)\",\"Vertical Accuracy (°)\""
        for (i = 0; i <= 70; i++) printf "%.2f,47.68,%.7f,116,%.1f,90,5,5\n", i, 17.65 + i * 12 / 75000, 12
    }' >"$tmp/rsq/$1/Location.csv"
}
ride q1_made 0.2
ride q2_made 0.6
ride q3_made 1.4
ride new 0.6
evaluate rsq --data "$tmp/rsq" --predictions "$tmp/rsq.csv"
fact every_window_of_a_made_up_ride_is_rated_right grep -q "^accuracy 1.000" "$tmp/rsq.out"
fact and_ordered_right grep -q "^mean_pairwise_auc 1.000" "$tmp/rsq.out"
fact the_header_of_rsq_is_the_contract test "$(head -1 "$tmp/rsq.csv")" = "drive,start_s,index"
fact a_ride_that_nobody_rated_is_predicted_too grep -q "^new,[0-9.]*,[0-9.]*$" "$tmp/rsq.csv"
# 0.6 / sqrt(2) / (0.0106 * 9.80665 * sqrt(12 / 11.11)) = 3.93
fact the_index_is_what_a_hand_calculation_gives grep -qE "^new,[0-9.]*,3\.(8|9)" "$tmp/rsq.csv"
rm -r "$tmp"/rsq/q?_made
evaluate rsq --data "$tmp/rsq"
fact without_ratings_it_predicts_and_says_so grep -q "predicted, not scored" "$tmp/rsq.out"

# The recordings: what the evidence says holds on this machine, too.
data=${ROAD_DATA:-$(dirname "$0")/../../../shared/data}
at_least() { awk -v got="$1" -v want="$2" 'BEGIN { exit !(got + 0 >= want) }'; }
number() { grep -o "\"$1\":[^,}]*\({\"f1\":[^,]*\)\?" "$tmp/$2.out" | head -1 | sed 's/.*://'; }
recorded() {
    local name=$1 set=$2 folder=$3 key=$4 want=$5
    [[ "$name" == *"$pattern"* ]] || return 0
    if [ -d "$data/$folder" ]; then
        evaluate "$set" --data "$data/$folder" --json
        fact "$name" at_least "$(number "$key" "$set")" "$want"
    elif [ "${ROAD_REQUIRE_DATA:-}" = 1 ]; then
        echo "FAIL $name"
        failed=1
    else
        echo "skip $name: no $data/$folder"
    fi
}
recorded recorded_single_passes_keep_their_score cmu cmu-pothole-pittsburgh single 0.60
recorded recorded_passes_of_a_loop_keep_their_score cmu cmu-pothole-pittsburgh fused_3_passes 0.77
recorded rated_drives_keep_their_accuracy rsq rsq-gyor-100hz accuracy 0.94
recorded rated_drives_keep_their_order rsq rsq-gyor-100hz mean_pairwise_auc 0.99
exit $failed
