# Tests on virtual hosts (tests/lab/README.md), conversations on the wire, and what they need.
# The programs exit 77 where namespaces are refused or libpurple is missing.

INTEROP_PKGS = purple glib-2.0 jansson
LAB_RUN = EARSHOT_BUILD=$(B) tests/lab/runall

# libpurple's headers compile with hardly any warning on, so their macros cannot either
$(B)/purple-peer: tests/interop/purple-peer.c
	$(call say,TEST,$@)mkdir -p $(@D) && $(CC) $(STD) -Wall -Wextra $(if $(WERROR),-Werror) \
	  -Wno-cast-function-type $(OPT_$(VARIANT)) -MMD -MP $$($(PKG_CONFIG) --cflags $(INTEROP_PKGS) | sed 's/-I/-isystem /g') \
	  $(CFLAGS) $(ALL_LDFLAGS) -o $@ $< $$($(PKG_CONFIG) --libs $(INTEROP_PKGS))

-include $(wildcard $(B)/purple-peer.d)

# only where it can be built; test_libpurple.py skips without it
PURPLE_PEER = $(shell $(PKG_CONFIG) --exists $(INTEROP_PKGS) && echo $(B)/purple-peer)

.PHONY: check-lab check-interop

## check-lab     the daemon on virtual hosts: discovery, outages, crashes
check-lab: all
	$(Q)$(LAB_RUN) tests/lab/test_*.py

## check-interop the daemon and libpurple on virtual hosts
check-interop: all $(PURPLE_PEER)
	$(Q)$(LAB_RUN) tests/interop/test_*.py
