#!/usr/bin/env bash
# The verbs `cell` and `cells` as a user types them.
#   test_verbs.sh ROADCHIEF [PATTERN]
set -u
roadchief=$1 pattern=${2:-}
failed=0
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# fact NAME WANT_STATUS WANT_OUTPUT_REGEX WANT_ERROR_REGEX INPUT ARGUMENTS...: whole output against the regexes
fact() {
    local name=$1 want=$2 out=$3 err=$4 input=$5 status
    shift 5
    [[ "$name" == *"$pattern"* ]] || return 0
    printf "$input" | "$roadchief" "$@" >"$tmp/out" 2>"$tmp/err"
    status=$?
    if [ "$status" -eq "$want" ] && [[ "$(cat "$tmp/out")" =~ $out ]] && [[ "$(cat "$tmp/err")" =~ $err ]]; then
        echo "ok $name"
    else
        echo "  status $status, want $want; output:"
        sed 's/^/    /' "$tmp/out" "$tmp/err"
        echo "FAIL $name"
        failed=1
    fi
}

nl=$'\n'
head="lat_deg,lon_deg,id,human"
wulin="30.2741,120.1636,1414241059722227,40-515741-3350510"

fact cell_gives_the_design_vector 0 "^id: 1414241059722227${nl}human: 40-515741-3350510${nl}level: 0${nl}" '^$' '' cell 30.2741 120.1636
fact cell_reads_the_number 0 "human: 40-515741-3350510${nl}" '^$' '' cell 1414241059722227
fact cell_reads_the_human_form 0 "^id: 1414241059721984${nl}.*size_m: 16${nl}.*east_m: 515728 .. 515744${nl}north_m: 3350496 .. 3350512${nl}" '^$' '' cell 40-515728-3350496/16
fact cell_takes_negative_degrees 0 'human: 50S-611895-6250233' '^$' '' cell -33.8688 151.2093
fact cell_takes_another_meridian 0 'human: 39-' '^$' '' cell 30.2741 120.1636 --meridian 117
fact cell_json_is_one_object 0 '^\{"id":"1414241059722227","human":"40-515741-3350510","level":0,"size_m":1,"meridian_deg":120,"hemisphere":"north","east_m":\[515741,515742\],"north_m":\[3350510,3350511\],"corners_deg":\[\[120.16359370,30.27409986\].*"centre_deg":\[120.16359891,30.27410436\]\}$' '^$' '' cell --json 30.2741 120.1636
fact cell_helps 0 'usage: roadchief cell LAT LON' '^$' '' cell --help
fact cell_without_arguments_is_a_usage_error 2 '^$' 'usage: roadchief cell' '' cell
fact cell_refuses_three_numbers 2 '^$' "'3' is not understood" '' cell 1 2 3
fact cell_refuses_an_unknown_option 2 '^$' "'--jsn' is not understood" '' cell --jsn 1 2
fact cell_refuses_a_meridian_that_is_none 2 '^$' 'multiple of 3' '' cell 30 120 --meridian 121
fact cell_refuses_a_meridian_left_out 2 '^$' 'multiple of 3' '' cell 30 120 --meridian
fact cell_refuses_a_meridian_with_an_id 2 '^$' 'an id carries its meridian' '' cell 1414241059722227 --meridian 120
fact cell_says_why_a_pole_has_none 1 '^$' 'beyond 84 degrees' '' cell 89 0
fact cell_says_why_nan_has_none 1 '^$' 'not a latitude' '' cell nan 0
fact cell_says_why_a_far_meridian_has_none 1 '^$' 'more than 10 degrees from the meridian' '' cell 30 100 --meridian 120
fact cell_says_why_the_frame_ends 1 '^$' "outside the zone's frame" '' cell 0 127 --meridian 120
fact cell_says_what_is_no_id 1 '^$' "'40-1-1/3' is not a cell" '' cell 40-1-1/3

fact cells_without_header 0 "^$head${nl}$wulin\$" '^$' '30.2741,120.1636\n' cells
fact cells_by_column_names 0 "^$head${nl}$wulin\$" '^$' 'time,lon,quality,Lat\n1,120.1636,3,30.2741\n' cells
fact cells_takes_bom_crlf_semicolons_quotes_and_no_last_newline 0 "^$head${nl}$wulin\$" '^$' '\xef\xbb\xbflat_deg;lon_deg\r\n\r\n "30.2741" ; 120.1636' cells
fact cells_takes_tabs 0 "^$head${nl}$wulin\$" '^$' '30.2741\t120.1636\n' cells
fact cells_keeps_one_zone_for_all 0 "$wulin${nl}30.3,121.9,[0-9]*,40-[0-9]*-[0-9]*\$" '^$' '30.2741,120.1636\n30.3,121.9\n' cells
fact cells_takes_the_meridian_it_is_told 0 ",39-" '^$' '30.2741,120.1636\n' cells --meridian 117
fact cells_counts_bad_rows_and_keeps_the_good 1 "^$head${nl}$wulin\$" "^line 1: the latitude is not a number${nl}line 2: a column is missing${nl}line 4: the position is in the other hemisphere${nl}line 5: latitude is beyond 84 degrees${nl}line 6: longitude is outside -360..360${nl}5 of 6 lines refused\$" 'x,1\n1\n30.2741,120.1636\n-30,120\n88,1\n1,1e9\n' cells
fact cells_reports_bad_lines_in_order 1 "$wulin" "^line 1: latitude is beyond.*${nl}line 3: the latitude is not.*${nl}line 4: latitude is beyond.*${nl}3 of 4" '88,1\n30.2741,120.1636\nx,1\n89,1\n' cells
fact cells_refuses_dates_and_hex 1 "^$head\$" "^line 1: the latitude.*${nl}line 2: the longitude.*${nl}2 of 2 lines" '0/0/0,1\n1,0x10\n' cells
fact cells_of_a_header_that_names_nothing 1 "^$head${nl}$wulin\$" '^line 1: neither column names' 'a,b\n30.2741,120.1636\n' cells
fact cells_of_nothing_is_a_header 0 "^$head\$" '^$' '' cells
fact cells_refuses_a_zero_byte 1 "^$head\$" 'zero byte' '30\0,120\n' cells
fact cells_helps 0 'usage: roadchief cells' '^$' '' cells --help
fact cells_refuses_an_unknown_option 2 '^$' "'-x' is not understood" '' cells -x

if [[ "cells_reports_a_hundred_lines_and_counts_all" == *"$pattern"* ]]; then
    yes bad | head -1000 | "$roadchief" cells >/dev/null 2>"$tmp/err"
    if [ "$(wc -l <"$tmp/err")" -eq 102 ] && grep -q '^1000 of 1000 lines refused$' "$tmp/err"; then
        echo "ok cells_reports_a_hundred_lines_and_counts_all"
    else
        echo "FAIL cells_reports_a_hundred_lines_and_counts_all"
        failed=1
    fi
fi
if [[ "cells_refuses_a_line_without_end" == *"$pattern"* ]]; then
    { head -c 3000000 /dev/zero | tr '\0' 7; printf '\n30.2741,120.1636\n'; } | "$roadchief" cells >"$tmp/out" 2>"$tmp/err"
    if [ $? -eq 1 ] && grep -q '^line 1: the line is too long$' "$tmp/err" && grep -q "^$wulin\$" "$tmp/out"; then
        echo "ok cells_refuses_a_line_without_end"
    else
        echo "FAIL cells_refuses_a_line_without_end"
        failed=1
    fi
fi
exit "$failed"
