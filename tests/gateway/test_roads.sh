#!/usr/bin/env bash
# `roadchief roads` as a user types it, and OpenStreetMap extracts against a count of their own.
#   test_roads.sh ROADCHIEF SHARED_DATA [PATTERN]
set -u
roadchief=$1 data=$2/osm-extracts pattern=${3:-}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
failed=0

state() { # NAME CONDITION…
    local name=$1
    shift
    [[ "$name" == *"$pattern"* ]] || return 0
    if "$@"; then echo "ok $name"; else echo "FAIL $name" && failed=1; fi
}
says() { grep -q -- "$1" "$2"; }

cat > "$tmp/map.geojson" <<'JSON'
{"type":"FeatureCollection","features":[
{"type":"Feature","properties":{"id":"w1","name":"Wulin Road","class":"arterial","lanes":4},"geometry":{"type":"LineString","coordinates":[[120.16,30.27],[120.16,30.2718]]}},
{"type":"Feature","properties":{"id":"w2","name":"Alley","class":"branch"},"geometry":{"type":"LineString","coordinates":[[120.17,30.27],[120.171,30.27]]}}]}
JSON
"$roadchief" roads --help > "$tmp/help"
state help_teaches says 'Try it' "$tmp/help"
"$roadchief" roads import "$tmp/map.geojson" --out "$tmp/net" > "$tmp/said"
state import_says_what_is_in_it says '^arterial  *1 ' "$tmp/said"
"$roadchief" roads show "$tmp/net" 'Wulin Road' --json > "$tmp/shown"
state show_finds_a_road_by_its_name says '"id":"w1".*"lanes":4.*"segments":2' "$tmp/shown"
"$roadchief" roads show "$tmp/net" --geojson > "$tmp/again.geojson"
"$roadchief" roads import "$tmp/again.geojson" --out "$tmp/net2" > "$tmp/said2"
state what_show_prints_can_be_imported_again cmp -s "$tmp/net" "$tmp/net2"
"$roadchief" roads cells "$tmp/net" w1 > "$tmp/cells"
# 199.5 m of 14 m
state cells_are_as_many_as_length_times_width awk 'END { exit !(NR - 1 > 2760 && NR - 1 < 2830) }' "$tmp/cells"
"$roadchief" roads locate "$tmp/net" 30.2709 120.16002 > "$tmp/located"
state locate_says_way_and_chainage says '^segment: 0' "$tmp/located"
"$roadchief" roads locate "$tmp/net" 30.28 120.16 > /dev/null 2> "$tmp/nothing"
state locate_says_where_no_road_is test $? -eq 1
"$roadchief" roads import "$tmp/net" --out "$tmp/net3" 2> "$tmp/refused"
state a_network_is_no_map test $? -eq 1
state without_a_command_it_is_a_usage_error test "$("$roadchief" roads > /dev/null 2>&1; echo $?)" -eq 2
state without_out_it_is_a_usage_error test "$("$roadchief" roads import "$tmp/map.geojson" 2> /dev/null; echo $?)" -eq 2
"$roadchief" roads show "$tmp/map.geojson" > /dev/null 2> "$tmp/refused"
state a_map_is_no_network says 'this is no road network' "$tmp/refused"

# The same extract counted by a program that knows nothing of ours: ways with a road's tag, and their haversine length.
count_osm() {
    gzip -dc "$1" | awk -F'"' '
        /<node / { for (i = 1; i < NF; i++) { if ($i ~ / id=$/) id = $(i+1); if ($i ~ / lat=$/) la = $(i+1); if ($i ~ / lon=$/) lo = $(i+1) } lat[id] = la; lon[id] = lo }
        /<way / { n = 0; road = 0; bad = 0 }
        /<nd ref=/ { ref[n++] = $2 }
        /<tag k="highway"/ { road = $4 ~ /^((motorway|trunk|primary|secondary|tertiary)(_link)?|residential|unclassified|living_street|service|road)$/ }
        /<tag k="service" v="(driveway|parking_aisle)"/ || /<tag k="area" v="yes"/ { bad = 1 }
        /<\/way>/ { if (road && !bad && n > 1) { ways++; for (i = 1; i < n; i++) { a = ref[i-1]; b = ref[i]; r = 3.14159265358979 / 180;
            h = sin((lat[b]-lat[a])*r/2)^2 + cos(lat[a]*r)*cos(lat[b]*r)*sin((lon[b]-lon[a])*r/2)^2; km += 2 * 6371.0088 * atan2(sqrt(h), sqrt(1-h)) } } n = 0 }
        END { printf "%d %.3f\n", ways, km }'
}

for extract in monaco moscow; do
    [[ "osm_${extract}_has_the_ways_and_kilometres_that_awk_counts" == *"$pattern"* ]] || continue
    if [ ! -r "$data/$extract.osm.gz" ]; then
        echo "skip osm_${extract}_has_the_ways_and_kilometres_that_awk_counts: $data is not there"
        [ "${ROAD_REQUIRE_DATA:-0}" = 1 ] && failed=1
    elif ! command -v osmium > /dev/null && ! command -v ogr2ogr > /dev/null; then
        echo "skip osm_${extract}_has_the_ways_and_kilometres_that_awk_counts: neither osmium nor ogr2ogr is installed"
    else
        "$roadchief" roads osm "$data/$extract.osm.gz" --out "$tmp/osm" > "$tmp/osm.said"
        read -r ways km < <(count_osm "$data/$extract.osm.gz")
        ours=$(awk '/^lines:/ { print $2 }' "$tmp/osm.said") ours_km=$(awk '/^all/ { print $3 }' "$tmp/osm.said")
        state "osm_${extract}_has_the_ways_and_kilometres_that_awk_counts" \
            awk -v a="$ways" -v b="$ours" -v x="$km" -v y="$ours_km" 'BEGIN { ok = a == b && x > 0 && y / x > 0.995 && y / x < 1.005; if (!ok) print "  awk:", a, x, "ours:", b, y; exit !ok }'
    fi
done
exit $failed
