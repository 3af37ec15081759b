// Sources: where a platform calls Parley, with the steps for its console.

import { ask, dialog, form, once } from "./dialogs.js";
import { button, facts, fill, follow, h, say, table } from "./dom.js";
import { area, check, choice, secret, text } from "./fields.js";
import { moment } from "./format.js";
import { PLATFORMS } from "./vocabulary.js";
import { rotateSecret } from "./webhook-form.js";

const SECRETS = {
  required: "Your Twilio auth token: Twilio signs its calls with it.",
  generated: "1 to 1,024 characters. Left empty, one is made for you and shown once.",
  optional:
    "The webhook's secret, where the dashboard shows one. Without it calls are taken unsigned, and the URL alone guards them.",
  userinfo: "user:password, which the platform sends as HTTP Basic. Left empty, the URL alone guards its calls.",
};

// of a platform that takes a secret which Parley has made, none
const NEW_SECRETS = {
  required: "Your new Twilio auth token: Twilio signs its calls with it.",
  optional: "The webhook's secret, as the dashboard shows it: calls are then verified by it.",
  userinfo: "user:password, which the platform sends as HTTP Basic. Put it into the URL at the platform too.",
};

const platformOf = (name) => PLATFORMS.find((each) => each.name === name);

/** The fields that a platform knows, and how their values become `options`. */
function optionFields(platform, options = {}) {
  const made = {
    static_header: () =>
      secret("static_header", "A header in place of the JWT", {
        hint: `Name: value, if you have replaced watsonx's Authorization header.${options.static_header ? " Left empty, the present one stays." : ""}`,
      }),
    reply: () =>
      area("reply", "Reply", {
        value: options.reply ?? "",
        hint: 'A JSON object. Left empty, Tropo is answered {"tropo":[]}.',
      }),
    repair_backslashes: () =>
      check("repair_backslashes", "Repair backslashes", {
        value: options.repair_backslashes,
        hint: "Read bodies whose backslashes were multiplied by four.",
      }),
  };
  return platform.options.map((name) => ({ ...made[name](), parameter: "Options" }));
}

function withOptions(values, platform) {
  const options = {};
  for (const name of platform.options) {
    if (values[name] !== undefined) options[name] = values[name];
    delete values[name];
  }
  return platform.options.length ? { ...values, options } : values;
}

const steps = (source) =>
  h(
    "section",
    {},
    h("h2", {}, `What to do at ${platformOf(source.platform).title}`),
    h(
      "ol",
      { class: "steps" },
      source.setup_steps.map((step) => h("li", {}, step)),
    ),
  );

function shownOnce(source, { generated = false } = {}) {
  const pairs = [["Callback URL", source.ingest_url], ...(generated ? [["Secret", source.secret]] : [])];
  once(
    `${source.unique_name}: its callback URL`,
    "The URL ends with a token and is shown this once. Without it nobody can call here.",
    pairs,
    steps(source),
  );
}

function createSource({ api, base, go, assistant }) {
  const platform = choice(
    "platform",
    "Platform",
    PLATFORMS.map(({ name, title }) => [name, title]),
    { value: "messagehub" },
  );
  const place = h("div", {});
  const shown = dialog("New source", place);

  function show() {
    const chosen = platformOf(platform.read());
    const fields = [
      text("unique_name", "Name", { required: true, maxlength: 64, value: name }),
      platform,
      secret("secret", "Secret", { hint: SECRETS[chosen.secret], required: chosen.secret === "required" }),
      ...optionFields(chosen),
    ];
    fields[0].control.addEventListener("input", () => (name = fields[0].control.value));
    fill(
      place,
      form(fields, "Create", async (values) => {
        const made = await api.post([...base, "Sources"], withOptions(values, chosen));
        shown.close();
        say("The source is created");
        await go(assistant.sid, "sources", made.sid);
        shownOnce(made, { generated: chosen.secret === "generated" && !values.secret });
      }),
    );
  }
  let name = "";
  platform.control.addEventListener("change", () => {
    show();
    platform.control.focus();
  });
  show();
  place.querySelector("input").focus();
}

