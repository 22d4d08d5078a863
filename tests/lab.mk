# Tests on virtual hosts (tests/lab/README.md), conversations on the wire, and what they need.
# The programs exit 77 where namespaces are refused or libpurple is missing.

INTEROP_PKGS = purple glib-2.0 jansson
# only where it can be built; the tests that need it skip without it
PURPLE_PEER  = $(if $(shell $(PKG_CONFIG) --exists $(INTEROP_PKGS) && echo y),$(B)/purple-peer)

# libpurple's headers are not made for our warnings
$(B)/purple-peer: tests/interop/purple-peer.c
	$(call say,TEST,$@)mkdir -p $(@D) && $(CC) $(STD) -Wall -Wextra $(if $(WERROR),-Werror) \
	  -Wno-cast-function-type $(OPT_$(VARIANT)) -MMD -MP \
	  $$($(PKG_CONFIG) --cflags $(INTEROP_PKGS) | sed 's/-I/-isystem /g') $(CFLAGS) \
	  $(ALL_LDFLAGS) -o $@ $< $$($(PKG_CONFIG) --libs $(INTEROP_PKGS))

-include $(wildcard $(B)/purple-peer.d)

.PHONY: check-dialogue check-lab check-interop
check-all: $(PURPLE_PEER)

## check-dialogue scripted conversations with the daemon, as foreign programs and attackers hold them
check-dialogue: all
	$(Q)$(RUN) --plain --limit 300 $(DIALOGUE_TESTS)

## check-lab     the daemon on virtual hosts: discovery, outages, crashes
check-lab: all
	$(Q)$(RUN) --plain --limit 300 $(LAB_TESTS)

## check-interop the daemon and libpurple on virtual hosts
check-interop: all $(PURPLE_PEER)
	$(Q)$(RUN) --plain --limit 300 $(INTEROP_TESTS)
