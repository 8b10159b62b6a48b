#!/bin/sh
# Installs the packages that building and testing need, as far as they are missing.
set -eu

# command or file : Debian package : Fedora package
needed='
clang                      clang            clang
ld                         binutils         binutils
clang-format               clang-format     clang-tools-extra
bpftool                    bpftool          bpftool
npm                        npm              nodejs-npm
curl                       curl             curl
ip                         iproute2         iproute
tc                         iproute2         iproute-tc
iptables                   iptables         iptables-nft
nft                        nftables         nftables
ld.lld                     lld              lld
setpriv                    util-linux       util-linux
xz                         xz-utils         xz
qemu-system-x86_64         qemu-system-x86  qemu-system-x86
qemu-system-aarch64        qemu-system-arm  qemu-system-aarch64
libbpf.a                   libbpf-dev       libbpf-static
libelf.a                   libelf-dev       elfutils-libelf-devel-static
libz.a                     zlib1g-dev       zlib-static
bpf/libbpf.h               libbpf-dev       libbpf-devel
linux/bpf.h                linux-libc-dev   kernel-headers
libc.a                     libc6-dev        glibc-static
'

have() {
	case $1 in
	*.a) for file in /usr/lib/*/"$1" /usr/lib64/"$1"; do [ ! -e "$file" ] || return 0; done; false ;;
	*.h) [ -e "/usr/include/$1" ] ;;
	# Ubuntu's /usr/sbin/bpftool is a wrapper that looks for one that fits the kernel.
	bpftool) PATH=$PATH:/usr/sbin; bpftool version >/dev/null 2>&1 || ls /usr/lib/linux-tools/*/bpftool >/dev/null 2>&1 ;;
	*) PATH=$PATH:/usr/sbin:/sbin; command -v "$1" >/dev/null ;;
	esac
}

debian='' fedora=''
while read -r what deb rpm; do
	if [ -n "$what" ] && ! have "$what"; then
		debian="$debian $deb" fedora="$fedora $rpm"
	fi
done <<EOF
$needed
EOF
[ -n "$debian" ] || exit 0

if ! command -v apt-get >/dev/null; then
	echo "missing, by their Fedora names:$fedora" >&2
	exit 1
fi
sudo=''
[ "$(id -u)" = 0 ] || sudo=sudo
$sudo apt-get update -q
# Ubuntu has bpftool in linux-tools.
case $debian in
*bpftool*) apt-cache show bpftool >/dev/null 2>&1 || debian=$(echo "$debian" | sed 's/bpftool/linux-tools-generic/') ;;
esac
# shellcheck disable=SC2086 # a list of words
$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $debian
