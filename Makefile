# Earshot. `make help` lists what can be made; docs/architecture.md explains the tree.
#
#   VARIANT=release|debug|asan|tsan|coverage   which build (default release)
#   B=build/VARIANT                            where it is built
#   CC=gcc|clang  V=1  WERROR=1  prefix=/usr/local  DESTDIR=  CFLAGS= LDFLAGS= (come after ours)

MAKEFLAGS += --no-builtin-rules
.SUFFIXES:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := all

VARIANT ?= release
B       := build/$(VARIANT)
prefix  ?= /usr/local
bindir     = $(prefix)/bin
libdir     = $(prefix)/lib
libexecdir = $(prefix)/libexec/earshot
includedir = $(prefix)/include
datadir    = $(prefix)/share
# what holds for the whole computer, wherever the programs are
sysconfdir ?= /etc

VERSION := $(file <packaging/version)

PKG_CONFIG ?= pkg-config
ifeq ($(origin CC),default)
CC := gcc
endif
CC_VERSION := $(shell $(CC) --version 2>/dev/null | head -n 1)
IS_CLANG   := $(findstring clang,$(CC_VERSION))

# ---- flags -------------------------------------------------------------------------------
STD  = -std=c11 -D_POSIX_C_SOURCE=200809L -Iinclude -Isrc
WARN = -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wformat=2 \
       -Wnull-dereference -Wcast-qual -Wcast-align -Wwrite-strings -Wpointer-arith \
       -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition -Wredundant-decls \
       -Wundef -Wvla -Wswitch-enum -Wimplicit-fallthrough -Wdouble-promotion
ifneq ($(IS_CLANG),)
WARN += -Wmissing-variable-declarations -Wcomma -Wunreachable-code-aggressive \
        -Wconditional-uninitialized -Wloop-analysis -Wshift-sign-overflow -Wextra-semi-stmt \
        -Wassign-enum -Wbad-function-cast
else
WARN += -Wformat-signedness -Wformat-overflow=2 -Wformat-truncation=2 -Wduplicated-cond \
        -Wduplicated-branches -Wlogical-op -Wjump-misses-init -Warray-bounds=2 \
        -Wstringop-overflow=4 -Wtrampolines -Walloca -Wnested-externs -Wmissing-declarations
endif
WARN += $(if $(WERROR),-Werror)

MACHINE := $(shell uname -m)
HARDEN = -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -fstack-protector-strong \
         -fstack-clash-protection -fno-delete-null-pointer-checks -fno-strict-overflow
ifneq ($(filter x86_64 i686,$(MACHINE)),)
HARDEN += -fcf-protection=full
endif
ifeq ($(IS_CLANG),)
HARDEN += -ftrivial-auto-var-init=zero -fzero-call-used-regs=used-gpr
endif
LDHARD = -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack -Wl,-z,separate-code -Wl,--as-needed

# these builds read and write what the programs themselves do not
UNCONFINED    = -DEARSHOT_UNCONFINED
SANITIZE_asan = -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
SANITIZE_tsan = -fsanitize=thread -fno-omit-frame-pointer
OPT_release   = -O2 -g $(HARDEN)
OPT_debug     = -O0 -g
OPT_asan      = -O1 -g $(SANITIZE_asan) $(UNCONFINED)
OPT_tsan      = -O1 -g $(SANITIZE_tsan) $(UNCONFINED)
OPT_coverage  = -O0 -g --coverage $(UNCONFINED)
LD_release    = $(LDHARD)
LD_asan       = $(SANITIZE_asan)
LD_tsan       = $(SANITIZE_tsan)
LD_coverage   = --coverage
ifeq ($(OPT_$(VARIANT)),)
$(error VARIANT=$(VARIANT) is none of release, debug, asan, tsan, coverage)
endif

# -fPIC for all: the same objects make the programs (PIE) and libearshot
ALL_CFLAGS = $(STD) $(WARN) $(OPT_$(VARIANT)) -fno-common -fvisibility=hidden -fPIC \
             -DEARSHOT_VERSION='"$(VERSION)"' -MMD -MP $(CPPFLAGS) $(CFLAGS)
