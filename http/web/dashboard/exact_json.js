// JSON whose numbers keep their digits. JavaScript would read 0.10 as 0.1 and round what has more than some 16 digits;
// what is shown must be what is stored. A number that JavaScript writes otherwise is read as a string that begins with
// U+0000, which no text of the database's can hold, and written as it came.
const token = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

const kept = (text) => (text[0] === '"' || String(Number(text)) === text ? text : `"\\u0000${text}"`);

export const parse = (text) => JSON.parse(text.replace(token, kept));

export const write = (value) => JSON.stringify(value, null, 2).replace(/"\\u0000([^"]*)"/g, "$1");

/** As a number, where one is to be computed with. */
export const number = (value) => (typeof value === "string" ? Number(value.slice(1)) : value);
