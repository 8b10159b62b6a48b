#!/bin/sh
# Installs the packages that are missing, of the groups named as arguments: build, test, dist, vm.
set -eu

# group, what to look for, its Debian package, its Fedora package
packages='
build clang               clang            clang
build ld                  binutils         binutils
build bpftool             bpftool          bpftool
build npm                 npm              nodejs-npm
build libbpf.a            libbpf-dev       libbpf-static
build bpf/libbpf.h        libbpf-dev       libbpf-devel
build libelf.a            libelf-dev       elfutils-libelf-devel-static
build libz.a              zlib1g-dev       zlib-static
build libzstd.a           libzstd-dev      libzstd-static
build libc.a              libc6-dev        glibc-static
build linux/bpf.h         linux-libc-dev   kernel-headers
test  clang-format        clang-format     clang-tools-extra
test  eu-strip            elfutils         elfutils
test  llvm-strip          llvm             llvm
test  curl                curl             curl
test  jq                  jq               jq
test  ip                  iproute2         iproute
test  iptables            iptables         iptables-nft
test  setpriv             util-linux       util-linux
test  script              bsdutils         util-linux-script
test  man                 man-db           man-db
test  mandoc              mandoc           mandoc
test  groff               groff-base       groff-base
test  zsh                 zsh              zsh
test  fish                fish             fish
test  bash_completion     bash-completion  bash-completion
test  ps                  procps           procps-ng
test  podman              podman           podman
test  runc                runc             runc
dist  debootstrap         debootstrap      debootstrap
dist  dpkg-deb            dpkg             dpkg
dist  lintian             lintian          lintian
dist  zstd                zstd             zstd
vm    ld.lld              lld              lld
vm    nft                 nftables         nftables
vm    tc                  iproute2         iproute-tc
vm    xz                  xz-utils         xz
vm    qemu-system-x86_64  qemu-system-x86  qemu-system-x86
vm    qemu-system-aarch64 qemu-system-arm  qemu-system-aarch64
'

have() {
	case $1 in
	*.a) for file in /usr/lib/*/"$1" /usr/lib64/"$1"; do [ ! -e "$file" ] || return 0; done; false ;;
	*.h) [ -e "/usr/include/$1" ] ;;
	# Ubuntu's /usr/sbin/bpftool is a wrapper that looks for one that fits the kernel.
	bash_completion) [ -e /usr/share/bash-completion/bash_completion ] ;;
	bpftool) bpftool version >/dev/null 2>&1 || ls /usr/lib/linux-tools/*/bpftool >/dev/null 2>&1 ;;
	*) command -v "$1" >/dev/null ;;
	esac
}

PATH=$PATH:/usr/sbin:/sbin
debian='' fedora=''
while read -r group what deb rpm; do
	case " $* " in *" $group "*) have "$what" || debian="$debian $deb" fedora="$fedora $rpm" ;; esac
done <<EOF
$packages
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
