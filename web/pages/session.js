// Who is logged in. All tabs of a browser share one session.
import * as api from "./api.js";

const channel = "BroadcastChannel" in globalThis ? new BroadcastChannel("session") : undefined;

let holder;  // the document of GET /session; undefined if nobody is logged in
let instance = {};

export const current = () => holder;
export const account = () => holder?.account;
export const is_owner = () => holder?.role === "owner";
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

export async function log_in(user, password) {
  await api.post("/session", user === undefined ? {} : {user, password}, {may_end: false});
  await read();
  channel?.postMessage({person: holder.person});
  return holder;
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
