// How values are shown.

import { h } from "./dom.js";

const TIME = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });
const NUMBER = new Intl.NumberFormat("en");

export const number = (value) => NUMBER.format(value);

/** A moment of the API's in the reader's own time; the whole of it, in UTC, on hovering. */
export function moment(iso) {
  if (!iso) return "–";
  const date = new Date(iso);
  const today = date.toDateString() === new Date().toDateString();
  return h(
    "time",
    { datetime: iso, title: iso },
    today ? TIME.format(date) : `${DAY.format(date)}, ${TIME.format(date)}`,
  );
}

/** A size; its number and unit stay on one line. */
export function bytes(count) {
  if (count < 1024) return `${number(count)}\u00a0B`;
  return count < 1024 ** 2 ? `${(count / 1024).toFixed(1)}\u00a0KiB` : `${(count / 1024 ** 2).toFixed(1)}\u00a0MiB`;
}

const UNITS = [
  [86_400, "d"],
  [3600, "h"],
  [60, "min"],
];

/** A schedule's seconds, each in the largest unit that it is a whole number of. */
export const schedule = (text) =>
  text
    .split(/\s+/)
    .filter(Boolean)
    .map((each) => {
      const [size, unit] = UNITS.find(([seconds]) => each % seconds === 0) ?? [1, "s"];
      return `${each / size} ${unit}`;
    })
    .join(", ");

export const milliseconds = (value) => (value === null || value === undefined ? "–" : `${number(value)} ms`);

export const many = (count, one, more = `${one}s`) => `${number(count)} ${count === 1 ? one : more}`;

const KINDS = {
  active: "good",
  delivered: "good",
  completed: "good",
  accepted: "good",
  retrying: "warn",
  waiting: "warn",
  paused: "warn",
  counting: "calm",
  running: "calm",
  unrecognised: "warn",
  exhausted: "bad",
  expired: "bad",
  disabled: "bad",
  cancelled: "calm",
};

/** A state, by word and colour. */
export const pill = (word) => h("span", { class: `pill ${KINDS[word] ?? "calm"}` }, word);

const REASONS = {
  by_user: "switched off by one of you",
  gone: "its receiver answered 410 Gone",
  failing: "its receiver failed",
  paused: "its webhook is paused",
  disabled: "its webhook is disabled",
  schedule_ended: "its retry schedule came to an end",
  retention_ended: "its retention ended",
  webhook_deleted: "its webhook was deleted",
  retry_after: "its receiver asked for a pause",
  resend: "sent again by hand",
  test: "a test",
};

export const reason = (word) => REASONS[word] ?? word;

/** A SID as a text that can be told from others at a glance; the whole of it on hovering. */
export const sid = (value) => h("code", { class: "sid", title: value }, `${value.slice(0, 6)}…${value.slice(-4)}`);

/** A status code or the class of an error of an attempt. */
export const outcome = (attempt) => (attempt ? String(attempt.status_code ?? attempt.error ?? "no answer yet") : "–");

/** A payload as text: base64 undone where it is text after all. */
export function textOf(shown, key) {
  const value = shown[key];
  if (value === null || value === undefined || !shown[`${key}_encoding`]) return value;
  const raw = Uint8Array.from(atob(value), (character) => character.charCodeAt(0));
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(raw);
  } catch {
    return null;
  }
}

// a string, what has no quotes (a number, true), a sign
const TOKENS = /"(?:[^"\\]+|\\.)*"|[^\s"{}[\],:]+|[{}[\],:]/g;

/** JSON in lines; null when it is none. Numbers stay as they were written: parsed, those of 20 digits would change. */
export function indented(content) {
  try {
    JSON.parse(content);
  } catch {
    return null;
  }
  const tokens = content.match(TOKENS);
  let depth = 0;
  const line = () => `\n${"  ".repeat(depth)}`;
  return tokens
    .map((token, at) => {
      if (token === ":") return ": ";
      if (token === ",") return `,${line()}`;
      if (token === "{" || token === "[") {
        if ("}]".includes(tokens[at + 1])) return token;
        depth += 1;
        return token + line();
      }
      if (token === "}" || token === "]") {
        if ("{[".includes(tokens[at - 1])) return token;
        depth -= 1;
        return line() + token;
      }
      return token.startsWith('"') ? JSON.stringify(JSON.parse(token)) : token;
    })
    .join("");
}
