import { ABI_VERSION } from "./abi";
import { CONTROL, STAGING } from "./memory";

export function version(): u32 {
  return ABI_VERSION;
}
export function control(): usize {
  return CONTROL;
}
export function staging(): usize {
  return STAGING;
}

export { init } from "./commands/layout";
export {
  networkAdd,
  networkRemove,
  networkSetCapture,
  portAdd,
  portAttach,
  portDetach,
  portJoin,
  portOffset,
  portRemove,
  portSetCable,
  portSetCapture,
  portSetMac,
  portSetPolicy,
  portSetQueue,
  portSetSink,
} from "./commands/ports";
export { bucketAdd, bucketRemove, bucketSet, wireAdd, wireOffset, wirePlain, wireSeed, wireSet } from "./commands/wires";
export {
  interfaceAdd,
  interfaceDhcp,
  interfaceOffset,
  interfaceRemove,
  interfaceSetAddress,
  neighborSet,
  nodeAdd,
  nodeRemove,
  nodeReseed,
  routeAdd,
  routeRemove,
} from "./commands/nodes";
export { echoClose, echoOpen, echoSend, udpClose, udpOpen, udpPort, udpSend, udpSendVia } from "./commands/sockets";
export { natAdd, natRemove } from "./commands/nat";
export {
  connectionNext,
  connectionOffset,
  forwardAdd,
  forwardRemove,
  mappingNext,
  mappingOffset,
  natAlias,
  natFlush,
  natGuest,
  natSet,
} from "./nat/nat";
export {
  dropAt,
  eventsOffset,
  fdbNext,
  fdbOffset,
  framesOffset,
  ingress,
  ingressOffset,
  isProbing,
  liveFrames,
  parseFrame,
  refuse,
  reserve,
} from "./commands/traffic";
export { generatorAdd, generatorOffset, generatorStart, generatorStop } from "./commands/generators";
export {
  tcpAbort,
  tcpAccept,
  tcpBuffered,
  tcpClose,
  tcpCloseListener,
  tcpConnect,
  tcpDecide,
  tcpHasEnded,
  tcpListen,
  tcpListenAny,
  tcpOffset,
  tcpRead,
  tcpReadable,
  tcpRelease,
  tcpSet,
  tcpShutdown,
  tcpWrite,
} from "./commands/streams";
export { stateHash } from "./commands/hash";
export { run } from "./run";
export { eventsRead } from "./frames";
