// The product's own routes, asked again and again. An answer that is still the same comes as 304 without a body, and is
// then what we had. Ages are told by the server's clock, as its Date says, not by the reader's. Who asks too often (429)
// waits as long as the answer says: one key's rate may be less than the requests that make up a picture.
import { parse } from "{{assets/exact_json.js}}";
import { credentials } from "{{assets/key.js}}";

const patience = 15_000; // the server's own deadline is shorter
const kept = new Map(); // slot → { url, tag, body }
let ahead = 0; // the server's clock minus ours

export const now = () => Date.now() + ahead;

/** status 0: nobody answered. seconds: after which to ask again, when the server said so. challenge: what it says of the
 *  key, or of its absence; "" when the key is not the matter. */
export class Refusal extends Error {
  constructor(status, detail, seconds, challenge = "") {
    super(detail);
    this.status = status;
    this.seconds = seconds;
    this.challenge = challenge;
  }
}

const seconds_of = (answer) => Number(answer.headers.get("Retry-After")) || undefined;

const refusal = async (answer) => {
  const told = await answer.json().catch(() => ({}));
  const challenge = answer.headers.get("WWW-Authenticate") ?? "";
  return new Refusal(answer.status, told.detail ?? answer.statusText, seconds_of(answer), /^bearer\b/i.test(challenge) ? challenge : "");
};

const passing = (milliseconds, signal) =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    signal.addEventListener("abort", stop, { once: true });
  });

const ask = async (url, options) => {
  const until = Date.now() + patience;
  for (;;) {
    const answer = await fetch(url, options);
    const wait = 1000 * (seconds_of(answer) ?? 1);
    if (answer.status !== 429 || Date.now() + wait >= until) return answer;
    await passing(wait, options.signal);
  }
};

const watch_clock = (answer) => {
  const theirs = Date.parse(answer.headers.get("Date") ?? "");
  // Date has whole seconds: less of a difference is none.
  if (!Number.isNaN(theirs)) ahead = Math.abs(theirs - Date.now()) > 2_000 ? theirs - Date.now() : 0;
};

/** The object behind path and query; undefined and empty values are left out. A slot remembers one URL's answer. */
export const get = async (slot, path, query, signal) => {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== "");
  const url = given.length > 0 ? `${path}?${new URLSearchParams(given)}` : path;
  const before = kept.get(slot)?.url === url ? kept.get(slot) : undefined;
  const gone = new AbortController();
  const stop = () => gone.abort();
  const timer = setTimeout(stop, patience);
  signal?.addEventListener("abort", stop);
  try {
    const headers = { ...credentials(), ...(before?.tag ? { "If-None-Match": before.tag } : {}) };
    const answer = await ask(url, { headers, cache: "no-store", signal: gone.signal });
    watch_clock(answer);
    if (answer.status === 304 && before) return before.body;
    if (!answer.ok) throw await refusal(answer);
    const body = parse(await answer.text());
    kept.set(slot, { url, tag: answer.headers.get("ETag"), body });
    return body;
  } catch (error) {
    if (error instanceof Refusal || signal?.aborted) throw error;
    throw new Refusal(0, gone.signal.aborted ? "no answer within 15 seconds" : "the server does not answer");
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", stop);
  }
};
