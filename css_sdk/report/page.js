"use strict";
(() => {
  const STEP = 200; // rows put on the page at a time: a browser lays out thousands too slowly to follow somebody typing
  const INTEGRATION = 0, ENVIRONMENT = 1, ROLE = 2, PROVIDER = 5, HELD = 6;
  const ENVIRONMENTS = ["dev", "test", "prod"];
  const collator = new Intl.Collator(undefined, { numeric: true });
  const byId = (id) => document.getElementById(id);

  const table = document.querySelector("table");
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
  const held = byId("held");
  filters.push({
    select: held,
    // A role that somebody has in both ways fits both choices.
    fits: (cells) => (held.selectedIndex === 1 ? cells[HELD].startsWith("directly") : cells[HELD] !== "directly"),
  });

  const show = () => {
    body.replaceChildren(...matching.slice(0, limit).map((each) => each.row));
    const shown = Math.min(limit, matching.length);
    const number = (value) => value.toLocaleString("en-CA");
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
    const limits = chosen.map(({ select }) => `${select.labels[0].firstChild.data}: ${select.value}`);
    if (words.length) limits.unshift(`Search: ${byId("search").value.trim()}`);
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

  // What is printed is everything that matches.
  let before = limit;
  addEventListener("beforeprint", () => { before = limit; limit = Infinity; show(); });
  addEventListener("afterprint", () => { limit = before; show(); });

  byId("controls").hidden = false;
  filter();
})();
