# Translations. The English sentences in the sources are the keys; po/LANGUAGE.po is all that is
# kept beside them. Without gettext's tools everything is built, and speaks English.

PO_LANGUAGES := $(patsubst po/%.po,%,$(wildcard po/*.po))
MO_FILES     := $(if $(shell command -v msgfmt),$(PO_LANGUAGES:%=$(B)/locale/%/LC_MESSAGES/earshot.mo))

all: $(MO_FILES)
$(B)/locale/%/LC_MESSAGES/earshot.mo: po/%.po
	$(call say,MO,$@)mkdir -p $(@D) && msgfmt --check -o $@ $<

# What the daemon says of errors it tells in English, with its parts beside it (src/wire/words.h);
# whoever shows it says it in another language. So these functions mark their sentence as tr() does.
PO_KEYWORDS = tr tr_n:1,2 TR ipc_fail:3 ipc_fail_data:4 send_error:4 chat_fail_store:3 \
              ERR_TEXT:3 UV_TEXT:2 SYSTEM_TEXT:2
# and of the command line these (src/cli/cli.h)
PO_KEYWORDS += cli_fail:3 cli_usage:2 cli_warn:2 cli_note:2 cli_confirm:2 cli_call:2 cli_try:2 cli_say:2 \
               cli_await:2 cli_progress:2 cli_pause:2 secret_ask:2 show_fmt:3 show_refusal:2
PO_SOURCES  = $(sort $(wildcard src/*/*.[ch]))
# File names tell translators where they are; line numbers would only change with every change.
PO_STYLE    = --no-wrap --sort-by-file --add-location=file
POT        := build/earshot.pot

.PHONY: pot po-update
## pot           all sentences there are to translate, as build/earshot.pot
pot:
	$(Q)mkdir -p build && xgettext --from-code=UTF-8 -k $(PO_KEYWORDS:%=-k%) -cTranslators: $(PO_STYLE) \
	  --package-name=Earshot --copyright-holder= -o $(POT).all $(PO_SOURCES)
	$(Q)sed -i -e '/^"POT-Creation-Date:/d' -e 's/CHARSET/UTF-8/' $(POT).all
	$(Q)msggrep --invert-match --msgid --regexp='^%s$$' $(PO_STYLE) -o $(POT) $(POT).all && rm $(POT).all

## po-update     brings po/*.po up to date with the sources; what is new there is to be translated
po-update: pot
	$(Q)for l in $(PO_LANGUAGES); do \
	  msgmerge --quiet --update --backup=none --no-fuzzy-matching $(PO_STYLE) po/$$l.po $(POT) && \
	  msgattrib --no-obsolete $(PO_STYLE) -o po/$$l.po po/$$l.po && \
	  printf '%s: ' $$l && msgfmt --check --statistics -o /dev/null po/$$l.po || exit 1; done

.PHONY: install-translations uninstall-translations
install: install-translations
install-translations: $(MO_FILES)
	$(Q)for l in $(if $(MO_FILES),$(PO_LANGUAGES)); do \
	  install -D -m 644 -t $(DESTDIR)$(localedir)/$$l/LC_MESSAGES $(B)/locale/$$l/LC_MESSAGES/earshot.mo || exit 1; done
uninstall: uninstall-translations
uninstall-translations:
	$(Q)rm -f $(PO_LANGUAGES:%=$(DESTDIR)$(localedir)/%/LC_MESSAGES/earshot.mo)
