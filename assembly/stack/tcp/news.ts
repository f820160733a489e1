import { EVENT_STREAM, STREAM_GONE } from "../../abi";
import { emitEvent, makeVisible } from "../../frames";
import { IS_OWNED, Stream } from "./stream";

/** What a stream's user should hear about (STREAM_OPENED …); told once, at the end of what is going on. */
export function tell(s: Stream, what: u32): void {
  s.news |= what;
}

export function tellNews(s: Stream): void {
  const news = s.news;
  if (news == 0) return;
  s.news = 0;
  if (!s.has(IS_OWNED)) return;
  const e = emitEvent(EVENT_STREAM, s.id);
  e.flags = news;
  e.a = (news & STREAM_GONE) != 0 ? s.error : 0;
  makeVisible();
}
