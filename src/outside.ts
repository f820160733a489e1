/**
 * What the NATs of a host reach when the host stands for a real machine: the second seam to the world, below that of frames.
 *
 * Errors are told apart by LabError: REFUSED, TIMEOUT, UNREACHABLE; anything else counts as unreachable.
 */
export interface Outside {
  /**
   * Opens a stream to somebody outside.
   *
   * @param target  as the guest meant it: `127.0.0.1` is the real machine itself
   * @param signal  the guest has given up, or the lab is closed: nobody wants it any more. (Who gives up before an answer only falls
   *                silent: that is noticed when its next SYN is overdue, after 4 s at the soonest.)
   */
  connect(target: { address: string; port: number }, options: { signal: AbortSignal }): Promise<OutsideStream>;
}

/** A stream to somebody outside. Ending one direction leaves the other; aborting or cancelling resets. */
export interface OutsideStream {
  readable: ReadableStream<Uint8Array>;
  writable: WritableStream<Uint8Array>;
}
