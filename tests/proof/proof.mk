# The proof that nothing said is lost (tests/proof/README.md).

PROOF_FLAGS = $(STD) -Wall -Wextra -Wshadow -Wconversion $(if $(WERROR),-Werror) -O1 -g -MMD -MP
PROOF_TOOLS = $(B)/kill-shim.so $(B)/neighbours

# no sanitizers in what stands between the daemon and the kernel
$(B)/kill-shim.so: tests/proof/kill_shim.c
	$(call say,TEST,$@)mkdir -p $(@D) && $(CC) $(PROOF_FLAGS) -fPIC -shared -o $@ $< -ldl -lpthread

$(B)/neighbours: tests/proof/neighbours.c
	$(call say,TEST,$@)mkdir -p $(@D) && $(CC) $(PROOF_FLAGS) -o $@ $<

# The daemon with one mistake each, for the checker to find. Never installed.
PATCHES = $(wildcard tests/proof/mutants/*.patch)
MUTANTS = $(if $(shell command -v patch),$(patsubst tests/proof/mutants/%.patch,$(B)/mutants/%/earshotd,$(PATCHES)))
$(B)/mutants/%/earshotd: tests/proof/mutants/%.patch tests/proof/mutate $(B)/earshotd
	$(call say,MUTANT,$@)CC='$(CC)' CFLAGS='$(sort $(call cflags,$(earshotd_FOLDERS))) $(ALL_CFLAGS)' \
	  tests/proof/mutate $< $(@D) $(ALL_LDFLAGS) -pie $(B)/src/daemon/main.o -Wl,--start-group \
	  $(call archives,$(earshotd_FOLDERS) $(earshotd_ALSO)) -Wl,--end-group \
	  $(call libs,$(earshotd_FOLDERS)) -lpthread

PROOF_UNIT  = tests/proof/test_checker.py tests/proof/test_shim.py
PROOF_TESTS = tests/proof/test_sweep.py tests/proof/test_mutants.py

.PHONY: check-kill check-proof
## check-proof   sampled: a daemon ends at any call, with and without a power cut; seeded mistakes
check-proof: all $(PROOF_TOOLS) $(MUTANTS)
	$(Q)$(RUN) --netns $(PROOF_UNIT) --plain --limit 300 $(PROOF_TESTS)

## check-kill    the same at every call (KILL_SAMPLE=N: at N of them, KILL_SEED=, MODE=kill|power)
check-kill: all $(PROOF_TOOLS)
	$(Q)EARSHOT_BUILD='$(abspath $(B))' tests/proof/sweep.py \
	  $(if $(KILL_SAMPLE),--sample $(KILL_SAMPLE)) \
	  $(if $(KILL_SEED),--seed $(KILL_SEED)) $(if $(MODE),--mode $(MODE))

FAULT_TOOLS = $(B)/clock-shim.so
$(B)/clock-shim.so: tests/proof/clock_shim.c
	$(call say,TEST,$@)mkdir -p $(@D) && $(CC) $(PROOF_FLAGS) -fPIC -shared -o $@ $< -ldl

.PHONY: check-faults
## check-faults  people talk while everything breaks, from one seed (SEED=, TIME=seconds)
check-faults: all $(FAULT_TOOLS)
	$(Q)EARSHOT_BUILD='$(abspath $(B))' EARSHOT_SEED='$(SEED)' EARSHOT_SECONDS='$(or $(TIME),60)' \
	  tests/lab/test_faults.py
