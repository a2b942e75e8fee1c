// Stacked bars in SVG, one a bucket, with a tip that shows the numbers of the bucket under the pointer or chosen by arrow
// keys. For a screen reader the chart is a slider over the buckets, whose value is the tip's text; the table below has all
// numbers too. No library: the chart is some rectangles, and a library would be ten times the size of the page.
import { by, element, set_text } from "{{assets/dom.js}}";
import { count_step, time_marks } from "{{assets/scale.js}}";
import { count, many, short, time } from "{{assets/format.js}}";

const namespace = "http://www.w3.org/2000/svg";
const margin = { left: 44, right: 8, top: 14, bottom: 24 };

const shape = (name, kind, attributes, text = "") => {
  const made = document.createElementNS(namespace, name);
  made.setAttribute("class", kind);
  for (const [attribute, value] of Object.entries(attributes)) made.setAttribute(attribute, value);
  made.textContent = text;
  return made;
};

const chart = by("chart");
const tip = by("tip");
let stack;
let chosen = -1; // the bucket whose numbers the tip shows
let place = (instant) => instant; // x of an instant, in pixels
let is_pointed = false;

const range_of = (bucket) => {
  const form = stack.buckets.at(-1).start - stack.buckets[0].start >= 86_400_000 ? "moment" : "clock";
  return `${time(bucket.start, form)} to ${time(bucket.end, "clock")}`;
};

const bars = (width, height, top) => {
  const y = (value) => margin.top + (height - margin.top - margin.bottom) * (1 - value / top);
  const x = stack.buckets.map((bucket) => place(bucket.start));
  const whole = (place(stack.buckets.at(-1).end) - x[0]) / x.length;
  const wide = whole - (whole > 9 ? 2 : whole > 4 ? 1 : 0.5);
  return stack.layers.flatMap((layer, at) => {
    const paths = ["", ""];
    stack.buckets.forEach((bucket, index) => {
      if (!bucket.parts[at]) return;
      const below = bucket.parts.slice(0, at).reduce((sum, part) => sum + part, 0);
      const high = Math.max(y(below) - y(below + bucket.parts[at]), 0.75);
      const is_last = Number(index === stack.buckets.length - 1);
      paths[is_last] += `M${x[index].toFixed(2)} ${y(below).toFixed(2)}h${wide.toFixed(2)}v${(-high).toFixed(2)}h${(-wide).toFixed(2)}z`;
    });
    return [shape("path", `bar slot-${layer.slot}`, { d: paths[0] }), shape("path", `bar running slot-${layer.slot}`, { d: paths[1] })];
  });
};

const draw = () => {
  const svg = by("bars");
  const { width, height } = svg.getBoundingClientRect();
  if (!stack || stack.buckets.length === 0 || width === 0) return;
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  const start = stack.buckets[0].start;
  const end = stack.buckets.at(-1).end;
  place = (instant) => margin.left + ((width - margin.left - margin.right) * (instant - start)) / (end - start);
  const highest = Math.max(...stack.buckets.map((bucket) => bucket.count), 1);
  const step = count_step(highest, 5);
  const top = Math.ceil(highest / step) * step;
  const floor = height - margin.bottom;
  const parts = [];
  for (let value = 0; value <= top; value += step) {
    const y = margin.top + (floor - margin.top) * (1 - value / top);
    parts.push(shape("line", value === 0 ? "axis" : "grid", { x1: margin.left, x2: width - margin.right, y1: y, y2: y }));
    parts.push(shape("text", "mark value", { x: margin.left - 8, y: y + 4 }, short(value)));
  }
  for (const mark of time_marks(start, end, Math.max(2, Math.floor((width - margin.left) / 70)))) {
    const x = place(mark.at);
    parts.push(shape("line", mark.is_day ? "tick day" : "tick", { x1: x, x2: x, y1: mark.is_day ? margin.top : floor, y2: floor + 5 }));
    if (x < width - 22) parts.push(shape("text", "mark", { x, y: height - 4 }, time(mark.at, mark.is_day ? "day" : "clock")));
  }
  parts.push(shape("rect", "cursor", { y: margin.top, height: floor - margin.top, width: 0, x: 0 }), ...bars(width, height, top));
  svg.replaceChildren(...parts);
  point();
};

