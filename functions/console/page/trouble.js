// A webhook that is not active: why, since when, how many events wait, and the one thing to do about it.

import { attempted } from "./deliveries.js";
import { button, h, say } from "./dom.js";
import { moment, number, outcome } from "./format.js";
import { MOST_COUNTED } from "./vocabulary.js";

const WHY = {
  by_user: "One of you switched it off.",
  gone: "Its receiver answered 410 Gone, which says: never again.",
  failing: "Its receiver has failed for five days.",
};

/** How many events a webhook is still to get; more are not counted. */
export function waiting({ waiting: count }) {
  if (count === null) return "how many events wait is not known just now";
  if (count === 0) return "nothing waits";
  if (count >= MOST_COUNTED) return `${number(count)} events wait, or more`;
  return count === 1 ? "1 event waits" : `${number(count)} events wait`;
}

/** A notice with its button; null for an active webhook. `then` is told when the button has done its work. */
export function trouble(context, webhook, { titled = false, then }) {
  const { api, base } = context;
  if (webhook.status === "active") return null;
  const paused = webhook.status === "paused";
  const parts = [...base, "Webhooks", webhook.sid];

  async function attempt() {
    const { rows } = await api.page([...parts, "Deliveries"], { Status: "waiting", PageSize: 1 });
    // a test when nothing waits: either tells whether its receiver is back
    const begun = await api.post(rows.length ? [...parts, "Deliveries", rows[0].sid] : [...parts, "Test"], {});
    say(rows.length ? "A waiting event is being sent" : "A test event is being sent");
    const { delivery, attempt } = await attempted(context, [...parts, "Deliveries"], begun);
    if (delivery.status === "delivered") say("It was delivered: the webhook resumes within a minute");
    else say(attempt ? `It failed again: ${outcome(attempt)}` : "Nothing has come of it yet");
    await then();
  }

  async function enable() {
    await api.post(parts, { enabled: true });
    say("The webhook is enabled; what waits is sent within a minute or two");
    await then();
  }

  const kind = paused ? "warn" : webhook.status_reason === "by_user" ? "" : "bad";
  const explained = paused
    ? "Its receiver failed ten times in a row. One waiting event tries it each minute; the first success resumes it, " +
      "and what waits follows, oldest first."
    : `${WHY[webhook.status_reason] ?? webhook.status_reason ?? ""} What waits stays until its retention ends. Events ` +
      "that pass meanwhile do not pile up: a replay of what is missing fetches them.";
  return h(
    "section",
    {
      class: `notice ${kind} trouble`,
      "aria-label": `${webhook.unique_name} is ${webhook.status}`,
    },
    h(
      "div",
      {},
      h(
        "p",
        {},
        h(
          "strong",
          { dir: "auto" },
          titled ? `${webhook.unique_name} is ${webhook.status}` : `It is ${webhook.status}`,
        ),
        " since ",
        moment(webhook.status_since),
        `; ${waiting(webhook)}.`,
      ),
      h("p", { class: "hint" }, explained),
    ),
    paused ? button("Try it now", attempt, { kind: "main" }) : button("Enable it", enable, { kind: "main" }),
  );
}
