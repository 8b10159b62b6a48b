#!/bin/sh
# Makes the .deb of an installed tree: build.sh TREE SHIM VERSION ARCH MAINTAINER DEB. XZ is the level.
set -eu
tree=$1 shim=$2 version=$3 arch=$4 maintainer=$5 deb=$6
here=$(dirname "$0")
program=$tree/usr/sbin/tcpconnect
doc=$tree/usr/share/doc/tcpconnect
umask 022

# Everything that is loaded is glibc's. 2.27 has memfd_create, which no table of symbols shows, since
# it is looked up at run time; 2.28 is the oldest that we support.
for library in $(readelf -dW "$program" "$shim" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'); do
	case $library in
	libc.so.6 | libm.so.6 | libdl.so.2 | libpthread.so.0 | ld-linux-*) ;;
	*) echo "$deb: $library belongs to no package that it depends on" >&2 && exit 1 ;;
	esac
done
glibc=$({
	echo 2.28
	readelf -VW "$program" "$shim" | sed -n 's/.*Name: GLIBC_\([0-9.]*\) .*/\1/p'
} | sort -V | tail -n 1)

# Debian has the GNU licenses in /usr/share/common-licenses; the other notices are in one file.
awk '
	!/^@/ { print; next }
	{ file = substr($0, 2)
	  while ((status = (getline line < file)) > 0) print line == "" ? " ." : " " line
	  if (status < 0) { print "cannot read " file > "/dev/stderr"; exit 1 } }
' "$here/copyright" > "$doc/copyright"
rm -r "$doc/LICENSE" "$doc/NOTICES"
gzip -9n > "$doc/changelog.gz" <<EOF
tcpconnect ($version) unstable; urgency=medium

  * Release of version $version.

 -- $maintainer  $(LC_ALL=C date -u -R -d "@$SOURCE_DATE_EPOCH")
EOF
chmod 644 "$doc/copyright" "$doc/changelog.gz"
find "$tree/usr/share/man" -type f -exec gzip -9n {} + 2>/dev/null || [ ! -d "$tree/usr/share/man" ]
install -D -m 644 "$here/lintian-overrides" "$tree/usr/share/lintian/overrides/tcpconnect"

mkdir "$tree/DEBIAN"
install -m 755 "$here/preinst" "$here/postrm" "$tree/DEBIAN"
(cd "$tree" && find usr -type f | LC_ALL=C sort | xargs -d '\n' md5sum) > "$tree/DEBIAN/md5sums"
cat > "$tree/DEBIAN/control" <<EOF
Package: tcpconnect
Version: $version
Architecture: $arch
Maintainer: $maintainer
Installed-Size: $(du -k -s --apparent-size "$tree/usr" | cut -f 1)
Depends: libc6 (>= $glibc)
Section: net
Priority: optional
Description: trace active TCP connections with eBPF
 For each connect() on the machine, tcpconnect prints the process and both
 addresses, and on demand how the attempt ended and how long that took. It
 prints what the tcpconnect of libbpf-tools prints, byte for byte.
 .
 The executable carries libbpf and its own runtime, and needs no headers of the
 kernel. The kernel must have BTF (CONFIG_DEBUG_INFO_BTF).
EOF
find "$tree" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
dpkg-deb --root-owner-group -Zxz "-z$XZ" --build "$tree" "$deb" > /dev/null
