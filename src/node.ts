/** What needs Node: cables to emulators, streams, HTTP. Everything of `fivewire` itself comes from the main entry. */
export * from "./index";
export { qemu } from "./guests/qemu";
export type { QemuOptions, QemuPort } from "./guests/qemu";
export { udpTunnel } from "./guests/udp-tunnel";
export type { UdpTunnel, UdpTunnelOptions } from "./guests/udp-tunnel";
export { tap } from "./guests/tap";
export type { TapOptions, TapPort } from "./guests/tap";
export type { LivePort } from "./guests/live-port";
export { hostSockets } from "./outside/host-sockets";
export { duplex } from "./node/duplex";
export type { SocketDuplex } from "./node/duplex";
export { LabAgent, serveHttp } from "./node/http";
export type { LabAgentOptions } from "./node/http";
