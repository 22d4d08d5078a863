# Running from the tree, installing, making an archive.

userunitdir = $(prefix)/lib/systemd/user
mandir      = $(datadir)/man
bashdir     = $(datadir)/bash-completion/completions
zshdir      = $(datadir)/zsh/site-functions
fishdir     = $(datadir)/fish/vendor_completions.d

.PHONY: run install uninstall man dist

## run           install what is missing, build, start, show who is here
run:
	$(Q)packaging/install-deps
	$(Q)$(MAKE) --no-print-directory all
	$(Q)packaging/run $(B)

# The manual of the command is written from its table of commands; without scdoc there is none.
MAN_PAGES := $(if $(shell command -v scdoc),$(B)/earshot.1 $(B)/earshot.conf.5)
man: $(MAN_PAGES)
$(B)/earshot.1.scd: $(B)/earshot
	$(Q)$< help --scdoc >$@
$(B)/earshot.1: $(B)/earshot.1.scd
	$(call say,MAN,$@)scdoc <$< >$@
$(B)/earshot.conf.5: docs/earshot.conf.5.scd
	$(call say,MAN,$@)mkdir -p $(@D) && scdoc <$< >$@

fill_in = sed -e 's|@prefix@|$(prefix)|g' -e 's|@bindir@|$(bindir)|g' -e 's|@libdir@|$(libdir)|g' \
          -e 's|@includedir@|$(includedir)|g' -e 's|@version@|$(VERSION)|g' \
          -e 's|@libexecdir@|$(libexecdir)|g'

INSTALLED = $(bindir)/earshot $(bindir)/earshotd $(libexecdir)/earshot-mdns \
            $(libdir)/libearshot.so $(libdir)/libearshot.so.0 $(includedir)/earshot.h \
            $(libdir)/pkgconfig/earshot.pc \
            $(userunitdir)/earshotd.service $(userunitdir)/earshotd.socket \
            $(bashdir)/earshot $(zshdir)/_earshot $(fishdir)/earshot.fish \
            $(mandir)/man1/earshot.1 $(mandir)/man5/earshot.conf.5

## install       into prefix (default /usr/local), below DESTDIR
install: all man
	$(Q)install -D -m 755 -t $(DESTDIR)$(bindir) $(B)/earshot $(B)/earshotd
	$(Q)install -D -m 755 -t $(DESTDIR)$(libexecdir) $(B)/earshot-mdns
	$(Q)install -D -m 755 -t $(DESTDIR)$(libdir) $(B)/libearshot.so.0
	$(Q)ln -sf libearshot.so.0 $(DESTDIR)$(libdir)/libearshot.so
	$(Q)install -D -m 644 -t $(DESTDIR)$(includedir) include/earshot.h
	$(Q)install -d $(DESTDIR)$(libdir)/pkgconfig $(DESTDIR)$(userunitdir) \
	  $(DESTDIR)$(bashdir) $(DESTDIR)$(zshdir) $(DESTDIR)$(fishdir)
	$(Q)$(fill_in) packaging/earshot.pc.in >$(DESTDIR)$(libdir)/pkgconfig/earshot.pc
	$(Q)$(fill_in) packaging/systemd/earshotd.service.in >$(DESTDIR)$(userunitdir)/earshotd.service
	$(Q)install -m 644 packaging/systemd/earshotd.socket $(DESTDIR)$(userunitdir)
	$(Q)$(B)/earshot completion bash >$(DESTDIR)$(bashdir)/earshot
	$(Q)$(B)/earshot completion zsh >$(DESTDIR)$(zshdir)/_earshot
	$(Q)$(B)/earshot completion fish >$(DESTDIR)$(fishdir)/earshot.fish
	$(if $(MAN_PAGES),$(Q)install -D -m 644 -t $(DESTDIR)$(mandir)/man1 $(filter %.1,$(MAN_PAGES)))
	$(if $(MAN_PAGES),$(Q)install -D -m 644 -t $(DESTDIR)$(mandir)/man5 $(filter %.5,$(MAN_PAGES)))

# AppArmor reads no other folder, so this is apart from what goes below prefix.
## install-apparmor  the AppArmor profile, into /etc/apparmor.d below DESTDIR
.PHONY: install-apparmor
install-apparmor:
	$(Q)install -d $(DESTDIR)/etc/apparmor.d
	$(Q)$(fill_in) packaging/apparmor/earshotd.in >$(DESTDIR)/etc/apparmor.d/earshotd

## uninstall     what install put there
uninstall:
	$(Q)rm -f $(INSTALLED:%=$(DESTDIR)%)
	$(Q)rmdir $(DESTDIR)$(libexecdir) 2>/dev/null || :

## dist          the committed tree as build/earshot-VERSION.tar.gz
dist:
	$(Q)mkdir -p build && git archive --prefix=earshot-$(VERSION)/ -o build/earshot-$(VERSION).tar.gz HEAD
