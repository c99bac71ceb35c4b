"use strict";
// Decisions about suspects: kept in this browser under the audit's hash, exported as CSV.
const data = JSON.parse(document.getElementById("data").textContent);
const at = (id) => document.getElementById(id);
const KEYS = { 1: "wrong", 2: "ambiguous", 3: "broken", 4: "sound" };
const links = [...document.querySelectorAll(".grid a")];
const undoable = []; // [row, what it was before]
let current = 0;
let decisions = {}; // row -> { decision, label }, where one of them was given

// What this browser has kept; empty where another program has written something else there.
function kept() {
  const known = Object.values(KEYS);
  const sound = {};
  let read = null;
  const text = localStorage.getItem(data.key);
  try {
    read = JSON.parse(text);
  } catch {
    return sound;
  }
  for (const [row, one] of Object.entries(read ?? {})) {
    const label = Number.isInteger(one?.label) && one.label in data.classes ? one.label : null;
    if (row in data.rows && (known.includes(one?.decision) || one?.decision === "")) {
      sound[row] = { decision: one.decision, label };
    }
  }
  return sound;
}

function keep() {
  try {
    localStorage.setItem(data.key, JSON.stringify(decisions));
  } catch {
    at("forgetful").hidden = false;
  }
}

const own = (row) => decisions[row] || { decision: "", label: null };
const likely = (row) => own(row).label ?? data.rows[row].likely;

function change(row, wanted) {
  undoable.push([row, decisions[row]]);
  decisions[row] = { ...own(row), ...wanted };
  keep();
}

function undo() {
  if (!undoable.length) return;
  const [row, before] = undoable.pop();
  if (before) decisions[row] = before;
  else delete decisions[row];
  keep();
  mark(row);
  show(row);
}

function decide(decision) {
  change(current, { decision });
  mark(current);
  show(Math.min(current + 1, data.rows.length - 1));
}

function image(picture, alt) {
  const shown = new Image();
  shown.src = data.pictures[picture];
  shown.alt = alt;
  return shown;
}

function examples(label) {
  return data.examples[label].map((picture) => image(picture, `Example of ${data.classes[label]}`));
}

function neighbour([picture, label, what]) {
  const item = document.createElement("li");
  const caption = document.createElement("small");
  caption.textContent = what;
  item.append(image(picture, `${what}, labelled ${data.classes[label]}`), data.classes[label], caption);
  return item;
}

function mark(row) {
  const { decision } = own(row);
  if (decision) links[row].dataset.is = decision;
  else delete links[row].dataset.is;
}

function show(row) {
  links[current].removeAttribute("aria-current");
  current = row;
  links[row].setAttribute("aria-current", "true");
  const suspect = data.rows[row];
  const { decision } = own(row);
  at("name").textContent = `${suspect.where}, ${row + 1} of ${data.rows.length}`;
  at("picture").src = data.pictures[suspect.picture];
  at("picture").alt = `Image ${suspect.where}, labelled ${data.classes[suspect.given]}`;
  at("given").textContent = data.classes[suspect.given];
  at("given-examples").replaceChildren(...examples(suspect.given));
  at("likely").value = likely(row);
  at("likely-examples").replaceChildren(...examples(likely(row)));
  at("numbers").textContent = suspect.numbers;
  at("near").replaceChildren(...suspect.near.map(neighbour));
  at("decided").textContent = decision ? `Decided: ${decision}` : "";
  for (const button of document.querySelectorAll("[data-decision]")) {
    button.setAttribute("aria-pressed", String(button.dataset.decision === decision));
  }
  at("back").disabled = row === 0;
  at("next").disabled = row === data.rows.length - 1;
  at("undo").disabled = !undoable.length;
  const made = Object.values(decisions).map((one) => one.decision).filter(Boolean);
  const counts = Object.values(KEYS)
    .map((name) => [made.filter((one) => one === name).length, name])
    .filter(([count]) => count)
    .map(([count, name]) => `${count} ${name}`);
  at("standing").textContent =
    `${made.length} of ${data.rows.length} decided` + (counts.length ? `: ${counts.join(", ")}` : "");
  at("export").disabled = !made.length;
}

function csv() {
  const cell = (text) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const lines = data.rows.map((suspect, row) => {
    const { decision } = own(row);
    const corrected = decision === "wrong" ? data.cells[likely(row)] : "";
    return data.columns.map((name) =>
      cell(name === "decision" ? decision : name === "corrected_label" ? corrected : suspect.cells[name]),
    );
  });
  return [data.columns, ...lines].map((line) => `${line.join(",")}\r\n`).join("");
}

function download() {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([csv()], { type: "text/csv" }));
  link.download = "decisions.csv";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

const step = (by) => show(Math.min(Math.max(current + by, 0), data.rows.length - 1));

document.addEventListener("keydown", (event) => {
  const inText = event.target instanceof HTMLSelectElement;
  if (event.key.toLowerCase() === "z" && (event.ctrlKey || event.metaKey)) undo();
  else if (event.ctrlKey || event.metaKey || event.altKey || inText) return;
  else if (event.key in KEYS) decide(KEYS[event.key]);
  else if (event.key === "ArrowRight") step(1);
  else if (event.key === "ArrowLeft") step(-1);
  else if (event.key.toLowerCase() === "u") undo();
  else return;
  event.preventDefault();
});
for (const button of document.querySelectorAll("[data-decision]")) {
  button.addEventListener("click", () => decide(button.dataset.decision));
}
for (const link of links) {
  link.addEventListener("click", () => show(Number(link.dataset.at)));
}
at("back").addEventListener("click", () => step(-1));
at("next").addEventListener("click", () => step(1));
at("undo").addEventListener("click", undo);
at("export").addEventListener("click", download);
at("likely").addEventListener("change", (event) => {
  change(current, { label: Number(event.target.value) });
  event.target.blur(); // the keys decide again
  show(current);
});

data.classes.forEach((name, label) => at("likely").append(new Option(name, label)));
try {
  decisions = kept();
  localStorage.setItem(data.key, JSON.stringify(decisions));
} catch {
  at("forgetful").hidden = false;
}
if (data.rows.length) {
  at("decide").hidden = false;
  data.rows.forEach((_, row) => mark(row));
  show(Math.max(data.rows.findIndex((_, row) => !own(row).decision), 0));
}
