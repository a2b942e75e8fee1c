// From the histogram to the layers of a stack. The types with most events have a colour each, the others share one. A type
// keeps its colour for as long as it is among the first.
import { number } from "{{assets/exact_json.js}}";

const colours = 7;
const slot_of = new Map();

const give_slots = (types) => {
  for (const type of [...slot_of.keys()]) if (!types.includes(type)) slot_of.delete(type);
  for (const type of types) {
    if (slot_of.has(type)) continue;
    const taken = new Set(slot_of.values());
    slot_of.set(type, Array.from({ length: colours }, (_, slot) => slot).find((slot) => !taken.has(slot)));
  }
};

/** { total, buckets: [{ start, end, count, types: Map, parts: […] }], types: [{ name, count, slot }], layers: [{ name, slot }] };
 *  parts[i] belongs to layers[i]. */
export const stack_of = (histogram, step) => {
  const buckets = histogram.buckets.map((bucket) => {
    const start = Date.parse(bucket.bucketStart);
    const types = new Map(Object.entries(bucket.eventsPerType).map(([type, count]) => [type, number(count)]));
    return { start, end: start + step, count: number(bucket.count), types };
  });
  const sums = new Map();
  for (const bucket of buckets) for (const [type, count] of bucket.types) sums.set(type, (sums.get(type) ?? 0) + count);
  const sorted = [...sums].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1));
  const first = sorted.slice(0, sorted.length > colours ? colours : sorted.length).map(([type]) => type);
  give_slots(first);
  const types = sorted.map(([name, count]) => ({ name, count, slot: slot_of.get(name) ?? colours }));
  const layers = first.map((name) => ({ name, slot: slot_of.get(name) }));
  const others = sorted.length - first.length;
  if (others > 0) layers.push({ name: `${others} other ${others === 1 ? "type" : "types"}`, slot: colours });
  for (const bucket of buckets) {
    bucket.parts = first.map((type) => bucket.types.get(type) ?? 0);
    if (others > 0) bucket.parts.push(bucket.count - bucket.parts.reduce((sum, part) => sum + part, 0));
  }
  return { total: number(histogram.totalEvents), buckets, types, layers };
};
