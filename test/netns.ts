/** Network namespaces of the tests' own: the machine's own network stays as it is. */

import { readFileSync } from "node:fs";
import { Child, type Ended, run, type StartOptions } from "./child.ts";

/** A namespace; it lasts as long as the process that holds it, which ends with the test run. */
export class Netns implements AsyncDisposable {
  readonly #holder: Child;

  private constructor(holder: Child) {
    this.#holder = holder;
  }

  /** Makes a namespace with loopback up, and sysctls set, as in `net.ipv4.tcp_syn_retries=1`. */
  static async open(...sysctls: string[]): Promise<Netns> {
    const holder = new Child(["unshare", "--net", "sh", "-c", "echo ready && exec cat"]);
    await holder.until(({ stdout }) => stdout.includes("ready"));
    const netns = new Netns(holder);
    await netns.run("ip", "link", "set", "lo", "up");
    await netns.set(...sysctls);
    return netns;
  }

  /** Two namespaces with a wire between them: `wire` on either side, 192.0.2.1 and .2. */
  static async pair(...sysctls: string[]): Promise<[Netns, Netns]> {
    const [a, b] = await Promise.all([Netns.open(...sysctls), Netns.open(...sysctls)]);
    const peer = ["peer", "name", "wire", "netns", `${b.#holder.pid}`];
    await a.run("ip", "link", "add", "wire", "type", "veth", ...peer);
    await Promise.all([a, b].map(async (netns, i) => {
      await netns.run("ip", "address", "add", `192.0.2.${i + 1}/24`, "dev", "wire");
      await netns.run("ip", "address", "add", `2001:db8::${i + 1}/64`, "dev", "wire", "nodad");
      await netns.run("ip", "link", "set", "wire", "up");
    }));
    return [a, b];
  }

  /** Sets sysctls. */
  async set(...sysctls: string[]): Promise<void> {
    for (const sysctl of sysctls) {
      const [name, value] = sysctl.split("=") as [string, string];
      const path = `/proc/sys/${name.replaceAll(".", "/")}`;
      await this.run("sh", "-c", 'echo "$2" > "$1"', "sh", path, value);
    }
  }

  /** Gives addresses on the wire a neighbour that never answers. */
  async silence(...addresses: string[]): Promise<void> {
    const neighbour = ["lladdr", "02:00:00:00:00:99", "nud", "permanent", "dev", "wire"];
    for (const address of addresses) {
      await this.run("ip", "neighbour", "add", address, ...neighbour);
    }
  }

  /** Starts a command inside; the process is the command itself. */
  start(argv: readonly string[], options?: StartOptions): Child {
    return new Child(["nsenter", `--net=/proc/${this.#holder.pid}/ns/net`, ...argv], options);
  }

  /** Starts a command that waits, with its process already its own, for {@linkcode Child.input}. */
  startHeld(argv: readonly string[]): Child {
    return this.start(["sh", "-c", 'read -r _ && exec "$@"', "sh", ...argv]);
  }

  end(argv: readonly string[]): Promise<Ended> {
    return this.start(argv).ended;
  }

  /** Runs a command that must succeed. */
  run(...argv: string[]): Promise<string> {
    return run(["nsenter", `--net=/proc/${this.#holder.pid}/ns/net`, ...argv]);
  }

  /** How many sockets wait for an answer from a port. */
  waiting(port: number): number {
    const remote = `:${port.toString(16).toUpperCase().padStart(4, "0")} 02 `; // TCP_SYN_SENT
    return ["tcp", "tcp6"].flatMap((table) =>
      readFileSync(`/proc/${this.#holder.pid}/net/${table}`, "utf8").split("\n")
    ).filter((line) => line.includes(remote)).length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#holder.stop("SIGKILL");
  }
}
