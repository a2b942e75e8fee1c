// Waits until events change, where the database has a feed of them. EventSource cannot send the key; and what is wanted is
// whether something has changed, not what: so this asks for one change and waits, and begins again after each refresh.
import { get } from "{{assets/api.js}}";

const feeds = "/v1/analytics/feeds";
const patience = 10; // seconds, less than a request's time-out
const again = 60_000; // until the feeds are looked at again

let name; // of the feed; undefined: there is none, or it may not be read
let place; // the position before the numbers on the screen
let looked_at = -Infinity;

const path = () => `${feeds}/${encodeURIComponent(name)}`;

const choose = async (signal) => {
  looked_at = Date.now();
  const { items } = await get("feeds", feeds, {}, signal);
  const usable = items.filter((feed) => feed.source === "events" && feed.last !== null && feed.pausedAt === null);
  const is_whole = (feed) => feed.eventTypes === null && feed.tenantId === null;
  return (usable.find(is_whole) ?? usable.find((feed) => feed.eventTypes === null) ?? usable[0])?.name;
};

/** Another key, or another moment, may have other feeds. */
export const look_again = () => {
  name = undefined;
  looked_at = -Infinity;
};

/** To be called before the numbers are requested: what changes from now on is awaited. Without a feed nothing is. */
export const mark = async (signal) => {
  place = undefined;
  try {
    if (name === undefined && Date.now() - looked_at >= again) name = await choose(signal);
    if (name !== undefined) place = (await get("place", path(), { after: "now", limit: 1 }, signal)).next ?? undefined;
  } catch {
    if (name !== undefined) look_again(); // the numbers' own requests say what is wrong
  }
};

/** Whether something has changed since the mark; false: that is not known any more. */
export const is_changed = async (signal) => {
  try {
    while (place !== undefined && !signal.aborted) {
      const answer = await get("changes", path(), { after: place, limit: 1, wait: patience }, signal);
      if (answer.items.length > 0) return !signal.aborted;
      place = answer.next ?? place;
    }
  } catch {
    // the next refresh looks for the feed again
  }
  return false;
};
