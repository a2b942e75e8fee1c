// JSON whose numbers keep their digits: what is shown must be what is stored. JavaScript would read 0.10 as 0.1, and round
// a number of more than some 16 digits. A number that JavaScript would change is read as a string that begins with
// U+0000, which no text in PostgreSQL can hold, and is written as it came.
const token = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

const kept = (text) => (text[0] === '"' || String(Number(text)) === text ? text : `"\\u0000${text}"`);

export const parse = (text) => JSON.parse(text.replace(token, kept));

export const write = (value) => JSON.stringify(value, null, 2).replace(/"\\u0000([^"]*)"/g, "$1");

/** The value as a number, to compute with. */
export const number = (value) => (typeof value === "string" ? Number(value.slice(1)) : value);
