// Prediction sets: the classes that together hold the truth for a promised share of pictures.

import { SPACE } from "./words.js";

// sets: a model's quantiles, {levels: (L), all: (L), by_class: (L, K)}; names and row: K classes and
// their probabilities -> {level, by_class, classes}, the most probable class first, perhaps none
export function setOf(sets, names, row, level, byClass = false) {
  const at = sets.levels.indexOf(level);
  const limit = (label) => (byClass ? sets.by_class[at][label] : sets.all[at]);
  const classes = ranked(row)
    .filter((label) => 1 - row[label] <= limit(label))
    .map((label) => names[label]);
  return { level, by_class: byClass, classes };
}

// K probabilities -> the labels, the most probable first; of equals, the lower label
export function ranked(row) {
  return Array.from(row, (_, label) => label).sort((a, b) => row[b] - row[a]);
}

// 0.95 -> "95 in 100"
export function share(level) {
  return `${hundredths(level)}${SPACE}in${SPACE}100`;
}

// The words of a set: {named: its classes, said: what it promises}; named is "" where it is empty
export function words({ level, by_class, classes }) {
  if (!classes.length) {
    const images = by_class ? "images of each class" : "images of the classes";
    const few = `${hundredths(1 - level)}${SPACE}in${SPACE}100`;
    return { named: "", said: `No class is likely enough: fewer than ${few} ${images} look like this.` };
  }
  const whose = by_class ? ", in each class" : "";
  return { named: listed(classes), said: `${share(level)} such sets hold the truth${whose}.` };
}

export function inOneLine(set) {
  const { named, said } = words(set);
  return named ? `${named}: ${said}` : said;
}

function hundredths(level) {
  return String(Math.round(1000 * level) / 10);
}

function listed(classes) {
  const [last, ...others] = [...classes].reverse();
  return others.length ? `${others.reverse().join(", ")} or ${last}` : last;
}
