// prediction: a model's outputs -> the answer, as portable/predictor.py and schema.py define it.

import { KEPT, LEVEL, REJECTED, UNLIKE } from "./constants.js";
import { decimals, digits } from "./rounding.js";
import { ranked, setOf } from "./sets.js";

// about: the model's facts in models.json; row: K probabilities; score: its outlier score, null
// for a model without one; prepared: see preprocess.js
export function prediction(about, row, score, prepared) {
  const names = about.class_names;
  const [index] = ranked(row);
  const [verdict, reason] = prepared.found
    ? judged(about, row[index], score)
    : ["not_found", prepared.reason];
  return {
    class_name: names[index],
    index,
    probability: row[index],
    probabilities: Object.fromEntries(ranked(row).map((label) => [names[label], row[label]])),
    verdict,
    known: verdict === "known",
    reason,
    score,
    set: about.sets ? setOf(about.sets, names, row, LEVEL) : null,
    notes: prepared.notes,
    seen: rows(prepared.pixels, about.image_shape),
  };
}

// The verdict and why, as Python's judge() gives it
function judged({ outliers, threshold }, largest, score) {
  if (outliers && score !== null && score > outliers.threshold) {
    const values = {
      score: decimals(score, 2),
      kept: `${digits(100 * outliers.accept, 3)}%`,
      threshold: decimals(outliers.threshold, 2),
    };
    return ["none_of_these", filled(UNLIKE, values)];
  }
  if (largest >= threshold) return ["known", ""];
  const values = { largest, kept: KEPT, threshold };
  for (const name in values) values[name] = `${decimals(100 * values[name], 0)}%`;
  return ["unsure", filled(REJECTED, values)];
}

function filled(sentence, values) {
  return sentence.replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

// All values in one array -> H rows of W values, or of W lists of 3; shape: [H, W] or [H, W, 3]
export function rows(flat, [, width, ...colours]) {
  return groups(colours.length ? groups(flat, colours[0]) : flat, width);
}

function groups(values, size) {
  return Array.from({ length: values.length / size }, (_, i) =>
    Array.from(values.slice(i * size, (i + 1) * size)),
  );
}