ALL_LDFLAGS = $(LD_$(VARIANT)) $(CFLAGS) $(LDFLAGS)

Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-5s %s\n' $(1) $(2);)

# ---- folders, what each links, what each program is made of ------------------------------
# The order is the layer order: a folder may use those to its right (tests/lint/layers.txt).
FOLDERS = daemon chat transfer peer stream ipc store discovery tls xml client wire base mdns \
          cli $(TUI) $(TRAY) front doctor
PKGS_base      = libutf8proc $(SECCOMP)
PKGS_xml       = expat
PKGS_tls       = libssl libcrypto
PKGS_mdns      = libuv avahi-client avahi-core
PKGS_discovery = libuv
PKGS_wire      = jansson
PKGS_ipc       = libuv
PKGS_store     = libuv sqlite3
PKGS_stream    = libuv
PKGS_peer      = libuv
PKGS_chat      = libuv
PKGS_transfer  = libuv
PKGS_daemon    = libuv inih
PKGS_cli       = libedit $(filter-out $(PICTURES),$(EXTRAS))
PKGS_front     = $(filter $(PICTURES),$(EXTRAS))
PKGS_tui       = ncursesw
PKGS_tray      = gtk+-3.0 ayatana-appindicator3-0.1

earshotd_FOLDERS      = daemon chat transfer peer stream ipc store discovery tls xml wire base
# of the helper only the line protocol both sides speak, and so none of its libraries
earshotd_ALSO         = mdns
earshot-mdns_FOLDERS  = mdns base
earshot_FOLDERS       = cli $(TUI) front doctor client wire base
earshot-tray_FOLDERS  = tray front doctor client wire base
# Front ends that are left out where their libraries are not: `earshot` then talks in lines.
have = $(shell $(PKG_CONFIG) --exists $(1) && echo yes)
TUI  := $(if $(call have,$(PKGS_tui)),tui)
TRAY := $(if $(call have,$(PKGS_tray)),tray)
# without it system calls are not filtered, and `earshot daemon status` shows that they are not
SECCOMP := $(shell $(PKG_CONFIG) --exists 'libseccomp >= 2.5' && echo libseccomp)
# sources that are made of something else, in the build folder under the same path
MADE_store = src/store/schema.c
PROGRAMS := $(foreach p,earshotd earshot-mdns earshot $(if $(TRAY),earshot-tray),\
              $(if $(wildcard src/$(firstword $($(p)_FOLDERS))/main.c),$(p)))

# what a unit test of a folder links: the folder and all below it
DEPS_base      = base
DEPS_wire      = wire base
DEPS_xml       = xml base
DEPS_tls       = tls base
DEPS_mdns      = mdns base
DEPS_discovery = discovery mdns base
DEPS_ipc       = ipc wire base
DEPS_store     = store base
DEPS_stream    = stream tls xml base
DEPS_peer      = peer stream ipc store discovery mdns tls xml wire base
DEPS_chat      = chat $(DEPS_peer)
DEPS_transfer  = transfer $(DEPS_peer)
DEPS_daemon    = $(earshotd_FOLDERS) mdns
DEPS_client    = client ipc wire base
DEPS_cli       = $(earshot_FOLDERS)
DEPS_doctor    = doctor client wire base
DEPS_front     = front client ipc wire base
DEPS_tui       = tui doctor $(DEPS_front)
DEPS_tray      = tray doctor $(DEPS_front)

# Without them `earshot id` draws no QR codes; files are sent without their media type, pictures
# without a small copy; and `earshot record` is not there.
PICTURES = libmagic gdk-pixbuf-2.0
EXTRAS := $(foreach p,libqrencode libpng $(PICTURES) libopusenc,$(if $(shell $(PKG_CONFIG) --exists $(p) && echo yes),$(p)))

