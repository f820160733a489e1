import { WITHOUT_WHOLE } from "../../assembly/abi";
import { Crowd, EACH } from "../crowd";
import { same } from "../digest";
import { Handshakes, OPENED } from "../handshakes";
import { kernel, nodeNet } from "../rivals/kernel";
import type { Contestant } from "../rounds";
import { sockets } from "../sockets";
import type { Way } from "../tcp-lab";
import { PASS, SEGMENT, SEGMENTS, Transfer, digestBytes, payload } from "../transfer";
import { count } from "./question";
import type { Case, Question, Setting } from "./question";
import { counted } from "./switch";

const MANY = 10_000;

export const tcp: Question = {
  name: "tcp",
  inside: "bytes written, sent in segments of 1448, acknowledged and read, from station to station, all on one core",
  cases: ({ engine, quick }) => {
    const cases = [
      bulk("tcp, across a switch, 1500-byte packets", engine, "switch", WITHOUT_WHOLE, (digest) => [
        kernel("kernel over veth", "segments", SEGMENTS, digest),
      ]),
      bulk("tcp, across a switch, segments travel whole", engine, "switch", 0, (digest) => [
        kernel("kernel over veth", "whole", SEGMENTS, digest),
        kernel("kernel over loopback", "loopback", SEGMENTS, digest),
      ]),
      bulk("tcp, through a NAT, 1500-byte packets", engine, "nat", 0, () => []),
      socketCase(engine),
      openAndClose(engine),
      crowd(engine),
    ];
    return quick ? cases.slice(0, 1) : cases;
  },
};

const segments = { unit: "segment", bits: SEGMENT * 8 };

/** Payload of one connection; beside it the kernel's. */
function bulk(title: string, engine: Setting["engine"], way: Way, without: number, beside: (digest: bigint) => Contestant[]): Case {
  return {
    title,
    ...segments,
    make() {
      const data = payload();
      const digest = digestBytes(data);
      const transfer = new Transfer(engine, way, without);
      transfer.verify(data, digest);
      return [{
        name: "engine",
        frames: SEGMENTS,
        ...counted("engine, bytes received", () => transfer.run(), () => transfer.received, PASS),
        verify: () => transfer.verify(data, digest),
      }, ...beside(digest)];
    },
  };
}

/** The same as a program has it: Uint8Arrays in and out. */
function socketCase(engine: Setting["engine"]): Case {
  return {
    title: "tcp, through sockets, 64 KiB a write",
    ...segments,
    async make() {
      const digest = digestBytes(payload());
      return [await sockets(engine, digest), await nodeNet(SEGMENTS, digest)];
    },
  };
}

function openAndClose(engine: Setting["engine"]): Case {
  return {
    title: "tcp, open and close a connection",
    unit: "connection",
    make() {
      const handshakes = new Handshakes(engine);
      const passed = counted("connections", () => handshakes.run(), () => handshakes.done, OPENED);
      return [{ name: "engine", frames: OPENED, ...passed }, kernel("kernel over veth", "open", 0)];
    },
  };
}

function crowd(engine: Setting["engine"]): Case {
  const segmentsOfAll = MANY * EACH;
  return {
    title: `tcp, ${count(MANY)} connections at once`,
    ...segments,
    make() {
      const all = new Crowd(engine, MANY);
      all.verify();
      const { laidOut, touched } = all.memory();
      const mib = (bytes: number): string => (bytes / 2 ** 20).toFixed(0);
      same("memory is laid out for all", 1, Number(touched <= laidOut));
      return [{
        name: `engine, ${mib(laidOut)} MiB, of which used ${mib(touched)}`,
        frames: segmentsOfAll,
        ...counted("segments received", () => all.run(), () => all.received, segmentsOfAll),
        verify: () => all.verify(),
      }];
    },
  };
}
