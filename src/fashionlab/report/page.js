"use strict";
// What a page adds where scripts run: values under the pointer, the images of a cell, sorted tables.
const data = JSON.parse(document.getElementById("data").textContent);
const tip = document.getElementById("tip");

function make(tag, text = "", properties = {}) {
  const made = Object.assign(document.createElement(tag), properties);
  made.textContent = text;
  return made;
}

// A tip with words, and a picture before them where there is one, next to an element or a point.
function say(words, x, y, picture = null) {
  tip.replaceChildren(...(picture ? [picture] : []), make("span", words));
  tip.hidden = false;
  const { width, height } = tip.getBoundingClientRect();
  const left = x + 14 + width > innerWidth ? x - 14 - width : x + 14;
  tip.style.left = `${Math.max(4, left)}px`;
  tip.style.top = `${Math.max(4, Math.min(y + 14, innerHeight - height - 4))}px`;
}

let held = null; // shows the tip of what has the focus again, since focus scrolls to it

function hush() {
  tip.hidden = true;
  held = null;
}

function hold(show) {
  held = show;
  show();
}

// Marks of drawings, and pictures: their words under the pointer.
document.addEventListener("pointermove", (event) => {
  const mark = event.target.closest?.(".tip, .pic");
  if (mark?.ariaLabel) {
    held = null;
    const larger = mark.matches(".pic") ? enlarged(mark) : null;
    say(mark.ariaLabel, event.clientX, event.clientY, larger);
  } else if (!held && !event.target.closest?.(".map")) {
    hush();
  }
});
document.addEventListener("scroll", () => (held ? held() : hush()), { passive: true });
document.addEventListener("keydown", (event) => event.key === "Escape" && hush());

function enlarged(picture) {
  const copy = picture.cloneNode();
  copy.removeAttribute("aria-label");
  copy.removeAttribute("role");
  return copy;
}

function beside(element) {
  const box = element.getBoundingClientRect();
  return [box.left + box.width / 2, box.bottom - 6];
}

// One of several elements is reached by Tab, the others by the arrow keys.
function roving(elements, shown) {
  elements.forEach((element, at) => {
    element.setAttribute("tabindex", at ? "-1" : "0");
    element.addEventListener("focus", () => hold(() => shown(element)));
    element.addEventListener("blur", hush);
    element.addEventListener("keydown", (event) => {
      const to = next(event.key, at, elements.length);
      if (to === null) return;
      event.preventDefault();
      element.setAttribute("tabindex", "-1");
      elements[to].setAttribute("tabindex", "0");
      elements[to].focus();
    });
  });
}

function next(key, at, count) {
  const steps = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: 1, ArrowUp: -1 };
  if (key === "Home") return 0;
  if (key === "End") return count - 1;
  const to = at + (steps[key] ?? 0);
  return key in steps && to >= 0 && to < count ? to : null;
}

for (const drawing of document.querySelectorAll("svg[role=group]")) {
  roving([...drawing.querySelectorAll(".tip")], (mark) => say(mark.ariaLabel, ...beside(mark)));
}

// A cell of the matrix opens its images next to it.
const opened = document.getElementById("opened");
const cells = [...document.querySelectorAll(".heat td a")];
for (const cell of cells) {
  cell.addEventListener("click", (event) => {
    const source = document.querySelector(`${cell.hash} .pictures`);
    if (!source || !opened) return;
    event.preventDefault();
    cells.forEach((one) => one.removeAttribute("aria-current"));
    cell.setAttribute("aria-current", "true");
    const rest = source.parentElement.querySelector(".hint");
    opened.replaceChildren(make("h3", cell.title), source.cloneNode(true), ...(rest ? [rest.cloneNode(true)] : []));
  });
}
if (cells.length) {
  const places = cells.map((cell) => {
    const td = cell.parentElement;
    return [td.parentElement.rowIndex, td.cellIndex];
  });
  cells.forEach((cell, at) => {
    cell.tabIndex = at ? -1 : 0;
    cell.addEventListener("keydown", (event) => {
      const step = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] }[event.key];
      if (!step) return;
      event.preventDefault();
      let [row, column] = places[at];
      const limit = data.classes.length + 1;
      for (;;) {
        [row, column] = [row + step[0], column + step[1]];
        if (row < 1 || column < 1 || row >= limit + 1 || column >= limit + 1) return;
        const to = places.findIndex((place) => place[0] === row && place[1] === column);
        if (to < 0) continue;
        cell.tabIndex = -1;
        cells[to].tabIndex = 0;
        cells[to].focus();
        return;
      }
    });
  });
}

