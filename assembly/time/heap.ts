/**
 * Timers of one kind: a binary heap of deadlines, each belonging to a numbered thing that has at most one. The earliest is on
 * top; equal times keep the order in which they were set. A thing's place in the heap is remembered, so a timer can be moved
 * or cancelled and no stale entry is ever left behind: the heap is bounded by the number of things.
 *
 *   Heap    32 bytes: where the two arrays are, how many timers run
 *   entries 24 bytes each: due u64 (ns) · seq u64 · thing u32
 *   places  u32 per thing: index in `entries` + 1, 0 when it has no timer
 */
@unmanaged
export class Heap {
  entries: usize;
  places: usize;
  count: u32;
  private spare0: u32;
  private spare1: u64;
  private spare2: u64;

  /** Lays the two arrays out for things 0…`things`; returns the address after them. */
  lay(base: usize, things: u32): usize {
    this.entries = (base + 63) & ~63;
    this.places = this.entries + (<usize>things + 1) * ENTRY;
    return this.places + ((<usize>things + 1) << 2);
  }

  get due(): u64 {
    return this.count == 0 ? NEVER : this.at(0).due;
  }
  get seq(): u64 {
    return this.count == 0 ? NEVER : this.at(0).seq;
  }

  /** Sets, or moves, the timer of `thing`. */
  set(thing: u32, due: u64, seq: u64): void {
    this.cancel(thing);
    const i = this.count++;
    this.put(i, due, seq, thing);
    this.up(i);
  }

  has(thing: u32): bool {
    return load<u32>(this.places + (<usize>thing << 2)) != 0;
  }

  cancel(thing: u32): void {
    const place = load<u32>(this.places + (<usize>thing << 2));
    if (place == 0) return;
    store<u32>(this.places + (<usize>thing << 2), 0);
    const last = --this.count;
    const i = place - 1;
    if (i == last) return;
    const e = this.at(last);
    this.put(i, e.due, e.seq, e.thing);
    this.up(i);
    this.down(i);
  }

  /** Takes the earliest off and returns whose it was. There must be one. */
  pop(): u32 {
    const thing = this.at(0).thing;
    this.cancel(thing);
    return thing;
  }

  private at(i: u32): Entry {
    return changetype<Entry>(this.entries + <usize>i * ENTRY);
  }

  private put(i: u32, due: u64, seq: u64, thing: u32): void {
    const e = this.at(i);
    e.due = due;
    e.seq = seq;
    e.thing = thing;
    store<u32>(this.places + (<usize>thing << 2), i + 1);
  }

  private swap(i: u32, j: u32): void {
    const a = this.at(i);
    const b = this.at(j);
    const due = a.due;
    const seq = a.seq;
    const thing = a.thing;
    this.put(i, b.due, b.seq, b.thing);
    this.put(j, due, seq, thing);
  }

  private isBefore(i: u32, j: u32): bool {
    const a = this.at(i);
    const b = this.at(j);
    return a.due < b.due || (a.due == b.due && a.seq < b.seq);
  }

  private up(i: u32): void {
    while (i != 0) {
      const parent = (i - 1) >>> 1;
      if (!this.isBefore(i, parent)) return;
      this.swap(i, parent);
      i = parent;
    }
  }

  private down(i: u32): void {
    for (;;) {
      let least = i;
      const left: u32 = 2 * i + 1;
      if (left < this.count && this.isBefore(left, least)) least = left;
      if (left + 1 < this.count && this.isBefore(left + 1, least)) least = left + 1;
      if (least == i) return;
      this.swap(i, least);
      i = least;
    }
  }
}

@unmanaged
class Entry {
  due: u64;
  seq: u64;
  thing: u32;
  private spare: u32;
}
const ENTRY: usize = offsetof<Entry>();

/** Later than every time. */
export const NEVER: u64 = u64.MAX_VALUE;

// One heap per kind of timer. Flights, neighbours, generators and streams are work and drive time; leases and what streams keep up
// are not, and do not.
const HEAPS: usize = memory.data(384, 64);

/** Flights on wires whose delay has no lane of its own, by flight. */
export function flightTimers(): Heap {
  return changetype<Heap>(HEAPS);
}
/** Address resolution under way, by neighbour slot. */
export function neighborTimers(): Heap {
  return changetype<Heap>(HEAPS + 64);
}
/** Generators, by number. */
export function generatorTimers(): Heap {
  return changetype<Heap>(HEAPS + 192);
}
/** DHCP clients, by interface. */
export function leaseTimers(): Heap {
  return changetype<Heap>(HEAPS + 128);
}
/** TCP's retransmissions, window probes and delayed acknowledgements, by stream. */
export function streamTimers(): Heap {
  return changetype<Heap>(HEAPS + 256);
}
/** TCP's TIME-WAIT, keepalive and the like, by stream. */
export function streamUpkeepTimers(): Heap {
  return changetype<Heap>(HEAPS + 320);
}
