# Tests. Each tests/unit/FOLDER/test_X.c is one cmocka program that links src/FOLDER and what
# lies below it.

UNIT_SRCS  = $(wildcard tests/unit/*/test_*.c)
UNIT_PROGS = $(UNIT_SRCS:%.c=$(B)/%)

define unit_rules
$(B)/tests/unit/$(1)/%: tests/unit/$(1)/%.c $(call archives,$(DEPS_$(1)))
	$$(call say,TEST,$$@)mkdir -p $$(@D) && $$(CC) $$(ALL_CFLAGS) $$(UNIT_CFLAGS_$(1)) $$(ALL_LDFLAGS) -o $$@ $$< \
	  -Wl,--start-group $(call archives,$(DEPS_$(1))) -Wl,--end-group $$(UNIT_LIBS_$(1)) -lpthread
UNIT_CFLAGS_$(1) := $(call cflags,$(DEPS_$(1))) $(shell $(PKG_CONFIG) --cflags cmocka 2>/dev/null | sed 's/-I/-isystem /g')
UNIT_LIBS_$(1)   := $(call libs,$(DEPS_$(1))) $(shell $(PKG_CONFIG) --libs cmocka 2>/dev/null)
endef
$(foreach f,$(FOLDERS),$(eval $(call unit_rules,$(f))))

.PHONY: unit check-unit
unit: $(UNIT_PROGS)

## check-unit    build and run the unit tests (FOLDER=xml: of one folder)
check-unit: $(if $(FOLDER),$(filter $(B)/tests/unit/$(FOLDER)/%,$(UNIT_PROGS)),$(UNIT_PROGS))
	$(Q)for t in $^; do $$t || exit 1; done

-include $(wildcard $(B)/tests/unit/*/*.d)
