# Tests. Each tests/unit/FOLDER/test_X.c is one cmocka program that links src/FOLDER and what
# lies below it; each tests/unit/FOLDER/test_X.py is run as it is. tests/run runs them all.
# LDFLAGS_test_X adds to the link of one program, to wrap functions say; PKG_test_X is a library
# that only this test uses and can do without.

UNIT_SRCS    = $(wildcard tests/unit/*/test_*.c)
UNIT_PROGS   = $(UNIT_SRCS:%.c=$(B)/%)
UNIT_SCRIPTS = $(wildcard tests/unit/*/test_*.py)
of_folder    = $(if $(FOLDER),$(foreach p,$(1),$(if $(findstring /unit/$(FOLDER)/,$(p)),$(p))),$(1))

LDFLAGS_test_memory = -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc
LDFLAGS_test_verify = -Wl,--wrap=sas_kept
LDFLAGS_test_sink = -Wl,--wrap=pwrite
LDFLAGS_test_socks5 = -Wl,--wrap=clock_now
LDFLAGS_test_pump = -Wl,--wrap=carrier_wait
LDFLAGS_test_linear = $(LDFLAGS_test_memory),--wrap=free
LDFLAGS_test_restricted = $(LDFLAGS_test_linear)
PKG_test_differential = libxml-2.0
$(eval $(call ask_pkg,libxml-2.0))
pkg_of = $(PKG_$(basename $(notdir $(1))))

define unit_rules
UNIT_CFLAGS_$(1) := $(call cflags,$(DEPS_$(1))) $(CFLAGS_cmocka)
$(B)/tests/unit/$(1)/%: tests/unit/$(1)/%.c $(call archives,$(DEPS_$(1))) $(B)/flags | libraries cmocka
	$$(call say,TEST,$$@)mkdir -p $$(@D) && $$(CC) $$(UNIT_CFLAGS_$(1)) $$(CFLAGS_$$(call pkg_of,$$@)) $$(ALL_CFLAGS) \
	  $$(ALL_LDFLAGS) $$(LDFLAGS_$$(basename $$(@F))) -o $$@ $$< -Wl,--start-group \
	  $(call archives,$(DEPS_$(1))) -Wl,--end-group $(call libs,$(DEPS_$(1))) \
	  $$(LIBS_$$(call pkg_of,$$@)) $(LIBS_cmocka) -lpthread -ldl
endef
$(foreach f,$(FOLDERS),$(eval $(call unit_rules,$(f))))

.PHONY: unit cmocka check check-all check-quick check-unit check-asan bench lint
cmocka:
	$(if $(FLAGS_cmocka),,@echo >&2 "cmocka is not found. Run packaging/install-deps --check"; exit 1)

unit: $(UNIT_PROGS)

RUN = EARSHOT_BUILD='$(abspath $(B))' tests/run

## check         install what the tests need, build, run all tests
check:
	$(Q)packaging/install-deps --check
	$(Q)$(MAKE) --no-print-directory check-all

include tests/proof/proof.mk
include tests/lab.mk
include tests/fuzz/fuzz.mk
include tests/flood/flood.mk

# Tests that build virtual hosts of their own are not put into one more namespace.
DIALOGUE_TESTS = $(wildcard tests/dialogue/test_*.py)
LAB_TESTS      = $(wildcard tests/lab/test_*.py)
INTEROP_TESTS  = $(wildcard tests/interop/test_*.py)
PACKAGE_TESTS  = $(wildcard tests/packaging/test_*.py)

check-all: all unit $(PURPLE_PEER) $(B)/bench-driver $(PROOF_TOOLS) $(FAULT_TOOLS) \
  $(DIALOGUE_TOOLS) $(FLOOD_TOOLS) $(MUTANTS)
	$(Q)$(RUN) --plain --limit 900 $(PACKAGE_TESTS) --netns --limit 120 $(UNIT_PROGS) $(UNIT_SCRIPTS) $(PROOF_UNIT) \
	  --plain --limit 300 $(DIALOGUE_TESTS) $(LAB_TESTS) $(INTEROP_TESTS) $(PROOF_TESTS) $(FLOOD_TESTS)

## check-packaging what make install and make deb do, in an empty Debian
.PHONY: check-packaging
check-packaging: all
	$(Q)$(RUN) --plain --limit 900 $(PACKAGE_TESTS)

