// prediction: a model's probabilities -> the answer, as portable/schema.py defines it.

import { KEPT, REJECTED } from "./constants.js";

// about: the model's facts in models.json; row: K probabilities; prepared: see preprocess.js
export function prediction(about, row, prepared) {
  const index = row.indexOf(Math.max(...row));
  const order = about.class_names.map((name, i) => [name, row[i]]).sort(([, p], [, q]) => q - p);
  const reason = prepared.found ? rejection(row[index], about.threshold) : prepared.reason;
  return {
    class_name: about.class_names[index],
    index,
    probability: row[index],
    probabilities: Object.fromEntries(order),
    known: reason === "",
    reason,
    notes: prepared.notes,
    seen: rows(prepared.pixels, about.image_shape),
  };
}

function rejection(largest, threshold) {
  if (largest >= threshold) return "";
  const values = { largest, kept: KEPT, threshold };
  return REJECTED.replace(/\{(\w+)\}/g, (_, name) => `${Math.round(100 * values[name])}%`);
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
