# Holds the includes to the floors that src/LAYERS declares.
# usage: awk -f tests/layers.awk src/LAYERS src/*.c src/*/*.[ch]

FILENAME ~ /LAYERS$/ {
	if ($0 !~ /^#/ && NF == 2)
		floor[$2] = $1
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

/^#[ \t]*include[ \t]*"/ {
	split($0, quoted, "\"")
	there = quoted[2]
	if (!sub(/\/[^\/]*$/, "", there))
		there = "."
	if (there == here)
		next
	if (!(there in floor) || floor[there] >= floor[here]) {
		printf "%s:%d: includes %s, which is not on a lower floor\n", \
		    FILENAME, FNR, quoted[2]
		bad = 1
	}
}

END { exit bad }
