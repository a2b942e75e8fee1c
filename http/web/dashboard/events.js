// Recent events, newest first. A payload is shown when its row is opened, and stays open while the list moves on.
import { by, element, reconcile, set_text } from "{{assets/dom.js}}";
import { write } from "{{assets/exact_json.js}}";
import { has_key } from "{{assets/key.js}}";
import { span, time } from "{{assets/format.js}}";

const most_shown = 20_000; // characters of a payload: the rest is behind the link

const fact = (name, value) => element("div", "", element("dt", name), element("dd", "", element("bdi", value)));

/** A browser follows a link without the key, so the link is made one to a file of the same content. */
const save = (link, event) => {
  link.download = `${event.id}.json`;
  link.href = URL.createObjectURL(new Blob([write(event)], { type: "application/json" }));
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
};

const unfold = (details, event) => {
  const text = write(event.payload);
  const link = element("a", "This event as JSON");
  link.href = `/v1/analytics/events/${encodeURIComponent(event.occurredAt)}/${event.id}`;
  link.addEventListener("click", () => has_key() && save(link, event));
  const payload = element("pre", text.length > most_shown ? `${text.slice(0, most_shown)}\n…` : text);
  payload.tabIndex = 0;
  payload.setAttribute("role", "region");
  payload.setAttribute("aria-label", "Payload");
  const late = Date.parse(event.ingestedAt) - Date.parse(event.occurredAt);
  details.append(
    element("dl.facts", "", fact("Occurred", event.occurredAt), fact("Stored", `${event.ingestedAt} (${span(late)} later)`),
      fact("Source", event.source), ...(event.tenantId === null ? [] : [fact("Tenant", event.tenantId)]), fact("Id", event.id)),
    payload, element("p", "", link));
};

const row_of = (event) => {
  const details = element("details", "",
    element("summary", "",
      Object.assign(element("time", time(event.occurredAt, is_today(event.occurredAt) ? "second" : "moment")), { dateTime: event.occurredAt }),
      element("bdi.type", event.eventType),
      element("span.from", "", element("bdi", event.source), ...(event.tenantId === null ? [] : [" · ", element("bdi", event.tenantId)]))));
  details.addEventListener("toggle", () => {
    if (details.open && details.children.length === 1) unfold(details, event);
  });
  return element("li", "", details);
};

const is_today = (instant) => new Date(instant).toDateString() === new Date().toDateString();

export const show_events = (answer, is_filtered) => {
  reconcile(by("events"), answer.items, (event) => `${event.occurredAt} ${event.id}`, row_of);
  by("no-events").hidden = answer.items.length > 0;
  set_text(by("no-events"), is_filtered ? "No event of this type and tenant." : "No event yet.");
  set_text(by("recent-note"), answer.items.length > 0 ? `newest ${answer.items.length}` : "");
  const tenants = new Set(answer.items.map((event) => event.tenantId).filter((tenant) => tenant !== null));
  for (const option of by("tenants").children) tenants.add(option.value);
  reconcile(by("tenants"), [...tenants].sort(), (tenant) => tenant, (tenant) => Object.assign(element("option"), { value: tenant }));
};
