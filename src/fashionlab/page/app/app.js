// The page: a picture comes in by one of five ways, every chosen model answers, and it is kept.

import * as api from "./api.js";
import { Answers } from "./answers.js";
import { Camera } from "./camera.js";
import { Gallery } from "./gallery.js";
import { clearLine, line, refused } from "./line.js";
import { find, make } from "./make.js";
import { Paper } from "./paper.js";
import { canvasOf, encoded, thumbnail } from "./pictures.js";
import { Tabs } from "./tabs.js";

const PAUSE = 350; // ms after a stroke before it is sent

const gallery = new Gallery(again, line);
const answers = new Answers(connected, (entry) => gallery.keep(entry));
const camera = new Camera(find("video"), cameraChanged);
const tabs = new Tabs(document.querySelector("[role=tablist]"), () => camera.stop());

// --- the picture that is shown ---

let turn = 0; // of the latest picture: an earlier one may take longer to be made small

// about: {kind} and what else is known; thumb: a promise of its small copy; source: see request.js
async function show(about, thumb, source) {
  turn += 1;
  const mine = turn;
  const preview = await thumb;
  if (mine !== turn) return;
  const entry = {
    preview,
    id: newId(),
    time: Date.now(),
    truth: "",
    models: [],
    answers: {},
    ...about,
  };
  showPreview(entry);
  answers.show(entry, source);
}

// A new picture clears an old message, except that the service is away.
function fresh() {
  if (answers.models.length) clearLine();
}

function newId() {
  return `${Date.now()} ${Math.random()}`;
}

let previewUrl = "";
function showPreview({ preview, truth, kind }) {
  URL.revokeObjectURL(previewUrl);
  previewUrl = URL.createObjectURL(preview);
  const picture = find("preview");
  picture.src = previewUrl;
  picture.alt = truth ? `The test image, labelled ${truth}` : "The picture that you gave";
  picture.classList.toggle("pixels", kind === "sample");
  picture.hidden = false;
  find("invitation").hidden = true;
  find("choose").textContent = "Choose another photo";
}

async function photo(file, kind = "photo") {
  if (!file) return;
  fresh();
  try {
    await show({ kind }, thumbnail(file), { file });
    if (kind === "photo") tabs.open("photo");
  } catch (error) {
    refused(error);
  }
}

function again(entry) {
  fresh();
  turn += 1;
  showPreview(entry);
  tabs.open("photo");
  answers.showAgain(entry);
}

// --- what the first model wants ---

function connected(model) {
  const garments = model.preparation === "garment";
  find("advice").textContent = garments
    ? "One garment on a plain background works best."
    : "The whole picture is looked at, so let one thing fill it.";
  find("camera-advice").textContent = garments
    ? "Lay the garment flat on a plain background and fill the frame with it."
    : "Fill the frame with one thing.";
  find("draw-advice").hidden = !garments;
  drawSamples(model.name);
}

// --- test images ---

async function drawSamples(model) {
  let samples = [];
  try {
    samples = await api.samples(model);
  } catch (error) {
    refused(error, () => drawSamples(model));
  }
  find("samples-part").hidden = samples.length === 0;
  find("samples").replaceChildren(...samples.map(sampleTile));
}

function sampleTile({ class_name: name, pixels }) {
  const picture = canvasOf(pixels);
  picture.setAttribute("aria-hidden", "true");
  const onclick = async () => {
    fresh();
    await show({ kind: "sample", truth: name }, thumbnail(picture), { pixels });
    tabs.open("photo");
  };
  const about = { type: "button", "aria-label": `Test image: ${name}`, title: name, onclick };
  return make("li", {}, make("button", about, picture));
}

// --- files, clipboard and drops ---

find("choose").addEventListener("click", () => find("file").click());
find("file").addEventListener("change", (event) => {
  photo(event.target.files[0]);
  event.target.value = ""; // the same file may be chosen again
});

document.addEventListener("paste", (event) => {
  const file = [...event.clipboardData.files].find(({ type }) => type.startsWith("image/"));
  if (file) photo(file);
  else if (!event.target.closest?.("input")) {
    line("There is no picture on the clipboard. Copy one, then paste again.");
  }
});

let depth = 0; // dragenter comes for each element on the way
function veil(deeper) {
  depth = Math.max(0, deeper);
  find("veil").hidden = depth === 0;
}
const carriesFiles = (event) => event.dataTransfer?.types.includes("Files");
addEventListener("dragenter", (event) => carriesFiles(event) && veil(depth + 1));
addEventListener("dragleave", (event) => carriesFiles(event) && veil(depth - 1));
addEventListener("dragover", (event) => event.preventDefault());
addEventListener("drop", (event) => {
  event.preventDefault();
  veil(0);
  photo(event.dataTransfer.files[0]);
});

// --- the camera ---

function cameraChanged(on) {
  for (const id of ["video", "shutter", "camera-stop"]) find(id).hidden = !on;
  for (const id of ["camera-off", "camera-start"]) find(id).hidden = on;
  if (on) find("shutter").focus();
  else if (document.activeElement === document.body) find("camera-start").focus();
}
find("camera-start").addEventListener("click", () => camera.start().then(clearLine, refused));
find("camera-stop").addEventListener("click", () => camera.stop());
find("shutter").addEventListener("click", () => {
  camera.shoot().then((shot) => photo(shot, "camera"), refused);
});
document.addEventListener("visibilitychange", () => document.hidden && camera.stop());

// --- drawing ---

let drawing = null; // the id of the drawing that goes on
let pause = 0;
const paper = new Paper(find("paper"), find("ring"), (canvas) => {
  find("undo").disabled = !paper.undoable;
  find("clear").disabled = canvas === null;
  clearTimeout(pause);
  if (canvas === null) drawing = null;
  else pause = setTimeout(() => drawn(canvas), PAUSE);
});

async function drawn(canvas) {
  if (drawing === null || answers.entry?.id !== drawing) drawing = newId();
  const id = drawing;
  const file = await encoded(canvas, "image/png");
  show({ id, kind: "drawing" }, thumbnail(canvas), { file });
}

find("tool").addEventListener("change", (event) => paper.set("tool", event.target.value));
find("size").addEventListener("change", (event) => paper.set("size", Number(event.target.value)));
find("mirror").addEventListener("change", (event) => {
  paper.set("mirror", event.target.checked);
  find("sheet").classList.toggle("mirrored", event.target.checked);
});
find("undo").addEventListener("click", () => paper.undo());
find("clear").addEventListener("click", () => {
  paper.clear();
  find("paper").focus({ preventScroll: true });
});

// --- start ---

find("privacy").textContent = api.local
  ? " It is classified here: no picture leaves this browser."
  : " It is sent to this service and kept in this browser alone.";
addEventListener("online", () => answers.models.length || answers.connect());
if (window.isSecureContext && navigator.serviceWorker) {
  // Without it the page works too, but not without the server.
  navigator.serviceWorker.register("sw.js").catch(() => {});
}
gallery.open();
answers.connect();