check-quick: all unit $(PROOF_TOOLS) $(DIALOGUE_TOOLS)
	$(Q)$(RUN) --netns $(UNIT_PROGS) $(UNIT_SCRIPTS) $(PROOF_UNIT) --plain --limit 300 $(DIALOGUE_TESTS)

## check-unit    build and run the unit tests (FOLDER=xml: of one folder)
check-unit: $(call of_folder,$(UNIT_PROGS)) $(if $(call of_folder,$(UNIT_SCRIPTS)),all)
	$(Q)$(RUN) --netns $(call of_folder,$(UNIT_PROGS) $(UNIT_SCRIPTS))

## check-asan    everything again, under ASan and UBSan (QUICK=1: unit tests and dialogues)
check-asan:
	$(Q)packaging/install-deps --check
	$(Q)$(MAKE) --no-print-directory VARIANT=asan CC=clang $(if $(QUICK),check-quick,check-all)

# tests/bench/bench_X.c: programs that print figures; they may use everything but main.c files
BENCHES       = $(patsubst %.c,$(B)/%,$(filter-out $(if $(TUI),,%/bench_layout.c),$(wildcard tests/bench/bench_*.c)))
BENCH_FOLDERS = $(filter-out cli tui tray,$(FOLDERS))
define bench_rules
$(B)/tests/bench/$(1): tests/bench/$(1).c $(call archives,$(2)) $(B)/flags | libraries
	$$(call say,BENCH,$$@)mkdir -p $$(@D) && $$(CC) $$(call cflags,$(2)) $$(ALL_CFLAGS) \
	  $$(ALL_LDFLAGS) -o $$@ $$< -Wl,--start-group $(call archives,$(2)) -Wl,--end-group \
	  $$(call libs,$(2)) -lpthread -ldl
endef
$(eval $(call bench_rules,bench_%,$(BENCH_FOLDERS)))
$(eval $(call bench_rules,bench_layout,$(DEPS_tui)))

# a history for bench_history, when another one than its own is wanted
$(B)/make-history: tests/bench/make_history.c $(call archives,store base) $(B)/flags | libraries
	$(call say,BENCH,$@)$(CC) $(call cflags,store base) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $< \
	  -Wl,--start-group $(call archives,store base) -Wl,--end-group $(call libs,store base) -lpthread

## bench         measure the layers, then two daemons on two virtual hosts, in namespaces
bench: bench-driver $(BENCHES) $(B)/tls-stream $(PURPLE_PEER)
	$(Q)for b in $(BENCHES); do echo "== $$(basename $$b)"; \
	  unshare -Urn sh -c 'ip link set lo up && exec "$$0"' $$b || exit 1; done
	$(Q)echo "== bench_pair" && EARSHOT_BUILD='$(abspath $(B))' tests/bench/bench_pair.py
	$(Q)echo "== bench_file.py" && EARSHOT_BUILD='$(abspath $(B))' tests/bench/bench_file.py
	$(Q)echo "== bench_recovery" && EARSHOT_BUILD='$(abspath $(B))' tests/bench/bench_recovery.py
	$(if $(TUI),$(Q)echo "== bench_tui" && EARSHOT_BUILD='$(abspath $(B))' \
	  unshare -Urn sh -c 'ip link set lo up && exec tests/bench/bench_tui.py')
	$(Q)echo "== bench_transfer" && EARSHOT_BUILD='$(abspath $(B))' tests/bench/bench_transfer.py

## lint          format, static checks, layers, sizes and scripts of the whole tree
lint: $(B)/earshot.1.scd $(if $(shell command -v xgettext),pot)
	$(Q)LINT_MANUAL=$< LINT_POT=$(POT) LINT_CFLAGS='$(STD) $(EXTRA_DEFINES) $(if $(TUI),-DEARSHOT_TUI) $(if $(SECCOMP),-DEARSHOT_SECCOMP) -DEARSHOT_VERSION="$(VERSION)" -DEARSHOT_LIBEXECDIR="$(libexecdir)" -DEARSHOT_SYSCONFDIR="$(sysconfdir)/earshot" -DEARSHOT_LOCALEDIR="$(localedir)"' \
	  tests/lint/run

-include $(wildcard $(B)/tests/unit/*/*.d $(B)/tests/bench/*.d)
