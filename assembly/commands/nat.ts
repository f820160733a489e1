import * as nat from "../nat/nat";
import { nodeAt } from "../ip/node";

/** A new NAT between two nodes, which the walk will ask from now on; its number, or E_FULL. */
export function natAdd(insideNode: u32, outsideNode: u32, outsideInterface: u32): i32 {
  const id = nat.natAdd(insideNode, outsideNode, outsideInterface);
  if (id < 0) return id;
  nodeAt(insideNode).nat = id;
  nodeAt(outsideNode).outsideOf++;
  return id;
}

/** Removes a NAT: its forwards, mappings and connections go with it. */
export function natRemove(id: u32): void {
  nodeAt(nat.insideNodeOf(id)).nat = 0;
  nodeAt(nat.outsideNodeOf(id)).outsideOf--;
  nat.natRemove(id);
}
