import assert from "node:assert/strict";
import { BlockList, isIPv4, isIPv6 } from "node:net";
import test from "node:test";
import { ipv4, ipv6, networks } from "../../src/cli/addresses.ts";
import { UsageError } from "../../src/cli/values.ts";
import { encode, type Sample } from "./events.ts";
import { type Network, passAll } from "../../src/kernel/filters.ts";
import { leftOutBy } from "../../src/kernel/left_out.ts";
import { Random } from "./random.ts";

const random = new Random(13);

/** Text that is an address, or nearly one. */
function nearlyAddress(): string {
  const number = () => random.pick(["0", "1", "9", "10", "99", "127", "255", "256", "01", "999"]);
  const group = () => random.pick(["0", "1", "ffff", "FFFF", "a1b2", "00ab", "12345", "g", ""]);
  const many = (count: number, one: () => string, by: string) =>
    Array.from({ length: count }, one).join(by);
  const dotted = () => many(random.pick([4, 4, 4, 4, 3, 5]), number, ".");
  const colons = (count: number) => many(count, group, ":");
  return random.pick([
    dotted,
    () => colons(8),
    () => `${colons(random.below(9))}::${colons(random.below(9))}`,
    () => `${colons(6)}:${dotted()}`,
    () => `::${colons(random.below(6))}:${dotted()}`,
    () => `::ffff:${dotted()}`,
    () => `${colons(random.below(8))}:${dotted()}:${colons(random.below(2))}`,
  ])();
}

test("ipv4() and ipv6() take what inet_pton(3) takes, and nothing else", () => {
  const taken = { v4: 0, v6: 0 };
  const fixed = ["::", "::1", "1::", ":", ":::", "1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:8::", ""];
  for (const text of [...fixed, ...Array.from({ length: 20_000 }, nearlyAddress)]) {
    assert.equal(ipv4(text) !== undefined, isIPv4(text), text);
    assert.equal(ipv6(text) !== undefined, isIPv6(text), text);
    if (isIPv4(text)) taken.v4++;
    if (isIPv6(text)) taken.v6++;
  }
  assert.ok(taken.v4 > 300 && taken.v6 > 300, JSON.stringify(taken));
});

const text4 = (bytes: readonly number[]) => bytes.join(".");
const text6 = (bytes: readonly number[]) =>
  Array.from({ length: 8 }, (_, i) => (bytes[2 * i]! << 8 | bytes[2 * i + 1]!).toString(16)).join(
    ":",
  );

test("ipv4() and ipv6() give the bytes in network order", () => {
  for (let i = 0; i < 200; i++) {
    const [four, sixteen] = [[...random.bytes(4)], [...random.bytes(16)]];
    assert.deepEqual(ipv4(text4(four)), four);
    assert.deepEqual(ipv6(text6(sixteen)), sixteen);
    assert.deepEqual(ipv6(`::1:${text4(four)}`), [...Array(11).fill(0), 1, ...four]);
  }
  assert.deepEqual(ipv6("1::8"), [0, 1, ...Array(12).fill(0), 0, 8]);
});

const network = (text: string) => networks(text)[0]!;

test("networks() takes what lies within ::ffff:0:0/96 for IPv4", () => {
  assert.deepEqual(networks("::ffff:10.0.0.0/104"), networks("10.0.0.0/8"));
  assert.deepEqual(networks("::ffff:a01:203"), networks("10.1.2.3"));
  assert.deepEqual(networks("::ffff:0:0/96"), networks("0.0.0.0/0"));
  assert.deepEqual([network("::/0").family, network("::1.2.3.4").family], [6, 6]);
});

test("networks() knows private, loopback and link-local", () => {
  const all = (...texts: string[]) => texts.flatMap(networks);
  const sites = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"];
  assert.deepEqual(networks("private"), all(...sites));
  assert.deepEqual(networks("loopback"), all("127.0.0.0/8", "::1/128"));
  assert.deepEqual(networks("link-local"), all("169.254.0.0/16", "fe80::/10"));
});

test("networks() refuses what is no network", () => {
  const refused = [
    ..."10 10/8 10.0.0.0/ 10.0.0.0/33 10.0.0.0/-1 10.0.0.0/8/8 10.0.0.0/08x 10.0.0.0/1e1".split(
      " ",
    ),
    ..."::/129 ::g fe80::1%eth0 [::1] ::1/ 1.2.3.4:80 localhost Private constructor /8".split(" "),
    ..."10.0.0.1/8 128.0.0.0/0 2001:db8::1/64 ::ffff:10.0.0.1/104 ::ffff:0:0/90".split(" "),
    ...["", " 10.0.0.1", "10.0.0.1 ", "10.0.0.1\n", "١.0.0.1"],
  ];
  for (const text of refused) {
    assert.throws(() => networks(text), (error) => {
      assert.ok(error instanceof UsageError, text);
      assert.match(error.message, /^invalid address '/);
      return true;
    }, text);
  }
  assert.throws(() => networks("10.0.0.1/8"), /'10\.0\.0\.1\/8': it has host bits/);
});

/** A random network, its host bits cleared, as text. */
function randomNetwork(): string {
  const size = random.pick([4, 16]);
  const bits = random.pick([0, 8, 8 * size, random.below(8 * size + 1)]);
  const bytes = [...random.bytes(size)].map((byte, i) =>
    byte & 0xff00 >> Math.max(0, Math.min(bits - 8 * i, 8)) & 0xff
  );
  return `${size === 4 ? text4(bytes) : text6(bytes)}/${bits}`;
}

test("a list of networks lets pass what BlockList finds in it, with ! what it does not", () => {
  const rounds = Array.from({ length: 200 }, () => {
    const texts = Array.from({ length: 1 + random.below(4) }, randomNetwork);
    // Each for one family: BlockList finds IPv4 in ::/0, and we do not.
    const lists = { 4: new BlockList(), 6: new BlockList() };
    for (const text of texts) {
      const [address, bits] = text.split("/") as [string, string];
      if (isIPv4(address)) lists[4].addSubnet(address, Number(bits), "ipv4");
      else lists[6].addSubnet(address, Number(bits), "ipv6");
    }
    const values: Network[] = texts.flatMap(networks);
    const { family, address, bits } = random.pick(values);
    const daddr = [...address];
    // In the network or next to it; or anywhere.
    const bit = random.below(8 * address.length);
    if (random.below(2) || bit >= bits) daddr[bit >> 3]! ^= 0x80 >> (bit & 7);
    const far = [...random.bytes(address.length)];
    const samples: Sample[] = [{ family, daddr }, { family, daddr: far }];
    const to = (bytes: number[]) => family === 4 ? text4(bytes) : text6(bytes);
    const listed = [daddr, far].map((bytes) =>
      lists[family].check(to(bytes), family === 4 ? "ipv4" : "ipv6")
    );
    return { texts, values, samples, listed };
  });
  const all = encode(rounds.flatMap(({ samples }) => samples));
  const size = all.length / rounds.length / 2;
  let [inside, outside] = [0, 0];
  rounds.forEach(({ texts, values, listed }, round) => {
    listed.forEach((isListed, i) => {
      const event = new DataView(all.buffer, all.byteOffset + (2 * round + i) * size, size);
      for (const except of [false, true]) {
        const cause = leftOutBy({ ...passAll, destinations: { values, except } })(event);
        assert.equal(cause, isListed === except ? "destination" : undefined, `${texts}`);
      }
      if (isListed) inside++;
      else outside++;
    });
  });
  assert.ok(inside > 50 && outside > 50, `${inside}, ${outside}`);
});