function editSource({ api, base, reload }, source) {
  const platform = platformOf(source.platform);
  const fields = [
    text("unique_name", "Name", { required: true, maxlength: 64, value: source.unique_name }),
    ...optionFields(platform, source.options),
  ];
  const shown = dialog(
    `Edit ${source.unique_name}`,
    form(fields, "Save", async (values) => {
      if (platform.options.includes("reply") && values.reply === undefined) values.reply = null;
      await api.post([...base, "Sources", source.sid], withOptions(values, platform), source.version);
      shown.close();
      say("Saved");
      await reload();
    }),
  );
}

function rotateUrl({ api, base, reload }, source) {
  const overlap = choice("overlap_seconds", "The former URL stays good for", [
    ["86400", "a day"],
    ["3600", "an hour"],
    ["604800", "a week"],
    ["0", "no time: at once"],
  ]);
  const shown = dialog(
    `A new callback URL for ${source.unique_name}`,
    form([overlap], "Make a new URL", async (values) => {
      const made = await api.post([...base, "Sources", source.sid], {
        rotate_token: true,
        overlap_seconds: Number(values.overlap_seconds),
      });
      shown.close();
      await reload();
      shownOnce(made);
    }),
  );
}

export async function sources(context) {
  const { api, base, assistant } = context;
  const all = await api.all([...base, "Sources"]);
  const { element, body, row } = table("Sources", ["Name", "Platform", "Proof", "Last event"]);
  follow(
    body,
    all,
    (each) => each.sid,
    (each) =>
      row([
        h("a", { href: `#/${assistant.sid}/sources/${each.sid}`, dir: "auto" }, each.unique_name),
        platformOf(each.platform)?.title ?? each.platform,
        each.secret ? "by its secret" : "by its URL alone",
        moment(each.last_event_at),
      ]),
  );
  return {
    title: "Sources",
    contents: all.length
      ? element
      : h(
          "p",
          { class: "notice" },
          "A source is where a platform calls Parley. Create one, and paste its callback URL into the platform's console.",
        ),
    actions: button("New source", () => createSource(context), { kind: "main", glyph: "plus" }),
  };
}

export async function source(context) {
  const {
    api,
    base,
    sids: [own],
    go,
    assistant,
  } = context;
  const parts = [...base, "Sources", own];
  const found = await api.get(parts);
  const remove = () =>
    ask(`Delete ${found.unique_name}?`, "Its platform is answered 404 from then on.", "Delete the source", async () => {
      await api.delete(parts);
      say("The source is deleted");
      await go(assistant.sid, "sources");
    });
  const platform = platformOf(found.platform);
  const rotate = () =>
    rotateSecret(context, parts, {
      title: found.secret ? `Rotate the secret of ${found.unique_name}` : `Give ${found.unique_name} a secret`,
      made: (made) => once("The secret", "It is shown this once. Give it to the platform.", [["Secret", made]]),
      hint: NEW_SECRETS[platform.secret] ?? null,
      first: !found.secret,
    });
  return {
    title: found.unique_name,
    actions: [button("Edit", () => editSource(context, found), { kind: "main" })],
    contents: [
      facts([
        ["Platform", platform.title],
        ["Proof", found.secret ? "by its secret" : "by its URL alone"],
        ["Static header", found.options.static_header && "there is one"],
        ["Reply", found.options.reply && h("code", {}, found.options.reply)],
        ["Backslashes", found.options.repair_backslashes ? "repaired" : null],
        ["Last event", moment(found.last_event_at)],
        ["Created", moment(found.date_created)],
        ["SID", h("code", {}, found.sid)],
      ]),
      h(
        "div",
        { class: "field" },
        h("span", { class: "label" }, "Callback URL"),
        h("code", { class: "masked" }, found.ingest_url),
        h(
          "p",
          { class: "hint" },
          "Its token was shown once, and stands here as asterisks. Is it lost? Make a new URL.",
        ),
      ),
      steps(found),
      h(
        "div",
        { class: "actions apart" },
        button("Make a new URL", () => rotateUrl(context, found)),
        button(found.secret ? "Rotate the secret" : "Give it a secret", rotate),
        button("Delete", remove, { kind: "bad" }),
      ),
    ],
  };
}
