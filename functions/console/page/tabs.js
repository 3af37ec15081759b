// Tabs: one of several panels, chosen with the arrow keys too (the pattern of WAI-ARIA's authoring practices).

import { ApiError, SignedOutError } from "./api.js";
import { failed, fill, h, keep, kept, newId } from "./dom.js";

/** Each tab: `[label, render]`; a panel is rendered anew each time it is chosen, with a signal that ends with it. */
export function tabs(label, entries, signal) {
  const panel = h("div", { role: "tabpanel", tabindex: 0, id: newId("panel") });
  let leaving = new AbortController();
  signal.addEventListener("abort", () => leaving.abort());
  const buttons = entries.map(([name], at) =>
    h(
      "button",
      { type: "button", role: "tab", id: newId("tab"), "aria-controls": panel.id, onclick: () => pick(at) },
      name,
    ),
  );

  async function choose(at) {
    leaving.abort();
    leaving = new AbortController();
    const own = leaving.signal;
    buttons.forEach((each, number) => {
      each.setAttribute("aria-selected", String(number === at));
      each.tabIndex = number === at ? 0 : -1;
    });
    panel.setAttribute("aria-labelledby", buttons[at].id);
    try {
      const contents = await entries[at][1](own);
      if (!own.aborted) fill(panel, contents);
    } catch (error) {
      if (!(error instanceof ApiError) || error instanceof SignedOutError) throw error;
      if (!own.aborted) fill(panel, failed(error)); // not what another tab has left there
    }
  }

  async function pick(at) {
    keep(label, at);
    await choose(at);
  }

  const list = h(
    "div",
    {
      role: "tablist",
      "aria-label": label,
      onkeydown: (pressed) => {
        const at = buttons.indexOf(document.activeElement);
        const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: buttons.length - 1 }[pressed.key];
        if (to === undefined || at < 0) return;
        pressed.preventDefault();
        const next = (to + buttons.length) % buttons.length;
        buttons[next].focus();
        pick(next);
      },
    },
    buttons,
  );
  choose(kept(label) ?? 0);
  return h("section", { class: "tabs" }, list, panel);
}
