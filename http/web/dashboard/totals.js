// The four numbers at the top, and the list of types with their counts, in which a type can be chosen as the filter.
import { by, element, reconcile, set_text } from "{{assets/dom.js}}";
import { number } from "{{assets/exact_json.js}}";
import { ago, count, rate, share, time } from "{{assets/format.js}}";

const still = 60_000; // nothing stored for so long while records wait: the ingestor is stuck

const show_lag = (freshness, now, is_partial) => {
  const lag = freshness.lagRecords === null ? null : number(freshness.lagRecords);
  const quiet = freshness.lastIngestedAt === null ? Infinity : now - Date.parse(freshness.lastIngestedAt);
  const is_stuck = lag > 0 && quiet > still;
  set_text(by("lag"), lag === null ? "–" : count(lag));
  by("lag-tile").dataset.mood = lag === null ? "none" : is_stuck ? "bad" : lag === 0 ? "good" : "busy";
  const stored = freshness.lastIngestedAt ? `last stored ${ago(freshness.lastIngestedAt, now)}` : "nothing stored yet";
  if (lag === null) set_text(by("lag-more"), is_partial ? "none that this key may see" : "no consumer group is in use");
  else if (is_stuck) set_text(by("lag-more"), `records wait, ${stored}`);
  else set_text(by("lag-more"), lag === 0 ? `caught up, ${stored}` : `records behind, ${stored}`);
};

/** Also called as time passes. is_partial: for what the key may not see the service answers 0 and null. */
export const show_freshness = (freshness, now, is_partial) => {
  set_text(by("newest"), freshness.lastEventAt ? ago(freshness.lastEventAt, now) : "none");
  set_text(by("newest-more"), freshness.lastEventAt ? time(freshness.lastEventAt, "moment") : "");
  by("newest").title = freshness.lastEventAt ? time(freshness.lastEventAt, "full") : "";
  show_lag(freshness, now, is_partial);
  const dead_letters = number(freshness.deadLetters);
  set_text(by("open"), count(dead_letters));
  const [none, some] = is_partial ? ["none that this key may see", "kept"] : ["nothing was refused", "kept, see below"];
  set_text(by("open-more"), dead_letters === 0 ? none : some);
  by("dead-letters-tile").dataset.mood = dead_letters > 0 ? "warn" : is_partial ? "none" : "good";
};

export const show_total = (stack, window, now) => {
  set_text(by("total"), count(stack.total));
  const minutes = stack.buckets.length > 0 ? Math.max((now - stack.buckets[0].start) / 60_000, 1 / 60) : 1;
  set_text(by("total-more"), `in ${window.name}, ${rate(stack.total / minutes)}`);
};

/** choose(type) is called when a type's button is pressed, to filter by the type or to stop doing so. */
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
    set_text(row.cells[1], count(type.count));
    set_text(row.cells[2], share(type.count, stack.total));
  });
};
