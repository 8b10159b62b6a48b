#!/bin/sh
# Installs tcpconnect from the tarball beside this file, if its checksum in SHA256SUMS is right.
# PREFIX in the environment says where to: /usr/local by default. Nothing is downloaded.
set -eu
umask 022
prefix=${PREFIX:-/usr/local}

fail() {
	echo "install.sh: $*" >&2
	exit 1
}

[ $# -eq 0 ] || { echo "usage: [PREFIX=/usr/local] sh install.sh" >&2 && exit 64; }
case $prefix in /*) ;; *) fail "PREFIX must be an absolute path: $prefix" ;; esac
case $(uname -s)-$(uname -m) in
Linux-x86_64) arch=amd64 ;;
Linux-aarch64) arch=arm64 ;;
*) fail "no tcpconnect for $(uname -s) on $(uname -m)" ;;
esac
for command in sha256sum tar zstd; do
	command -v $command > /dev/null || fail "needs $command: install it"
done

cd -- "$(dirname -- "$0")"
set -- tcpconnect-*-linux-"$arch".tar.zst
[ $# -eq 1 ] && [ -f "$1" ] || fail "needs one tarball for $arch beside it: tcpconnect-*-linux-$arch.tar.zst"
[ -f SHA256SUMS ] || fail "needs SHA256SUMS beside it"
grep -qxF -- "$(sha256sum -- "$1")" SHA256SUMS || fail "$1 does not match its checksum in SHA256SUMS"

# Unpacked and tried out below PREFIX, then moved: a full disk leaves no half of it.
mkdir -p -- "$prefix" 2> /dev/null && [ -w "$prefix" ] || fail "cannot write to $prefix: run it as root"
work=$(mktemp -d "$prefix/.tcpconnect.XXXXXX")
trap 'rm -rf -- "$work"' EXIT
trap 'exit 1' HUP INT TERM
zstd -dcq -- "$1" | tar -xof - -C "$work" || fail "cannot unpack $1 to $prefix"
tree=$work/${1%.tar.zst}
version=${1#tcpconnect-}
[ "$("$tree/sbin/tcpconnect" --version 2>&1)" = "tcpconnect ${version%-linux-*}" ] ||
	fail "the tcpconnect of $1 does not run here: it needs glibc 2.28 or newer"

(cd "$tree" && find . -type d -exec mkdir -p "$prefix/{}" \;)
(cd "$tree" && find . -type f -exec mv -f {} "$prefix/{}" \;)
echo "installed $prefix/sbin/tcpconnect"
