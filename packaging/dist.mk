# SPDX-License-Identifier: MIT
# What is installed, and the packages that carry it. `make dist` leaves them in dist/.

PREFIX ?= /usr/local
VERSION := $(shell sed -n 's/^  "version": "\(.*\)",$$/\1/p' package.json)
stage := build/stage
DIST ?= dist

# Below PREFIX; umask, since install(1) makes the folders with it.
.PHONY: install uninstall
to = '$(DESTDIR)$(PREFIX)'
shared = find build/share -type f -printf '%P\n' 2>/dev/null | while read -r file
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
