/**
 * What the executable holds besides our own code, and the licenses that its authors declare.
 * NOTICES/README.md and NOTICES/bun.md say the same for people.
 *
 * @module
 */

/** Software that becomes part of the executable. */
export interface Component {
  name: string;
  /** SPDX license expression; `NOASSERTION` where several apply to different files. */
  license: string;
  url: string;
}

/** Linked into the shim: by the archive's name. */
export const archives: Record<string, Component & { debian: string }> = {
  "libbpf.a": {
    name: "libbpf",
    license: "BSD-2-Clause OR LGPL-2.1-only",
    url: "https://github.com/libbpf/libbpf",
    debian: "libbpf-dev",
  },
  "libelf.a": {
    name: "libelf",
    license: "LGPL-3.0-or-later OR GPL-2.0-or-later",
    url: "https://sourceware.org/elfutils/",
    debian: "libelf-dev",
  },
  "libz.a": {
    name: "zlib",
    license: "Zlib",
    url: "https://zlib.net/",
    debian: "zlib1g-dev",
  },
  "libzstd.a": {
    name: "zstd",
    license: "BSD-3-Clause OR GPL-2.0-only",
    url: "https://facebook.github.io/zstd/",
    debian: "libzstd-dev",
  },
};

/** Archives of the compiler and of glibc, whose licenses ask nothing of what is linked with them. */
export const toolchain = ["libgcc.a", "libc_nonshared.a"];

export const bun: Component = {
  name: "bun",
  license: "MIT",
  url: "https://github.com/oven-sh/bun",
};

const github = (repository: string) => `https://github.com/${repository}`;

/** What Bun links: by its key in `process.versions`, or undefined where Bun does not tell. */
export const bunParts: (Component & { key?: string })[] = [
  part("WebKit", "LGPL-2.0-or-later", github("oven-sh/webkit"), "webkit"),
  part("BoringSSL", "NOASSERTION", github("oven-sh/boringssl"), "boringssl"),
  part("libarchive", "NOASSERTION", github("libarchive/libarchive"), "libarchive"),
  part("mimalloc", "MIT", github("oven-sh/mimalloc"), "mimalloc"),
  part(
    "picohttpparser",
    "MIT OR Artistic-1.0-Perl",
    github("h2o/picohttpparser"),
    "picohttpparser",
  ),
  part("uWebSockets", "Apache-2.0", github("uNetworking/uWebSockets"), "uwebsockets"),
  part("uSockets", "Apache-2.0", github("uNetworking/uSockets"), "usockets"),
  part("zlib-ng", "Zlib", github("zlib-ng/zlib-ng"), "zlib"),
  part("TinyCC", "LGPL-2.1-only", github("oven-sh/tinycc"), "tinycc"),
  part("lol-html", "BSD-3-Clause", github("cloudflare/lol-html"), "lolhtml"),
  part("c-ares", "MIT", github("c-ares/c-ares"), "ares"),
  part("libdeflate", "MIT", github("ebiggers/libdeflate"), "libdeflate"),
  part("ls-hpack", "MIT", github("litespeedtech/ls-hpack"), "lshpack"),
  part("zstd", "BSD-3-Clause OR GPL-2.0-only", github("facebook/zstd"), "zstd"),
  part("ICU", "Unicode-3.0", github("unicode-org/icu"), "icu"),
  part("SQLite", "blessing", "https://sqlite.org/", "sqlite"),
  part("llhttp", "MIT", github("nodejs/llhttp"), "llhttp"),
  part("brotli", "MIT", github("google/brotli")),
  part("ls-qpack", "MIT", github("litespeedtech/ls-qpack")),
  part("lsquic", "MIT AND BSD-3-Clause", github("litespeedtech/lsquic")),
  part("simdutf", "Apache-2.0", github("simdutf/simdutf")),
  part("base64", "BSD-2-Clause", github("aklomp/base64")),
  part("libjpeg-turbo", "BSD-3-Clause AND IJG AND Zlib", github("libjpeg-turbo/libjpeg-turbo")),
  part("libspng", "BSD-2-Clause", github("randy408/libspng")),
  part("libwebp", "BSD-3-Clause", github("webmproject/libwebp")),
  part("highway", "Apache-2.0", github("google/highway")),
  part("uucode", "MIT", github("jacobsandlund/uucode")),
  part("TigerBeetle", "Apache-2.0", github("tigerbeetle/tigerbeetle")),
  part("libc++abi", "Apache-2.0 WITH LLVM-exception", github("llvm/llvm-project")),
];

function part(name: string, license: string, url: string, key?: string) {
  return { name, license, url, ...(key && { key }) };
}
