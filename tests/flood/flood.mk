# A hostile network floods the daemon (tests/flood); threats N8 to N11, N18, N20.

FLOOD_TOOLS = $(B)/flood $(B)/fake-peers
# a sanitizer's memory is not the daemon's
FLOOD_TESTS = $(if $(filter asan tsan,$(VARIANT)),,$(wildcard tests/flood/test_*.py))
FLOOD_FLAGS = $(STD) -Wall -Wextra -Wshadow -Wconversion $(if $(WERROR),-Werror) -O1 -g -MMD -MP

# no sanitizers in what attacks
$(B)/flood: tests/flood/flood.c
	$(call say,TEST,$@)mkdir -p $(@D) && $(CC) $(FLOOD_FLAGS) -o $@ $< -lssl -lcrypto

$(B)/fake-peers: tests/flood/fake_peers.c
	$(call say,TEST,$@)mkdir -p $(@D) && $(CC) $(FLOOD_FLAGS) -o $@ $<

.PHONY: check-flood
## check-flood   a hostile network floods the daemon, as long as the goals say (20 minutes)
check-flood: all $(FLOOD_TOOLS)
	$(Q)EARSHOT_FLOOD_LONG=1 $(RUN) -j 1 --plain --limit 1500 $(FLOOD_TESTS)

-include $(wildcard $(B)/flood.d $(B)/fake-peers.d)
