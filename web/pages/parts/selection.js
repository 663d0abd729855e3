// What is to be restored, as a part of an address. Long selections are kept by the browser's tab.
import {to} from "../session.js";

const kMaxInAddress = 40;  // messages; a proxy may refuse an address of more than 4 kB

export function address_of(selection) {
  if ((selection.messages?.length ?? 0) > kMaxInAddress) {
    const key = crypto.randomUUID().slice(0, 8);
    sessionStorage.setItem(`selection-${key}`, JSON.stringify(selection));
    return to(`/restore?kept=${key}`);
  }
  const values = new URLSearchParams();
  for (const [field, value] of Object.entries(selection)) {
    for (const one of [value].flat()) {
      if (one !== undefined && one !== false) values.append(field, one);
    }
  }
  return to(`/restore?${values}`);
}

const kLists = ["folders", "messages"];
const kSwitches = ["all", "subfolders", "missing"];
const kTexts = ["at", "query", "since", "before"];

// Undefined if the address has none, or the tab that kept it is closed.
export function selection_in(query) {
  const kept = query.get("kept");
  if (kept) {
    const text = sessionStorage.getItem(`selection-${kept}`);
    return text ? JSON.parse(text) : undefined;
  }
  const selection = {};
  for (const field of kLists)
    if (query.has(field)) selection[field] = query.getAll(field);
  for (const field of kSwitches)
    if (query.get(field) === "true") selection[field] = true;
  for (const field of kTexts)
    if (query.get(field)) selection[field] = query.get(field);
  return Object.keys(selection).length > 0 ? selection : undefined;
}
