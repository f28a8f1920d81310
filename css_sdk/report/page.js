"use strict";
(() => {
  const MOST_PEOPLE = 200, MOST_ROLES = 50; // a larger matrix cannot be read
  const STEP = 200; // rows put on the page at a time: a browser lays out thousands too slowly to follow somebody typing
  const INTEGRATION = 0, ENVIRONMENT = 1, ROLE = 2, PERSON = 3, PROVIDER = 5, HELD = 6;
  const ENVIRONMENTS = ["dev", "test", "prod"];
  const collator = new Intl.Collator(undefined, { numeric: true });
  const byId = (id) => document.getElementById(id);

  const table = byId("list");
  const body = table.tBodies[0];
  const rows = Array.from(body.rows, (row, at) => {
    const cells = Array.from(row.cells, (cell) => Array.from(cell.childNodes, (part) => part.textContent).join(" "));
    return { row, at, cells, text: cells.join("\n").toLowerCase() };
  });
  body.replaceChildren();
  document.documentElement.classList.remove("waiting");
  let matching = rows;
  let limit = STEP;
  let sorted = { column: -1, sign: 1 };
  let view = "list";
  const number = (value) => value.toLocaleString("en-CA");
  const make = (name, content = "", attributes = {}) => {
    const element = document.createElement(name);
    if (content) element.append(content);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    return element;
  };

  const distinct = (column) => {
    const values = [...new Set(rows.map((each) => each.cells[column]))];
    const compare = column === ENVIRONMENT
      ? (one, other) => ENVIRONMENTS.indexOf(one) - ENVIRONMENTS.indexOf(other)
      : collator.compare;
    return values.sort(compare);
  };

  const filters = [["integration", INTEGRATION], ["environment", ENVIRONMENT], ["role", ROLE], ["provider", PROVIDER]]
    .map(([id, column]) => {
      const select = byId(id);
      for (const value of distinct(column)) select.append(new Option(value, value));
      return { select, fits: (cells) => cells[column] === select.value };
    });
  const figures = Array.from(document.querySelectorAll("figure"));
  const held = byId("held");
  filters.push({
    select: held,
    // A role that somebody has in both ways fits both choices.
    fits: (cells) => (held.selectedIndex === 1 ? cells[HELD].startsWith("directly") : cells[HELD] !== "directly"),
  });

  // A row for each person who matches, a column for each role, place after place.
  const showMatrix = () => {
    const people = new Map(), roles = new Map();
    for (const each of [...matching].sort((one, other) => one.at - other.at)) {
      const { row, cells } = each;
      const place = `${cells[INTEGRATION]}, ${cells[ENVIRONMENT]}`, key = `${place}\n${cells[ROLE]}`;
      if (!roles.has(key)) roles.set(key, { place, role: cells[ROLE] });
      const username = row.cells[PERSON].lastChild.textContent;
      if (!people.has(username)) people.set(username, { cell: row.cells[PERSON], text: cells[PERSON], held: new Map() });
      people.get(username).held.set(key, cells[HELD]);
    }
    const counts = `${number(people.size)} people and ${number(roles.size)} roles`;
    if (people.size > MOST_PEOPLE || roles.size > MOST_ROLES) {
      byId("count").textContent = `${counts} match. The matrix shows at most ${MOST_PEOPLE} people and ${MOST_ROLES} ` +
        "roles. Search, or choose a filter.";
      byId("matrix").replaceChildren();
      return;
    }
    byId("count").textContent = `Showing ${counts}. ● directly, ○ through a composite role`;
    const head = make("thead"), places = make("tr", make("td")), names = make("tr", make("td"));
    for (const place of new Set(Array.from(roles.values(), (each) => each.place))) {
      const columns = [...roles.values()].filter((each) => each.place === place).length;
      places.append(make("th", place, { colspan: columns, scope: "colgroup" }));
    }
    for (const { role } of roles.values()) names.append(make("th", make("span", role), { scope: "col" }));
    head.append(places, names);
    const lines = make("tbody");
    for (const { cell, held } of [...people.values()].sort((one, other) => collator.compare(one.text, other.text))) {
      const line = make("tr"), name = make("th", "", { scope: "row" });
      name.append(...cell.cloneNode(true).childNodes);
      line.append(name);
      for (const [key, { role }] of roles) {
        const how = held.get(key);
        const sign = how === undefined ? "" : how.startsWith("directly") ? "●" : "○";
        line.append(make("td", sign, sign && { title: `${role}: ${how}` }));
      }
      lines.append(line);
    }
    const matrix = make("table");
    matrix.append(head, lines);
    byId("matrix").replaceChildren(make("div", matrix, { class: "wide" }));
  };

  // The graphs of the places that are chosen, with the role that is chosen.
  const showGraphs = () => {
    const chosen = (id) => byId(id).selectedIndex > 0 && byId(id).value;
    const [integration, environment, role] = ["integration", "environment", "role"].map(chosen);
    let shown = 0;
    for (const figure of figures) {
      const titles = Array.from(figure.querySelectorAll("title"), (title) => title.textContent);
      figure.hidden = (integration && figure.dataset.integration !== integration) ||
        (environment && figure.dataset.environment !== environment) || (role && !titles.includes(role));
      shown += !figure.hidden;
    }
    byId("count").textContent = `Showing ${number(shown)} of ${number(figures.length)} graphs`;
  };

  const show = () => {
    if (view === "list") showList();
    if (view === "matrix") showMatrix();
    if (view === "graphs") showGraphs();
    if (view !== "list") byId("more").hidden = true;
  };

  const showList = () => {
    body.replaceChildren(...matching.slice(0, limit).map((each) => each.row));
    const shown = Math.min(limit, matching.length);
    byId("count").textContent = shown < matching.length
      ? `Showing ${number(shown)} of ${number(matching.length)} rows` +
        (matching.length < rows.length ? ` that match, of ${number(rows.length)} in all` : "")
      : `Showing ${number(shown)} of ${number(rows.length)} rows`;
    byId("more").hidden = shown === matching.length;
  };

  const filter = () => {
    const words = byId("search").value.toLowerCase().split(/\s+/).filter(Boolean);
    const chosen = filters.filter(({ select }) => select.selectedIndex > 0);
    matching = rows.filter((each) =>
      chosen.every(({ fits }) => fits(each.cells)) && words.every((word) => each.text.includes(word)));
    limit = STEP;
    const limits = chosen.filter(({ select }) => !select.disabled).map(({ select }) => `${select.labels[0].firstChild.data}: ${select.value}`);
    if (words.length && view !== "graphs") limits.unshift(`Search: ${byId("search").value.trim()}`);
    byId("filters").hidden = !limits.length;
    byId("filters").textContent = `Filters: ${limits.join("; ")}`;
    show();
  };

  const sortBy = (column) => {
    const sign = sorted.column === column ? -sorted.sign : 1;
    const place = new Map(distinct(column).map((value, at) => [value, at]));
    rows.sort((one, other) =>
      sign * (place.get(one.cells[column]) - place.get(other.cells[column])) || one.at - other.at);
    sorted = { column, sign };
    Array.from(table.tHead.rows[0].cells, (head, at) => {
      if (at === column) head.setAttribute("aria-sort", sign > 0 ? "ascending" : "descending");
      else head.removeAttribute("aria-sort");
    });
    filter();
  };

  Array.from(table.tHead.rows[0].cells, (head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    button.addEventListener("click", () => sortBy(column));
    head.append(button);
  });
  byId("search").addEventListener("input", filter);
  for (const { select } of filters) select.addEventListener("change", filter);
  byId("clear").addEventListener("click", () => {
    byId("search").value = "";
    for (const { select } of filters) select.selectedIndex = 0;
    filter();
  });
  byId("next").addEventListener("click", () => { limit += STEP; show(); });
  byId("all").addEventListener("click", () => { limit = Infinity; show(); });

  const views = ["list", "matrix", ...(figures.length ? ["graphs"] : [])];
  byId("view-graphs").hidden = !figures.length;
  const choose = (chosen) => {
    view = chosen;
    for (const each of views) {
      byId(each).hidden = each !== view;
      byId(`view-${each}`).setAttribute("aria-pressed", each === view);
    }
    // A graph is about roles alone.
    for (const id of ["search", "provider", "held"]) byId(id).disabled = view === "graphs";
    filter();
  };
  for (const each of views) byId(`view-${each}`).addEventListener("click", () => choose(each));

  // What is printed is everything that matches.
  let before = limit;
  addEventListener("beforeprint", () => { before = limit; limit = Infinity; show(); });
  addEventListener("afterprint", () => { limit = before; show(); });

  byId("controls").hidden = byId("views").hidden = false;
  choose("list");
})();
