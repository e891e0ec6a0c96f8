#!/usr/bin/env bash
# The daemon as a black box, without a broker: it starts, says so, tells its counters, stops cleanly, and refuses what
# it cannot work with. usage: test_daemon.sh PATH/roadchief-gateway
gateway=$1
dir=$(mktemp -d)
trap 'kill "$pid" 2>/dev/null; wait "$pid" 2>/dev/null; rm -rf "$dir"' EXIT
failed=0

state() { # NAME CONDITION…
    local name=$1
    shift
    if "$@"; then echo "ok $name"; else echo "FAIL $name" && failed=1; fi
}
says() { grep -q -- "$1" "$2"; }

cat > "$dir/gateway.conf" <<CONF
name = gw-1
district = 330103
data_dir = $dir
brokers = 127.0.0.1:9
key_file = $dir/key
registry = $dir/registry
CONF
: > "$dir/registry"

"$gateway" --help > "$dir/help"
state help_names_every_key says 'frame_de_mm' "$dir/help"
"$gateway" --config "$dir/gateway.conf" --check-config > "$dir/checked"
state check_config_prints_what_was_understood says '^district = 330103' "$dir/checked"
"$gateway" --print-rules > "$dir/rules"
state the_rules_are_printed_with_their_sources says 'CJJ 36-2016' "$dir/rules"
printf 'rules = %s/own.conf\n' "$dir" | cat "$dir/gateway.conf" - > "$dir/ruled.conf"
sed 's/^stale_cadences = .*/stale_cadences = 4/' "$dir/rules" > "$dir/own.conf"
"$gateway" --config "$dir/ruled.conf" --print-rules > "$dir/own"
state own_rules_are_taken says '^stale_cadences = 4' "$dir/own"
echo 'stale_cadences = 400' > "$dir/own.conf"
"$gateway" --config "$dir/ruled.conf" 2> "$dir/bad-rules"
state bad_rules_end_it test $? -eq 1
state and_their_line_is_named says 'own.conf:1: stale_cadences: 400 is out of range' "$dir/bad-rules"
"$gateway" 2> "$dir/no-config"
state without_a_config_it_exits_with_2 test $? -eq 2
"$gateway" --config "$dir/gateway.conf" 2> "$dir/no-key"
state without_a_key_it_does_not_start test $? -eq 1
state and_names_the_file says "$dir/key" "$dir/no-key"

(umask 077 && openssl genpkey -algorithm ed25519 -out "$dir/key" 2>/dev/null)
mkfifo "$dir/out"
"$gateway" --config "$dir/gateway.conf" > "$dir/out" 2> "$dir/log" &
pid=$!
read -r -t 20 ready < "$dir/out"
state ready_is_one_line_on_standard_output test "$ready" = "ready name=gw-1"
kill -HUP "$pid"
kill -USR1 "$pid"
kill -TERM "$pid"
wait "$pid"
state sigterm_ends_it_cleanly test $? -eq 0
state its_counters_are_logged says '"batches_applied":0' "$dir/log"

echo 'speed = 3' >> "$dir/gateway.conf"
"$gateway" --config "$dir/gateway.conf" 2> "$dir/wrong"
state a_wrong_key_is_refused_with_its_line says 'gateway.conf:7' "$dir/wrong"
exit $failed
