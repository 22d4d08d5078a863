# Files of at most 600 lines, functions of at most 60: a bigger one is two things.
# A function's braces stand in the first column, which clang-format sees to.

function check_file() {
	if (lines > 600)
		complain(name ": " lines " lines")
}

function complain(text) {
	print text
	bad = 1
}

FNR == 1 {
	check_file()
	name = FILENAME
	start = 0
}

{ lines = FNR }

/^{/ { start = FNR }

/^}/ && start {
	if (FNR - start - 1 > 60)
		complain(FILENAME ":" start ": function of " FNR - start - 1 " lines")
	start = 0
}

END {
	check_file()
	exit bad
}
