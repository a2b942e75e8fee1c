// Open dead letters by reason and topic. Each row has the latest record as it came, fetched when the row is opened.
import { get } from "{{assets/api.js}}";
import { by, element, reconcile, set_text } from "{{assets/dom.js}}";
import { number } from "{{assets/exact_json.js}}";
import { ago, count, many, time } from "{{assets/format.js}}";

const most_shown = 4_000; // characters
const meaning = {
  too_large: "longer than a record may be",
  invalid_utf8: "not UTF-8",
  invalid_json: "not one JSON value",
  too_deep: "nested too deeply",
  not_an_object: "JSON, but not an object",
  unknown_shape: "of no known shape: skipped, not an error",
  missing_field: "a required member is missing",
  invalid_field: "a member has a wrong type or length",
  invalid_timestamp: "a time that is not valid, or out of range",
  implausible_time: "a time too far from when it came",
  contract_violation: "against a contract",
  unstorable_text: "text that PostgreSQL cannot hold",
  unstorable_number: "a number that PostgreSQL cannot hold",
  rejected: "refused by a constraint or trigger of the table",
  dropped: "dropped by a trigger of the table",
};

// What is said of the record today, in a sentence.
const explained = ({ outcome, shape, eventType, wouldBe }) => {
  if (outcome === "event") return `By today's rules it is ${eventType}, and a replay would store it.`;
  if (wouldBe) return `It ${wouldBe}.`;
  return shape ? `It is of the shape ${shape}.` : "";
};

const sample_of = (dead_letter) => {
  const bytes = dead_letter.value ?? dead_letter.valueBase64;
  const value = element("pre", bytes === "" ? "(empty)" : bytes.length > most_shown ? `${bytes.slice(0, most_shown)}\n…` : bytes);
  value.tabIndex = 0;
  value.setAttribute("role", "region");
  value.setAttribute("aria-label", "Record as it came");
  const kind = dead_letter.value === null ? "bytes, as base64" : "bytes";
  const where = dead_letter.topic === null ? "not from Kafka" : `${dead_letter.topic}, partition ${dead_letter.partition}, offset ${count(number(dead_letter.offset))}`;
  return [element("p", dead_letter.detail ?? ""), element("p", explained(dead_letter.explanation)), value,
    element("p.from", `${count(number(dead_letter.valueBytes))} ${kind} · ${where} · received ${time(dead_letter.receivedAt, "moment")}`)];
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
  set_text(row.querySelector(".number"), count(number(item.open)));
  set_text(row.querySelector(".from"), `${meaning[item.reason] ?? "refused"}${topic} · last ${ago(item.lastSeen, now)}`);
  if (details.open) unfold(details);
};

export const show_dead_letters = (answer, now) => {
  reconcile(by("dead-letter-list"), answer.items, key_of, row_of, (row, item) => update(row, item, now));
  by("no-dead-letters").hidden = answer.items.length > 0;
  set_text(by("no-dead-letters"), "None: every record was understood.");
  set_text(by("dead-letters-note"), answer.items.length > 0 ? `${many(number(answer.open), "record")}, of all tenants and any time` : "");
};

/** Says in place of the list why it cannot be shown. */
export const show_no_dead_letters = (error) => {
  by("dead-letter-list").replaceChildren();
  by("no-dead-letters").hidden = false;
  set_text(by("dead-letters-note"), "");
  set_text(by("no-dead-letters"), `They cannot be shown: ${error.message}.`);
};
