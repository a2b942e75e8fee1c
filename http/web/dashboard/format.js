// Numbers and times as text: in English, in the reader's time zone.
const locale = "en-GB";
const formats = {
  clock: { hour: "2-digit", minute: "2-digit", hourCycle: "h23" },
  second: { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" },
  day: { weekday: "short", day: "numeric" },
  moment: { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" },
  full: { dateStyle: "medium", timeStyle: "long" },
};
const made = Object.fromEntries(
  Object.entries(formats).map(([name, options]) => [name, new Intl.DateTimeFormat(locale, options)]));
const plain = new Intl.NumberFormat(locale);
const few = new Intl.NumberFormat(locale, { maximumSignificantDigits: 3 });
const compact = new Intl.NumberFormat(locale, { notation: "compact", maximumFractionDigits: 1 });

export const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;

/** An instant (milliseconds or text) as "clock", "second", "day", "moment" or "full". */
export const time = (instant, form = "second") => made[form].format(new Date(instant));

export const count = (number) => plain.format(number);
export const short = (number) => compact.format(number);
/** A rate, given a minute, in a unit that makes it readable. */
export const rate = (a_minute) => {
  if (a_minute >= 1 || a_minute === 0) return `${few.format(a_minute)} a minute`;
  if (a_minute * 60 >= 1) return `${few.format(a_minute * 60)} an hour`;
  return `${few.format(a_minute * 1440)} a day`;
};
export const many = (number, one, more = `${one}s`) => `${count(number)} ${number === 1 ? one : more}`;

export const share = (part, whole) => {
  if (whole === 0) return "0 %";
  const percent = (100 * part) / whole;
  return percent > 0 && percent < 1 ? "< 1 %" : `${Math.round(percent)} %`;
};

/** "12 s", "3 min", "5 h", "2 days" */
export const span = (milliseconds) => {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 48 * 3600) return `${Math.floor(seconds / 3600)} h`;
  return `${count(Math.floor(seconds / 86400))} days`;
};

export const ago = (instant, now) => {
  const passed = now - Date.parse(instant);
  return passed < -1000 ? `${span(-passed)} ahead` : `${span(passed)} ago`;
};
