# SPDX-License-Identifier: MIT
# What is installed, and the packages that carry it. `make dist` leaves them in dist/.

PREFIX ?= /usr/local
DIST ?= dist
MAINTAINER ?= The tcpconnect authors <maintainers@tcpconnect.invalid>
VERSION = $(shell sed -n 's/^  "version": "\(.*\)",$$/\1/p' package.json)

# umask, since install(1) makes the folders with it.
.PHONY: install uninstall
to = '$(DESTDIR)$(PREFIX)'
shared = find build/share -type f -printf '%P\n' | while read -r file
install: build share
	$(Q)umask 022 && install -D -m 755 $(TOOL) $(to)/sbin/tcpconnect
	$(Q)umask 022 && install -D -m 644 -t $(to)/share/doc/tcpconnect LICENSE
	$(Q)umask 022 && install -D -m 644 -t $(to)/share/doc/tcpconnect/NOTICES NOTICES/*
	$(Q)umask 022 && $(shared); do \
		install -D -m 644 "build/share/$$file" $(to)/share/"$$file" || exit 1; done

uninstall: share
	$(Q)rm -f $(to)/sbin/tcpconnect
	$(Q)rm -rf $(to)/share/doc/tcpconnect
	$(Q)$(shared); do rm -f $(to)/share/"$$file"; done

# The same bytes from the same commit: no time but the commit's, no owner but root, names sorted.
# FAST=1 compresses little, for tests.
.PHONY: dist packages
name = tcpconnect-$(VERSION)-linux-$(debian_$(ARCH))
deb = tcpconnect_$(VERSION)_$(debian_$(ARCH)).deb
stage := build/stage
dist packages: export SOURCE_DATE_EPOCH ?= $(or $(shell git log -1 --format=%ct), \
	$(error no commit: SOURCE_DATE_EPOCH must say the time))
dist: build share | build/deps-vm build/deps-dist
	$(Q)rm -rf $(DIST) && mkdir -p $(DIST)
	$(Q)$(MAKE) --no-print-directory ARCH=x86_64 packages
	$(Q)$(MAKE) --no-print-directory ARCH=arm64 packages
	$(Q)cp packaging/install.sh $(DIST)
	$(Q)cd $(DIST) && sha256sum -- $$(ls) > SHA256SUMS

packages: build
	$(call msg,SBOM,$(DIST)/$(name).spdx.json)
	$(Q)$(BUN) packaging/sbom.ts $(name) $(TOOL) $(O)/tcpconnect.map $(SYSROOT) \
		> $(DIST)/$(name).spdx.json
	$(call msg,TAR,$(DIST)/$(name).tar.zst)
	$(Q)rm -rf $(stage)
	$(Q)$(MAKE) --no-print-directory ARCH=$(ARCH) install DESTDIR=$(stage)/ PREFIX=$(name)
	$(Q)tar --sort=name --owner=0 --group=0 --numeric-owner --mtime=@$$SOURCE_DATE_EPOCH --format=ustar \
		-C $(stage) -cf $(stage)/tar $(name)
	$(Q)zstd -q -T1 $(if $(FAST),-1,-19) $(stage)/tar -o $(DIST)/$(name).tar.zst
	$(call msg,DEB,$(DIST)/$(deb))
	$(Q)rm -rf $(stage)
	$(Q)$(MAKE) --no-print-directory ARCH=$(ARCH) install DESTDIR=$(stage) PREFIX=/usr
	$(Q)XZ=$(if $(FAST),0,6) sh packaging/deb/build.sh $(stage) $(O)/tcpconnect.so \
		$(VERSION) $(debian_$(ARCH)) '$(MAINTAINER)' $(DIST)/$(deb)
	$(Q)rm -rf $(stage)

# Installed with apt in Debian 11, 12 and 13, as trees under build/vm. FAST, so not what is released.
.PHONY: test-dist
test-dist: build/test/client | build/deps-test
	$(Q)$(MAKE) --no-print-directory dist FAST=1 DIST=build/dist
	$(call msg,TEST,test/dist)
	$(Q)$(SUDO) env CI=$(CI) $(BUN) test --timeout 600000 test/dist
