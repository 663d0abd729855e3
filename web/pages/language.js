// The texts of the page in the person's language, and dates, numbers and sizes as it writes them.
import {name as bdi} from "./dom.js";

export const kLanguages = {
  en: "English",
  de: "Deutsch"
};

let texts = {};
let language = "en";
let plurals = new Intl.PluralRules("en");

export function stored(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;  // storage is blocked
  }
}

export function remember(key, value) {
  try {
    localStorage.setItem(key, value);
  } catch {
    // It holds until the page is left.
  }
}

function preferred() {
  const wanted = [stored("language"), ...navigator.languages].filter(Boolean);
  return wanted.map((tag) => tag.slice(0, 2).toLowerCase()).find((tag) => tag in kLanguages) ?? "en";
}

export async function load_language(chosen) {
  language = chosen ?? preferred();
  const answer = await fetch(`/i18n/${language}.json`);
  if (!answer.ok) throw new Error(`the texts of ${language} can't be loaded`);
  texts = await answer.json();
  plurals = new Intl.PluralRules(language);
  document.documentElement.lang = language;
}

export const current_language = () => language;

function pattern(key, values) {
  const text = texts[key];
  if (text === undefined) return key;
  if (typeof text === "string") return text;
  return text[plurals.select(values.n ?? 0)] ?? text.other;
}

// The text of a key with {values}; `n` also chooses between singular and plural.
export function t(key, values = {}) {
  return pattern(key, values)
    .replace(/\{(\w+)\}/g,
      (whole, slot) =>
        slot === "n" && typeof values.n === "number" ? number(values.n) : values[slot] ?? whole);
}

export const has_text = (key) => key in texts;

// The same as a list of nodes: values may be elements, and texts among them become isolated names.
export function rich(key, values = {}) {
  return pattern(key, values).split(/(\{\w+\})/).map((piece) => {
    const slot = /^\{(\w+)\}$/.exec(piece)?.[1];
    if (!slot || !(slot in values)) return piece;
    if (typeof values[slot] === "number") return number(values[slot]);
    return values[slot] instanceof Node ? values[slot] : bdi(values[slot]);
  });
}

const format = (options) => new Intl.DateTimeFormat(language, options);

export const number = (value) => new Intl.NumberFormat(language).format(value);

const kMoment = {
  year: "numeric",
  month: "long",
  day: "numeric",
  hour: "2-digit",
  minute: "2-digit"
};

export function moment(text) {
  return text ? format(kMoment).format(new Date(text)) : t("unknown");
}

export function exact(text) {
  return text
    ? format({...kMoment, weekday: "long", second: "2-digit", timeZoneName: "short"}).format(new Date(text))
    : "";
}

// For logs, whose lines are often of the same minute.
export function to_the_second(text) {
  if (!text) return t("unknown");
  return format({...kMoment, month: "short", second: "2-digit"}).format(new Date(text));
}

export function weekday(text) {
  const date = new Date(text);
  const year = date.getFullYear() === new Date().getFullYear() ? undefined : "numeric";
  return format({weekday: "short", day: "numeric", month: "short", year, hour: "2-digit", minute: "2-digit"})
    .format(date);
}

export const clock = (text) => format({hour: "2-digit", minute: "2-digit"}).format(new Date(text));

export const day = (text) => format({year: "numeric", month: "short", day: "numeric"}).format(new Date(text));

export const axis_day = (date) => format({day: "numeric", month: "short"}).format(date);

// A moment in words, with the exact one beside it.
export function time(text, shown = moment(text)) {
  const node = document.createElement("time");
  node.dateTime = text ?? "";
  node.title = exact(text);
  node.textContent = shown;
  return node;
}

const kUnits = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"];

export function size(bytes) {
  let unit = 0;
  let value = bytes;
  while (value >= 1000 && unit < kUnits.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit > 0 && value < 10 ? 1 : 0;
  return new Intl
    .NumberFormat(language, {
      style: "unit",
      unit: kUnits[unit],
      unitDisplay: unit ? "short" : "long",
      maximumFractionDigits: digits
    })
    .format(value);
}

// The largest unit that fits, and how many of it.
function in_unit(seconds) {
  const steps = [["day", 86_400], ["hour", 3_600], ["minute", 60], ["second", 1]];
  const [unit, length] = steps.find(([, step]) => seconds >= step) ?? steps[3];
  const value = unit === "day" && seconds < 3 * length ? Math.round(2 * seconds / length) / 2
                                                       : Math.round(seconds / length);
  return {unit, value};
}

export function duration(seconds) {
  const {unit, value} = in_unit(seconds);
  return new Intl.NumberFormat(language, {style: "unit", unit, unitDisplay: "long"}).format(value);
}

// "3 days ago"
export function ago(text) {
  const {unit, value} = in_unit(Math.max(0, (Date.now() - Date.parse(text)) / 1000));
  return new Intl.RelativeTimeFormat(language).format(-value, unit);
}
