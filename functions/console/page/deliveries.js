// Deliveries: an event at one webhook, attempt by attempt.

import { button, copyable, every, facts, fill, follow, h, keep, kept, say, table } from "./dom.js";
import { many, milliseconds, moment, outcome, pill, reason, sid, textOf } from "./format.js";
import { choice } from "./fields.js";
import { growing, some } from "./lists.js";
import { DELIVERY_STATUSES } from "./vocabulary.js";

const SIZE = 50;
const EVERY_SECONDS = 5;
const OPEN = ["retrying", "waiting"];
const OPEN_SIZE = 200;
const PATIENCE_MS = 30_000;

const last = (delivery) => delivery.attempts.at(-1);

/** A delivery as it is once it has had another attempt than in `begun`, or when nobody would wait any longer. */
export async function attempted({ api, signal }, parts, begun) {
  const ends = Date.now() + PATIENCE_MS;
  // the log is cut at some length, and a probe does not count as an attempt: neither length nor number tells
  const before = JSON.stringify(begun.attempts);
  let found = begun;
  const another = () => JSON.stringify(found.attempts) !== before;
  while (!another() && Date.now() < ends && !signal.aborted) {
    await new Promise((wake) => setTimeout(wake, 500));
    found = await api.get([...parts, begun.sid]);
  }
  return { delivery: found, attempt: another() ? last(found) : null };
}

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
  const parts = [...base, "Webhooks", webhook.sid, "Deliveries"];
  element.hidden = true;

  function show(rows) {
    element.hidden = !rows.length;
    follow(
      body,
      rows,
      (each) => each.sid,
      (each) =>
        row([
          [pill(each.status), each.reason && h("small", {}, reason(each.reason))],
          moment(each.date_created),
          h("a", { href: `#/${assistant.sid}/webhooks/${webhook.sid}/${each.sid}` }, sid(each.sid)),
          String(each.attempts.length),
          outcome(last(each)),
          moment(each.next_attempt_at),
          button("Send now", () => sendAgain(api, [...parts, each.sid], refresh), {
            kind: "quiet",
            "aria-label": `Send now: ${each.sid}`,
          }),
        ]),
    );
  }

  const shown = growing({ load, show, empty });
  const refresh = every(EVERY_SECONDS, signal, shown.refresh);
  refresh();
  return { contents: [shown.note, element, shown.more], restart: shown.restart };
}

/** Every delivery of a webhook, narrowed by state when that is asked for. */
export function deliveries(context, webhook) {
  return (signal) => {
    const status = choice("status", "State", [["", "all"], ...DELIVERY_STATUSES], { value: kept("status") ?? "" });
    const parts = [...context.base, "Webhooks", webhook.sid, "Deliveries"];
    const { contents, restart } = list(context, webhook, {
      caption: "Deliveries",
      signal,
      empty: () =>
        status.read()
          ? "None is in this state."
          : "None so far. What it has subscribed to will stand here; a test tries it now.",
      load: () => context.api.page(parts, { PageSize: SIZE, Status: status.read() }),
    });
    status.control.addEventListener("change", () => {
      keep("status", status.control.value);
      return restart();
    });
    return [h("div", { class: "filters" }, status.element), contents];
  };
}

/** What has not been delivered yet and will be tried: waiting with its webhook, or between two attempts. */
export function undelivered(context, webhook) {
  const { api, base } = context;
  const parts = [...base, "Webhooks", webhook.sid, "Deliveries"];
  return (signal) =>
    list(context, webhook, {
      caption: "Undelivered",
      signal,
      empty: () => "Nothing waits and nothing is being retried.",
      load: async () => {
        const found = await Promise.all(
          OPEN.map((Status) => some(api.page(parts, { Status, PageSize: OPEN_SIZE }), { enough: OPEN_SIZE })),
        );
        const rows = found
          .flatMap((each) => each.rows)
          .sort((one, other) => one.date_created.localeCompare(other.date_created));
        const said = found.some((each) => each.next)
          ? `There are more than these: the newest ${OPEN_SIZE} of each state are listed, oldest first.`
          : null;
        return { rows, next: null, said };
      },
    }).contents;
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
  const heading = h("h2", {});
  const attempts = h("ol", { class: "attempts" });
  const refresh = every(EVERY_SECONDS, signal, load);

  async function load() {
    const found = await api.get(parts);
    // an answer that somebody has opened stays open
    const placed = found.attempts.map((attempt, at) => ({ ...attempt, at })); // two probes may have one number
    follow(attempts, placed, (each) => each.at, attemptOf);
    fill(heading, many(found.attempts.length, "attempt"));
    follow(place, [found], (each) => each.sid, described);
  }

  const described = (found) =>
    facts([
      ["State", [pill(found.status), " ", found.reason && reason(found.reason)]],
      ["Webhook", h("a", { href: `#/${assistant.sid}/webhooks/${webhook.sid}` }, webhook.unique_name)],
      ["Event", h("a", { href: `#/${assistant.sid}/events/${found.event_sid}` }, h("code", {}, found.event_sid))],
      ["Event accepted", moment(found.date_created)],
      ["Next attempt", found.next_attempt_at && moment(found.next_attempt_at)],
    ]);

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
      heading,
      attempts,
    ],
    actions: button("Send now", () => sendAgain(api, parts, refresh), { kind: "main" }),
  };
}
