// A long list, newest first: its top follows what comes; the older pages that were asked for stay below it.

import { button, h } from "./dom.js";

const LOOKED_THROUGH = 10; // pages, one after the other: one that a filter has emptied may have a next one

/** The first page, and further ones until there are enough rows; `page.next` is how it goes on from there. */
export async function some(first, { pages = LOOKED_THROUGH, enough = Infinity } = {}) {
  let page = await first;
  const rows = [...page.rows];
  for (let at = 1; at < pages && page.next && rows.length < enough; at++) {
    page = await page.next();
    rows.push(...page.rows);
  }
  return { rows, next: page.next };
}

/**
 * `load` gets the first page, `show` shows all rows; `note` and `more` are to be put above and below them; `empty`
 * words that there is nothing.
 * A page may say something of its own about what it holds: `said`.
 */
export function growing({ load, show, empty }) {
  const note = h("p", { class: "hint", role: "status" }, "Loading…");
  const older = button("Older ones", further);
  const more = h("div", { class: "actions", hidden: true }, older);
  let rows = [];
  let next = null;
  let grown = false;
  let turn = 0;

  function all(said = null) {
    show(rows);
    const none = next ? "None among the newest; there are older ones to look through." : empty();
    const words = said ?? (rows.length ? "" : none);
    if (note.textContent !== words) note.textContent = words;
    more.hidden = !next;
  }

  async function further() {
    const from = next;
    grown = true; // a refresh that is answered first keeps what these rows follow
    const page = await some(from(), { enough: 1 });
    if (from !== next) return; // the list has begun anew: they follow nothing of it
    rows = [...rows, ...page.rows];
    next = page.next;
    all();
  }

  async function refresh() {
    const own = turn;
    const page = await load();
    if (own !== turn) return;
    const known = new Set(page.rows.map((each) => each.sid));
    // more came than a page holds, so what lies between is not known: begin anew
    const apart = page.rows.length > 0 && !rows.some((each) => known.has(each.sid));
    grown &&= page.next !== null && !apart;
    if (!grown) next = page.next;
    // what is newer than the page's end, and not on it, has another state by now
    const end = page.rows.at(-1)?.date_created ?? "~";
    const below = grown ? rows.filter((each) => !known.has(each.sid) && each.date_created <= end) : [];
    rows = [...page.rows, ...below];
    all(page.said);
  }

  /** Another list: its filter was changed. */
  async function restart() {
    turn += 1;
    [rows, next, grown] = [[], null, false];
    more.hidden = true;
    await refresh();
  }

  return { note, more, refresh, restart };
}