# One pkg-config call a library; no answer means it is not there.
PKGS := $(sort $(foreach f,$(FOLDERS),$(PKGS_$(f))))
define ask_pkg
FLAGS_$(1)  := $(shell $(PKG_CONFIG) --cflags --libs $(1) 2>/dev/null)
CFLAGS_$(1)  = $$(patsubst -I%,-isystem%,$$(filter -I% -D% -pthread,$$(FLAGS_$(1))))
LIBS_$(1)    = $$(filter -l% -L% -Wl$$(comma)% -pthread,$$(FLAGS_$(1)))
endef
comma := ,
$(foreach p,$(PKGS) cmocka,$(eval $(call ask_pkg,$(p))))
MISSING := $(strip $(foreach p,$(PKGS),$(if $(FLAGS_$(p)),,$(p))))

pkgs     = $(sort $(foreach f,$(1),$(PKGS_$(f))))
cflags   = $(sort $(foreach p,$(call pkgs,$(1)),$(CFLAGS_$(p))))
libs     = $(foreach p,$(call pkgs,$(1)),$(LIBS_$(p)))
srcs     = $(wildcard src/$(1)/*.c)
objs     = $(patsubst %.c,$(B)/%.o,$(call srcs,$(1)) $(MADE_$(1)))
archives = $(foreach f,$(1),$(if $(call srcs,$(f)),$(B)/$(f).a))
# main.c holds main() and belongs to its program alone
libobjs  = $(filter-out %/main.o,$(call objs,$(1)))

# $(call remember,FILE,TEXT): a rule for FILE, which is rewritten when TEXT is not what it holds.
# What depends on it is so made again when flags change, or a source file comes or goes.
define remember
$(1): $(if $(call differ,$(file <$(1)),$(2)),FORCE)
	$$(Q)mkdir -p $$(@D) && printf '%s\n' '$(subst ','\'',$(2))' >$$@
endef
differ = $(subst x$(strip $(1))x,,x$(strip $(2))x)

.PHONY: all help clean libraries FORCE
all: $(PROGRAMS:%=$(B)/%) $(if $(wildcard src/client/*.c),$(B)/libearshot.so.0)

## all           build the programs and the library (default)
## clean         remove build/
clean:
	$(Q)rm -rf build

help:
	@sed -n 's/^## //p' $(MAKEFILE_LIST)

# Before anything is compiled, so that a missing library is one sentence.
libraries:
	$(if $(CC_VERSION),,@echo >&2 "$(CC) is not installed: run packaging/install-deps"; exit 1)
	$(if $(MISSING),@echo >&2 "Libraries not found: $(MISSING). Run packaging/install-deps"; exit 1)

$(eval $(call remember,$(B)/flags,$(CC) $(CC_VERSION) $(ALL_CFLAGS) $(ALL_LDFLAGS)))

define folder_rules
CFLAGS_$(1) := $(call cflags,$(1))
$(B)/src/$(1)/%.o: src/$(1)/%.c $(B)/flags | libraries
	$$(call say,CC,$$<)mkdir -p $$(@D) && $$(CC) $$(CFLAGS_$(1)) $$(ALL_CFLAGS) -c -o $$@ $$<
$(call remember,$(B)/$(1).list,$(call libobjs,$(1)))
$(B)/$(1).a: $(call libobjs,$(1)) $(B)/$(1).list
	$$(call say,AR,$$@)rm -f $$@ && ar rcsD $$@ $$(filter %.o,$$^)
endef
$(foreach f,$(FOLDERS),$(eval $(call folder_rules,$(f))))

# GLib combines flags of its enums, and casts in its macros
ifneq ($(IS_CLANG),)
$(call objs,tray): WARN += -Wno-assign-enum -Wno-bad-function-cast -Wno-cast-qual
endif

# only these know where the helper is installed; another prefix is not another build of all
CFLAGS_discovery += -DEARSHOT_LIBEXECDIR='"$(libexecdir)"'
CFLAGS_daemon    += -DEARSHOT_LIBEXECDIR='"$(libexecdir)"' -DEARSHOT_SYSCONFDIR='"$(sysconfdir)/earshot"'
$(eval $(call remember,$(B)/libexecdir,$(libexecdir) $(sysconfdir)))
$(call objs,discovery) $(call objs,daemon): $(B)/libexecdir

# and only base/tr.c where translations are
localedir     = $(datadir)/locale
CFLAGS_base  += -DEARSHOT_LOCALEDIR='"$(localedir)"'
$(eval $(call remember,$(B)/localedir,$(localedir)))
$(B)/src/base/tr.o: $(B)/localedir

CFLAGS_base += $(if $(SECCOMP),-DEARSHOT_SECCOMP)
$(eval $(call remember,$(B)/seccomp,x$(SECCOMP)))
$(call objs,base): $(B)/seccomp

# ICU is loaded when it is needed, and only the version that is here: its names carry it
# (src/base/lookalike.c). The build goes without, too.
ICU := $(firstword $(subst ., ,$(shell $(PKG_CONFIG) --modversion icu-i18n 2>/dev/null)))
CFLAGS_base += $(if $(ICU),-DEARSHOT_ICU='"$(ICU)"')
$(eval $(call remember,$(B)/icu,$(ICU)))
$(B)/src/base/lookalike.o: $(B)/icu

# and only front ends have parts that depend on what is there
EXTRA_NAMES = libqrencode:QR libpng:PNG libmagic:MAGIC gdk-pixbuf-2.0:PIXBUF libopusenc:OPUS
EXTRA_DEFINES = $(foreach n,$(EXTRA_NAMES),\
  $(if $(filter $(firstword $(subst :, ,$(n))),$(EXTRAS)),-DEARSHOT_$(lastword $(subst :, ,$(n)))))
CFLAGS_cli += $(EXTRA_DEFINES) $(if $(TUI),-DEARSHOT_TUI)
CFLAGS_front += $(EXTRA_DEFINES)
$(eval $(call remember,$(B)/extras,$(EXTRAS) $(TUI)))
$(call objs,cli) $(call objs,front): $(B)/extras

# The schema is part of the program. One rule for each build folder: $(call schema_rules,FOLDER)
SCHEMA := $(wildcard src/store/schema/*.sql)
define schema_rules
$(1)/src/store/schema.c: src/store/schema/embed.awk $(SCHEMA)
	$$(call say,AWK,$$@)mkdir -p $$(@D) && awk -f $$^ >$$@
endef
$(eval $(call schema_rules,$(B)))
$(B)/src/store/schema.o: $(B)/src/store/schema.c $(B)/flags | libraries
	$(call say,CC,$<)$(CC) $(CFLAGS_store) $(ALL_CFLAGS) -c -o $@ $<

define program_rules
$(B)/$(1): $(B)/src/$(firstword $($(1)_FOLDERS))/main.o $(call archives,$($(1)_FOLDERS) $($(1)_ALSO)) $(B)/flags
	$$(call say,LD,$$@)$$(CC) $$(ALL_LDFLAGS) -pie -o $$@ $$< -Wl,--start-group \
	  $(call archives,$($(1)_FOLDERS) $($(1)_ALSO)) -Wl,--end-group $(call libs,$($(1)_FOLDERS)) -lpthread -ldl
endef
$(foreach p,$(PROGRAMS),$(eval $(call program_rules,$(p))))

$(B)/libearshot.so.0: $(call libobjs,client) $(call archives,wire base) src/client/libearshot.map $(B)/flags
	$(call say,LD,$@)$(CC) $(ALL_LDFLAGS) -shared -Wl,-soname,$(@F) \
	  -Wl,--version-script,src/client/libearshot.map -o $@ $(call libobjs,client) \
	  $(call archives,wire base) $(call libs,client wire base)

-include $(wildcard $(B)/src/*/*.d)

include tests/tests.mk
include po/po.mk
include packaging/packaging.mk