// Tables are sorted by a click on the head of a column; a second one turns the order.
for (const table of document.querySelectorAll("table.sortable")) {
  const heads = [...table.tHead.rows[0].cells];
  const body = table.tBodies[0];
  heads.forEach((head, column) => {
    const button = make("button", head.textContent, { type: "button" });
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const falling = head.ariaSort === "ascending" || (!head.ariaSort && column > 0);
      heads.forEach((one) => one.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", falling ? "descending" : "ascending");
      body.replaceChildren(...sorted([...body.rows], column, falling));
    });
  });
}

// Rows by the number that a cell begins with, or else by its text; cells without a number are last.
function sorted(rows, column, falling) {
  const sign = falling ? -1 : 1;
  const keyed = rows.map((row) => [row, keyOf(row.cells[column])]);
  const isNumeric = keyed.some(([, key]) => typeof key === "number");
  const compare = (a, b) => {
    if (!isNumeric) return sign * a.localeCompare(b, "en", { numeric: true });
    const [m, n] = [a, b].map((key) => typeof key === "number");
    return m && n ? sign * (a - b) : n - m;
  };
  return keyed.sort(([, a], [, b]) => compare(a, b)).map(([row]) => row);
}

function keyOf(cell) {
  const text = (cell.dataset.value ?? cell.textContent).trim();
  if (cell.matches("th")) return text;
  const plain = text.replace(/,(?=\d{3})/g, "").replace("\u2212", "-");
  const [, below, number] = plain.match(/^(?:p\s*)?([<=>]?)\s*([+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?)/) ?? [];
  return number === undefined ? text : Number(number) * (below === "<" ? 0.999 : 1);
}

// The map: the point nearest to the pointer shows its image; arrow keys walk through the errors.
const map = document.querySelector("svg.map");
if (map && data.points.length) {
  const here = document.createElementNS("http://www.w3.org/2000/svg", "circle");
  here.setAttribute("class", "here");
  here.setAttribute("r", "8");
  const wrong = data.points.filter(([, , label, predicted]) => label !== predicted);
  const walked = wrong.length ? wrong : data.points;
  let at = -1;
  const shown = (point) => {
    const [x, y, label, predicted, share, index, number, file] = point;
    here.setAttribute("cx", x);
    here.setAttribute("cy", y);
    map.append(here);
    const true_ = data.classes[label];
    const guess = label === predicted ? "correctly" : `as ${data.classes[predicted]}`;
    const sure = share < 1000 ? (share / 10).toFixed(1) : "> 99.9";
    const name = file ? `${index}, ${file}` : index;
    const words = `Test image ${name}: ${true_}, predicted ${guess} with ${sure} %`;
    const box = map.getBoundingClientRect();
    const scale = box.width / map.viewBox.baseVal.width;
    say(words, box.left + x * scale, box.top + y * scale, number < 0 ? null : picture(number));
  };
  map.addEventListener("pointermove", (event) => {
    const box = map.getBoundingClientRect();
    const scale = map.viewBox.baseVal.width / box.width;
    const [x, y] = [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
    const far = (point) => (point[0] - x) ** 2 + (point[1] - y) ** 2;
    const nearest = data.points.reduce((best, point) => (far(point) < far(best) ? point : best));
    held = null;
    if (far(nearest) < 400) shown(nearest);
    else hush();
  });
  map.addEventListener("pointerleave", hush);
  map.setAttribute("tabindex", "0");
  map.setAttribute("role", "application");
  map.addEventListener("keydown", (event) => {
    const to = next(event.key, at, walked.length);
    if (to === null) return;
    event.preventDefault();
    at = to;
    hold(() => shown(walked[at]));
  });
  map.addEventListener("blur", hush);
}

function picture(number) {
  const made = make("i", "", { className: `pic ${data.sheet}` });
  made.style.setProperty("--x", number % data.columns);
  made.style.setProperty("--y", Math.floor(number / data.columns));
  return made;
}
