# Fuzzing. Each tests/fuzz/fuzz_X.c is one libFuzzer target; its seeds are in
# tests/fuzz/corpus/X/, what it finds stays in build/fuzz/corpus/X/. Always clang, with flags
# and a folder of its own, whatever VARIANT and CC are.
#
#   FUZZ_SECONDS=30   how long each target runs
#   FUZZ=xml_reader   only this one

FUZZ_CC      ?= clang
FUZZ_SECONDS ?= 30
FUZZ_B       := build/fuzz
FUZZ_FOLDERS  = daemon chat transfer peer stream ipc store discovery mdns tls xml doctor client wire base
FUZZ_SANITIZE = -fsanitize=address,undefined -fno-sanitize-recover=all
FUZZ_CFLAGS   = $(STD) -O1 -g -fno-omit-frame-pointer $(FUZZ_SANITIZE) -MMD -MP \
                -DEARSHOT_VERSION='"$(VERSION)"' -DEARSHOT_LIBEXECDIR='"$(libexecdir)"' \
                -DEARSHOT_SYSCONFDIR='"$(sysconfdir)/earshot"' \
                -DEARSHOT_LOCALEDIR='"$(localedir)"'
FUZZ_RUN      = -max_len=4096 -timeout=5 -rss_limit_mb=512 -print_final_stats=1 \
                -max_total_time=$(FUZZ_SECONDS)

# what only one target uses, and is left out without
FUZZ_PKG_xml_differential = libxml-2.0
FUZZ_NAMES   := $(foreach n,$(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c)),\
                  $(if $(FUZZ_PKG_$(n)),$(if $(FLAGS_$(FUZZ_PKG_$(n))),$(n)),$(n)))
FUZZ_OBJS     = $(patsubst %.c,$(FUZZ_B)/%.o,$(filter-out %/main.c,$(foreach f,$(FUZZ_FOLDERS),$(call srcs,$(f)) $(MADE_$(f)))))

define fuzz_folder_rules
$(FUZZ_B)/src/$(1)/%.o: src/$(1)/%.c | libraries
	$$(call say,FUZZ,$$<)mkdir -p $$(@D) && $(FUZZ_CC) $(call cflags,$(1)) $$(FUZZ_CFLAGS) \
	  -fsanitize=fuzzer-no-link -c -o $$@ $$<
endef
$(foreach f,$(FUZZ_FOLDERS),$(eval $(call fuzz_folder_rules,$(f))))

$(eval $(call schema_rules,$(FUZZ_B)))
$(FUZZ_B)/src/store/schema.o: $(FUZZ_B)/src/store/schema.c
	$(call say,FUZZ,$<)$(FUZZ_CC) $(FUZZ_CFLAGS) -fsanitize=fuzzer-no-link -c -o $@ $<

$(FUZZ_B)/all.a: $(FUZZ_OBJS)
	$(call say,AR,$@)rm -f $@ && ar rcsD $@ $(FUZZ_OBJS)

$(FUZZ_B)/fuzz_%: tests/fuzz/fuzz_%.c $(FUZZ_B)/all.a
	$(call say,FUZZ,$@)$(FUZZ_CC) $(call cflags,$(FUZZ_FOLDERS)) $(CFLAGS_$(FUZZ_PKG_$*)) $(FUZZ_CFLAGS) \
	  -fsanitize=fuzzer -o $@ $< $(FUZZ_B)/all.a -Wl,--as-needed $(call libs,$(FUZZ_FOLDERS)) \
	  $(LIBS_$(FUZZ_PKG_$*)) -lpthread

# a crash is written beside the found corpus and ends the run
.PHONY: fuzz fuzz-build $(FUZZ_NAMES:%=fuzz-run-%)
$(FUZZ_NAMES:%=fuzz-run-%): fuzz-run-%: $(FUZZ_B)/fuzz_%
	$(Q)mkdir -p $(FUZZ_B)/corpus/$* && \
	  { [ ! -d tests/fuzz/corpus/$* ] || cp tests/fuzz/corpus/$*/* $(FUZZ_B)/corpus/$*/; } && \
	  { $< $(FUZZ_RUN) -artifact_prefix=$(FUZZ_B)/$*- $(FUZZ_B)/corpus/$* >$(FUZZ_B)/$*.log 2>&1 || \
	    { tail -n 60 $(FUZZ_B)/$*.log; echo 'not ok fuzz $*'; exit 1; }; } && \
	  echo "ok    fuzz $*: $$(sed -n 's/^stat::number_of_executed_units: *//p' $(FUZZ_B)/$*.log) runs"

## fuzz          build the fuzzers with clang and run each for FUZZ_SECONDS=30 (FUZZ=NAME: one)
fuzz: $(addprefix fuzz-run-,$(or $(FUZZ),$(FUZZ_NAMES)))
fuzz-build: $(FUZZ_NAMES:%=$(FUZZ_B)/fuzz_%)

-include $(wildcard $(FUZZ_B)/src/*/*.d $(FUZZ_B)/*.d)
