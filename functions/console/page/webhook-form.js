// Creating and changing a webhook, and its secret.

import { ask, dialog, form, once } from "./dialogs.js";
import { button, fill, h, newId, say } from "./dom.js";
import { checks, choice, secret, text } from "./fields.js";
import { JWT_MODES, METHODS, PARLEY_TYPES, PLATFORMS, PLATFORM_TYPES, RETRY_SCHEDULE } from "./vocabulary.js";

const ALL = "*";
const FORMATS = [
  ["native", "native: as the platform itself calls"],
  ["cloudevents", "CloudEvents: one vocabulary for all"],
];
const KNOWN = new Set([
  ALL,
  ...PARLEY_TYPES,
  ...PLATFORM_TYPES.map(({ name }) => name),
  ...PLATFORMS.flatMap(({ events }) => events),
]);
const AUTOPILOT = new Map(
  PLATFORMS.find(({ name }) => name === "autopilot").events.map((name) => [name.toLowerCase(), name]),
);

const titleOf = (name) => PLATFORMS.find((each) => each.name === name)?.title ?? "Parley";

/** Which events, by meaning and by platform; what has no box (a case of its own, an open prefix) stands in a field. */
function eventsField(given) {
  const chosen = new Set(
    given
      .split(/\s+/)
      .filter(Boolean)
      .map((name) => AUTOPILOT.get(name.toLowerCase()) ?? name),
  );
  const rest = [...chosen].filter((name) => !KNOWN.has(name));
  for (const name of rest) chosen.delete(name);
  const others = text("events", "Other names", {
    value: rest.join(" "),
    mono: true,
    hint: `Separated by spaces. Names that begin with ${PLATFORMS.flatMap((each) => each.openPrefixes).join(", ")} are MessageHub's automations.`,
  });
  const count = h("p", { class: "hint", "aria-live": "polite" });
  const tell = () => fill(count, chosen.has(ALL) ? "Everything that platforms send." : `${chosen.size} chosen.`);
  const everything = checks(
    "Everything",
    [{ name: ALL, note: "all that platforms send; Parley's own must be named" }],
    chosen,
    { onchange: tell },
  );
  const meanings = checks(
    "By meaning",
    PLATFORM_TYPES.map(({ name, from }) => ({ name, note: from.map(titleOf).join(", ") })),
    chosen,
    { onchange: tell },
  );
  const own = checks(
    "Parley's own",
    PARLEY_TYPES.map((name) => ({ name })),
    chosen,
    { onchange: tell },
  );
  const platforms = PLATFORMS.map((each) =>
    checks(
      each.title,
      each.events.map((name) => ({ name })),
      chosen,
      { onchange: tell },
    ),
  );
  tell();
  const wrong = h("p", { class: "wrong", id: newId("wrong") });
  const first = everything.querySelector("input");
  first.setAttribute("aria-describedby", wrong.id);
  const element = h(
    "fieldset",
    { class: "events" },
    h("legend", {}, "Events"),
    count,
    wrong,
    everything,
    meanings,
    h(
      "details",
      { open: PLATFORMS.some(({ events }) => events.some((name) => chosen.has(name))) || rest.length > 0 },
      h("summary", {}, "By platform, in its own words"),
      platforms,
      others.element,
    ),
    h(
      "details",
      { open: PARLEY_TYPES.some((name) => chosen.has(name)) },
      h("summary", {}, "What Parley says itself"),
      own,
    ),
  );
  const read = () => [...chosen, ...(others.read() ?? "").split(/\s+/)].filter(Boolean).join(" ");
  return {
    name: "events",
    parameter: "Events",
    element,
    get control() {
      return read() ? others.control : first;
    },
    missing: () => (read() ? null : "Choose at least one."),
    read,
    // a name that was refused was typed; that there is none at all is told where they are chosen
    refuse: (said) => {
      fill(wrong, read() ? null : said);
      others.refuse(read() ? said : null);
    },
  };
}

/** The webhook's own headers; a value that is left masked stays as it is. */
function headersField(given) {
  const rows = h("div", { class: "pairs" });
  const wrong = h("p", { class: "wrong" });
  const add = (name = "", value = "") => {
    const id = newId("header");
    const pair = h(
      "div",
      { class: "pair" },
      h("label", { class: "unseen", for: `${id}-name` }, "Header"),
      h("input", { id: `${id}-name`, class: "mono", value: name, placeholder: "Header", autocomplete: "off" }),
      h("label", { class: "unseen", for: `${id}-value` }, "Its value"),
      h("input", { id: `${id}-value`, class: "mono", value, placeholder: "Value", autocomplete: "off" }),
      button(
        "Remove",
        () => {
          pair.remove();
          adder.focus();
        },
        { kind: "quiet", "aria-label": `Remove the header ${name}` },
      ),
    );
    rows.append(pair);
    return pair;
  };
  for (const [name, value] of Object.entries(given)) add(name, value);
  const adder = button("Add a header", () => add().querySelector("input").focus(), { kind: "quiet", glyph: "plus" });
  const element = h("fieldset", { class: "field" }, h("legend", {}, "Headers of your own"), rows, adder, wrong);
  const read = () => {
    const found = {};
    for (const pair of rows.children) {
      const [name, value] = pair.querySelectorAll("input");
      if (name.value.trim()) found[name.value.trim()] = value.value;
    }
    return found;
  };
  return { name: "headers", parameter: "Headers", element, control: adder, read, refuse: (said) => fill(wrong, said) };
}

