// The one way in which elements are made: what a platform or a person wrote only ever becomes a text node or the value
// of a named attribute. Nothing in this page parses markup, and the Content-Security-Policy refuses what would.

const SVG = "http://www.w3.org/2000/svg";
const SVG_TAGS = new Set(["svg", "path", "rect", "line", "g", "text", "circle"]);

/** An element: `h("p", {class: "hint", onclick: f}, "text", [more], null)`; null, false and undefined are left out. */
export function h(tag, attributes = {}, ...children) {
  const element = SVG_TAGS.has(tag) ? document.createElementNS(SVG, tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else if (name === "value") element.value = value;
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...present(children));
  return element;
}

function present(children) {
  return children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false);
}

export function fill(parent, ...children) {
  parent.replaceChildren(...present(children));
  return parent;
}

// What was chosen in a view stays with its entry in the browser's history, so that going back finds it again; not in
// the address, which is shown and passed on, and it may name a person.
export const kept = (name) => history.state?.[name] ?? null;
export const keep = (name, value) => history.replaceState({ ...history.state, [name]: value }, "");

const followed = new WeakMap();

const reached = (element) => [...element.querySelectorAll("a, button, input, select, summary")];

/** Children that follow a list: a row whose content is as it was stays the same element; a new one takes over the focus. */
export function follow(parent, items, keyOf, render) {
  const known = followed.get(parent) ?? new Map();
  const next = new Map();
  for (const item of items) {
    const key = keyOf(item);
    const content = JSON.stringify(item);
    const before = known.get(key);
    next.set(key, before?.content === content ? before : { content, element: render(item) });
  }
  const focused = document.activeElement;
  let focus = () => {};
  for (const [key, { element }] of known) {
    const now = next.get(key)?.element;
    if (now === element) continue;
    const at = reached(element).indexOf(focused);
    if (now && at >= 0) focus = () => reached(now)[at]?.focus({ preventScroll: true });
    element.remove();
  }
  let at = parent.firstChild;
  for (const { element } of next.values()) {
    if (element === at) at = at.nextSibling;
    else parent.insertBefore(element, at);
  }
  followed.set(parent, next);
  focus();
  return parent;
}

let count = 0;
export const newId = (prefix) => `${prefix}-${++count}`;

const ICONS = {
  eye: "M1.5 8S4 3.5 8 3.5 14.5 8 14.5 8 12 12.5 8 12.5 1.5 8 1.5 8Zm6.5 2a2 2 0 1 0 0-4 2 2 0 0 0 0 4Z",
  hidden:
    "M2 2l12 12M4 4.6C2.4 5.8 1.5 8 1.5 8S4 12.5 8 12.5c1.2 0 2.3-.4 3.2-1M6.7 3.6 8 3.5c4 0 6.5 4.5 6.5 4.5s-.5 1-1.5 2.1",
  copy: "M5.5 5.500v-3h8v8h-3M2.5 5.500h8v8h-8z",
  plus: "M8 3v10M3 8h10",
};

export function icon(name) {
  return h("svg", { viewBox: "0 0 16 16", class: "icon", "aria-hidden": "true" }, h("path", { d: ICONS[name] }));
}

let clearing = 0;

/** Says something to everybody: shown for a while, and read out; in the dialog that is open, as all else is inert then. */
export function say(text) {
  const place = [...document.querySelectorAll("dialog[open] .said")].at(-1) ?? document.getElementById("said");
  clearTimeout(clearing);
  for (const each of document.querySelectorAll("#said, .said")) {
    const words = each === place ? text : "";
    if (each.textContent !== words) each.textContent = words; // what is said already is not read out again
  }
  clearing = setTimeout(() => (place.textContent = ""), 8000);
}

/** A button; pressed again before it has done what it does, it does nothing more. */
export function button(label, act, { kind = "", glyph = null, ...more } = {}) {
  const element = h("button", { type: "button", class: kind, onclick: press, ...more }, glyph && icon(glyph), label);
  async function press() {
    if (element.hasAttribute("aria-busy")) return;
    element.setAttribute("aria-busy", "true");
    try {
      await act();
    } finally {
      element.removeAttribute("aria-busy");
    }
  }
  return element;
}

export async function copy(text, what) {
  try {
    await navigator.clipboard.writeText(text);
    say(`${what} copied`);
  } catch {
    say(`The browser did not let me copy: select the ${what.toLowerCase()} and copy it yourself`);
  }
}

/** A text to be taken away: shown whole, with a button that copies it. */
export function copyable(text, what, { id = null } = {}) {
  return h(
    "div",
    { class: "copyable" },
    h("code", { id, tabindex: 0, role: "textbox", "aria-readonly": "true", "aria-label": what }, text),
    button("Copy", () => copy(text, what), { glyph: "copy", "aria-label": `Copy: ${what}` }),
  );
}

/** A table that stays one to a screen reader when a narrow screen shows its rows as cards. */
export function table(caption, columns) {
  const body = h("tbody", { role: "rowgroup" });
  const heads = columns.map((name) => h("th", { role: "columnheader", scope: "col" }, name));
  const element = h(
    "table",
    { role: "table" },
    h("caption", { class: "unseen" }, caption),
    h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, heads)),
    body,
  );
  const row = (cells, attributes = {}) =>
    h(
      "tr",
      { role: "row", ...attributes },
      cells.map((cell, at) => h("td", { role: "cell", "data-label": columns[at] }, cell && h("div", {}, cell))),
    );
  return { element, body, row };
}

/** Terms and what they are; pairs whose second is null are left out. */
export function facts(pairs) {
  const shown = pairs.filter(([, value]) => value !== null && value !== undefined);
  return h(
    "dl",
    {},
    shown.map(([term, value]) => h("div", {}, h("dt", {}, term), h("dd", { dir: "auto" }, value))),
  );
}

/** What a task came to, or why it failed, in the place of its element. */
export function failed(error) {
  return h("p", { class: "notice bad", role: "alert" }, error.message);
}

/** Repeats a task while somebody looks; never two at once. What fails is told by the page, as of a click. */
export function every(seconds, signal, task) {
  let running = false;
  const run = async () => {
    if (running || document.hidden || signal.aborted) return;
    running = true;
    try {
      await task();
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      running = false;
    }
  };
  const timer = setInterval(run, seconds * 1000);
  signal.addEventListener("abort", () => clearInterval(timer));
  return run;
}
