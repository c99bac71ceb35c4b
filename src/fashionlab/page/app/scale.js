// The outlier score as a place on a line, whose middle is the threshold.

import { make } from "./make.js";

const WIDTH = 5; // of the score, from the threshold to 3/4 of the way to an end, about

// score: of a picture; threshold: the highest score of a picture of the classes
export function scale(score, threshold) {
  const mark = make("i", { class: "mark" });
  const share = (1 + Math.tanh((score - threshold) / WIDTH)) / 2; // any score has a place
  mark.style.setProperty("--share", share); // by the style object: the policy allows no attribute
  const side = score > threshold ? "above" : "not above";
  const label = `Outlier score ${figure(score)}, ${side} the limit of ${figure(threshold)}.`;
  return make(
    "figure",
    { class: "scale" },
    make("figcaption", {}, `How unlike the training images it is: ${figure(score)}`),
    make("div", { class: "strip", role: "img", "aria-label": label }, mark),
    make(
      "p",
      { class: "ends", "aria-hidden": "true" },
      make("span", {}, "like"),
      make("span", {}, `limit ${figure(threshold)}`),
      make("span", {}, "unlike"),
    ),
  );
}

function figure(score) {
  return score.toFixed(2).replace("-", "−");
}
