# docs/ipc.md as a manual page (scdoc): awk -f packaging/ipc-manual.awk docs/ipc.md
# Headings, paragraphs, lists, inline code, links and tables are all that page uses. Tables become lists,
# as their cells are too long for columns on a terminal.

BEGIN {
	print "earshot-ipc(7)\n\n# NAME\n\nearshot-ipc - the local socket of the Earshot daemon\n\n# DESCRIPTION\n"
}

function escape(text)
{
	gsub(/[\\*_]/, "\\\\&", text)
	return text
}

# **strong** and `code` in bold, links by their words, everything else as it is
function inline(text,    out)
{
	gsub(/\]\([^)]*\)/, "", text)
	gsub(/\[/, "", text)
	out = ""
	while (match(text, /`[^`]+`|\*\*[^*]+\*\*/)) {
		word = substr(text, RSTART, RLENGTH)
		out = out escape(substr(text, 1, RSTART - 1)) "*"
		gsub(/^(`|\*\*)|(`|\*\*)$/, "", word)
		out = out escape(word) "*"
		text = substr(text, RSTART + RLENGTH)
	}
	return out escape(text)
}

# a line that scdoc would take for more than words
function safe(text)
{
	return text ~ /^[#.;|:\]-]/ && text !~ /^- / ? "\\" text : text
}

function row(    cells, n, i)
{
	gsub(/\\\|/, "\001")
	n = split($0, cells, /[ \t]*\|[ \t]*/)
	for (i = 1; i <= n; i++)
		gsub("\001", "|", cells[i])
	if (!titled) {
		for (i = 2; i < n; i++)
			title[i] = cells[i]
		titled = 1
		return
	}
	print inline(cells[2])
	for (i = 3; i < n; i++)
		if (cells[i] != "")
			print "\t" safe((n > 4 ? title[i] ": " : "") inline(cells[i])) "\n"
	print ""
}

/^# / { next } # the name of the page
/^\|[-| ]+\|$/ { next }
/^\|/ { row(); next }
{ titled = 0 }
/^## / { print "# " toupper(inline(substr($0, 4))); next }
/^### / { print "## " inline(substr($0, 5)); next }
{ print safe(inline($0)) }

END {
	print "\n# SEE ALSO\n\n*earshot*(1), *earshotd*(8)"
}
