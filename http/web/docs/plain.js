// The OpenAPI document as headings and tables, without a viewer. Texts are set as text, never as markup.
const element = (name, text, ...children) => {
  const made = Object.assign(document.createElement(name), { textContent: text ?? "" });
  made.append(...children);
  return made;
};

const resolve = (root, part) =>
  part?.$ref ? part.$ref.slice(2).split("/").reduce((at, step) => at[step], root) : part;

const row = (kind, scope, [first, ...rest]) =>
  element("tr", "", Object.assign(element("th", first), { scope }), ...rest.map((cell) => Object.assign(element(kind, cell), kind === "th" && { scope })));

/** The first cell of a row is its header. */
const table = (head, rows) =>
  element("table", "", element("thead", "", row("th", "col", head)), element("tbody", "", ...rows.map((cells) => row("td", "row", cells))));

/** "integer, 1 to 500, default 50" */
const kind_of = (root, schema) => {
  const { type, format, minimum, maximum, enum: choices, default: usual } = resolve(root, schema) ?? {};
  const range = minimum !== undefined && maximum !== undefined ? `${minimum} to ${maximum}` : undefined;
  return [choices ? choices.join(" or ") : format ?? [type].flat().join(" or "), range, usual === undefined ? undefined : `default ${usual}`].filter(Boolean).join(", ");
};

const example_of = (name, value) => [element("h4", name), element("pre", typeof value === "string" ? value : JSON.stringify(value, null, 2))];

const body = (root, [type, content]) => {
  const named = Object.entries(content.examples ?? {}).map(([name, one]) => [name, resolve(root, one).value]);
  return [element("p", type), ...named.flatMap(([name, value]) => example_of(name, value))];
};

const operation = (root, path, method, what) => {
  const section = element("section", "", element("h2", `${method.toUpperCase()} ${path}`), element("p", what.description ?? what.summary));
  section.id = what.operationId;
  const parameters = (what.parameters ?? []).map((parameter) => resolve(root, parameter));
  if (parameters.length > 0)
    section.append(element("h3", "Parameters"), table(["Name", "In", "Value", "Meaning"],
      parameters.map((one) => [one.name, one.in, kind_of(root, one.schema), one.description])));
  if (what.requestBody)
    section.append(element("h3", "Body"), ...Object.entries(resolve(root, what.requestBody).content).flatMap((one) => body(root, one)));
  section.append(element("h3", "Answers"),
    table(["Status", "Meaning"], Object.entries(what.responses).map(([status, one]) => [status, resolve(root, one).description])));
  return section;
};

const contents = (operations) =>
  Object.assign(element("ul", "", ...operations.map(([path, method, what]) =>
    element("li", "", Object.assign(element("a", `${method.toUpperCase()} ${path}`), { href: `#${what.operationId}` }), `: ${what.summary}`))), { id: "contents" });

const show = (root) => {
  const operations = Object.entries(root.paths).flatMap(([path, item]) =>
    Object.entries(item).filter(([, what]) => what.responses).map(([method, what]) => [path, method, what]));
  document.getElementById("docs").append(element("p", root.info.description),
    ...Object.values(root.components.securitySchemes ?? {}).map((scheme) => element("p", scheme.description)),
    contents(operations), ...operations.map((one) => operation(root, ...one)));
  document.getElementById(location.hash.slice(1))?.scrollIntoView();
};

fetch("/v1/openapi.json")
  .then((answer) => answer.json())
  .then(show)
  .catch(() => document.getElementById("docs").append(element("p", "The document could not be loaded.")));
