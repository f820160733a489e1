/** What needs Node: cables to emulators. Everything of `fivewire` itself comes from the main entry. */
export * from "./index";
export { qemu } from "./guests/qemu";
export type { QemuOptions, QemuPort } from "./guests/qemu";
export { udpTunnel } from "./guests/udp-tunnel";
export type { UdpTunnel, UdpTunnelOptions } from "./guests/udp-tunnel";
export { tap } from "./guests/tap";
export type { TapOptions, TapPort } from "./guests/tap";
export type { LivePort } from "./guests/live-port";
