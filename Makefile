# SPDX-License-Identifier: MIT
# `make run` installs what is missing, builds and traces; `make test` proves it. V=1 shows commands.

# A machine has a name for each who is asked: here, Linux's BPF headers, GNU, npm (Bun, Deno), Debian.
names_x86_64 := x86_64 x86 amd64 x64
bpf_x86_64 := x86
gnu_x86_64 := x86_64-linux-gnu
npm_x86_64 := x64
debian_x86_64 := amd64

names_arm64 := arm64 aarch64
bpf_arm64 := arm64
gnu_arm64 := aarch64-linux-gnu
npm_arm64 := arm64
debian_arm64 := arm64

# An ARCH that is exported for a kernel build may be spelled differently.
arch = $(or $(strip $(foreach a,x86_64 arm64,$(if $(filter $(1),$(names_$(a))),$(a)))), \
	$(error ARCH=$(1): only x86_64 and arm64 are known))
HOST := $(call arch,$(shell uname -m))
override ARCH := $(call arch,$(or $(ARCH),$(HOST)))

CLANG ?= clang
CLANG_FORMAT ?= clang-format
# Ubuntu keeps bpftool beside each kernel, and a wrapper elsewhere that wants the running one's.
BPFTOOL ?= $(firstword $(wildcard /usr/lib/linux-tools/*/bpftool /usr/sbin/bpftool) bpftool)

bun = node_modules/@oven/bun-linux-$(subst arm64,aarch64,$(npm_$(1)))/bin/bun
BUN := $(call bun,$(HOST))
DENO := node_modules/@deno/linux-$(npm_$(HOST))-glibc/deno

# `make ARCH=arm64` elsewhere builds ./tcpconnect-arm64, from Debian's packages in a sysroot.
ifeq ($(ARCH),$(HOST))
O := build
TOOL := tcpconnect
else
O := build/$(ARCH)
TOOL := tcpconnect-$(ARCH)
SYSROOT := build/vm/sysroot-$(debian_$(ARCH))
sysroot := $(SYSROOT)/.packages
cross := --target=$(gnu_$(ARCH)) --sysroot=$(SYSROOT) -fuse-ld=lld
foreign := $(O)/$(call bun,$(ARCH))
bunflags := --target=bun-linux-$(npm_$(ARCH)) --conditions=$(ARCH) \
	--compile-executable-path=$(foreign)
endif

SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)

ifeq ($(V),1)
Q :=
msg :=
else
Q := @
msg = @printf '  %-8s %s\n' '$(1)' '$(2)';
endif

.DELETE_ON_ERROR:
.PHONY: force all deps build share run test test-vm bench bench-vm check fmt generate clean
all: build
build: $(TOOL)

# Sources, in folders of any depth. A list of them makes new and deleted files known: what is made
# from them depends on it, and it is out of date when it does not name the files that there are.

find = $(sort $(shell find $(1) -name '[!.]*.$(2)'))
bpf := $(call find,bpf,[ch])
shim := $(call find,lib/shim,[ch])
ts := $(call find,lib src,ts)
client := $(call find,test/client,[ch])

lists := $(patsubst %,$(O)/%.list,bpf shim ts client)
stale = $(filter-out $(1),$(2))$(filter-out $(2),$(1))
$(foreach list,$(lists),$(if $(call stale,$(file <$(list)),$($(basename $(notdir $(list))))), \
	$(eval $(list): force)))
$(lists): $(O)/%.list:
	$(Q)mkdir -p $(@D)
	$(Q)echo '$($*)' > $@

# Dependencies

deps:
	$(Q)sh ./deps.sh build test dist vm

# One stamp for each group: build/deps-build, build/deps-test, build/deps-dist, build/deps-vm.
build/deps-%: deps.sh
	$(call msg,DEPS,$*)
	$(Q)sh ./deps.sh $*
	$(Q)mkdir -p $(@D) && touch $@

node_modules/.package-lock.json: package.json package-lock.json .npmrc | build/deps-build
	$(call msg,NPM)
	$(Q)npm ci --silent
	$(Q)touch $@

$(O)/node_modules/%/bin/bun: package.json package-lock.json .npmrc | build/deps-build
	$(call msg,NPM,$@)
	$(Q)mkdir -p $(O)
	$(Q)cp package.json package-lock.json .npmrc $(O)
	$(Q)cd $(O) && npm ci --silent --cpu=$(npm_$(ARCH)) --os=linux --libc=glibc
	$(Q)touch $@

$(sysroot): test/vm/packages.ts node_modules/.package-lock.json | build/deps-vm
	$(call msg,SYSROOT,$(SYSROOT))
	$(Q)$(BUN) test/vm/packages.ts sysroot $(debian_$(ARCH)) >/dev/null
	$(Q)touch $@

# Kernel program -> skeleton -> shim -> executable

# BTF names the sources: the same bytes wherever the clone is.
relative = -ffile-prefix-map='$(CURDIR)'=.
# clang finds no system headers for BPF: it takes those that it finds for the machine.
includes = $(shell $(CLANG) $(cross) -v -E -x c /dev/null 2>&1 >/dev/null | \
	sed -n '/^\#include </,/^End/s/^ /-idirafter /p')
$(O)/tcpconnect.bpf.o: $(bpf) $(O)/bpf.list Makefile | build/deps-build $(sysroot)
	$(call msg,BPF,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) -g -O2 -Wall -Wextra -Wno-unused-parameter -target bpf $(relative) \
		-D__TARGET_ARCH_$(bpf_$(ARCH)) -nostdlibinc $(includes) \
		-c bpf/tcpconnect.bpf.c -o $@.tmp
	$(Q)$(BPFTOOL) gen object $@ $@.tmp
	$(Q)rm $@.tmp

$(O)/tcpconnect.skel.h: $(O)/tcpconnect.bpf.o
	$(call msg,SKEL,$@)
	$(Q)$(BPFTOOL) gen skeleton $< name tcpconnect_bpf > $@

# nodelete: signal handlers must outlive whoever loaded it.
# libelf wants libzstd since elfutils 0.189; nothing else takes from it.
zstd = $(filter %/libzstd.a,$(shell $(CLANG) $(cross) -print-file-name=libzstd.a))
$(O)/tcpconnect.so: $(O)/tcpconnect.skel.h $(shim) $(O)/shim.list lib/shim/exports.map Makefile
	$(call msg,SHIM,$@)
	$(Q)$(CLANG) $(cross) -O2 -Wall -Wextra -Werror -fPIC -fvisibility=hidden -shared -o $@ \
		-DSKELETON=tcpconnect_bpf -include bpf/tcpconnect.h -include $< $(filter %.c,$(shim)) \
		-Wl,-Bsymbolic,--version-script=lib/shim/exports.map,--gc-sections,-s,-Map=$(O)/tcpconnect.map \
		-Wl,-z,relro,-z,now,-z,defs,-z,nodelete -Wl,--whole-archive -l:libbpf.a -Wl,--no-whole-archive \
		-l:libelf.a -l:libz.a $(zstd)

# Autoload would run a ./bunfig.toml and read a ./.env of whatever directory root stands in.
# Without an exec-argv Bun does not start in a deleted directory (oven-sh/bun#40372). This one denies
# native addons, which the tool does not use.
$(TOOL): $(O)/tcpconnect.so $(ts) $(O)/ts.list package.json $(foreign) node_modules/.package-lock.json \
		packaging/strip_safe.ts
	$(call msg,EXE,$@)
	$(Q)$(BUN) build src/bun.ts --compile --minify --bytecode --format=esm $(bunflags) \
		--no-compile-autoload-dotenv --no-compile-autoload-bunfig \
		--compile-exec-argv=--no-addons --outfile=$@ >$(O)/bun.log || \
		{ cat $(O)/bun.log; exit 1; }
	$(Q)$(BUN) packaging/strip_safe.ts $@

# The manual and the completions, in build/share as under PREFIX/share, for any ARCH. Always made
# anew, since the page has the date of the commit, or of today where there is none.

share: export SOURCE_DATE_EPOCH ?= $(shell git log -1 --format=%ct 2>/dev/null || date +%s)
share: node_modules/.package-lock.json
	$(call msg,SHARE,build/share)
	$(Q)$(BUN) packaging/share.ts build/share

# Types of the kernel program for TypeScript; committed, so that `make check` can tell a change.

types := event flow flow_stats counters network_key result .rodata .bss
layout = $(BPFTOOL) -j btf dump file $(O)/tcpconnect.bpf.o | $(BUN) lib/generate.ts $(types) | \
	$(DENO) fmt --quiet --ext ts -

generate: $(O)/tcpconnect.bpf.o node_modules/.package-lock.json
	$(call msg,GEN,src/event/layout.gen.ts)
	$(Q)$(layout) > $(O)/layout.gen.ts
	$(Q)mv $(O)/layout.gen.ts src/event/layout.gen.ts

# Everyday

run: build
	$(Q)$(SUDO) ./$(TOOL) $(ARGS)

$(O)/test/client: $(client) $(O)/client.list | build/deps-build $(sysroot)
	$(call msg,CLIENT,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(cross) -O2 -Wall -Wextra -Werror -static -o $@ $(filter %.c,$(client))

test: build $(O)/test/client | build/deps-test
	$(call msg,TEST,test/unit (Bun))
	$(Q)$(BUN) test --timeout 60000 test/unit
	$(call msg,TEST,test/unit (Deno))
	$(Q)$(DENO) test --allow-all test/unit
	$(call msg,TEST,test/kernel)
	$(Q)$(SUDO) env CI=$(CI) $(BUN) test --timeout 60000 test/kernel
	$(call msg,TEST,test/tools)
	$(Q)$(BUN) test --timeout 60000 test/tools

# The guests: other kernels, other machines, and the C tool beside ours.
guests := build/test/client
ifeq ($(HOST),x86_64)
guests += arm64
endif
.PHONY: arm64
arm64:
	$(Q)$(MAKE) --no-print-directory ARCH=arm64 build build/arm64/test/client

test-vm: build $(guests) | build/deps-vm
	$(call msg,TEST,test/vm)
	$(Q)$(BUN) test/vm/matrix.ts

build/bench/%: bench/%.c $(O)/tcpconnect.so
	$(call msg,BENCH,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) -O2 -Wall -Wextra -Werror -o $@ $< -pthread -Wl,--as-needed -lbpf -lelf -lz

bench bench-vm: build $(O)/test/client build/bench/reader build/bench/gauge
	$(Q)$(SUDO) $(BUN) bench/$@.ts $(ARGS)

c := $(bpf) $(shim) $(client) $(wildcard bench/*.c)
prose := $(wildcard *.md */*.md *.json)
fmt: node_modules/.package-lock.json | build/deps-test
	$(Q)$(CLANG_FORMAT) -i $(c)
	$(Q)$(DENO) fmt --quiet src lib test bench packaging $(prose)

check: $(O)/tcpconnect.so node_modules/.package-lock.json | build/deps-test
	$(call msg,CHECK,format)
	$(Q)$(CLANG_FORMAT) --dry-run --Werror $(c)
	$(Q)$(DENO) fmt --quiet --check src lib test bench packaging $(prose)
	$(call msg,CHECK,lint)
	$(Q)$(DENO) lint --quiet src lib test bench packaging
	$(call msg,CHECK,rules)
	$(Q)$(BUN) test/rules.ts
	$(call msg,CHECK,types)
	$(Q)$(DENO) check --quiet src lib test bench packaging
	$(call msg,CHECK,documentation)
	$(Q)$(DENO) check --quiet --doc-only lib
	$(Q)$(DENO) doc --quiet --lint lib/mod.ts lib/bun.ts lib/deno.ts >/dev/null
	$(call msg,CHECK,generated)
	$(Q)$(layout) | diff -u src/event/layout.gen.ts - || { echo 'stale: run make generate'; exit 1; }

include packaging/dist.mk

# What was downloaded stays: node_modules and build/vm.
clean:
	$(call msg,CLEAN)
	$(Q)rm -rf $(O)/tcpconnect.* $(O)/test $(lists) build/deps-* $(TOOL) dist $(stage)
