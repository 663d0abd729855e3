// Elements are made here, from text and never from markup: whatever a name from mail holds, it stays text.
const kSvg = "http://www.w3.org/2000/svg";

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) {
      node.addEventListener(name.slice(2), value);
    } else if (name === "style") {
      for (const [property, text] of Object.entries(value)) node.style.setProperty(property, text);
    } else {
      node.setAttribute(name, value === true ? "" : String(value));
    }
  }
  add(node, children);
  return node;
}

// `children`: nodes, texts, lists of them; empty ones are skipped.
export function add(node, children) {
  for (const child of [children].flat(Infinity)) {
    if (child === undefined || child === null || child === false || child === "") continue;
    node.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
}

// el("a", {href: "/", onclick: go}, "Home")
export function el(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

export function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(kSvg, tag), attributes, children);
}

export function replace(node, ...children) {
  node.replaceChildren();
  add(node, children);
}

// A name from outside, in any script, which must not reorder the text around it.
export function name(text) {
  return el("bdi", {dir: "auto"}, text);
}

// The same for a path of folders, which may break after each slash.
export function path_name(text) {
  return el(
    "bdi", {dir: "auto"}, text.split("/").map((label, at) => (at === 0 ? label : ["/", el("wbr"), label])));
}

export function button(label, onclick, kind = "") {
  return el("button", {type: "button", class: kind || undefined, onclick}, label);
}

export function link(label, href, kind) {
  return el("a", {href, class: kind}, label);
}

export function facts(...pairs) {
  const shown = pairs.filter((pair) => pair && (pair[1] || pair[1] === 0));
  return el(
    "dl", {class: "facts"}, shown.map(([label, value]) => [el("dt", {}, label), el("dd", {}, value)]));
}

// `columns`: {label, end, cell(row)}.
export function table(caption, columns, rows) {
  const head = columns.map((column) => el("th", {scope: "col", class: column.end && "end"}, column.label));
  // On a narrow screen the cells are below each other, each with its label.
  const cell = (column, row) =>
    el("td", {class: column.end && "end", "data-label": column.label}, column.cell(row));
  const body = rows.map((row) => el("tr", {}, columns.map((column) => cell(column, row))));
  return el("div", {class: "table-box"},
    el("table", {class: "stack"}, el("caption", {class: "hidden-text"}, caption),
      el("thead", {}, el("tr", {}, head)), el("tbody", {}, body)));
}

// For everything that happens without a change of the page: read out by screen readers.
let speaker;
export function say(text) {
  speaker ??=
    document.body.appendChild(el("div", {class: "hidden-text", role: "status", "aria-live": "polite"}));
  speaker.textContent = text;
}
