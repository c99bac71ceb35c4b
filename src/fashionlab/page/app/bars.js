// The probabilities of an answer, as bars with their numbers.

import { make } from "./make.js";
import { isAboutClasses, tenths } from "./words.js";

const SHOWN = 5; // classes with a bar at once; the others are one press away

// open: {more, folded}, which parts are open -> elements
export function bars(prediction, model, open) {
  // In order: of an object's names, JavaScript puts those that are whole numbers first.
  const all = Object.entries(prediction.probabilities).sort(([, p], [, q]) => q - p);
  const list = (some) =>
    make("ul", { "aria-label": `Probabilities by ${model}` }, ...some.map(bar));
  if (!isAboutClasses(prediction)) return [folded(list(all), open.folded)];
  const others = all.slice(SHOWN);
  const more = make(
    "details",
    { class: "more", open: open.more },
    make("summary", {}, `${others.length} more`),
    list(others),
  );
  return others.length ? [list(all.slice(0, SHOWN)), more] : [list(all)];
}

// Out of sight, since none of them is an answer
function folded(list, open) {
  return make(
    "details",
    { class: "folded", open },
    make("summary", {}, "What it would be among these classes"),
    make("p", {}, "The model must share 100 % among its classes, whatever it is shown."),
    list,
  );
}

function bar([name, p]) {
  const line = make("i", { "aria-hidden": "true" });
  line.style.setProperty("--share", p); // by the style object: the policy allows no attribute
  return make(
    "li",
    {},
    make("span", { class: "name" }, name),
    make("span", { class: "value" }, tenths(p)),
    line,
  );
}