function fieldsOf(webhook) {
  const ordinary = [
    text("unique_name", "Name", { required: true, maxlength: 64, value: webhook.unique_name ?? "" }),
    text("webhook_url", "URL", {
      type: "url",
      required: true,
      mono: true,
      value: webhook.webhook_url ?? "",
      hint: "Where Parley calls you. It is normalised, and signed as it is then shown.",
    }),
    eventsField(webhook.events ?? ""),
    choice("format", "Format", FORMATS, { value: webhook.format ?? "native" }),
  ];
  const special = [
    choice("webhook_method", "Method", METHODS, {
      value: webhook.webhook_method ?? "POST",
      hint: "GET carries Autopilot's events alone.",
    }),
    choice("jwt", "JWT", JWT_MODES, {
      value: webhook.jwt ?? "auto",
      hint: "auto: on native watsonx callbacks, where its receivers look for one.",
    }),
    text("retry_schedule", "Retry schedule", {
      value: webhook.retry_schedule ?? RETRY_SCHEDULE,
      mono: true,
      hint: "Seconds before each further attempt, separated by spaces.",
    }),
    headersField(webhook.headers ?? {}),
  ];
  return { ordinary, special };
}

const advanced = (special) =>
  h(
    "details",
    {},
    h("summary", {}, "Method, JWT, retries, headers"),
    special.map(({ element }) => element),
  );

const webhookForm = (ordinary, special, label, submit) =>
  form([...ordinary, ...special], label, submit, {
    layout: [ordinary.map(({ element }) => element), advanced(special)],
  });

const showSecret = (secretText) =>
  once("The secret", "It is shown this once. Give it to your receiver: every callback is signed with it.", [
    ["Secret", secretText],
  ]);

export function createWebhook({ api, base, go, assistant }) {
  const { ordinary, special } = fieldsOf({});
  const own = secret("secret", "Secret", { hint: "Left empty, one is made for you and shown once." });
  const shown = dialog(
    "New webhook",
    webhookForm([...ordinary, own], special, "Create", async (values) => {
      const made = await api.post([...base, "Webhooks"], values);
      shown.close();
      say("The webhook is created");
      await go(assistant.sid, "webhooks", made.sid);
      if (!values.secret) showSecret(made.secret);
    }),
    { wide: true },
  );
}

export function editWebhook({ api, base, reload }, webhook) {
  const { ordinary, special } = fieldsOf(webhook);
  const shown = dialog(
    `Edit ${webhook.unique_name}`,
    webhookForm(ordinary, special, "Save", async (values) => {
      await api.post([...base, "Webhooks", webhook.sid], values, webhook.version);
      shown.close();
      say("Saved; it takes effect within five seconds");
      await reload();
    }),
    { wide: true },
  );
}

const OVERLAPS = [
  ["86400", "a day"],
  ["3600", "an hour"],
  ["604800", "a week"],
  ["0", "no time: at once"],
];

/** A new secret for a webhook or a source, with the time for which the former one, if there is one, stays good. */
export function rotateSecret({ api, reload }, parts, { title, made, hint = null, first = false }) {
  const own = secret("secret", first ? "Secret" : "New secret", {
    required: hint !== null,
    hint: hint ?? "Left empty, one is made for you and shown once.",
  });
  const overlap = choice("overlap_seconds", "The former one stays good for", OVERLAPS, { value: "86400" });
  const shown = dialog(
    title,
    form(first ? [own] : [own, overlap], first ? "Give it" : "Rotate", async (values) => {
      const answer = await api.post(parts, {
        ...(values.secret ? { secret: values.secret } : { rotate_secret: true }),
        ...(first ? {} : { overlap_seconds: Number(values.overlap_seconds) }),
      });
      shown.close();
      await reload();
      if (!values.secret) made(answer.secret);
    }),
  );
}

export const rotateWebhook = (context, webhook) =>
  rotateSecret(context, [...context.base, "Webhooks", webhook.sid], {
    title: `Rotate the secret of ${webhook.unique_name}`,
    made: showSecret,
  });

export function deleteWebhook({ api, base, go, assistant }, webhook) {
  ask(
    `Delete ${webhook.unique_name}?`,
    "What waits for it is cancelled. What was delivered stays in the list of events.",
    "Delete the webhook",
    async () => {
      await api.delete([...base, "Webhooks", webhook.sid]);
      say("The webhook is deleted");
      await go(assistant.sid, "webhooks");
    },
  );
}
