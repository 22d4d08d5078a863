#!/usr/bin/env python3
"""Finds sentences for people that nobody could translate.

    tests/lint/words.py FILE.c...       text of two words or more that is given to none of the
                                        functions that translate
    tests/lint/words.py --po FILE.po... translations that changed what has to stay as it is
"""

import re
import sys

# What is given to these is translated there, or marked (po/po.mk has the same names).
TRANSLATES = re.compile(r"^(TR|tr|tr_n|cli_(fail|usage|warn|note|confirm|call|try|say|await|progress|pause)"
                        r"|secret_ask|show_(fmt|rows|refusal))$")

# Not for people to read as sentences: what a shell or a protocol understands, or a program parses.
NOT_WORDS = [
    r"^(exec|sudo|earshot|history|help|cancel) ",  # commands, to be typed as they are
    r"^/me ",
    r"^handed over$",  # a state of the protocol
    r"^[A-Z]+ [A-Z]+(\.\.\.)?$",  # arguments of a command: NAME PATH...
    r"^[A-Z]+ [A-Z]+ \[TEXT\.\.\.\]$",
    r"^earshot(-tray)? %s\\n$",  # the version, as programs say it
    r"^%lld [KMG]iB$|^\\xc2\\xa9 ",  # units; a copyright
    r"<|^\.[a-z-]+ \{|^</",  # markup and style sheets
    r"^%s( \(%llu s\) \.\.\.| %s, handle %d)$",  # nothing but values
    r"^(ip|ip6) (filter|raw|mangle)$",  # tables of a firewall
    r"^avahi-daemon %d\.%d$",  # read, not written
    r"^Sans ",  # a font
    r"^You to$",  # compared with names, in English and in the user's language
]
SOURCE_OF_MANUALS = ("/manual.c", "/completion.c")


def literals(text):
    """(offset, text, the functions it stands in) of every string literal."""
    at, stack, name = 0, [], ""
    while at < len(text):
        c = text[at]
        skip = re.compile(r"/\*.*?\*/|//[^\n]*|#include[^\n]*|'(?:\\.|[^'\\])*'", re.S).match(text, at)
        if skip:
            at = skip.end()
            continue
        if c == '"':
            whole = re.compile(r'"((?:\\.|[^"\\])*)"(?:\s*"((?:\\.|[^"\\])*)")*', re.S).match(text, at)
            parts = re.findall(r'"((?:\\.|[^"\\])*)"', whole.group(0))
            yield at, "".join(parts), list(stack)
            at = whole.end()
            continue
        word = re.compile(r"[A-Za-z_]\w*").match(text, at)
        if word:
            name, at = word.group(0), word.end()
            if not re.compile(r"\s*\(").match(text, at):
                name = ""
            continue
        if c == "(":
            stack.append(name)
            name = ""
        elif c == ")" and stack:
            stack.pop()
        elif c == "}":
            stack.clear()  # whatever a macro left behind
        at += 1


def unmarked(path):
    text = open(path, encoding="utf-8").read()
    for at, words, stack in literals(text):
        if not re.search(r"[A-Za-z]{2,} [A-Za-z%]", words) or any(TRANSLATES.match(f) for f in stack):
            continue
        if any(re.search(rule, words) for rule in NOT_WORDS):
            continue
        line = text.count("\n", 0, at) + 1
        yield f'{path}:{line}: nobody can translate "{words[:60]}": give it to tr(), or mark it with TR()'


# ---- translations ----

def unquoted(lines):
    text = "".join(re.findall(r'"((?:\\.|[^"\\])*)"', "".join(lines)))
    return text.replace('\\"', '"').replace("\\n", "\n").replace("\\\\", "\\")


def entries(path):
    """(message, translation) of every translated form."""
    for block in open(path, encoding="utf-8").read().split("\n\n"):
        fields = {}
        current = None
        for line in block.split("\n"):
            head = re.match(r'(msgid_plural|msgid|msgstr(?:\[\d\])?) (.*)', line)
            if head:
                current = head.group(1)
                fields[current] = [head.group(2)]
            elif line.startswith('"') and current:
                fields[current].append(line)
        message = unquoted(fields.get("msgid", []))
        plural = unquoted(fields.get("msgid_plural", [])) or message
        for name, value in fields.items():
            if name.startswith("msgstr") and message:
                yield (message if name in ("msgstr", "msgstr[0]") else plural), unquoted(value)


# What people type or see elsewhere just so.
KEPT = [
    ("a command", re.compile(r"`[^`]*`")),
    ("a command", re.compile(r"(?<![\w/.-])earshot [a-z-]+")),
    ("a command", re.compile(r"(?<![\w/.])/[a-z]+(?= |$|\.|,)")),
    ("an option", re.compile(r"(?<![\w-])--[a-z][a-z-]+")),
    ("a marking", re.compile(r"\[(?:v|=|i|!|\?|PLAIN)")),
    ("a setting", re.compile(r"\[privacy\]|[A-Z]+_[A-Z]+")),
]


def changed(path):
    for message, translation in entries(path):
        if not translation:
            continue  # msgfmt tells
        for what, pattern in KEPT:
            before, after = (sorted(set(pattern.findall(t))) for t in (message, translation))
            if before != after:
                yield f'{path}: "{message[:60]}": {what} is another in the translation: {before} {after}'
        for where, end in (("beginning", slice(0, 1)), ("end", slice(-1, None))):
            if message[end].isspace() != translation[end].isspace():
                yield f'{path}: "{message[:60]}": a blank at the {where} is missing or too much'
        closing = {".": ".", ":": ":", "?": "?", "!": "!"}
        if len(message) > 3 and closing.get(message[-1]) != closing.get(translation[-1]):
            yield f'{path}: "{message[:60]}": it ends otherwise: "{translation[-12:]}"'


def main(arguments):
    check = unmarked
    if arguments and arguments[0] == "--po":
        check, arguments = changed, arguments[1:]
    found = [line for path in arguments if not path.endswith(SOURCE_OF_MANUALS) for line in check(path)]
    print("\n".join(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
