# Turns the schema's steps N.sql into a C file, one string a statement (store/open.h). Comments go:
# SQLite keeps the text of a table's definition, and a file whose text differs is not ours, so
# only comments and empty lines may still be changed in a step that was released.
#
#   awk -f embed.awk 1.sql 2.sql ...

FNR == 1 {
	step = FILENAME
	gsub(/^.*\/|\.sql$/, "", step)
	if (step + 0 > last)
		last = step + 0
}

{
	sub(/[ \t]*--.*$/, "")
	if ($0 == "")
		next
	gsub(/[\\"]/, "\\\\&")
	text[step] = text[step] "\t\"" $0 "\\n\""
	text[step] = text[step] (/;$/ ? ",\n" : "\n")
}

END {
	print "#include \"store/open.h\"\n"
	for (i = 1; i <= last; i++)
		print "static const char *const step_" i "[] = {\n" text[i] "\tNULL,\n};\n"
	print "const char *const *const store_schema[] = {"
	for (i = 1; i <= last; i++)
		print "\tstep_" i ","
	print "\tNULL,\n};"
}
