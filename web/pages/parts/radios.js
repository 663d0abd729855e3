// A choice of one among a few, each with a line that explains it.
import {el} from "../dom.js";

let groups = 0;

// `options`: {value: [label, explanation]}. `change(value)` is called with each choice.
export function radios(legend, options, chosen, change) {
  const group = `choice-${++groups}`;
  return el(
    "fieldset", {}, el("legend", {}, legend), Object.entries(options).map(([value, [label, explanation]]) => {
      const id = `${group}-${value}`;
      const input = el("input", {
        type: "radio",
        name: group,
        id,
        value,
        checked: value === chosen,
        "aria-describedby": explanation && `${id}-text`,
        onchange: () => change(value)
      });
      return el("div", {class: "option"}, input, el("label", {for: id
      }, label), explanation && el("p", {class: "soft small", id: `${id}-text`}, explanation));
    }));
}
