// The console: who is signed in, which assistant is looked at, and which view of it the address names (`#/UA…/webhooks`).

import { ApiError, SignedOutError, calls } from "./api.js";
import { activity } from "./activity.js";
import { assistants, createAssistant } from "./assistants.js";
import { OUTLIVED, closeAll, isOpen } from "./dialogs.js";
import { button, failed, fill, h, say } from "./dom.js";
import { event, events } from "./events.js";
import { signIn } from "./signin.js";
import { claims, current, end } from "./session.js";
import { source, sources } from "./sources.js";
import { delivery } from "./deliveries.js";
import { webhook } from "./webhook.js";
import { webhooks } from "./webhooks.js";

const head = document.getElementById("head");
const main = document.getElementById("main");

const TABS = [
  ["webhooks", "Webhooks"],
  ["sources", "Sources"],
  ["events", "Events"],
  ["activity", "Activity"],
];
const VIEWS = {
  webhooks: [webhooks, webhook, delivery],
  sources: [sources, source],
  events: [events, event],
  activity: [activity],
};

const GONE = "It is not here: it was deleted, its retention has ended, or the address is wrong.";
const UNKNOWN = "There is no such assistant: it was deleted, or the address is wrong.";

let leaving = new AbortController();

function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // somebody's own percent sign
  }
}

/** The assistant, the kind of view, and the SIDs below it. */
function address() {
  const [assistant = "", kind = "webhooks", ...sids] = location.hash.replace(/^#\/?/, "").split("/").map(decoded);
  return { assistant, kind, sids: sids.filter(Boolean) };
}

/** Goes to a view, and has it shown when it is done. */
async function go(...parts) {
  history.pushState(null, "", `#/${parts.map(encodeURIComponent).join("/")}`);
  await show();
}

async function show() {
  leaving.abort();
  leaving = new AbortController();
  const { signal } = leaving;
  closeAll();
  if (!current()) return signedOut();
  const { assistant, kind, sids } = address();
  const api = calls(signal);
  fill(main, h("p", { class: "loading" }, "Loading…"));
  let chosen = null;
  try {
    const every = await api.all(["Assistants"]);
    chosen = every.find((each) => each.sid === assistant) ?? null;
    header(every, chosen, kind);
    const view = chosen ? VIEWS[kind]?.[sids.length] : assistants;
    if (!view) return void arrive("Not found", lost("There is no such page.", chosen, kind));
    const base = chosen ? ["Assistants", chosen.sid] : [];
    const shown = await view({ api, signal, assistant: chosen, assistants: every, base, sids, go, reload: show });
    const unknown = assistant && !chosen && lost(UNKNOWN);
    if (!signal.aborted) arrive(shown.title, [unknown, shown.contents], shown.actions);
  } catch (error) {
    if (signal.aborted) return;
    leaving.abort(); // what the view has begun to repeat ends with it
    if (error instanceof SignedOutError) signedOut(error.message);
    else if (error instanceof ApiError && error.status === 404 && chosen) arrive("Not found", lost(GONE, chosen, kind));
    else if (error instanceof ApiError) arrive("It could not be shown", [failed(error), button("Try again", show)]);
    else throw error;
  }
}

/** What is said where nothing is, and the way on: the list that it would stand in. */
function lost(said, assistant = null, kind = null) {
  const [name, label] = TABS.find((each) => each[0] === kind) ?? TABS[0];
  return h("p", { class: "notice" }, said, assistant && [" ", h("a", { href: `#/${assistant.sid}/${name}` }, label)]);
}

function arrive(title, contents, actions = []) {
  document.title = `${title} · Parley`;
  const heading = h("h1", { tabindex: -1, dir: "auto" }, title);
  fill(main, h("div", { class: "title" }, heading, h("div", { class: "actions" }, actions)), contents);
  // a reader of the screen hears where they are; who came by the keyboard goes on from there
  heading.focus({ preventScroll: true });
  window.scrollTo(0, 0);
}

function header(every, chosen, kind) {
  const { account, expires } = claims();
  const picker = h("select", {
    id: "assistant",
    onchange: () => go(...(picker.value ? [picker.value, "webhooks"] : [])),
  });
  fill(
    picker,
    h("option", { value: "", selected: !chosen }, "All assistants"),
    every.map((each) => h("option", { value: each.sid, selected: each.sid === chosen?.sid }, each.unique_name)),
  );
  fill(
    head,
    h(
      "div",
      { class: "bar" },
      h("a", { class: "brand", href: "#/" }, "Parley"),
      h(
        "div",
        { class: "pick" },
        h("label", { for: "assistant", class: "unseen" }, "Assistant"),
        picker,
        button("New", () => createAssistant({ api: calls(leaving.signal), go }), {
          glyph: "plus",
          "aria-label": "New assistant",
        }),
      ),
      h(
        "div",
        { class: "who" },
        h(
          "span",
          { class: "hint", title: account },
          account ? `${account.slice(0, 6)}…${account.slice(-4)}` : "signed in",
          expires && ` · until ${expires.toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "short" })}`,
        ),
        button("Sign out", () => signedOut("You are signed out."), { kind: "quiet" }),
      ),
    ),
    chosen &&
      h(
        "nav",
        { "aria-label": "Of the assistant" },
        TABS.map(([name, label]) =>
          h("a", { href: `#/${chosen.sid}/${name}`, "aria-current": name === kind ? "page" : null }, label),
        ),
      ),
  );
}

function signedOut(why = null) {
  closeAll();
  leaving.abort();
  leaving = new AbortController();
  end();
  fill(head, h("div", { class: "bar" }, h("span", { class: "brand" }, "Parley")));
  arrive("Sign in", signIn({ why, then: show }));
}

// what failed out of a click or a timer
window.addEventListener("unhandledrejection", (rejected) => {
  const { reason } = rejected;
  const left = reason?.name === "AbortError"; // its view was
  if (!left && !(reason instanceof ApiError)) return; // a mistake of ours: the browser tells
  rejected.preventDefault();
  if (left) return;
  // a form that is being filled in stays: what was typed can still be copied
  if (!(reason instanceof SignedOutError)) say(reason.message);
  else if (isOpen()) say(`${reason.message} ${OUTLIVED}`);
  else signedOut(reason.message);
});
window.addEventListener("hashchange", show);
document.querySelector(".skip").addEventListener("click", (clicked) => {
  // the address is the view's
  clicked.preventDefault();
  main.focus();
});
show();
