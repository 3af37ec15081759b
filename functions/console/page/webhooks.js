// Webhooks: all of an assistant's, each with its health at a glance.

import { button, every, follow, h, table } from "./dom.js";
import { many, number, pill } from "./format.js";
import { trouble } from "./trouble.js";
import { MOST_COUNTED } from "./vocabulary.js";
import { createWebhook } from "./webhook-form.js";

const LOOKED_AT = 20; // deliveries of each webhook
const MOST = 30; // webhooks whose health is asked for: each is a read of all of the list's shards
const EVERY_SECONDS = 20;

const path = (assistant, webhook) => `#/${assistant.sid}/webhooks/${webhook.sid}`;

/** The last deliveries as bars, the newest at the right: what went well is low and calm. */
function bars(deliveries) {
  if (!deliveries.length) return h("span", { class: "hint" }, "nothing yet");
  const counts = {};
  for (const { status } of deliveries) counts[status] = (counts[status] ?? 0) + 1;
  const said = Object.entries(counts)
    .map(([status, count]) => `${count} ${status}`)
    .join(", ");
  const heights = { delivered: 7, retrying: 12, waiting: 12, cancelled: 12 };
  return h(
    "svg",
    {
      class: "bars",
      role: "img",
      viewBox: `0 0 ${LOOKED_AT * 5} 16`,
      "aria-label": `Last ${many(deliveries.length, "delivery", "deliveries")}: ${said}`,
    },
    [...deliveries].reverse().map(({ status }, at) => {
      const height = heights[status] ?? 16;
      return h("rect", {
        class: status,
        x: at * 5,
        y: 16 - height,
        width: 4,
        height,
        rx: 1,
      });
    }),
  );
}

function subscribed(webhook) {
  const names = webhook.events.split(/\s+/).filter(Boolean);
  return h(
    "div",
    { class: "chips" },
    names.slice(0, 3).map((name) => h("code", {}, name)),
    names.length > 3 && h("span", { class: "hint", title: names.join(" ") }, `and ${names.length - 3} more`),
  );
}

export async function webhooks(context) {
  const { api, base, signal, assistant } = context;
  const { element, body, row } = table("Webhooks", ["Name", "State", "Last deliveries", "To come", "Events", "URL"]);
  const troubles = h("div", {});
  const health = new Map();
  const none = h(
    "p",
    { class: "notice" },
    "A webhook is an address of yours that Parley calls when something happens. There is none yet: create one, and " +
      "choose the events that it is called for.",
  );
  let all = [];

  function show() {
    none.hidden = all.length > 0;
    element.hidden = !all.length;
    const shown = all.map((webhook) => ({ ...webhook, seen: health.get(webhook.sid) ?? null }));
    follow(
      body,
      shown,
      (each) => each.sid,
      (each) =>
        row([
          h("a", { href: path(assistant, each), dir: "auto" }, each.unique_name),
          pill(each.status),
          each.seen ? bars(each.seen) : h("span", { class: "hint" }, all.length > MOST ? "not asked for" : "…"),
          each.waiting === null
            ? "?"
            : each.waiting >= MOST_COUNTED
              ? `${number(each.waiting)}+`
              : number(each.waiting),
          subscribed(each),
          h("span", { class: "url", dir: "ltr", title: each.webhook_url }, each.webhook_url),
        ]),
    );
  }

  async function load() {
    all = await api.all([...base, "Webhooks"]);
    show();
    follow(
      troubles,
      all.filter((each) => each.status !== "active"),
      (each) => each.sid,
      (each) => trouble(context, each, { titled: true, then: load }),
    );
  }

  async function look() {
    await load();
    for (const webhook of all.slice(0, MOST)) {
      const { rows } = await api.page([...base, "Webhooks", webhook.sid, "Deliveries"], { PageSize: LOOKED_AT });
      health.set(
        webhook.sid,
        rows.map(({ status }) => ({ status })),
      );
      show();
    }
  }

  await load();
  const again = every(EVERY_SECONDS, signal, look);
  again();
  return {
    title: "Webhooks",
    contents: [troubles, none, element],
    actions: button("New webhook", () => createWebhook(context), { kind: "main", glyph: "plus" }),
  };
}
