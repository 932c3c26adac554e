# Holds the includes to the layers that src/LAYERS declares, and prints the lines
# of each layer beside those it was given.
# usage: awk -f tests/layers.awk src/LAYERS src/*.c src/*/*.[ch]

FILENAME ~ /LAYERS$/ {
	if ($0 !~ /^#/ && NF == 3) {
		floor[$2] = $1
		given[$2] = $3
		name[++floors] = $2
	}
	next
}

FNR == 1 {
	here = FILENAME
	sub(/^src\//, "", here)
	if (!sub(/\/[^\/]*$/, "", here))
		here = "."
	if (!(here in floor)) {
		print FILENAME ": folder " here " is not in src/LAYERS"
		bad = 1
	}
}

{ lines[here]++ }

/^#[ \t]*include[ \t]*"/ {
	split($0, quoted, "\"")
	there = quoted[2]
	if (!sub(/\/[^\/]*$/, "", there))
		there = "."
	if (there == here)
		next
	if (!(there in floor) || floor[there] >= floor[here]) {
		printf "%s:%d: includes %s, which is not in a lower layer\n", \
		    FILENAME, FNR, quoted[2]
		bad = 1
	}
}

END {
	for (i = 1; i <= floors; i++) {
		here = name[i]
		printf "%d %-8s %5d of %d\n", floor[here], here, lines[here], \
		    given[here]
		all += lines[here]
		budget += given[here]
	}
	printf "  %-8s %5d of %d\n", "src", all, budget
	exit bad
}
