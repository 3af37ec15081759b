// Replays: sending many deliveries again. Counted first, if that is asked for, then sent, with its progress.

import { dialog, form } from "./dialogs.js";
import { button, every, fill, follow, h, newId, say, table } from "./dom.js";
import { choice, text, when } from "./fields.js";
import { many, moment, number, pill } from "./format.js";
import { PARLEY_TYPES, PLATFORMS, PLATFORM_TYPES, REPLAY_MODES, REPLAY_OPEN, REPLAY_RATE } from "./vocabulary.js";

const MODES = {
  failed: "failed: what ended without success",
  missing: "missing: what it takes, yet never got",
  all: "all: both, and what was delivered",
};
const EVERY_SECONDS = 1;

const isOpen = (replay) => REPLAY_OPEN.includes(replay.status);

function progress(replay) {
  const id = newId("progress");
  const counting = replay.status === "counting";
  const said =
    replay.dry_run && !isOpen(replay)
      ? `${many(replay.total, "delivery", "deliveries")} would be sent`
      : counting
        ? `counting: ${number(replay.total)} so far`
        : `${number(replay.done)} of ${number(replay.total)}: ${number(replay.delivered)} delivered, ${number(replay.failed)} failed`;
  return h(
    "div",
    { class: "progress" },
    h("progress", {
      max: Math.max(replay.total, 1),
      value: counting ? null : replay.dry_run || !isOpen(replay) ? Math.max(replay.total, 1) : replay.done,
      "aria-labelledby": id,
    }),
    h("span", { id }, said),
    replay.status === "waiting" && h("small", {}, "Its webhook is not in order; it goes on by itself."),
  );
}

/** Fills an element anew; a focus that goes with what was in it is given to the dialog's heading. */
function instead(element, ...contents) {
  const focused = element.contains(document.activeElement);
  fill(element, ...contents);
  if (focused) element.closest("dialog")?.querySelector("h2").focus();
}

/** Shows a replay until it has come to its end; one that only counted can be sent then, as it was asked for. */
function watch(context, parts, asked, begun, place, watching) {
  const { api } = context;
  const bar = h("div", {});
  const said = h("p", { class: "unseen", "aria-live": "polite" });
  const actions = h("div", { class: "actions" });
  instead(place, bar, actions, said);
  const look = every(EVERY_SECONDS, watching.signal, async () => show(await api.get([...parts, begun.sid])));
  let last = "";
  let open = null;

  function show(replay) {
    fill(bar, h("p", {}, pill(replay.status), replay.dry_run ? " a dry run: nothing is sent" : ""), progress(replay));
    if (replay.status !== last) {
      last = replay.status;
      said.textContent = `The replay is ${replay.status}`;
    }
    if (open === isOpen(replay)) return; // the button is the same, and may have the focus
    open = isOpen(replay);
    if (!open) watching.abort();
    instead(actions, open ? button("Cancel it", () => cancel(context, parts, replay, look)) : further(replay));
  }

  const further = (replay) =>
    replay.dry_run &&
    replay.total > 0 &&
    button(
      `Send ${many(replay.total, "delivery", "deliveries")}`,
      async () => begin(context, parts, { ...asked, dry_run: false }, place),
      { kind: "main" },
    );

  show(begun);
  look();
}

async function begin(context, parts, asked, place) {
  const begun = await context.api.post(parts, asked);
  const watching = new AbortController();
  for (const signal of [context.signal, context.closing]) signal.addEventListener("abort", () => watching.abort());
  watch(context, parts, asked, begun, place, watching);
}

async function cancel({ api }, parts, replay, then) {
  await api.post([...parts, replay.sid], { status: "cancelled" });
  say("The replay is cancelled");
  await then();
}

export function replay(context, webhook, { mode = "failed" } = {}) {
  const parts = [...context.base, "Webhooks", webhook.sid, "Replays"];
  const types = [...PLATFORM_TYPES.map(({ name }) => name), ...PARLEY_TYPES];
  const fields = [
    choice(
      "mode",
      "Which",
      REPLAY_MODES.map((name) => [name, MODES[name]]),
      { value: mode },
    ),
    when("from", "Received from", { hint: "Your time. Empty: from the beginning." }),
    when("to", "Received before", { hint: "Empty: up to now." }),
    choice("type", "Type", [["", "any"], ...types]),
    choice("platform", "Platform", [["", "any"], ...PLATFORMS.map(({ name, title }) => [name, title])]),
    text("conversation_id", "Conversation", { mono: true }),
    text("rate", "At most a second", {
      type: "number",
      min: 1,
      max: REPLAY_RATE.most,
      value: String(REPLAY_RATE.ordinary),
    }),
  ];
  // Enter in a field counts: nobody sends thousands by it.
  let dry = true;
  const send = button("Replay", () => {
    dry = false;
    made.requestSubmit();
    dry = true;
  });
  const made = form(
    fields,
    "Count first (dry run)",
    async (given) => {
      const asked = { ...given, rate: Number(given.rate ?? REPLAY_RATE.ordinary), dry_run: dry };
      const place = h("div", {});
      await begin({ ...context, closing: closing.signal }, parts, asked, place);
      shown.show(place);
    },
    { more: send },
  );
  const shown = dialog(`Replay to ${webhook.unique_name}`, made);
  const closing = new AbortController();
  shown.element.addEventListener("close", () => closing.abort());
}

export function replays(context, webhook) {
  const { api, base } = context;
  const parts = [...base, "Webhooks", webhook.sid, "Replays"];
  return (signal) => {
    const { element, body, row } = table("Replays", ["State", "Which", "Begun", "Progress", "Actions"]);
    const note = h("p", { class: "hint" });
    element.hidden = true;
    const look = every(3, signal, async () => {
      const { rows } = await api.page(parts, { PageSize: 20 });
      fill(note, rows.length ? null : "There has been none. Replay, above, sends again what failed or was missed.");
      element.hidden = !rows.length;
      follow(
        body,
        rows,
        (each) => each.sid,
        (each) =>
          row([
            pill(each.status),
            [each.mode, each.dry_run ? ", dry run" : ""],
            moment(each.date_created),
            progress(each),
            isOpen(each)
              ? button("Cancel", () => cancel(context, parts, each, look), {
                  kind: "quiet",
                  "aria-label": `Cancel ${each.sid}`,
                })
              : null,
          ]),
      );
    });
    look();
    return [note, element];
  };
}
