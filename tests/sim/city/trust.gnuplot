# Draws what `roadchief simulate fleet trust --out DIR` left in DIR/quantiles.tsv:
#     gnuplot -e "dir='DIR'" tests/sim/city/trust.gnuplot > docs/trust.png
# Shares of the defects that were suspected (blue) and confirmed (red) within so many hours: measured as points, the closed
# form as lines.
set terminal pngcairo size 1200,1500 font "sans,11"
set datafile separator "\t"
set multiplot layout 3,2 title "Hours from appearance until told" font ",14"
set yrange [0:1]
set logscale x
set grid
set key bottom right
set xlabel "hours"
set ylabel "share of the defects"
file = dir."/quantiles.tsv"
do for [seen in "both camera motion"] {
    do for [road in "arterial branch"] {
        set title "found by ".seen.", ".road
        set xrange [(road eq "arterial" ? 0.5 : 2):(road eq "arterial" ? 300 : 1500)]
        plot file using (strcol(1) eq seen && strcol(2) eq road ? $5 : NaN):3 with lines lw 2 lc rgb "#4477aa" title "suspected, closed form", \
             file using (strcol(1) eq seen && strcol(2) eq road ? $4 : NaN):3 with points pt 7 ps 0.8 lc rgb "#4477aa" title "suspected", \
             file using (strcol(1) eq seen && strcol(2) eq road ? $7 : NaN):3 with lines lw 2 lc rgb "#cc3311" title "confirmed, closed form", \
             file using (strcol(1) eq seen && strcol(2) eq road ? $6 : NaN):3 with points pt 7 ps 0.8 lc rgb "#cc3311" title "confirmed"
    }
}
unset multiplot
