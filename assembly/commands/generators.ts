import { E_FULL } from "../abi";
import { Generator, freeGenerator, generatorAt, startGenerator, stopGenerator } from "../generator";

/** A generator for the device end of `port`, to be filled in at `generatorOffset` and started; its number, or E_FULL. */
export function generatorAdd(port: u32): i32 {
  const id = freeGenerator();
  if (id == 0) return E_FULL;
  const g = generatorAt(id);
  memory.fill(changetype<usize>(g), 0, offsetof<Generator>());
  g.port = port;
  return id;
}

export function generatorOffset(id: u32): usize {
  return changetype<usize>(generatorAt(id));
}

export function generatorStart(id: u32): void {
  startGenerator(id);
}

export function generatorStop(id: u32): void {
  stopGenerator(id);
}
