// Requests to the service's own routes, repeated at every poll. An unchanged answer comes as 304 without a body, and the
// body that was kept is used. Ages are computed by the server's clock (the field Date), not the reader's. After 429 the
// request is repeated when Retry-After says: a key's rate may be lower than the requests of one poll.
import { parse } from "{{assets/exact_json.js}}";
import { credentials } from "{{assets/key.js}}";

const timeout = 15_000; // the server's own deadline is shorter
const kept = new Map(); // slot → { url, tag, body }
let ahead = 0; // the server's clock minus ours

export const now = () => Date.now() + ahead;

/** status 0: no answer came. seconds: Retry-After, if it was sent. challenge: WWW-Authenticate's, which is about the key or
 *  its absence; "" when the refusal is not about a key. */
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
  const problem = await answer.json().catch(() => ({}));
  const challenge = answer.headers.get("WWW-Authenticate") ?? "";
  return new Refusal(answer.status, problem.detail ?? answer.statusText, seconds_of(answer), /^bearer\b/i.test(challenge) ? challenge : "");
};

const wait = (milliseconds, signal) =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    signal.addEventListener("abort", stop, { once: true });
  });

const ask = async (url, options) => {
  const until = Date.now() + timeout;
  for (;;) {
    const answer = await fetch(url, options);
    const pause = 1000 * (seconds_of(answer) ?? 1);
    if (answer.status !== 429 || Date.now() + pause >= until) return answer;
    await wait(pause, options.signal);
  }
};

const compare_clocks = (answer) => {
  const theirs = Date.parse(answer.headers.get("Date") ?? "");
  // Date has whole seconds: less of a difference is none.
  if (!Number.isNaN(theirs)) ahead = Math.abs(theirs - Date.now()) > 2_000 ? theirs - Date.now() : 0;
};

/** The object at path and query; undefined and empty values are left out. A slot keeps one URL's answer. */
export const get = async (slot, path, query, signal) => {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== "");
  const url = given.length > 0 ? `${path}?${new URLSearchParams(given)}` : path;
  const before = kept.get(slot)?.url === url ? kept.get(slot) : undefined;
  const abort = new AbortController();
  const stop = () => abort.abort();
  const timer = setTimeout(stop, timeout);
  signal?.addEventListener("abort", stop);
  try {
    const headers = { ...credentials(), ...(before?.tag ? { "If-None-Match": before.tag } : {}) };
    const answer = await ask(url, { headers, cache: "no-store", signal: abort.signal });
    compare_clocks(answer);
    if (answer.status === 304 && before) return before.body;
    if (!answer.ok) throw await refusal(answer);
    const body = parse(await answer.text());
    kept.set(slot, { url, tag: answer.headers.get("ETag"), body });
    return body;
  } catch (error) {
    if (error instanceof Refusal || signal?.aborted) throw error;
    throw new Refusal(0, abort.signal.aborted ? "no answer within 15 seconds" : "the server does not answer");
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", stop);
  }
};
