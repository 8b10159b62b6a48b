/** A cursor over a batch of samples: fields are read where they lie. */

import { event } from "./layout.gen.ts";

const { fields } = event;

/** The least size of a sample, in bytes: of one without the tail. EVENT_SIZE(false) of tcpconnect.h. */
export const HEAD_SIZE = fields.tid.offset;

/** The SYN's retransmits are not known. Of tcpconnect.h. */
export const RETRANS_UNKNOWN = 0xffffffff;

const TIME = fields.time.offset >> 2;
const LATENCY = fields.latency.offset >> 2;
const PID = fields.pid.offset >> 2;
const UID = fields.uid.offset >> 2;
const SPORT = fields.sport.offset >> 1;
const DPORT = fields.dport.offset >> 1;
const FAMILY = fields.family.offset >> 1;
const RESULT = fields.result.offset >> 1;
const TID = fields.tid.offset >> 2;
const RETRANS = fields.retrans.offset >> 2;
const RTT = fields.rtt.offset >> 2;

/** One event of a batch, the one last moved to. */
export class EventView {
  /** All samples as bytes, for the fields that are bytes. */
  readonly bytes: Uint8Array;
  readonly #u32: Uint32Array;
  readonly #u16: Uint16Array;
  readonly #i16: Int16Array;
  #offset = 0;

  /** @param samples Memory with events, each a `struct event` at a multiple of 4 bytes. */
  constructor(samples: ArrayBuffer) {
    this.bytes = new Uint8Array(samples);
    this.#u32 = new Uint32Array(samples);
    this.#u16 = new Uint16Array(samples);
    this.#i16 = new Int16Array(samples);
  }

  /** Moves to the event that begins at an offset, in bytes; fields are of that event from now on. */
  at(offset: number): this {
    this.#offset = offset;
    return this;
  }

  /** Of this record, nanoseconds of CLOCK_MONOTONIC; exact for the first 104 days of uptime. */
  get time(): number {
    return this.#u64(TIME);
  }
  /** From the attempt to its result, in nanoseconds. */
  get latency(): number {
    return this.#u64(LATENCY);
  }
  get pid(): number {
    return this.#u32[(this.#offset >>> 2) + PID]!;
  }
  get uid(): number {
    return this.#u32[(this.#offset >>> 2) + UID]!;
  }
  get sport(): number {
    return this.#u16[(this.#offset >>> 1) + SPORT]!;
  }
  get dport(): number {
    return this.#u16[(this.#offset >>> 1) + DPORT]!;
  }
  /** 4 or 6. */
  get family(): number {
    return this.#u16[(this.#offset >>> 1) + FAMILY]!;
  }
  /** An errno, or one of `result` in tcpconnect.h. */
  get result(): number {
    return this.#i16[(this.#offset >>> 1) + RESULT]!;
  }
  /** The thread that called; only if the sample has the tail. */
  get tid(): number {
    return this.#u32[(this.#offset >>> 2) + TID]!;
  }
  /** How often the SYN was sent again, or {@linkcode RETRANS_UNKNOWN}; only with the tail. */
  get retrans(): number {
    return this.#u32[(this.#offset >>> 2) + RETRANS]!;
  }
  /** The round-trip time in nanoseconds; 0 if it is not known. Only with the tail. */
  get rtt(): number {
    return this.#u64(RTT);
  }
  /** Where in {@linkcode bytes} the source address begins. */
  get saddr(): number {
    return this.#offset + fields.saddr.offset;
  }
  /** Where in {@linkcode bytes} the destination address begins. */
  get daddr(): number {
    return this.#offset + fields.daddr.offset;
  }
  /** Where in {@linkcode bytes} the command's name begins. */
  get comm(): number {
    return this.#offset + fields.comm.offset;
  }

  #u64(field: number): number {
    const at = (this.#offset >>> 2) + field;
    return this.#u32[at]! + this.#u32[at + 1]! * 2 ** 32;
  }
}
