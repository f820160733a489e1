/** Marks a reason among results that may also be ids: REFUSED | NAT_…. */
export const REFUSED: u32 = 0x80000000;
