# Horizontal bars of throughput, nc.openbsd = 1.
# Set by report.py: data, out, command, heads (name and row by turns), rows.
# Columns of data: ratio, row, kind (0 nc-lite, 1 peer, 2 limit), name.
set terminal svg size 860,(rows * 16 + 120) background rgb "white" \
	font "Helvetica,12"
set output out
set encoding utf8
set title "Throughput, TCP on loopback, both ends the same tool, " \
	. "nc.openbsd = 1\n" \
	. "(" . command . "; grey: other tools, for comparison)" noenhanced
set yrange [rows - 0.3:-1]
set xrange [0:*]
set xlabel "times nc.openbsd (longer is faster)"
set border 1 lc rgb "#888888"
set xtics nomirror
set ytics scale 0
set grid xtics lt 1 lw 1 lc rgb "#dddddd"
set arrow from 1, graph 0 to 1, graph 1 nohead lw 1 dt 2 lc rgb "#888888"
set lmargin 19
set rmargin 8
set style fill solid 1.0 noborder
do for [i = 1:words(heads) / 2] {
	set label word(heads, 2 * i - 1) \
		at graph 0, first real(word(heads, 2 * i)) \
		offset -1, 0 right font "Helvetica-Bold,13" noenhanced
}
colour(kind) = kind == 0 ? 0x0b7a75 : kind == 1 ? 0xe0a458 : 0xb8b8b8
plot data using (0):2:(0):1:($2 - 0.4):($2 + 0.4):(colour($3)):ytic(4) \
		with boxxyerror lc rgb variable notitle, \
	"" using 1:2:(sprintf("%.1f", $1)) with labels left offset 0.5, 0 \
		font "Helvetica,10" tc rgb "#444444" notitle
