// The dashboard: requests what the filters name, shows it, and repeats that every five seconds while the page is visible,
// and at once when events have changed, where there is a feed that shows it.
//
// It has six states. loading; live; paused; stale: the numbers are those of the last answer, and the page says so; error:
// there are no numbers for these filters; locked: a key is needed, and nothing is requested until there is one. Numbers
// are never shown under filters that they don't belong to.
import { get, now, Refusal } from "{{assets/api.js}}";
import { is_changed, look_again, mark } from "{{assets/changes.js}}";
import { show_chart, show_table, start_chart } from "{{assets/chart.js}}";
import { by, element, reconcile, set_text } from "{{assets/dom.js}}";
import { show_events } from "{{assets/events.js}}";
import { number } from "{{assets/exact_json.js}}";
import { hide_login, show_login, start_login } from "{{assets/login.js}}";
import { has_key } from "{{assets/key.js}}";
import { show_dead_letters, show_no_dead_letters } from "{{assets/dead_letters.js}}";
import { stack_of } from "{{assets/stack.js}}";
import { read_state, windows, write_state } from "{{assets/state.js}}";
import { show_freshness, show_legend, show_total } from "{{assets/totals.js}}";
import { count, span, time, zone } from "{{assets/format.js}}";

const every = 5_000;
const least = 400; // milliseconds between two refreshes, however much changes, and three times what a refresh takes
const longest = 30_000; // between two attempts, unless Retry-After is longer
const pages = [20, 50, 100, 200, 500];
const filters = by("filters").elements;

let state = read_state();
let page = 0;
let shown; // { state, summary, is_partial (the key may not see all), at }: what is on the screen
let trouble; // the last attempt's refusal
let withheld; // the refusal of dead letters: they are not requested again under these filters and this key
let failures = 0;
let is_paused = false;
let next_at = 0;
let timer;
let asking; // the attempt under way
let waiting; // for changes

const is_same = (a, b) => a.window === b.window && a.tenant === b.tenant && a.type === b.type;
const is_filtered = () => state.tenant !== "" || state.type !== "";

const ask = async (signal) => {
  const window = windows[state.window];
  // Whole buckets: so the URL, and with it the entity tag, stays the same for a bucket's time.
  const from = new Date(Math.floor((now() - window.minutes * 60_000) / window.step) * window.step).toISOString();
  const filter = { tenantId: state.tenant };
  const [histogram, summary, recent, dead_letters] = await Promise.all([
    get("histogram", "/v1/analytics/metrics/histogram", { from, bucket: window.bucket, ...filter, eventType: state.type }, signal),
    get("summary", "/v1/analytics/metrics/summary", { windowMinutes: window.minutes, ...filter }, signal),
    get("recent", "/v1/analytics/events/recent", { limit: pages[page], ...filter, eventType: state.type }, signal),
    // Dead letters need the scope admin. Without it the rest is still worth showing.
    withheld ?? get("dead_letters", "/v1/analytics/dead-letters/summary", {}, signal).catch((error) => {
      if (error.status !== 403) throw error;
      return error;
    }),
  ]);
  return { histogram, summary, recent, dead_letters };
};

const example = () => `curl ${location.origin}/v1/analytics/events -H 'Content-Type: application/json' \\
${has_key() ? "  -H 'Authorization: Bearer KEY' \\\n" : ""}  -d '{"eventType":"order.placed","source":"shop","payload":{"total":12.50}}'`;

const show_types = (summary) => {
  const types = Object.keys(summary.eventsPerType).sort();
  if (state.type && !types.includes(state.type)) types.push(state.type);
  reconcile(filters.type, ["", ...types], (type) => type,
    (type) => Object.assign(element("option", type || "All types"), { value: type }));
  filters.type.value = state.type;
};

const show = ({ histogram, summary, recent, dead_letters }) => {
  const window = windows[state.window];
  const stack = stack_of(histogram, window.step);
  const has_any = summary.freshness.lastEventAt !== null || number(summary.freshness.deadLetters) > 0;
  withheld = dead_letters instanceof Refusal ? dead_letters : undefined;
  shown = { state, summary, is_partial: Boolean(withheld?.challenge), at: now() };
  by("welcome").hidden = has_any || is_filtered();
  set_text(by("example"), example());
  by("all").dataset.empty = String(!by("welcome").hidden);
  show_total(stack, window, now());
  show_freshness(summary.freshness, now(), shown.is_partial);
  show_types(summary);
  show_chart(stack);
  show_legend(stack, state.type, (type) => change({ type: type === state.type ? "" : type }));
  show_table();
  if (stack.buckets.length > 0) set_text(by("range"), `since ${time(stack.buckets[0].start, "moment")}, a bar is ${window.each}`);
  by("nothing").hidden = stack.total > 0;
  set_text(by("nothing"), `No event in ${window.name}${is_filtered() ? " with these filters" : ""}.`);
  show_events(recent, is_filtered());
  by("more").hidden = recent.items.length < pages[page] || page === pages.length - 1;
  if (withheld) show_no_dead_letters(withheld);
  else show_dead_letters(dead_letters, now());
};

const title_of = (error) => {
  if (error.status === 0) return "The server does not answer";
  if (error.status === 503) return "No answer at the moment";
  if (error.status === 504) return "The database took too long";
  if (error.status === 401 || error.status === 403) return "Not allowed";
  if (error.status === 429) return "Asked too often";
  if (error.status === 422) return "The filters are refused";
  return "Something failed";
};

