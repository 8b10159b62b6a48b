# SPDX-License-Identifier: MIT
# `make run` installs what is missing, builds and traces; `make test` proves it. V=1 shows commands.

ARCH ?= $(shell uname -m | sed 's/aarch64/arm64/')
HOST := $(shell uname -m | sed 's/aarch64/arm64/')
CLANG ?= clang
LLVM_STRIP ?= llvm-strip
CLANG_FORMAT ?= clang-format
# Ubuntu keeps bpftool beside each kernel.
BPFTOOL ?= $(firstword $(wildcard /usr/sbin/bpftool /usr/lib/linux-tools/*/bpftool) bpftool)

bun_x86_64 := bun-linux-x64
bun_arm64 := bun-linux-aarch64
deno_x86_64 := linux-x64-glibc
deno_arm64 := linux-arm64-glibc
BUN := node_modules/@oven/$(bun_$(HOST))/bin/bun
DENO := node_modules/@deno/$(deno_$(HOST))/deno

target_x86_64 := x86_64-linux-gnu
target_arm64 := aarch64-linux-gnu
TARGET := $(target_$(ARCH))
bpf_x86_64 := x86
bpf_arm64 := arm64

O := build
TOOL := tcpconnect
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)

ifeq ($(V),1)
Q :=
msg :=
else
Q := @
msg = @printf '  %-8s %s\n' '$(1)' '$(2)';
endif

.DELETE_ON_ERROR:
.PHONY: all deps build run test check fmt generate install clean
all: build
build: $(TOOL)

# Dependencies

deps:
	$(Q)sh ./deps.sh

$(O)/deps: deps.sh
	$(call msg,DEPS)
	$(Q)sh ./deps.sh
	$(Q)mkdir -p $(O) && touch $@

node_modules/.package-lock.json: package.json package-lock.json .npmrc | $(O)/deps
	$(call msg,NPM)
	$(Q)npm ci --silent
	$(Q)touch $@

# Kernel program -> skeleton -> shim -> executable

$(O)/tcpconnect.bpf.o: bpf/tcpconnect.bpf.c bpf/tcpconnect.h bpf/kernel.h | $(O)/deps
	$(call msg,BPF,$@)
	$(Q)$(CLANG) -g -O2 -Wall -Wextra -Wno-unused-parameter -target bpf \
		-D__TARGET_ARCH_$(bpf_$(ARCH)) -I/usr/include/$(TARGET) -c $< -o $@.tmp
	$(Q)$(BPFTOOL) gen object $@ $@.tmp
	$(Q)rm $@.tmp

$(O)/tcpconnect.skel.h: $(O)/tcpconnect.bpf.o
	$(call msg,SKEL,$@)
	$(Q)$(BPFTOOL) gen skeleton $< name tcpconnect_bpf > $@

shim := $(wildcard lib/shim/*.c)
$(O)/tcpconnect.so: $(O)/tcpconnect.skel.h $(shim) lib/shim/shim.h lib/shim/exports.map Makefile
	$(call msg,SHIM,$@)
	$(Q)$(CLANG) -O2 -Wall -Wextra -Werror -fPIC -fvisibility=hidden -shared -o $@ \
		-DSKELETON=tcpconnect_bpf -include bpf/tcpconnect.h -include $< $(shim) \
		-Wl,-Bsymbolic,--version-script=lib/shim/exports.map,--gc-sections,-s \
		-Wl,-z,relro,-z,now,-z,defs -Wl,--whole-archive -l:libbpf.a -Wl,--no-whole-archive -l:libelf.a -l:libz.a

ts := $(wildcard lib/*.ts src/*.ts)
# Autoload would run a ./bunfig.toml and read a ./.env of whatever directory root stands in.
$(TOOL): $(O)/tcpconnect.so $(ts) package.json node_modules/.package-lock.json
	$(call msg,EXE,$@)
	$(Q)$(BUN) build src/bun.ts --compile --minify --bytecode --format=esm \
		--no-compile-autoload-dotenv --no-compile-autoload-bunfig --outfile=$@ >$(O)/bun.log || \
		{ cat $(O)/bun.log; exit 1; }

# Types of the kernel program for TypeScript; committed, so that `make check` can tell a change.

types := event flow flow_stats counters result .rodata
layout = $(BPFTOOL) -j btf dump file $(O)/tcpconnect.bpf.o | $(BUN) lib/generate.ts $(types) | \
	$(DENO) fmt --quiet --ext ts -

generate: $(O)/tcpconnect.bpf.o node_modules/.package-lock.json
	$(call msg,GEN,src/layout.gen.ts)
	$(Q)$(layout) > $(O)/layout.gen.ts
	$(Q)mv $(O)/layout.gen.ts src/layout.gen.ts

# Everyday

run: build
	$(Q)$(SUDO) ./$(TOOL) $(ARGS)

clean:
	$(call msg,CLEAN)
	$(Q)rm -rf $(O)/*.o $(O)/*.so $(O)/*.h $(O)/test $(O)/deps $(TOOL)
