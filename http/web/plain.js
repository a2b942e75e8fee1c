// The document as headings and tables, without a viewer. Texts are put in as texts, never as markup.
const element = (name, text) => Object.assign(document.createElement(name), { textContent: text ?? "" });

const resolve = (root, part) =>
  part?.$ref ? part.$ref.slice(2).split("/").reduce((at, step) => at[step], root) : part;

const table = (rows) => {
  const made = element("table");
  for (const cells of rows) {
    const row = element("tr");
    row.append(...cells.map((cell) => element("td", cell)));
    made.append(row);
  }
  return made;
};

const operation = (root, path, method, what) => {
  const section = element("section");
  section.append(element("h2", `${method.toUpperCase()} ${path}`), element("p", what.description ?? what.summary));
  const parameters = (what.parameters ?? []).map((parameter) => resolve(root, parameter));
  if (parameters.length > 0) {
    section.append(element("h3", "Parameters"));
    section.append(table(parameters.map((one) => [one.name, one.in, one.description])));
  }
  section.append(element("h3", "Answers"));
  section.append(table(Object.entries(what.responses).map(([status, one]) => [status, resolve(root, one).description])));
  return section;
};

fetch("/v1/openapi.json")
  .then((answer) => answer.json())
  .then((root) => {
    const page = document.getElementById("docs");
    page.append(element("p", root.info.description));
    for (const [path, item] of Object.entries(root.paths))
      for (const [method, what] of Object.entries(item))
        if (what.responses) page.append(operation(root, path, method, what));
  });
