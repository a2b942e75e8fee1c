// The marks of an axis.

/** A round step such that about `wanted` of them reach the top: 1, 2 or 5 times a power of ten, whole numbers only. */
export const count_step = (top, wanted) => {
  const raw = Math.max(top / wanted, 1);
  const power = 10 ** Math.floor(Math.log10(raw));
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= raw);
};

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const steps = [5 * minute, 10 * minute, 15 * minute, 30 * minute, hour, 2 * hour, 3 * hour, 6 * hour, 12 * hour, day, 2 * day, 7 * day];

const midnight = (instant) => {
  const date = new Date(instant);
  return new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
};

/** Round instants of the local clock within [start, end), at most `most` of them: { at, is_day }. */
export const time_marks = (start, end, most) => {
  const step = steps.find((one) => (end - start) / one <= most) ?? steps.at(-1);
  const marks = [];
  for (let today = midnight(start); today < end; today = midnight(today + 36 * hour)) {
    if (step >= day) {
      marks.push({ at: today, is_day: true });
      continue;
    }
    const tomorrow = midnight(today + 36 * hour);
    for (let at = today; at < Math.min(tomorrow, end); at += step) marks.push({ at, is_day: at === today });
  }
  const every = step >= day ? step / day : 1;
  return marks.filter((mark, place) => mark.at >= start && mark.at < end && place % every === 0);
};
