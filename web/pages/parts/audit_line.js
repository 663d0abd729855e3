// The cells of a line of the audit log.
import {el, name} from "../dom.js";
import {has_text, t, time, to_the_second} from "../language.js";

export const time_of = (entry) => time(entry.time, to_the_second(entry.time));

export function role_of(entry) {
  if (!entry.role) return "";
  return has_text(`role.${entry.role}`) ? t(`role.${entry.role}`) : entry.role;
}

// A command that was typed on the server has the name of its user there.
export const person_of = (entry) => name(entry.person ?? entry.sudo_user ?? entry.user ?? "");

const has_failed = (entry) => entry.result && !["ok", "admitted"].includes(entry.result);

export function action_of(entry) {
  const failed = `audit.${entry.command}-failed`;
  const key = has_failed(entry) && has_text(failed) ? failed : `audit.${entry.command}`;
  return has_text(key) ? t(key) : el("code", {}, entry.command ?? "");
}

// The result of a login that failed, in brackets; undefined after one that succeeded.
export function result_of(entry) {
  if (!has_failed(entry)) return undefined;
  const key = `audit_result.${entry.result}`;
  return [" (", has_text(key) ? t(key) : name(entry.result), ")"];
}
