# Tests on virtual hosts (tests/lab/README.md), conversations on the wire, and what they need.
# The programs exit 77 where namespaces are refused or libpurple is missing.

INTEROP_PKGS = purple glib-2.0 jansson
# only where it can be built; the tests that need it skip without it
PURPLE_PEER  = $(if $(shell $(PKG_CONFIG) --exists $(INTEROP_PKGS) && echo y),$(B)/purple-peer)

# libpurple's headers are not made for our warnings, and its leaks are not ours to find: no
# sanitizers here
$(B)/purple-peer: tests/interop/purple-peer.c
	$(call say,TEST,$@)mkdir -p $(@D) && $(CC) $(STD) -Wall -Wextra $(if $(WERROR),-Werror) \
	  -Wno-cast-function-type -O1 -g -MMD -MP \
	  $$($(PKG_CONFIG) --cflags $(INTEROP_PKGS) | sed 's/-I/-isystem /g') $(CFLAGS) \
	  $(LDFLAGS) -o $@ $< $$($(PKG_CONFIG) --libs $(INTEROP_PKGS))

-include $(wildcard $(B)/purple-peer.d)

DIALOGUE_TOOLS = $(B)/helper-stub
$(B)/helper-stub: tests/dialogue/helper_stub.c
	$(call say,TEST,$@)mkdir -p $(@D) && $(CC) $(PROOF_FLAGS) -D_GNU_SOURCE -o $@ $<

BENCH_SRCS = tests/bench/driver.c tests/bench/watch.c
$(B)/bench-driver: $(BENCH_SRCS) tests/bench/watch.h include/earshot.h $(call archives,client wire base)
	$(call say,TEST,$@)mkdir -p $(@D) && $(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -pie -o $@ $(BENCH_SRCS) \
	  -Wl,--start-group $(call archives,client wire base) -Wl,--end-group $(call libs,client wire base)

$(B)/tls-stream: tests/bench/tls_stream.c
	$(call say,TEST,$@)mkdir -p $(@D) && $(CC) $(PROOF_FLAGS) -o $@ $< -lssl -lcrypto

.PHONY: check-dialogue check-lab check-interop bench-driver demo
bench-driver: all $(B)/bench-driver


## demo          two virtual hosts find each other and talk
demo: all
	$(Q)EARSHOT_BUILD=$(B) tests/lab/demo.py

## check-dialogue scripted conversations with the daemon, as foreign programs and attackers hold them
check-dialogue: all $(DIALOGUE_TOOLS)
	$(Q)$(RUN) --plain --limit 300 $(DIALOGUE_TESTS)

## check-lab     the daemon on virtual hosts: discovery, outages, crashes
check-lab: all $(B)/bench-driver $(FAULT_TOOLS) $(DIALOGUE_TOOLS)
	$(Q)$(RUN) --plain --limit 300 $(LAB_TESTS)

## check-interop the daemon and libpurple on virtual hosts
check-interop: all $(PURPLE_PEER)
	$(Q)$(RUN) --plain --limit 300 $(INTEROP_TESTS)
