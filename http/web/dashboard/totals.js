// The four numbers on top, and the types with their counts, which are the filter, too.
import { by, element, reconcile, say } from "{{assets/dom.js}}";
import { number } from "{{assets/exact_json.js}}";
import { ago, count, rate, share, time } from "{{assets/words.js}}";

const still = 60_000; // without an ingestion while records wait: worth a look

const show_lag = (freshness, now, is_partial) => {
  const lag = freshness.lagRecords === null ? null : number(freshness.lagRecords);
  const quiet = freshness.lastIngestedAt === null ? Infinity : now - Date.parse(freshness.lastIngestedAt);
  const is_stuck = lag > 0 && quiet > still;
  say(by("lag"), lag === null ? "–" : count(lag));
  by("lag-tile").dataset.mood = lag === null ? "none" : is_stuck ? "bad" : lag === 0 ? "good" : "busy";
  const stored = freshness.lastIngestedAt ? `last stored ${ago(freshness.lastIngestedAt, now)}` : "nothing stored yet";
  if (lag === null) say(by("lag-more"), is_partial ? "none that this key may see" : "no ingestor has reported");
  else if (is_stuck) say(by("lag-more"), `records wait, ${stored}`);
  else say(by("lag-more"), lag === 0 ? `caught up, ${stored}` : `records behind, ${stored}`);
};

/** What changes as time passes, too. is_partial: the service says 0 and null of what the key may not see. */
export const show_freshness = (freshness, now, is_partial) => {
  say(by("newest"), freshness.lastEventAt ? ago(freshness.lastEventAt, now) : "none");
  say(by("newest-more"), freshness.lastEventAt ? time(freshness.lastEventAt, "moment") : "");
  by("newest").title = freshness.lastEventAt ? time(freshness.lastEventAt, "full") : "";
  show_lag(freshness, now, is_partial);
  const letters = number(freshness.deadLetters);
  say(by("open"), count(letters));
  const [none, some] = is_partial ? ["none that this key may see", "kept"] : ["nothing was refused", "kept, see below"];
  say(by("open-more"), letters === 0 ? none : some);
  by("letters-tile").dataset.mood = letters > 0 ? "warn" : is_partial ? "none" : "good";
};

export const show_total = (stack, window, now) => {
  say(by("total"), count(stack.total));
  const minutes = stack.buckets.length > 0 ? Math.max((now - stack.buckets[0].start) / 60_000, 1 / 60) : 1;
  say(by("total-more"), `in ${window.name}, ${rate(stack.total / minutes)}`);
};

/** choose(type) is called when a type's button is pressed: it filters by it, or no longer. */
export const show_legend = (stack, chosen, choose) => {
  reconcile(by("legend"), stack.types, (type) => type.name, (type) => {
    const button = element("button", "", element("i.swatch"), element("bdi", type.name));
    button.type = "button";
    button.addEventListener("click", () => choose(type.name));
    return element("tr", "", Object.assign(element("th", "", button), { scope: "row" }), element("td"), element("td"));
  }, (row, type) => {
    const button = row.querySelector("button");
    button.firstChild.className = `swatch slot-${type.slot}`;
    button.setAttribute("aria-pressed", String(type.name === chosen));
    button.title = type.name === chosen ? "Show all types again" : "Show only this type";
    say(row.cells[1], count(type.count));
    say(row.cells[2], share(type.count, stack.total));
  });
};
