/** What the engine's module exports; all numbers are 32-bit integers, times are nanoseconds as f64. */
export interface EngineExports {
  memory: WebAssembly.Memory;
  version(): number;
  control(): number;
  staging(): number;
  init(): number;
  networkAdd(kind: number, ageingMs: number): number;
  networkSetCapture(network: number, on: number): void;
  networkRemove(network: number): void;
  portAdd(role: number, owner: number, delayNs: number): number;
  portAttach(port: number, network: number): void;
  portDetach(port: number): void;
  portRemove(port: number): void;
  portJoin(a: number, b: number): void;
  portSetCable(port: number, on: number): void;
  portSetPolicy(port: number, policy: number): void;
  portSetCapture(port: number, on: number): void;
  portSetMac(port: number, high: number, low: number): void;
  portSetDelay(port: number, ns: number): void;
  portSetQueue(port: number, frames: number): void;
  portOffset(port: number): number;
  nodeAdd(flags: number, seedHigh: number, seedLow: number): number;
  nodeRemove(node: number): void;
  nodeReseed(node: number, high: number, low: number): void;
  interfaceAdd(node: number, port: number, macHigh: number, macLow: number): number;
  interfaceRemove(id: number): void;
  interfaceSetAddress(id: number, ip: number, prefix: number, gateway: number): void;
  interfaceDhcp(id: number, on: number, maxStartDelayMs: number): void;
  interfaceOffset(id: number): number;
  routeAdd(node: number, destination: number, prefix: number, via: number): number;
  routeRemove(node: number, destination: number, prefix: number): number;
  neighborSet(id: number, ip: number, macHigh: number, macLow: number): number;
  udpOpen(node: number, address: number, port: number): number;
  udpPort(socket: number): number;
  udpClose(socket: number): void;
  udpSend(socket: number, destination: number, port: number, length: number, ttl: number): number;
  udpSendVia(
    socket: number, id: number, destination: number, port: number, macHigh: number, macLow: number, length: number,
  ): number;
  echoOpen(node: number): number;
  echoClose(node: number, identifier: number): void;
  echoSend(
    node: number, destination: number, identifier: number, sequence: number, length: number, ttl: number,
  ): number;
  tcpListen(node: number, address: number, port: number, backlog: number): number;
  tcpListenAny(node: number): number;
  tcpDecide(stream: number, verdict: number, code: number): void;
  tcpCloseListener(listener: number): void;
  tcpAccept(listener: number): number;
  tcpConnect(
    node: number, source: number, sourcePort: number, destination: number, port: number, without: number,
  ): number;
  tcpWrite(stream: number, length: number): number;
  tcpRead(stream: number, most: number): number;
  tcpReadable(stream: number): number;
  tcpBuffered(stream: number): number;
  tcpHasEnded(stream: number): number;
  tcpShutdown(stream: number): void;
  tcpAbort(stream: number): void;
  tcpRelease(stream: number): void;
  tcpSet(stream: number, option: number, value: number): number;
  tcpOffset(stream: number): number;
  natAdd(insideNode: number, outsideNode: number, outsideInterface: number): number;
  natRemove(nat: number): void;
  natSet(nat: number, option: number, value: number): void;
  natFlush(nat: number): void;
  natAlias(nat: number, insideAddress: number, loopbackAddress: number): number;
  natGuest(nat: number, ip: number): void;
  forwardAdd(nat: number, protocol: number, hostIp: number, hostPort: number, guestIp: number, guestPort: number): number;
  forwardRemove(forward: number): void;
  connectionNext(nat: number, cursor: number): number;
  mappingNext(nat: number, cursor: number): number;
  connectionOffset(connection: number): number;
  mappingOffset(mapping: number): number;
  fdbNext(network: number, cursor: number): number;
  fdbOffset(index: number): number;
  ingressOffset(): number;
  reserve(): number;
  framesOffset(): number;
  eventsOffset(): number;
  ingress(count: number): void;
  refuse(book: number, reason: number, port: number): void;
  dropAt(port: number, reason: number): void;
  run(limitNs: number, budget: number, drive: number): number;
  eventsRead(count: number): void;
  generatorAdd(port: number): number;
  generatorOffset(id: number): number;
  generatorStart(id: number): void;
  generatorStop(id: number): void;
  portSetSink(port: number, on: number): void;
  liveFrames(): number;
  isProbing(): number;
  stateHash(part: number): number;
}
