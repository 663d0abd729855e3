// The login. All tabs of a browser share one session.
import * as api from "./api.js";

const channel = "BroadcastChannel" in globalThis ? new BroadcastChannel("session") : undefined;

let holder;  // the document of GET /session; undefined without a login
let instance = {};
let subject;  // of staff: the account that the page is about
let grants = {time: 0, list: []};

export const current = () => holder;
export const is_owner = () => holder?.role === "owner";
export const account = () => (is_owner() ? holder.account : subject);

// A page of the account: for staff its address begins with the account's name.
export const to = (path) => (is_owner() ? path : `/accounts/${encodeURIComponent(subject)}${path}`);

export const can_restore = () => is_owner() || holder?.role === "helpdesk";
export const can_export = () => is_owner() || (holder?.role === "officer" && can_read());
// Staff may look at mail only with a grant. The server decides; this saves requests that it would refuse.
export const can_read = () => is_owner() ||
  grants.list.some((grant) => grant.state === "given" && grant.account === subject &&
      grant.person === holder?.person && Date.parse(grant.ends) > Date.now());

const kFresh = 10_000;  // milliseconds

export async function choose_subject(name) {
  subject = name;
  if (name !== undefined && holder.role !== "operator" && Date.now() - grants.time > kFresh)
    await load_grants();
}

export async function load_grants() {
  grants = {time: Date.now(), list: (await api.get("/grants")).grants};
  return grants.list;
}

// Without one, a single sign-on proxy says who the person is.
export const has_password = () => instance.instance === "self" || instance.instance === undefined;

// Whether the restore page is of staff, and how people log in there.
export async function load_instance() {
  instance = await api.get("/instance", {may_end: false});
  return instance;
}

async function read() {
  holder = await api.get("/session", {may_end: false});
  holder.ends = Date.now() + holder.seconds_left * 1000;
  return holder;
}

export async function load() {
  try {
    await read();
  } catch (error) {
    if (error.code !== "unauthenticated") throw error;
    holder = undefined;
    if (!has_password()) await log_in();
  }
  return holder;
}

// False if the server, or a proxy before it, does not know the person any longer: then the login is shown.
export async function is_known() {
  try {
    await api.get("/session");
  } catch (error) {
    return error.code !== "unauthenticated";
  }
  return true;
}

export async function log_in(user, password) {
  await api.post("/session", user === undefined ? {} : {user, password}, {may_end: false});
  await read();
  channel?.postMessage({person: holder.person});
  return holder;
}

// The login is recent again, where no password is asked for: the proxy names the person in each request.
export async function confirm() {
  await api.post("/session/confirm");
  return true;
}

export async function log_out() {
  try {
    await api.remove("/session", {may_end: false});
  } finally {
    forget();
    channel?.postMessage({person: undefined});
  }
}

export function forget() {
  holder = undefined;
}

// Another tab logged out, or in as another person: what this one shows is not this person's.
export function on_change_elsewhere(action) {
  channel?.addEventListener("message", (event) => {
    if (event.data.person !== holder?.person) action();
  });
}