const fill_tip = (bucket) => {
  const is_running = bucket === stack.buckets.at(-1);
  const rows = stack.layers
    .map((layer, at) => ({ ...layer, count: bucket.parts[at] }))
    .filter((layer) => layer.count > 0)
    .sort((a, b) => b.count - a.count);
  tip.replaceChildren(
    element("p.when", range_of(bucket) + (is_running ? ", still running" : "")),
    element("p.sum", many(bucket.count, "event")),
    ...rows.map((row) => element("p.row", "", element(`i.swatch.slot-${row.slot}`), element("bdi", row.name), element("b", count(row.count)))));
  const counts = rows.map((row) => `${row.name} ${count(row.count)}`).join(", ");
  chart.setAttribute("aria-valuetext", `${range_of(bucket)}: ${many(bucket.count, "event")}${counts && "; "}${counts}`);
};

/** Moves the tip to the chosen bucket, or hides it. */
const point = () => {
  const bucket = stack?.buckets[chosen];
  tip.hidden = !bucket;
  const cursor = by("bars").querySelector(".cursor");
  if (!bucket || !cursor) {
    cursor?.setAttribute("width", 0);
    return;
  }
  chart.setAttribute("aria-valuenow", chosen);
  cursor.setAttribute("x", place(bucket.start));
  cursor.setAttribute("width", place(bucket.end) - place(bucket.start));
  fill_tip(bucket);
  const middle = (place(bucket.start) + place(bucket.end)) / 2;
  const room = chart.clientWidth - tip.offsetWidth;
  const left = middle > chart.clientWidth / 2 ? middle - tip.offsetWidth - 14 : middle + 14;
  tip.style.left = `${Math.max(0, Math.min(left, room))}px`;
};

const choose = (index) => {
  chosen = index;
  point();
};

const follow = (event) => {
  if (!stack || stack.buckets.length === 0) return;
  const x = event.clientX - by("bars").getBoundingClientRect().left;
  is_pointed = true;
  choose(Math.max(0, stack.buckets.findLastIndex((bucket) => place(bucket.start) <= x)));
};

const steps = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10, Home: -Infinity, End: Infinity };

const step = (event) => {
  if (!stack || stack.buckets.length === 0 || event.altKey || event.ctrlKey || event.metaKey) return;
  const last = stack.buckets.length - 1;
  if (event.key === "Escape") choose(-1);
  else if (event.key in steps) choose(Math.max(0, Math.min(last, (chosen < 0 ? last : chosen) + steps[event.key])));
  else return;
  is_pointed = false;
  event.preventDefault();
};

export const start_chart = () => {
  chart.addEventListener("pointermove", follow);
  chart.addEventListener("pointerdown", follow);
  chart.addEventListener("pointerleave", (event) => {
    if (is_pointed && event.pointerType === "mouse") choose(-1);
  });
  chart.addEventListener("keydown", step);
  chart.addEventListener("focus", () => {
    if (chosen < 0 && chart.matches(":focus-visible")) choose((stack?.buckets.length ?? 0) - 1);
  });
  chart.addEventListener("blur", () => choose(-1));
  new ResizeObserver(draw).observe(chart);
};

export const show_chart = (next) => {
  const start = stack?.buckets[chosen]?.start;
  stack = next;
  chosen = start === undefined ? -1 : stack.buckets.findIndex((bucket) => bucket.start === start);
  chart.setAttribute("aria-valuemin", 0);
  chart.setAttribute("aria-valuemax", Math.max(0, stack.buckets.length - 1));
  if (chosen < 0) {
    const last = stack.buckets.length - 1;
    chart.setAttribute("aria-valuenow", Math.max(0, last));
    chart.setAttribute("aria-valuetext", `${many(stack.total, "event")} in ${stack.buckets.length} bars; arrow keys go from bar to bar`);
  }
  draw();
};

/** The same numbers as a table, made only while it is open. */
export const show_table = () => {
  const table = by("numbers");
  if (!stack || !by("as-table").open) return;
  const names = stack.layers.map((layer) => layer.name);
  const head = element("tr", "", ...["From", "All", ...names].map((name) => Object.assign(element("th", name), { scope: "col" })));
  const rows = stack.buckets.toReversed().map((bucket) => {
    const from = Object.assign(element("th", time(bucket.start, "moment")), { scope: "row" });
    return element("tr", "", from, element("td", count(bucket.count)), ...bucket.parts.map((part) => element("td", count(part))));
  });
  table.tHead.replaceChildren(head);
  table.tBodies[0].replaceChildren(...rows);
  set_text(table.caption, "Events by time and type, newest first");
};
