// The management API, as this page calls it: JSON both ways, the token in a header, errors as they were worded.

import { current } from "./session.js";

const ROOT = new URL("v1/", location.href);

export class ApiError extends Error {
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
  }

  /** The parameter that was refused, as the API names it: `WebhookUrl`; a name that is taken is told so too. */
  get parameter() {
    return /^([A-Z][A-Za-z]*): /.exec(this.message)?.[1] ?? null;
  }
}

/** The token is none, or no longer one. */
export class SignedOutError extends ApiError {}

// What the API says of a header, and the gateway in three words, in those of somebody who sees neither.
const WORDS = {
  412: "Somebody else has changed it since you opened it, so nothing was saved. Close this, see what it is now, and decide anew.",
  429: "Too much is asked of the API just now. Wait for some seconds, then try again.",
};

const path = (parts) => parts.map((part) => encodeURIComponent(part)).join("/");

async function request(method, parts, { query = {}, body = null, version = null, signal = null } = {}) {
  const url = new URL(path(parts), ROOT);
  for (const [name, value] of Object.entries(query)) if (value) url.searchParams.set(name, value);
  const headers = { authorization: `Bearer ${current()}`, accept: "application/json" };
  if (body) headers["content-type"] = "application/json";
  if (version !== null) headers["if-match"] = `"${version}"`;
  let answer;
  try {
    answer = await fetch(url, { method, headers, signal, body: body && JSON.stringify(body), cache: "no-store" });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError(0, 0, "The API cannot be reached. Is the network there, is the deployment?");
  }
  const text = await answer.text();
  if (!answer.ok) throw refusal(answer.status, text);
  const read = text ? JSON.parse(text) : null;
  const tag = answer.headers.get("etag");
  // a webhook's says it itself
  return read && tag ? { version: tag.replaceAll('"', ""), ...read } : read;
}

function refusal(status, text) {
  let said = {};
  try {
    said = JSON.parse(text);
  } catch {
    // a proxy's page, or nothing
  }
  // what the gateway answers itself has no code: it says that the token is none, or not one of this deployment
  const signedOut = status === 401 || (status === 403 && !said.code);
  const failed = status >= 500 && !said.code; // the gateway's own words are no more than the status
  const message = signedOut
    ? "The token was refused: it is wrong, or it has expired."
    : failed
      ? `The API failed (status ${status}). Wait for some seconds, then try again.`
      : (WORDS[status] ?? said.message ?? `The API answered with status ${status}.`);
  return new (signedOut ? SignedOutError : ApiError)(status, said.code ?? 0, message);
}

/** Calls of one view: they end with it. */
export function calls(signal) {
  return {
    signal,
    get: (parts, query) => request("GET", parts, { query, signal }),
    // what changes something is finished, whatever is looked at by then
    post: (parts, body, version) => request("POST", parts, { body, version }),
    delete: (parts, query) => request("DELETE", parts, { query }),
    /** A page of a list, and how to get the next one: null at the end. */
    async page(parts, query) {
      const answer = await request("GET", parts, { query, signal });
      const next = answer.meta.next_page_url;
      return {
        rows: answer[answer.meta.key],
        // its query alone: the address may be another one of the same deployment, which the page may not call
        next: next && (() => this.page(parts, Object.fromEntries(new URL(next).searchParams))),
      };
    },
    /** A whole list of what people make by hand: webhooks, sources, assistants; by name. */
    async all(parts) {
      const rows = [];
      let page = await this.page(parts, { PageSize: 200 });
      rows.push(...page.rows);
      while (page.next && rows.length < 2000) {
        page = await page.next();
        rows.push(...page.rows);
      }
      return rows.sort((one, other) => one.unique_name.localeCompare(other.unique_name));
    },
  };
}
