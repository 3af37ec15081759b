// Dialogs: the browser's own, which keep the focus inside and give it back.

import { button, copyable, fill, h, newId, say } from "./dom.js";

const open = new Set();

export const isOpen = () => open.size > 0;

/** Closes what is open: another page is shown. */
export function closeAll() {
  for (const dialog of open) dialog.close();
}

/** Shows a dialog with these contents; `close` of what it returns ends it. */
export function dialog(title, contents, { wide = false } = {}) {
  const id = newId("dialog");
  const opener = document.activeElement;
  const body = h("div", { class: "contents" });
  const said = h("p", { class: "said", role: "status", "aria-live": "polite" });
  const element = h(
    "dialog",
    { "aria-labelledby": id, class: wide ? "wide" : null },
    h(
      "div",
      { class: "head" },
      h("h2", { id, tabindex: -1 }, title),
      button("Close", () => element.close(), { kind: "quiet" }),
    ),
    body,
    said,
  );
  element.addEventListener("close", () => {
    open.delete(element);
    element.remove();
    if (said.textContent) say(said.textContent); // it was said as the dialog ended
    // what opened it may be gone by then: a row that was deleted
    const back = opener?.isConnected && opener !== document.body ? opener : document.querySelector("main h1");
    back?.focus();
  });
  fill(body, contents);
  document.body.append(element);
  open.add(element);
  element.showModal();
  (
    element.querySelector(".contents :is(input,select,textarea):not([type=checkbox])") ?? element.querySelector("h2")
  ).focus();
  return {
    element,
    body,
    close: () => element.close(),
    show: (...next) => (fill(body, next), element.querySelector("h2").focus()),
  };
}

/** A form of fields; `submit` is given their values and sends them. What the API refuses is said beside its field. */
export function form(
  fields,
  label,
  submit,
  { kind = "main", more = [], layout = fields.map(({ element }) => element) } = {},
) {
  const wrong = h("div", { role: "alert" });
  const send = h("button", { type: "submit", class: kind }, label);
  const element = h("form", { novalidate: true }, wrong, layout, h("div", { class: "actions" }, send, more));
  element.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (element.hasAttribute("aria-busy")) return;
    fill(wrong);
    for (const field of fields) field.refuse(null);
    const missing = fields.find((field) => field.control?.required && !field.control.value.trim());
    if (missing) {
      missing.refuse("It is needed.");
      missing.control.focus();
      return;
    }
    element.setAttribute("aria-busy", "true");
    try {
      await submit(readAll(fields));
    } catch (error) {
      refuse(fields, wrong, error);
    } finally {
      element.removeAttribute("aria-busy");
    }
  });
  return element;
}

const readAll = (fields) => {
  const found = {};
  for (const field of fields) {
    const value = field.read();
    if (value !== undefined) found[field.name] = value;
  }
  return found;
};

function refuse(fields, wrong, error) {
  const refused = error.parameter && fields.find((field) => field.parameter === error.parameter && field.control);
  if (refused) {
    refused.refuse(error.message.slice(error.parameter.length + 2));
    refused.control.closest("details")?.setAttribute("open", "");
    refused.control.focus();
  } else {
    fill(wrong, h("p", { class: "notice bad" }, error.message));
    wrong.scrollIntoView({ block: "nearest" });
  }
}

/** Asks before something that cannot be undone; done with `act`. */
export function ask(title, text, label, act) {
  const shown = dialog(title, [
    h("p", {}, text),
    form(
      [],
      label,
      async () => {
        await act();
        shown.close();
      },
      { kind: "danger", more: button("Keep it", () => shown.close()) },
    ),
  ]);
  return shown;
}

/** Values that are shown this once. */
export function once(title, said, pairs, after = []) {
  return dialog(
    title,
    [
      h("p", { class: "notice warn" }, said),
      pairs.map(([label, value]) =>
        h("div", { class: "field" }, h("span", { class: "label" }, label), copyable(value, label)),
      ),
      after,
    ],
    { wide: true },
  );
}
