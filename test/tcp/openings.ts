/** Beginnings of tables (drill.ts): connections that are established at 0, with the peer's and the station's first numbers used up. */

/** A connection the peer opened, without extensions. */
export const ACCEPTED = `
  0     do listen
  0     <  S 0 win 65535 <mss 1460>
  0     >  S. 0 ack 1 <mss 1460>
  0     <  . 1 ack 1
  0     do accept
  0     =  told ACCEPT
`;

/** One the station opened, without extensions. */
export const CONNECTED = `
  0     do connect 7
  0     >  S 0 <mss 1460>
  0     <  S. 0 ack 1 win 65535 <mss 1460>
  0     >  . 1 ack 1
  0     =  told OPENED
`;

/** A connection the peer opened, with SACK alone. */
export const WITH_SACK = `
  0     do listen
  0     <  S 0 win 65535 <mss 1000,sackok>
  0     >  S. 0 ack 1 <mss 1460,sackok>
  0     <  . 1 ack 1
  0     do accept
  0     =  told ACCEPT
`;

/** With timestamps alone; the station's clock shows 0. */
export const WITH_TIMESTAMPS = `
  0     do listen
  0     <  S 0 win 65535 <mss 1460,ts 500 0>
  0     >  S. 0 ack 1 <mss 1460,ts 0 500>
  0     <  . 1 ack 1 <ts 500 0>
  0     do accept
  0     =  told ACCEPT
`;
