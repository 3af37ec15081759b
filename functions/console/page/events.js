// Events: what came in, as it comes in; and one of them whole.

import { SignedOutError } from "./api.js";
import { every, facts, failed, fill, follow, h, keep, kept, table } from "./dom.js";
import { check, choice, text, when } from "./fields.js";
import { bytes, indented, moment, pill, sid, textOf } from "./format.js";
import { growing } from "./lists.js";
import { tabs } from "./tabs.js";
import { PARLEY_TYPES, PLATFORMS, PLATFORM_TYPES } from "./vocabulary.js";

const SIZE = 50;
const EVERY_SECONDS = 3;

export async function events(context) {
  const { api, base, signal, assistant } = context;
  const filters = [
    choice("Type", "Type", [["", "any"], ...PLATFORM_TYPES.map(({ name }) => name), ...PARLEY_TYPES]),
    choice("Platform", "Platform", [
      ["", "any"],
      ...PLATFORMS.map(({ name, title }) => [name, title]),
      ["parley", "Parley itself"],
    ]),
    text("ConversationId", "Conversation", { mono: true }),
    when("After", "From"),
    when("Before", "Before"),
  ];
  const live = check("live", "Live", { value: true });
  const { element, body, row } = table("Events, newest first", [
    "Accepted",
    "Type",
    "Event",
    "Platform",
    "Conversation",
    "Size",
    "SID",
  ]);
  const wrong = h("div", {});
  for (const { name, control } of filters) control.value = kept(name) ?? "";

  const query = () => ({
    PageSize: SIZE,
    ...Object.fromEntries(filters.map((filter) => [filter.name, filter.read()])),
  });

  const cut = (said) => h("code", { dir: "auto", class: "cut", title: said }, said);

  function show(rows) {
    element.hidden = !rows.length;
    follow(
      body,
      rows,
      (each) => each.sid,
      (each) =>
        row([
          moment(each.date_created),
          [cut(each.type), each.status === "unrecognised" && pill(each.status)],
          each.event ? cut(each.event) : "–",
          each.platform,
          each.conversation_id ? cut(each.conversation_id) : "–",
          bytes(each.size_bytes),
          h("a", { href: `#/${assistant.sid}/events/${each.sid}` }, sid(each.sid)),
        ]),
    );
  }

  const list = growing({
    load: () => api.page([...base, "Events"], query()),
    show,
    empty: () =>
      filters.some((filter) => filter.read())
        ? "None is like this."
        : "None so far. Events come from a platform that calls the URL of one of the sources.",
  });
  every(EVERY_SECONDS, signal, () => live.read() && list.refresh());
  for (const { name, control } of filters) {
    control.addEventListener("change", async () => {
      keep(name, control.value);
      fill(wrong);
      try {
        await list.restart();
      } catch (error) {
        if (signal.aborted || error instanceof SignedOutError) throw error;
        fill(wrong, failed(error));
      }
    });
  }
  await list.refresh();
  return {
    title: "Events",
    contents: [
      h(
        "form",
        { class: "filters", onsubmit: (event) => event.preventDefault() },
        filters.map((each) => each.element),
        live.element,
      ),
      wrong,
      list.note,
      element,
      list.more,
    ],
  };
}

const isForm = (platform, content) => platform === "autopilot" && /^[^{\s][^\n]*=/.test(content);

/** A payload to be read: JSON in lines, a form as its parameters; its bytes just as they are, if that is asked for. */
function payload(found, label) {
  const content = textOf(found, "payload");
  if (content === null)
    return [h("p", { class: "hint" }, "Bytes that are no text, as base64:"), block(found.payload, label)];
  if (content === "") return h("p", { class: "hint" }, "It is empty.");
  const place = h("div", {});
  const asIs = check("as-is", "Exactly as it is");
  const readable = indented(content);
  const show = () =>
    fill(
      place,
      !asIs.read() && isForm(found.platform, content)
        ? facts([...new URLSearchParams(content)])
        : block(asIs.read() ? content : (readable ?? content), label),
    );
  asIs.control.addEventListener("change", show);
  show();
  return [(readable || isForm(found.platform, content)) && asIs.element, place];
}

const block = (content, label) => h("pre", { tabindex: 0, role: "region", "aria-label": label, dir: "auto" }, content);

export async function event(context) {
  const {
    api,
    base,
    assistant,
    sids: [own],
    signal,
  } = context;
  const parts = [...base, "Events", own];
  const [found, hooks] = await Promise.all([api.get(parts), api.all([...base, "Webhooks"])]);
  const names = new Map(hooks.map((each) => [each.sid, each.unique_name]));
  const { element, body, row } = table("What became of it", [
    "Webhook",
    "State",
    "Attempts",
    "Last answer",
    "Delivery",
  ]);

  function show(results) {
    follow(
      body,
      results,
      (each) => each.webhook_sid,
      (each) =>
        row([
          names.has(each.webhook_sid)
            ? h(
                "a",
                { href: `#/${assistant.sid}/webhooks/${each.webhook_sid}`, dir: "auto" },
                names.get(each.webhook_sid),
              )
            : h("span", {}, sid(each.webhook_sid), h("small", {}, "deleted since")),
          pill(each.status),
          String(each.attempts),
          each.last_status_code === null ? "–" : String(each.last_status_code),
          names.has(each.webhook_sid)
            ? h(
                "a",
                { href: `#/${assistant.sid}/webhooks/${each.webhook_sid}/${each.delivery_sid}` },
                sid(each.delivery_sid),
              )
            : sid(each.delivery_sid),
        ]),
    );
    element.hidden = !results.length;
    none.hidden = results.length > 0;
  }

  const none = h(
    "p",
    { class: "hint" },
    "No webhook was sent it. One that asks for its like by now gets it by a replay of what is missing.",
  );
  show(found.results);
  every(5, signal, async () => show((await api.get(parts)).results));
  const rendered = (format, label) => async () => payload(await api.get(parts, { Format: format }), label);
  return {
    title: found.event || found.type,
    contents: [
      facts([
        ["Type", h("code", {}, found.type)],
        ["Platform", found.platform],
        ["Status", found.status === "unrecognised" ? [pill(found.status), " ", found.status_reason] : null],
        ["Accepted", moment(found.date_created)],
        ["Happened", found.occurred_at && moment(found.occurred_at)],
        ["Conversation", found.conversation_id && h("code", { dir: "auto" }, found.conversation_id)],
        ["Size", bytes(found.size_bytes)],
        ["SID", h("code", {}, found.sid)],
      ]),
      h("h2", {}, "At each webhook"),
      element,
      none,
      h("h2", {}, "Payload"),
      tabs(
        "The payload",
        [
          ["Raw", () => payload(found, "The payload as it came")],
          ["Native", rendered("native", "The native callback's body")],
          ["CloudEvents", rendered("cloudevents", "The CloudEvent")],
        ],
        signal,
      ),
    ],
  };
}
