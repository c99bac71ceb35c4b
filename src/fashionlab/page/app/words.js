// Numbers and answers in words.

import { NOTHING, UNEVEN } from "./constants.js";

export const SPACE = "\u00a0"; // keeps a number and its unit on one line
const HEADINGS = { unsure: "Unsure", none_of_these: "None of these", not_found: "Nothing found" };

export function percent(p) {
  if (p > 0 && p < 0.005) return `under${SPACE}1${SPACE}%`;
  if (p < 1 && p >= 0.995) return `over${SPACE}99${SPACE}%`;
  return `${Math.round(100 * p)}${SPACE}%`;
}

export function tenths(p) {
  if (p > 0 && p < 0.0005) return `<${SPACE}0.1${SPACE}%`;
  if (p < 1 && p >= 0.9995) return `>${SPACE}99.9${SPACE}%`;
  return `${(100 * p).toFixed(1)}${SPACE}%`;
}

// "known", or why there is no answer: "unsure", "none_of_these" or "not_found"
export function verdict({ verdict, known, reason }) {
  if (verdict) return verdict;
  // The gallery may have kept it before there were verdicts.
  if (known) return "known";
  return [NOTHING, UNEVEN].includes(reason) ? "not_found" : "unsure";
}

// Whether its classes say something about the picture
export function isAboutClasses(prediction) {
  return ["known", "unsure"].includes(verdict(prediction));
}

export function headline(prediction) {
  const heading = HEADINGS[verdict(prediction)];
  return heading ?? `${prediction.class_name}, ${percent(prediction.probability)}`;
}

// Why there is no answer, in one or two sentences; "" where there is one
export function because(prediction) {
  const reason = sentence(prediction.reason);
  switch (verdict(prediction)) {
    case "none_of_these":
      return `This picture is unlike those that the model has learned from. ${reason}`;
    case "unsure":
      return `No class stands out; the nearest is “${prediction.class_name}”. ${reason}`;
    case "not_found":
      return reason;
    default:
      return "";
  }
}

// An answer for the ear
export function spoken(prediction) {
  return [`${headline(prediction)}.`, because(prediction)].filter(Boolean).join(" ");
}

export function trust(model) {
  const [low, high] = model.accuracy_interval.map((p) => (100 * p).toFixed(1));
  const images = model.test_images.toLocaleString("en");
  return `${tenths(model.accuracy)} of ${images} test images correct (95${SPACE}% interval ${low} to ${high})`;
}

export function sentence(text) {
  const line = text.trim();
  return line && line[0].toUpperCase() + line.slice(1) + (/[.!?]$/.test(line) ? "" : ".");
}

// The one sentence under a map of what mattered
export function mattered(map, prediction) {
  const fall = Math.max(...map.map((row) => Math.max(...row)));
  const points = Math.round(100 * fall);
  const name = prediction.class_name;
  if (points < 1) {
    return `No single part decides: hiding any patch lowers “${name}” by less than one point.`;
  }
  const unit = points === 1 ? "point" : "points";
  return `The warmer a spot, the more “${name}” loses when a patch over it is hidden: up to ${points}${SPACE}${unit}.`;
}

export function moment(time) {
  const date = new Date(time);
  const today = date.toDateString() === new Date().toDateString();
  const clock = date.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  return today
    ? clock
    : `${date.toLocaleDateString([], { day: "numeric", month: "short" })}, ${clock}`;
}
