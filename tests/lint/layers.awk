# Who includes whom, against the table in layers.txt.
#
#   awk -f layers.awk layers.txt $(find src -name '*.[ch]')
#
# The public header is included as <earshot.h> and is open to all.

FNR == NR {
	if (/^#/ || !NF)
		next
	folder = $1
	sub(/:$/, "", folder)
	known[folder] = may[folder, folder] = 1
	for (i = 2; i <= NF; i++)
		may[folder, $i] = 1
	next
}

/^[ \t]*#[ \t]*include[ \t]*"/ {
	split($0, quoted, "\"")
	header = quoted[2]
	split(FILENAME, path, "/")
	from = path[2]
	to = header
	sub(/\/.*/, "", to)
	if (!known[from])
		complaint = "folder " from " is not in the layer table"
	else if (!may[from, to] && !may[from, header])
		complaint = from " may not include " header
	else
		next
	print FILENAME ":" FNR ": " complaint
	bad = 1
}

END { exit bad }
