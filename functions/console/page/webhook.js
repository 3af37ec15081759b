// One webhook: how it is set, what waits, its deliveries, and what can be done.

import { attempted, deliveries, undelivered } from "./deliveries.js";
import { dialog, form } from "./dialogs.js";
import { button, every, facts, fill, follow, h, say } from "./dom.js";
import { choice } from "./fields.js";
import { moment, outcome, pill, reason, schedule } from "./format.js";
import { replay, replays } from "./replays.js";
import { tabs } from "./tabs.js";
import { trouble, waiting } from "./trouble.js";
import { SAMPLES } from "./vocabulary.js";
import { deleteWebhook, editWebhook, rotateWebhook } from "./webhook-form.js";

const EVERY_SECONDS = 10;

function described(webhook) {
  const headers = Object.keys(webhook.headers);
  return facts([
    ["State", [pill(webhook.status), webhook.status_reason && ` ${reason(webhook.status_reason)}`]],
    ["URL", h("span", { class: "url" }, `${webhook.webhook_method} ${webhook.webhook_url}`)],
    [
      "Events",
      h(
        "div",
        { class: "chips" },
        webhook.events
          .split(/\s+/)
          .filter(Boolean)
          .map((name) => h("code", {}, name)),
      ),
    ],
    ["To come", webhook.status === "active" ? waiting(webhook) : null],
    ["Format", webhook.format],
    ["JWT", webhook.jwt],
    ["Retries after", schedule(webhook.retry_schedule)],
    ["Headers", headers.length ? headers.join(", ") : null],
    [
      "Former secret",
      webhook.previous_secret_expires_at && ["signs too until ", moment(webhook.previous_secret_expires_at)],
    ],
    ["Changed", moment(webhook.date_updated)],
    ["SID", h("code", {}, webhook.sid)],
  ]);
}

function test(context, webhook) {
  const { api, base, assistant } = context;
  const parts = [...base, "Webhooks", webhook.sid];
  const type = choice("type", "A sample of", [["", "something that it subscribed to"], ...SAMPLES]);
  const came = h("div", { class: "came", "aria-live": "polite" });
  const made = form([type], "Send", async (given) => {
    fill(came, h("p", { class: "loading" }, "Sending…"));
    try {
      const begun = await api.post([...parts, "Test"], given);
      tell(await attempted(context, [...parts, "Deliveries"], begun));
    } catch (error) {
      fill(came);
      throw error;
    }
  });
  function tell({ delivery, attempt }) {
    const good = delivery.status === "delivered";
    fill(
      came,
      h(
        "p",
        { class: `notice ${good ? "good" : "warn"}` },
        good
          ? `Delivered: ${attempt.status_code} after ${attempt.duration_ms} ms.`
          : attempt
            ? `Not delivered: ${outcome(attempt)}.`
            : "Nothing has come of it yet.",
        " ",
        h("a", { href: `#/${assistant.sid}/webhooks/${webhook.sid}/${delivery.sid}` }, "The delivery"),
      ),
    );
  }
  dialog(`Test ${webhook.unique_name}`, [
    h("p", { class: "hint" }, "A sample is sent to this webhook alone, once, with the header Parley-Test."),
    made,
    came,
  ]);
}

export async function webhook(context) {
  const {
    api,
    base,
    sids: [own],
    signal,
    reload,
  } = context;
  const parts = [...base, "Webhooks", own];
  const found = await api.get(parts);
  const top = h("div", {});

  async function look() {
    Object.assign(found, await api.get(parts));
    follow(
      top,
      [found],
      (each) => each.sid,
      (each) => h("div", {}, trouble(context, each, { then: look }), described(each)),
    );
  }

  every(EVERY_SECONDS, signal, look);
  await look();
  const disable = async () => {
    await api.post(parts, { enabled: false });
    say("The webhook is disabled");
    await reload();
  };
  return {
    title: found.unique_name,
    actions: [
      button("Send a test", () => test(context, found)),
      button("Replay", () => replay(context, found)),
      button("Edit", () => editWebhook(context, found), { kind: "main" }),
    ],
    contents: [
      top,
      tabs(
        "Of the webhook",
        [
          ["Deliveries", deliveries(context, found)],
          ["Undelivered", undelivered(context, found)],
          ["Replays", replays(context, found)],
        ],
        signal,
      ),
      h(
        "div",
        { class: "actions apart" },
        button("Rotate the secret", () => rotateWebhook(context, found)),
        found.enabled && button("Disable", disable),
        button("Delete", () => deleteWebhook(context, found), { kind: "bad" }),
      ),
    ],
  };
}
