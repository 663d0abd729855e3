// What is to be restored or downloaded, as a part of an address. Long selections are kept by the browser's
// tab.
import {query} from "../api.js";
import {to} from "../session.js";

const kMaxInAddress = 40;  // messages; a proxy may refuse an address of more than 4 kB

// `page`: where the address leads. `more`: further values of it.
export function address_of(selection, page = "/restore", more = {}) {
  if ((selection.messages?.length ?? 0) > kMaxInAddress) {
    const key = crypto.randomUUID().slice(0, 8);
    sessionStorage.setItem(`selection-${key}`, JSON.stringify(selection));
    return to(page + query({kept: key, ...more}));
  }
  const values = new URLSearchParams(more);
  for (const [field, value] of Object.entries(selection)) {
    for (const one of [value].flat()) {
      if (one !== undefined && one !== false) values.append(field, one);
    }
  }
  return to(`${page}?${values}`);
}

const kLists = ["folders", "messages"];
const kSwitches = ["all", "subfolders", "missing"];
const kTexts = ["at", "query", "since", "before"];

// Undefined if the address has none, or the tab that kept it is closed.
export function selection_in(address) {
  const kept = address.get("kept");
  if (kept) {
    const text = sessionStorage.getItem(`selection-${kept}`);
    return text ? JSON.parse(text) : undefined;
  }
  const selection = {};
  for (const field of kLists)
    if (address.has(field)) selection[field] = address.getAll(field);
  for (const field of kSwitches)
    if (address.get(field) === "true") selection[field] = true;
  for (const field of kTexts)
    if (address.get(field)) selection[field] = address.get(field);
  return Object.keys(selection).length > 0 ? selection : undefined;
}
