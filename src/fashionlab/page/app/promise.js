// The prediction set on a card: its classes, what it promises, and what breaks the promise.

import { make } from "./make.js";
import { setOf, words } from "./sets.js";
import { isAboutClasses } from "./words.js";

// The set of an answer at the chosen level; null where there is none to show
export function chosenSet({ sets, class_names: names }, prediction, { level, byClass }) {
  const given = prediction.set;
  if (!given || !isAboutClasses(prediction) || !sets?.levels.includes(level)) return null;
  if (given.level === level && given.by_class === byClass) return given;
  const row = names.map((name) => prediction.probabilities[name]);
  return setOf(sets, names, row, level, byClass);
}

// The line about it, with an explanation that can be opened
export function lines(set, model, open) {
  const { named, said } = words(set);
  const sum = named ? [make("b", {}, named), `: ${said}`] : [said];
  return [
    make("p", { class: "set-line" }, ...sum),
    make(
      "details",
      { open },
      make("summary", {}, "What can break it"),
      make("p", {}, explained(model)),
    ),
  ];
}

function explained({ data }) {
  const images = data ? `images of ${data.name}` : "images like its training images";
  return (
    `Photos that differ from what the model was measured on: ${images}, held out of training. ` +
    "Other light, another angle, a busy background, a drawing or a thing of another kind, and " +
    "fewer sets hold the truth. The promise is about many pictures together, not about a single one."
  );
}
