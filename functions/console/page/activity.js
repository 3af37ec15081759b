// Activity: how many events were accepted, and what became of them, over time.
//
// The API keeps no statistics. What is counted here is what it lists, within bounds: so many of the newest events, so
// many deliveries of so many webhooks. Where there is more, that is said.

import { ApiError, SignedOutError } from "./api.js";
import { button, failed, fill, h, table } from "./dom.js";
import { choice } from "./fields.js";
import { number } from "./format.js";
import { some } from "./lists.js";

const PAGES = 2;
const SIZE = 500;
const WEBHOOKS = 10;
const BARS = 48;
const RANGES = [
  ["3600", "the last hour"],
  ["86400", "the last day"],
  ["604800", "the last week"],
];

const SERIES = [
  ["accepted", "accepted"],
  ["delivered", "delivered"],
  ["waiting", "waiting"],
  ["failed", "failed"],
];
const BECAME = {
  delivered: "delivered",
  retrying: "waiting",
  waiting: "waiting",
  exhausted: "failed",
  expired: "failed",
  cancelled: "failed",
};

async function counted({ api, base }, seconds) {
  const to = Date.now();
  const from = to - seconds * 1000;
  const query = { After: new Date(from).toISOString(), PageSize: SIZE };
  const bars = Array.from({ length: BARS }, () => ({ accepted: 0, delivered: 0, waiting: 0, failed: 0 }));
  const add = (iso, name) => {
    const at = Math.floor(((new Date(iso) - from) / (to - from)) * BARS);
    if (at >= 0) bars[Math.min(at, BARS - 1)][name] += 1;
  };
  const events = await some(api.page([...base, "Events"], query), { pages: PAGES });
  for (const each of events.rows) add(each.date_created, "accepted");
  const hooks = await api.all([...base, "Webhooks"]);
  let more = events.next !== null || hooks.length > WEBHOOKS;
  for (const hook of hooks.slice(0, WEBHOOKS)) {
    const found = await some(api.page([...base, "Webhooks", hook.sid, "Deliveries"], query), { pages: 1 });
    more ||= found.next !== null;
    for (const each of found.rows) add(each.date_created, BECAME[each.status]);
  }
  return { bars, from, to, more };
}

const WIDTH = 720;
const HEIGHT = 90;

/** Bars of some series, one on the other. */
function chart(title, names, { bars, from, to }) {
  const most = Math.max(...bars.map((bar) => names.reduce((sum, name) => sum + bar[name], 0)));
  const wide = WIDTH / BARS;
  const totals = names.map((name) => `${number(total(bars, name))} ${name}`).join(", ");
  const shown = bars.flatMap((bar, at) => {
    let y = HEIGHT;
    return names
      .filter((name) => bar[name])
      .map((name) => {
        const height = Math.max((bar[name] / most) * (HEIGHT - 4), 2); // a bar that is drawn is of one at least
        y -= height;
        return h("rect", { class: name, x: at * wide + 1, y, width: wide - 2, height });
      });
  });
  const time = (ms) => new Date(ms).toLocaleString("en-GB", { dateStyle: "short", timeStyle: "short" });
  return h(
    "figure",
    {},
    h(
      "figcaption",
      {},
      h("strong", {}, title),
      h(
        "span",
        { class: "legend" },
        names.map((name) => h("span", { class: `key ${name}` }, `${name} ${number(total(bars, name))}`)),
      ),
    ),
    h(
      "svg",
      {
        viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
        role: "img",
        "aria-label": `${title}: ${totals}`,
        preserveAspectRatio: "none",
      },
      h("line", { x1: 0, x2: WIDTH, y1: HEIGHT - 0.5, y2: HEIGHT - 0.5 }),
      shown,
    ),
    h(
      "div",
      { class: "axis", "aria-hidden": "true" },
      h("span", {}, time(from)),
      h("span", {}, `highest bar: ${number(most)}`),
      h("span", {}, time(to)),
    ),
  );
}

const total = (bars, name) => bars.reduce((sum, bar) => sum + bar[name], 0);

function asTable({ bars, from, to }) {
  if (!SERIES.some(([name]) => total(bars, name)))
    return h("p", { class: "hint" }, "There is nothing in this time: show a longer one.");
  const { element, body, row } = table("Activity over time", ["From", ...SERIES.map(([, label]) => label)]);
  const step = (to - from) / BARS;
  for (const [at, bar] of bars.entries()) {
    if (SERIES.some(([name]) => bar[name])) {
      body.append(
        row([new Date(from + at * step).toLocaleString("en-GB"), ...SERIES.map(([name]) => number(bar[name]))]),
      );
    }
  }
  return h("details", {}, h("summary", {}, "The same as a table"), element);
}

export async function activity(context) {
  const range = choice("range", "Show", RANGES, { value: "3600" });
  const place = h("div", { "aria-live": "polite" });
  let turn = 0;
  async function show() {
    const own = ++turn;
    fill(place, h("p", { class: "loading" }, "Counting…"));
    try {
      const found = await counted(context, Number(range.read()));
      if (own === turn) tell(found); // not what was asked for before, and took longer
    } catch (error) {
      if (!(error instanceof ApiError) || error instanceof SignedOutError) throw error;
      if (own === turn) fill(place, failed(error));
    }
  }
  function tell(found) {
    fill(
      place,
      found.more &&
        h(
          "p",
          { class: "notice" },
          `There is more than is counted here: the newest ${number(PAGES * SIZE)} events, and ${number(SIZE)} deliveries of each of ${WEBHOOKS} webhooks. Bars at the left are too low.`,
        ),
      chart("Events", ["accepted"], found),
      chart("Deliveries, at the time of their event", ["delivered", "waiting", "failed"], found),
      asTable(found),
    );
  }
  range.control.addEventListener("change", show);
  await show();
  return {
    title: "Activity",
    contents: [h("div", { class: "filters" }, range.element), place],
    actions: button("Count again", show),
  };
}
