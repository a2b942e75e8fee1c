// What was refused, by reason; of each reason the latest record as it came, fetched when somebody opens it.
import { get } from "{{assets/api.js}}";
import { by, element, reconcile, say } from "{{assets/dom.js}}";
import { number } from "{{assets/exact_json.js}}";
import { ago, count, many, time } from "{{assets/words.js}}";

const most_shown = 4_000; // characters
const meaning = {
  too_large: "longer than a record may be",
  invalid_utf8: "not UTF-8",
  invalid_json: "not one JSON value",
  too_deep: "nested too deeply",
  not_an_object: "JSON, but no object",
  unknown_shape: "of no known shape: skipped, not an error",
  missing_field: "a required member is missing",
  invalid_field: "a member has a wrong type or length",
  invalid_timestamp: "a time that is none, or out of range",
  unstorable_text: "text that PostgreSQL cannot hold",
  unstorable_number: "a number that PostgreSQL cannot hold",
  rejected: "refused by a constraint or trigger of the table",
  dropped: "dropped by a trigger of the table",
};

const sample_of = (letter) => {
  const bytes = letter.value ?? letter.valueBase64;
  const value = element("pre", bytes === "" ? "(empty)" : bytes.length > most_shown ? `${bytes.slice(0, most_shown)}\n…` : bytes);
  value.tabIndex = 0;
  value.setAttribute("role", "region");
  value.setAttribute("aria-label", "Record as it came");
  const kind = letter.value === null ? "bytes, as base64" : "bytes";
  const where = letter.topic === null ? "not from Kafka" : `${letter.topic}, partition ${letter.partition}, offset ${count(number(letter.offset))}`;
  return [element("p", letter.detail ?? ""), value,
    element("p.from", `${count(number(letter.valueBytes))} ${kind} · ${where} · received ${time(letter.receivedAt, "moment")}`)];
};

const unfold = async (details) => {
  const body = details.lastChild;
  const id = details.dataset.sample;
  if (!details.open || body.dataset.shown === id) return;
  body.replaceChildren(element("p.empty", "Loading"));
  try {
    body.replaceChildren(...sample_of(await get("sample", `/v1/analytics/dead-letters/${id}`, {})));
    body.dataset.shown = id;
  } catch (error) {
    body.replaceChildren(element("p.empty", `The sample cannot be shown: ${error.message}.`));
  }
};

const row_of = (item) => {
  const title = element("span.type", "", element("bdi", item.reason));
  const details = element("details", "",
    element("summary", "", element("b.number"), title, element("span.from")),
    element("div.sample"));
  details.addEventListener("toggle", () => unfold(details));
  return element("li", "", details);
};

const key_of = (item) => `${item.reason} ${item.topic}`;

const update = (row, item, now) => {
  const details = row.firstChild;
  details.dataset.sample = item.sampleId;
  const topic = item.topic === null ? "" : ` · ${item.topic}`;
  say(row.querySelector(".number"), count(number(item.open)));
  say(row.querySelector(".from"), `${meaning[item.reason] ?? "refused"}${topic} · last ${ago(item.lastSeen, now)}`);
  if (details.open) unfold(details);
};

export const show_letters = (answer, now) => {
  reconcile(by("letters"), answer.items, key_of, row_of, (row, item) => update(row, item, now));
  by("no-letters").hidden = answer.items.length > 0;
  say(by("no-letters"), "None: every record was understood.");
  say(by("letters-note"), answer.items.length > 0 ? `${many(number(answer.open), "record")}, of all tenants and any time` : "");
};

/** In place of the list: it could not be had, the rest could. */
export const show_no_letters = (error) => {
  by("letters").replaceChildren();
  by("no-letters").hidden = false;
  say(by("letters-note"), "");
  say(by("no-letters"), `They cannot be shown: ${error.message}.`);
};