const is_locked = () => Boolean(trouble?.challenge);

const condition = () => {
  if (is_locked()) return "locked";
  const has_numbers = shown !== undefined && is_same(shown.state, state);
  if (trouble) return has_numbers ? "stale" : "error";
  if (!has_numbers) return "loading";
  if (is_paused) return "paused";
  return now() - shown.at > 3 * every + longest ? "stale" : "live";
};

const status_texts = { loading: "Loading", live: "Live", paused: "Paused", stale: "Not up to date", error: "No answer", locked: "A key is needed" };
const without_numbers = ["error", "locked"];

/** Updates what changes as time passes. */
const tick = () => {
  const is = condition();
  document.body.dataset.state = is;
  by("all").inert = without_numbers.includes(is);
  by("all").setAttribute("aria-busy", String(is === "loading"));
  set_text(by("status"), status_texts[is]);
  const has_numbers = shown && is !== "loading" && !without_numbers.includes(is);
  set_text(by("since"), has_numbers ? `as of ${time(shown.at)}` : "");
  by("forget").hidden = !has_key();
  by("trouble").hidden = !trouble || is === "locked";
  if (!by("trouble").hidden) {
    const left = Math.max(1, Math.ceil((next_at - Date.now()) / 1000));
    const again = is_paused ? "Updates are paused." : asking ? "Trying again now." : `Trying again in ${left} s.`;
    const old = is === "stale" ? ` The numbers below are those of ${time(shown.at)}, ${span(now() - shown.at)} ago.` : "";
    set_text(by("trouble-title"), title_of(trouble));
    const detail = trouble.message.toLowerCase() === title_of(trouble).toLowerCase() ? "" : `${trouble.message}. `;
    set_text(by("trouble-text"), (detail.charAt(0).toUpperCase() + detail.slice(1)) + again + old);
  }
  // Whether newer events came since the last answer is not known, so ages stand still then.
  if (has_numbers) show_freshness(shown.summary.freshness, is === "live" ? now() : shown.at, shown.is_partial);
};

const plan = (delay) => {
  clearTimeout(timer);
  next_at = Date.now() + delay;
  if (!is_paused && !document.hidden && !is_locked()) timer = setTimeout(poll, delay);
};

const stop_waiting = () => waiting?.abort();

/** Refreshes as soon as something has changed. */
const await_change = async (begun) => {
  const mine = new AbortController();
  waiting = mine;
  const pause = Math.max(least, 3 * (Date.now() - begun));
  if (await is_changed(mine.signal)) plan(Math.max(0, begun + pause - Date.now()));
};

const poll = async () => {
  asking?.abort();
  stop_waiting();
  const mine = new AbortController();
  asking = mine;
  const begun = Date.now();
  try {
    await mark(mine.signal);
    const answers = await ask(mine.signal);
    if (mine.signal.aborted) return;
    show(answers);
    trouble = undefined;
    failures = 0;
  } catch (error) {
    if (mine.signal.aborted) return;
    trouble = error;
    failures += 1;
  }
  asking = undefined;
  plan(trouble ? Math.max((trouble.seconds ?? 0) * 1000, Math.min(every * 2 ** (failures - 1), longest)) : every);
  if (is_locked()) show_login(trouble.challenge);
  else hide_login();
  tick();
  if (!trouble && !is_paused && !document.hidden) await_change(begun);
};

const stop = () => {
  clearTimeout(timer);
  stop_waiting();
};

/** Shows the state in the filters and the title, and requests its numbers. */
const enter = () => {
  filters.window.value = state.window;
  filters.tenant.value = state.tenant;
  if (![...filters.type.options].some((option) => option.value === state.type))
    filters.type.append(Object.assign(element("option", state.type), { value: state.type }));
  filters.type.value = state.type;
  by("clear").hidden = !is_filtered();
  document.title = [state.type, state.tenant, windows[state.window].name, "analytics_events"].filter(Boolean).join(" · ");
  if (is_locked()) return;
  trouble = undefined;
  withheld = undefined;
  failures = 0;
  page = 0;
  poll();
  tick();
};

const change = (part) => {
  const wanted = { ...state, ...part };
  if (is_same(wanted, state)) return;
  state = wanted;
  write_state(state);
  enter();
};

const pause = () => {
  is_paused = !is_paused;
  by("pause").setAttribute("aria-pressed", String(is_paused));
  set_text(by("pause"), is_paused ? "Resume" : "Pause");
  if (is_paused) stop();
  else poll();
  tick();
};

by("zone").textContent = zone;
by("filters").addEventListener("submit", (event) => event.preventDefault());
by("filters").addEventListener("change", (event) => change({ [event.target.name]: event.target.value.trim() }));
by("clear").addEventListener("click", () => {
  change({ tenant: "", type: "" });
  filters.window.value = state.window;
  by("filters").querySelector("input:checked").focus();
});
by("pause").addEventListener("click", pause);
by("retry").addEventListener("click", poll);
by("more").addEventListener("click", () => {
  page = Math.min(page + 1, pages.length - 1);
  set_text(by("recent-note"), `loading ${count(pages[page])}`);
  poll();
});
by("as-table").addEventListener("toggle", show_table);
document.addEventListener("visibilitychange", () => (document.hidden ? stop() : is_paused || is_locked() || poll()));
addEventListener("popstate", () => {
  state = read_state();
  enter();
});
setInterval(tick, 1_000);
start_chart();
start_login(() => {
  withheld = undefined;
  look_again();
  poll();
});
enter();
