// The reader's token: in this page's memory, or until the tab is closed when that was asked for. Nowhere else.

const KEY = "parley-token";

let token = sessionStorage.getItem(KEY);

export const current = () => token;

export function begin(given, { keep }) {
  token = given;
  if (keep) sessionStorage.setItem(KEY, given);
  else sessionStorage.removeItem(KEY);
}

export function end() {
  token = null;
  sessionStorage.removeItem(KEY);
}

/** What the token says of itself, to be shown: the API alone decides whether it is true. */
export function claims() {
  try {
    const part = token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
    const said = JSON.parse(new TextDecoder().decode(Uint8Array.from(atob(part), (each) => each.charCodeAt(0))));
    return { account: String(said.account ?? ""), expires: Number(said.exp) ? new Date(said.exp * 1000) : null };
  } catch {
    return { account: "", expires: null };
  }
}
