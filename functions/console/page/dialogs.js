// Dialogs: the browser's own, which keep the focus inside and give it back.

import { SignedOutError } from "./api.js";
import { button, copyable, fill, h, newId, say } from "./dom.js";

const open = new Set();

/** What to do in a dialog that has outlived its token. */
export const OUTLIVED = "Copy what you have typed, then close this: you can sign in again.";

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
    const missing = fields.find((field) => lacking(field));
    if (missing) {
      missing.refuse(lacking(missing));
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

/** What is said of a field that may not be left as it is; null when it may. */
const lacking = ({ missing, control }) =>
  missing ? missing() : control?.required && !control.value.trim() ? "It is needed." : null;

const readAll = (fields) => {
  const found = {};
  for (const field of fields) {
    const value = field.read();
    if (value !== undefined) found[field.name] = value;
  }
  return found;
};

function refuse(fields, wrong, error) {
  const said = error.parameter ? error.message.slice(error.parameter.length + 2) : "";
  const known = fields.filter((field) => error.parameter && field.parameter === error.parameter && field.control);
  // one parameter may have several fields: what is said then begins with the field's name
  const refused = known.find((field) => said.startsWith(field.name)) ?? known[0];
  if (refused) {
    refused.refuse(said);
    refused.control.closest("details")?.setAttribute("open", "");
    refused.control.focus();
  } else {
    const outlived = isOpen() && error instanceof SignedOutError;
    fill(wrong, h("p", { class: "notice bad" }, outlived ? `${error.message} ${OUTLIVED}` : error.message));
    wrong.scrollIntoView({ block: "nearest" });
    if (outlived) wrong.closest("dialog").addEventListener("close", tellAgain, { once: true });
  }

  // thrown to the page, which asks for a token now that nothing that was typed can be lost
  async function tellAgain() {
    throw error;
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
