// Signing in: a token, kept as long as is asked for.

import { calls } from "./api.js";
import { form } from "./dialogs.js";
import { h } from "./dom.js";
import { check, secret } from "./fields.js";
import { begin, end } from "./session.js";

export function signIn({ why, then }) {
  const token = secret("token", "Token", {
    required: true,
    hint: "A JSON Web Token that this deployment's keys verify.",
  });
  const keep = check("keep", "Keep it until I close this tab", {
    hint: "Otherwise it is forgotten when the page is loaded again.",
  });
  const sign = form([token, keep], "Sign in", async (given) => {
    const written = given.token.replace(/^Bearer\s+/i, "").trim();
    if (!/^[\w-]+\.[\w-]+\.[\w-]+$/.test(written)) {
      throw new Error("This is no token: one has three parts, of letters, digits, - and _, joined by dots.");
    }
    begin(written, { keep: given.keep });
    try {
      await calls(null).page(["Assistants"], { PageSize: 1 });
    } catch (error) {
      end();
      throw error;
    }
    await then();
  });
  return h(
    "section",
    { class: "card narrow" },
    why && h("p", { class: "notice", role: "status" }, why),
    sign,
    h(
      "p",
      { class: "hint" },
      "On your own machine it stands in ",
      h("code", {}, ".parley/token"),
      ". For a deployment: ",
      h("code", {}, "parley token --key parley-key.pem --account AC…"),
      ".",
    ),
  );
}
