// Assistants: the folders, one for each bot.

import { ask, dialog, form } from "./dialogs.js";
import { button, follow, h, say, table } from "./dom.js";
import { text } from "./fields.js";
import { moment, sid } from "./format.js";

const NAME = { required: true, maxlength: 64, hint: "1 to 64 characters of any script, without / ? # %." };

export function createAssistant({ api, go }) {
  const name = text("unique_name", "Name", NAME);
  const shown = dialog(
    "New assistant",
    form([name], "Create", async (values) => {
      const made = await api.post(["Assistants"], values);
      shown.close();
      say("The assistant is created");
      await go(made.sid, "sources");
    }),
  );
}

function rename({ api, reload }, assistant) {
  const name = text("unique_name", "Name", { ...NAME, value: assistant.unique_name });
  const shown = dialog(
    "Rename the assistant",
    form([name], "Rename", async (values) => {
      await api.post(["Assistants", assistant.sid], values);
      shown.close();
      await reload();
    }),
  );
}

function remove({ api, reload }, assistant) {
  ask(
    `Delete ${assistant.unique_name}?`,
    "Its webhooks and sources are deleted with it: platforms that call it get 404, and what waits is cancelled.",
    "Delete it with all of them",
    async () => {
      await api.delete(["Assistants", assistant.sid], { Cascade: "true" });
      say("The assistant is deleted");
      await reload();
    },
  );
}

export async function assistants(context) {
  const { element, body, row } = table("Assistants", ["Name", "SID", "Created", "Actions"]);
  follow(
    body,
    context.assistants,
    (each) => each.sid,
    (each) =>
      row([
        h("a", { href: `#/${each.sid}/webhooks`, dir: "auto" }, each.unique_name),
        sid(each.sid),
        moment(each.date_created),
        h(
          "div",
          { class: "actions" },
          button("Rename", () => rename(context, each), { kind: "quiet", "aria-label": `Rename ${each.unique_name}` }),
          button("Delete", () => remove(context, each), {
            kind: "quiet bad",
            "aria-label": `Delete ${each.unique_name}`,
          }),
        ),
      ]),
  );
  return {
    title: "Assistants",
    contents: context.assistants.length
      ? element
      : h(
          "p",
          { class: "notice" },
          "An assistant is the folder for one bot: its sources, webhooks and events. There is none yet: create one.",
        ),
    actions: button("New assistant", () => createAssistant(context), { kind: "main", glyph: "plus" }),
  };
}
