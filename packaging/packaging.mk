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

# The manual of the command is written from its table of commands, that of the socket from its
# documentation; without scdoc there is none.
MAN_PAGES := $(if $(shell command -v scdoc),$(addprefix $(B)/,earshot.1 earshotd.8 earshot.conf.5 \
               earshot-ipc.7) $(if $(TRAY),$(B)/earshot-tray.1))
man: $(MAN_PAGES)
$(B)/earshot.1.scd: $(B)/earshot
	$(Q)$< help --scdoc >$@
$(B)/earshot-ipc.7.scd: packaging/ipc-manual.awk docs/ipc.md
	$(Q)mkdir -p $(@D) && awk -f $^ >$@
$(B)/earshot.1 $(B)/earshot-ipc.7: %: %.scd
	$(call say,MAN,$@)scdoc <$< >$@
$(B)/%: docs/%.scd
	$(call say,MAN,$@)mkdir -p $(@D) && scdoc <$< >$@

fill_in = sed -e 's|@prefix@|$(prefix)|g' -e 's|@bindir@|$(bindir)|g' -e 's|@libdir@|$(libdir)|g' \
          -e 's|@includedir@|$(includedir)|g' -e 's|@version@|$(VERSION)|g' \
          -e 's|@libexecdir@|$(libexecdir)|g'

ICONS         = $(sort $(patsubst packaging/%,%,$(wildcard packaging/icons/hicolor/*/*/*)))
METAINFO      = org.earshot.tray.metainfo.xml
autostartdir  = $(sysconfdir)/xdg/autostart
localedir     = $(datadir)/locale
INSTALLED_MO  = $(MO_FILES:$(B)/locale/%=$(localedir)/%)
INSTALLED_TRAY = $(bindir)/earshot-tray $(datadir)/applications/earshot-tray.desktop \
                 $(autostartdir)/earshot-tray.desktop $(datadir)/metainfo/$(METAINFO) \
                 $(addprefix $(datadir)/,$(ICONS))

INSTALLED = $(bindir)/earshot $(bindir)/earshotd $(libexecdir)/earshot-mdns \
            $(libdir)/libearshot.so $(libdir)/libearshot.so.0 $(includedir)/earshot.h \
            $(libdir)/pkgconfig/earshot.pc \
            $(userunitdir)/earshotd.service $(userunitdir)/earshotd.socket \
            $(bashdir)/earshot $(zshdir)/_earshot $(fishdir)/earshot.fish \
            $(foreach p,$(MAN_PAGES),$(mandir)/man$(subst .,,$(suffix $(p)))/$(notdir $(p))) \
            $(INSTALLED_MO) $(if $(TRAY),$(INSTALLED_TRAY))

## install       into prefix (default /usr/local), below DESTDIR
install: all man $(if $(TRAY),install-tray)
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
	$(Q)LC_ALL=C $(B)/earshot completion bash >$(DESTDIR)$(bashdir)/earshot
	$(Q)LC_ALL=C $(B)/earshot completion zsh >$(DESTDIR)$(zshdir)/_earshot
	$(Q)LC_ALL=C $(B)/earshot completion fish >$(DESTDIR)$(fishdir)/earshot.fish
	$(Q)for page in $(MAN_PAGES); do \
	  install -D -m 644 -t $(DESTDIR)$(mandir)/man$${page##*.} $$page || exit 1; done
	$(Q)for mo in $(MO_FILES:$(B)/locale/%=%); do \
	  install -D -m 644 $(B)/locale/$$mo $(DESTDIR)$(localedir)/$$mo || exit 1; done

# Autostart files are read in one folder alone, wherever the program is.
.PHONY: install-tray
install-tray: all
	$(Q)install -D -m 755 -t $(DESTDIR)$(bindir) $(B)/earshot-tray
	$(Q)install -D -m 644 -t $(DESTDIR)$(datadir)/applications packaging/desktop/earshot-tray.desktop
	$(Q)install -D -m 644 packaging/desktop/autostart/earshot-tray.desktop \
	  $(DESTDIR)$(autostartdir)/earshot-tray.desktop
	$(Q)install -D -m 644 -t $(DESTDIR)$(datadir)/metainfo packaging/desktop/$(METAINFO)
	$(Q)for icon in $(ICONS); do \
	  install -D -m 644 packaging/$$icon $(DESTDIR)$(datadir)/$$icon || exit 1; done

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

# The packages are built from a copy, as their tools want a folder debian/ at the top.
DEB_DIR = build/deb/earshot-$(VERSION)
CHANGED = $(or $(shell git log -1 --format=%cD 2>/dev/null),$(shell date -R))
.PHONY: deb
## deb           Debian packages, in build/deb/ (needs debhelper)
deb:
	$(Q)command -v dh >/dev/null || { echo >&2 "debhelper is not installed: run packaging/install-deps --check"; exit 1; }
	$(Q)rm -rf build/deb && mkdir -p $(DEB_DIR)
	$(Q)tar -c --exclude=./build --exclude=./.git . | tar -x -C $(DEB_DIR)
	$(Q)mv $(DEB_DIR)/packaging/debian $(DEB_DIR)/debian
	$(Q)printf 'earshot (%s) unstable; urgency=medium\n\n  * This version.\n\n -- %s  %s\n' $(VERSION) \
	  'Earshot <authors@earshot.invalid>' '$(CHANGED)' >$(DEB_DIR)/debian/changelog
	$(Q)cd $(DEB_DIR) && env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL DEB_BUILD_OPTIONS='parallel=$(shell nproc)' \
	  dpkg-buildpackage -us -uc -b >../build.log 2>&1 || { tail -n 30 ../build.log; exit 1; }
	$(Q)rm -rf $(DEB_DIR) && ls build/deb/*.deb
