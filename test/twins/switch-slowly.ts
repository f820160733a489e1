/**
 * The switches' twins: slow, plain, written from the standard and from what VirtualBox does. They are the specification.
 *
 * MACs are texts, `"02:00:00:00:00:0a"`; times are milliseconds.
 */
export interface Frame {
  src: string;
  dst: string;
}

/** A place on a switch. */
export interface Port {
  owner: "vm" | "host" | "wire" | "service";
  policy: "deny" | "allow-vms" | "allow-all";
  /** What its card reports; null: nothing. A learning bridge does not ask. */
  mac: string | null;
  cable: boolean;
}

export interface Switch {
  readonly ports: Set<Port>;
  /** Who gets a frame that arrives on `from`. */
  receive(frame: Frame, from: Port, now: number): Port[];
  plug(port: Port): void;
  unplug(port: Port): void;
}

/** Everybody but the sender. */
function others(ports: Set<Port>, from: Port): Port[] {
  return [...ports].filter((port) => port !== from);
}

/** IEEE 802.3 §3.2.3: the first bit on the wire is the lowest of the first byte. */
export function isGroup(mac: string): boolean {
  return parseInt(mac.slice(0, 2), 16) % 2 === 1;
}

/** IEEE 802.1D-2004 §7.12.6: 01-80-C2-00-00-00 to 0F are for the bridge itself. */
function isReserved(mac: string): boolean { return /^01:80:c2:00:00:0.$/.test(mac); }

/**
 * Who may listen to a frame between two others: VirtualBox's promiscuous policies. "allow-vms" is for what machines send, and for
 * what comes by the wire for one of them.
 *
 * @param hit    who gets it anyway
 * @param exact  those of them whose MAC it is for
 */
function listeners(ports: Set<Port>, from: Port, hit: Port[], exact: Port[]): Port[] {
  return others(ports, from).filter((port) => {
    if (hit.includes(port)) return false;
    if (port.policy === "allow-all") return true;
    if (port.policy === "deny") return false;
    return from.owner === "vm" || (from.owner === "wire" && exact.some(({ owner }) => owner === "vm"));
  });
}

/** Where stations were last heard, on one bridge or several. When there is no room for another, the one silent for longest goes. */
export class Stations {
  private readonly known = new Map<string, { port: Port; heard: number }>();

  constructor(private readonly room = Infinity) {}

  find(key: string): { port: Port; heard: number } | undefined { return this.known.get(key); }

  /** The latest stands last. */
  learn(key: string, port: Port, heard: number): void {
    this.known.delete(key);
    if (this.known.size === this.room) this.known.delete([...this.known.keys()][0]!);
    this.known.set(key, { port, heard });
  }

  forget(port: Port): void {
    for (const [key, station] of this.known) if (station.port === port) this.known.delete(key);
  }
}

/** A learning bridge, IEEE 802.1D-2004 §7.7 to §7.9. */
export class LearningBridge implements Switch {
  readonly ports = new Set<Port>();

  /**
   * @param ageing    ms until a silent station is forgotten
   * @param name      tells its stations from those of other bridges
   * @param stations  of its own, unless it shares them
   */
  constructor(private readonly ageing: number, private readonly name = 0, private readonly stations = new Stations()) {}

  plug(port: Port): void { this.ports.add(port); }

  /** IEEE 802.1Q-2018 §8.8: who was heard there is unknown from now on, and stays so when the port comes back. */
  unplug(port: Port): void {
    this.ports.delete(port);
    this.stations.forget(port);
  }

  receive({ src, dst }: Frame, from: Port, now: number): Port[] {
    if (isGroup(src)) return [];
    this.stations.learn(`${this.name} ${src}`, from, now);

    if (isReserved(dst)) return [];
    if (isGroup(dst)) return others(this.ports, from);
    const to = this.where(dst, now);
    if (to === undefined) return others(this.ports, from);
    // A frame for somebody behind its own port is not sent back, but it was on the wire: who may listen hears it.
    const hit = to === from ? [] : [to];
    return [...hit, ...listeners(this.ports, from, hit, hit)];
  }

  /** Who gets a frame to somebody nobody knows. */
  flood(from: Port): Port[] { return others(this.ports, from); }

  /** The engine counts whole milliseconds. */
  private where(mac: string, now: number): Port | undefined {
    const station = this.stations.find(`${this.name} ${mac}`);
    if (station === undefined) return undefined;
    return Math.floor(now) - Math.floor(station.heard) < this.ageing ? station.port : undefined;
  }
}

/**
 * VirtualBox's switch: a port has the MAC that its card reports, else that of the first frame it sends, for ever. Unknown
 * stations are nobody's, unless there is a wire to other machines: it gets what no card matches, and has no MAC itself.
 */
export class StaticSwitch implements Switch {
  readonly ports = new Set<Port>();

  plug(port: Port): void { this.ports.add(port); }

  unplug(port: Port): void { this.ports.delete(port); }

  receive({ src, dst }: Frame, from: Port): Port[] {
    if (isGroup(src)) return [];
    if (from.mac === null && from.owner !== "wire") from.mac = src;
    if (isReserved(dst)) return [];
    if (isGroup(dst)) return others(this.ports, from);

    const cards = [...this.ports].filter(({ owner }) => owner !== "wire");
    const exact = cards.filter(({ mac }) => mac === dst);
    const unknown = cards.filter(({ mac }) => mac === null);
    const wires = exact.length > 0 ? [] : [...this.ports].filter(({ owner }) => owner === "wire");
    const hit = [...exact, ...unknown, ...wires].filter((port) => port !== from);
    return [...hit, ...listeners(this.ports, from, hit, exact)];
  }
}
