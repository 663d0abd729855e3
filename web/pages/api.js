// Requests to the server's API. Every answer is the document of a command, every error a Problem.
import {has_text, t} from "./language.js";

const kApi = "/api/v1";

export class Problem extends Error {
  constructor(document, status) {
    super(document.detail ?? document.title ?? "");
    this.code = document.code ?? "internal";
    this.status = status;
    this.retry_after = document.retry_after;
  }

  // In the person's language. A command's own line about a query or selection is better than ours.
  get text() {
    if (this.code === "usage") return this.message.replace(/^(search|plan): /, "");
    const key = `problem.${this.code}`;
    if (!has_text(key)) return this.message || t("problem.internal");
    return t(key, {seconds: this.retry_after ?? 10});
  }
}

let on_session_end = () => {};
export function when_session_ends(action) {
  on_session_end = action;
}

let confirm_login = async () => false;
export function confirm_with(action) {
  confirm_login = action;
}

async function problem_of(answer) {
  let document = {};
  try {
    document = await answer.json();
  } catch {
    // Not from our server: a proxy's page.
  }
  // A single sign-on proxy refuses, or sends the browser to its login, when the person has to log in there.
  const wants_login = answer.type === "opaqueredirect" || [401, 403].includes(answer.status);
  if (!document.code)
    document.code = wants_login ? "unauthenticated" : answer.status === 404 ? "not_found" : "desk";
  return new Problem(document, answer.status);
}

// The answer to a request that succeeded.
async function exchange(method, path, {body, signal, key, may_end = true} = {}) {
  const headers = {Accept: "application/json"};
  if (method !== "GET") Object.assign(headers, {"Content-Type": "application/json", "X-Mailstow": "1"});
  if (key) headers["Idempotency-Key"] = key;
  let answer;
  try {
    answer = await fetch(kApi + path, {
      method,
      headers,
      signal,
      credentials: "same-origin",
      redirect: "manual",
      body: method === "GET" ? undefined : JSON.stringify(body ?? {})
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem({code: "offline"}, 0);
  }
  if (answer.ok) return answer;
  const problem = await problem_of(answer);
  if (problem.code === "unauthenticated" && may_end) on_session_end();
  throw problem;
}

async function send(method, path, options) {
  const answer = await exchange(method, path, options);
  return answer.status === 204 ? {} : answer.json();
}

export const get = (path, options) => send("GET", path, options);
export const remove = (path, options) => send("DELETE", path, options);

// If the login is too old for this, it is confirmed, and the request repeated.
export async function post(path, body, options = {}) {
  try {
    return await send("POST", path, {...options, body});
  } catch (error) {
    if (error.code !== "confirm" || !(await confirm_login())) throw error;
    return send("POST", path, {...options, body});
  }
}

// As the server names it (RFC 6266): the second form is there if the first one has not all letters.
function file_name_in(disposition) {
  const encoded = /filename\*=UTF-8''([^;]+)/.exec(disposition)?.[1];
  return encoded ? decodeURIComponent(encoded) : /filename="([^"]*)"/.exec(disposition)?.[1] ?? "";
}

// A file, which the browser saves: {content, name}. Unlike with a link, a refusal is a Problem.
export async function get_file(path, options) {
  const answer = await exchange("GET", path, options);
  try {
    return {
      content: await answer.blob(),
      name: file_name_in(answer.headers.get("Content-Disposition") ?? "")
    };
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem({code: "offline"}, 0);
  }
}

// path`/accounts/${name}/trees`: each value is one encoded segment.
export function path(texts, ...values) {
  return texts.reduce((whole, text, at) => whole + encodeURIComponent(values[at - 1]) + text);
}

// "?a=1&b=2" of what is given.
export function query(values) {
  const given =
    Object.entries(values).filter(([, value]) => value !== undefined && value !== null && value !== "");
  return given.length ? "?" + new URLSearchParams(given) : "";
}

export const address = (suffix) => kApi + suffix;

// All pages of a list, at most about `most` entries; `is_cut` if there are more (note.js shows that). Its
// `command` is the command line that lists the same.
export async function get_all(path, field, {values = {}, signal, most = 100_000} = {}) {
  const all = [];
  let after;
  do {
    const page = await get(path + query({...values, limit: 1000, after}), {signal});
    all.push(...page[field]);
    all.command = page.command;
    after = page.next;
  } while (after && all.length < most);
  all.is_cut = Boolean(after);
  return all;
}
