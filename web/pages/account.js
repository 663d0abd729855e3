// What several pages read about the account. Kept for a minute: a page must not wait for what the one before
// it has read.
import * as api from "./api.js";
import * as session from "./session.js";

const kFresh = 60_000;  // milliseconds
const kept = new Map();

async function fresh(key, load) {
  const known = kept.get(key);
  if (known && Date.now() - known.time < kFresh) return known.value;
  const value = await load();
  kept.set(key, {time: Date.now(), value});
  return value;
}

export function forget() {
  kept.clear();
}

export const root = (name = session.account()) => api.path`/accounts/${name}`;

// Oldest first.
export function snapshots(name = session.account(), signal) {
  return fresh(`snapshots ${name}`, () => api.get_all(`${root(name)}/snapshots`, "snapshots", {signal}));
}

// Oldest first, without their messages.
export function bursts(name = session.account(), signal) {
  return fresh(
    `bursts ${name}`, () => api.get_all(`${root(name)}/vanished`, "bursts", {values: {messages: 1}, signal}));
}

export function folders(name, snapshot, signal) {
  return fresh(`folders ${name} ${snapshot}`,
    () => api.get_all(`${root(name)}${api.path`/snapshots/${snapshot}/folders`}`, "folders", {signal}));
}
