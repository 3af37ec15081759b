// Deliveries: an event at one webhook, attempt by attempt.

import { button, copyable, every, facts, fill, follow, h, say, table } from "./dom.js";
import { many, milliseconds, moment, outcome, pill, reason, sid, textOf } from "./format.js";
import { choice } from "./fields.js";
import { DELIVERY_STATUSES } from "./vocabulary.js";

const SIZE = 50;
const EVERY_SECONDS = 5;
const OPEN = ["retrying", "waiting"];

async function sendAgain(api, parts, then) {
  await api.post(parts, {});
  say("It is being sent");
  setTimeout(then, 1500);
}

/** A list of deliveries that follows what happens; `load` gives its rows and how to get more. */
function list({ api, base, assistant }, webhook, { caption, load, empty, signal }) {
  const { element, body, row } = table(caption, [
    "State",
    "Event accepted",
    "Delivery",
    "Attempts",
    "Last answer",
    "Next attempt",
    "Actions",
  ]);
  const more = h("div", { class: "actions" });
  const note = h("p", { class: "hint" });
  const parts = [...base, "Webhooks", webhook.sid, "Deliveries"];
  let older = [];
  element.hidden = true;

  function show(rows, next) {
    const known = new Set(rows.map((each) => each.sid));
    const all = [...rows, ...older.filter((each) => !known.has(each.sid))];
    fill(note, all.length ? null : empty);
    element.hidden = !all.length;
    follow(
      body,
      all,
      (each) => each.sid,
      (each) =>
        row([
          [pill(each.status), each.reason && h("small", {}, reason(each.reason))],
          moment(each.date_created),
          h("a", { href: `#/${assistant.sid}/webhooks/${webhook.sid}/${each.sid}` }, sid(each.sid)),
          String(each.attempts.length),
          outcome(each.attempts.at(-1)),
          moment(each.next_attempt_at),
          button("Send now", () => sendAgain(api, [...parts, each.sid], refresh), {
            kind: "quiet",
            "aria-label": `Send now: ${each.sid}`,
          }),
        ]),
    );
    fill(
      more,
      next &&
        button("Older ones", async () => {
          const page = await next();
          older = [...older, ...page.rows];
          show(rows, page.next);
        }),
    );
  }

  const refresh = every(EVERY_SECONDS, signal, async () => {
    const page = await load();
    // whoever has gone on to older pages keeps them, and their place
    show(page.rows, older.length ? null : page.next);
  });
  refresh();
  return [note, element, more];
}

/** Every delivery of a webhook, narrowed by state when that is asked for. */
export function deliveries(context, webhook) {
  return (signal) => {
    const status = choice("status", "State", [["", "all"], ...DELIVERY_STATUSES]);
    const place = h("div", {});
    let leaving = new AbortController();
    const show = () => {
      leaving.abort();
      leaving = new AbortController();
      signal.addEventListener("abort", () => leaving.abort());
      const query = { PageSize: SIZE, Status: status.read() };
      fill(
        place,
        list(context, webhook, {
          caption: "Deliveries",
          signal: leaving.signal,
          empty: "There is none.",
          load: () => context.api.page([...context.base, "Webhooks", webhook.sid, "Deliveries"], query),
        }),
      );
    };
    status.control.addEventListener("change", show);
    show();
    return [h("div", { class: "filters" }, status.element), place];
  };
}

/** What has not been delivered yet and will be tried: waiting with its webhook, or between two attempts. */
export function undelivered(context, webhook) {
  const { api, base } = context;
  return (signal) =>
    list(context, webhook, {
      caption: "Undelivered",
      signal,
      empty: "Nothing waits and nothing is being retried.",
      load: async () => {
        const pages = await Promise.all(
          OPEN.map((Status) => api.page([...base, "Webhooks", webhook.sid, "Deliveries"], { Status, PageSize: 200 })),
        );
        const rows = pages
          .flatMap((page) => page.rows)
          .sort((one, other) => one.date_created.localeCompare(other.date_created));
        return { rows, next: null };
      },
    });
}

function answered(attempt) {
  const body = textOf(attempt, "response_body");
  const headers = Object.entries(attempt.response_headers ?? {});
  if (body === undefined || (body === null && !headers.length && !attempt.response_body)) return null;
  return h(
    "details",
    {},
    h("summary", {}, "What it answered"),
    headers.length > 0 && facts(headers.map(([name, value]) => [name, String(value)])),
    body === null && attempt.response_body
      ? h("p", { class: "hint" }, "Bytes that are no text, as base64: ", h("code", {}, attempt.response_body))
      : h(
          "pre",
          { tabindex: 0, role: "region", "aria-label": "The answer's body", dir: "auto" },
          body || "an empty body",
        ),
  );
}

function attemptOf(attempt) {
  const phases = [
    ["DNS", attempt.dns_ms],
    ["connect", attempt.connect_ms],
    ["TLS", attempt.tls_ms],
    ["first byte", attempt.first_byte_ms],
  ];
  const known = phases.filter(([, value]) => value !== null).map(([name, value]) => `${name} ${milliseconds(value)}`);
  const good = attempt.status_code >= 200 && attempt.status_code < 300;
  return h(
    "li",
    {},
    h(
      "div",
      { class: "line" },
      h("strong", {}, `${attempt.number}. ${attempt.trigger}`),
      h("span", { class: `pill ${good ? "good" : "bad"}` }, outcome(attempt)),
      moment(attempt.started_at),
      h("span", {}, milliseconds(attempt.duration_ms)),
    ),
    h(
      "p",
      { class: "hint" },
      [attempt.address && `to ${attempt.address}`, attempt.reused && "on a connection that was there", ...known]
        .filter(Boolean)
        .join(" · "),
    ),
    answered(attempt),
  );
}

export async function delivery(context) {
  const {
    api,
    base,
    assistant,
    sids: [webhookSid, own],
    signal,
  } = context;
  const parts = [...base, "Webhooks", webhookSid, "Deliveries", own];
  const webhook = await api.get([...base, "Webhooks", webhookSid]);
  const place = h("div", {});
  const refresh = every(EVERY_SECONDS, signal, load);

  async function load() {
    const found = await api.get(parts);
    fill(
      place,
      facts([
        ["State", [pill(found.status), " ", found.reason && reason(found.reason)]],
        ["Webhook", h("a", { href: `#/${assistant.sid}/webhooks/${webhook.sid}` }, webhook.unique_name)],
        ["Event", h("a", { href: `#/${assistant.sid}/events/${found.event_sid}` }, h("code", {}, found.event_sid))],
        ["Event accepted", moment(found.date_created)],
        ["Next attempt", found.next_attempt_at && moment(found.next_attempt_at)],
      ]),
      h("h2", {}, many(found.attempts.length, "attempt")),
      h("ol", { class: "attempts" }, found.attempts.map(attemptOf)),
    );
  }

  await load();
  return {
    title: "Delivery",
    contents: [
      h(
        "div",
        { class: "field" },
        h("span", { class: "label" }, "webhook-id, the same at each attempt"),
        copyable(own, "webhook-id"),
      ),
      place,
    ],
    actions: button("Send now", () => sendAgain(api, parts, refresh), { kind: "main" }),
  };
}
