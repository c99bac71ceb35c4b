// The models and their answers about the picture that is shown.

import * as api from "./api.js";
import { Card } from "./card.js";
import { Levels } from "./levels.js";
import { clearLine, refused } from "./line.js";
import { find, make } from "./make.js";
import { request } from "./request.js";
import { chosenSet } from "./promise.js";
import { inOneLine } from "./sets.js";
import { isAboutClasses, spoken } from "./words.js";

const CHOSEN = "fashionlab models";
const still = matchMedia("(prefers-reduced-motion: reduce)");

// An entry is an item of the gallery, see gallery.js.
export class Answers {
  // connected(the first model): requests are possible; answered(entry): after an answer
  constructor(connected, answered) {
    Object.assign(this, { connected, answered });
    this.models = []; // empty while the service is away
    this.chosen = new Set(); // their names
    this.entry = null; // what is shown
    this.source = null; // the picture to send: see request.js
    this.stop = new AbortController(); // ends the requests about an earlier picture
    this.cards = new Map(); // name -> Card
    this.maps = new Map(); // name -> occlusion of this picture; null while it is computed
    this.levels = new Levels(() => this.#anotherLevel());
    find("explain").addEventListener("change", () => this.explain());
    find("strength").addEventListener("input", (event) => {
      find("cards").style.setProperty("--strength", event.target.value / 100);
    });
  }

  async connect() {
    let listed;
    try {
      listed = await api.models();
    } catch (error) {
      this.models = [];
      this.#drawModels();
      refused(error, () => this.connect());
      return;
    }
    clearLine();
    this.models = listed.models;
    this.chosen = new Set(remembered().filter((name) => this.#has(name)));
    if (!this.chosen.size) this.chosen.add(listed.default);
    this.#drawModels();
    this.ask();
    this.connected(this.models.find(({ name }) => name === listed.default));
  }

  // source: the picture to send, see request.js
  show(entry, source) {
    this.stop.abort();
    this.stop = new AbortController();
    this.maps.clear();
    this.entry = entry;
    this.source = source;
    // A drawing's next stroke leaves the last answer in place until the new one comes.
    if (entry.kind !== "drawing") for (const card of this.cards.values()) card.clear();
    this.#drawCards();
    this.ask();
  }

  // An entry of the gallery, with the models that had answered it; others receive what these saw,
  // since the photo itself is not kept.
  showAgain(entry) {
    const kept = Object.keys(entry.answers).filter((name) => this.#has(name));
    if (kept.length) this.chosen = new Set(kept);
    this.show(entry, { pixels: Object.values(entry.answers)[0].seen });
    this.#drawModels();
    this.#announce();
    find("answers").focus({ preventScroll: true });
    reveal();
  }

  async ask() {
    if (!this.entry || !this.models.length) return;
    const { entry, source } = this;
    const { signal } = this.stop;
    const asked = this.#answering().filter(({ name }) => !(name in entry.answers));
    await Promise.all(asked.map((model) => this.#ask(model, entry, source, signal)));
    if (signal.aborted || !asked.some(({ name }) => name in entry.answers)) return;
    this.#announce();
    if (entry.kind !== "drawing") reveal();
    this.answered(entry);
    this.explain();
  }

  async #ask(model, entry, source, signal) {
    const { name } = model;
    this.cards.get(name).wait();
    try {
      const prediction = await request(model, source, signal);
      if (signal.aborted) return;
      entry.answers[name] = prediction;
      entry.models = [...entry.models.filter((other) => other.name !== name), facts(model)];
      this.#drawAnswer(name);
    } catch (error) {
      if (signal.aborted) return;
      this.cards.get(name)?.refuse(error.kind === "away" ? "" : error.message);
      if (error.kind === "picture") find("announce").textContent = error.message;
      else if (error.kind === "away" || error.kind === "token")
        refused(error, () => this.connect());
      else refused(error, () => this.ask());
    }
  }

  async explain() {
    const on = find("explain").checked;
    const { signal } = this.stop;
    find("strength-part").hidden = !on;
    for (const [name, card] of this.cards) {
      const prediction = this.entry?.answers[name];
      if (!prediction || signal.aborted) continue;
      if (!on) card.overlay(null);
      else if (!isAboutClasses(prediction)) card.note("It saw no class that a part could matter for.");
      else if (!this.maps.has(name)) await this.#look(name, prediction, signal);
      else if (this.maps.get(name)) card.overlay(this.maps.get(name), prediction);
    }
  }

  async #look(name, prediction, signal) {
    this.maps.set(name, null);
    this.cards.get(name).note("Hiding one part after another …");
    try {
      const map = await api.explain(name, prediction.seen, prediction.index, signal);
      if (signal.aborted) return;
      this.maps.set(name, map);
      this.#drawAnswer(name);
    } catch (error) {
      if (signal.aborted) return;
      this.maps.delete(name);
      this.cards.get(name)?.note(error.message);
    }
  }

  #has(name) {
    return this.models.some((model) => model.name === name);
  }

  // The models with a card: the chosen ones, or those of a kept picture while the service is away
  #answering() {
    if (this.models.length) return this.models.filter(({ name }) => this.chosen.has(name));
    return this.entry?.models ?? [];
  }

  #choose(name, box) {
    if (box.checked) this.chosen.add(name);
    else if (this.chosen.size > 1) this.chosen.delete(name);
    else box.checked = true; // one model must stay
    try {
      localStorage.setItem(CHOSEN, JSON.stringify([...this.chosen]));
    } catch {
      // Storage is blocked: the choice holds for this visit.
    }
    this.#drawCards();
    this.ask();
  }

  #drawModels() {
    find("controls").hidden = this.models.length === 0;
    find("models").hidden = this.models.length < 2;
    const boxes = this.models.map(({ name }) => {
      const checked = this.chosen.has(name);
      const onchange = (event) => this.#choose(name, event.target);
      const box = make("input", { type: "checkbox", value: name, checked, onchange });
      return make("label", {}, box, make("span", {}, name));
    });
    find("models").replaceChildren(make("legend", {}, "Models"), ...boxes);
    this.#drawCards();
  }

  #drawCards() {
    const shown = this.entry ? this.#answering() : [];
    for (const name of this.cards.keys()) {
      if (!shown.some((model) => model.name === name)) this.cards.delete(name);
    }
    for (const model of shown) {
      if (!this.cards.has(model.name)) this.cards.set(model.name, new Card(model));
    }
    find("cards").replaceChildren(...shown.map(({ name }) => this.cards.get(name).element));
    find("empty").hidden = this.entry !== null;
    this.levels.offer(shown);
    for (const { name } of shown) this.#drawAnswer(name);
  }

  #drawAnswer(name) {
    const card = this.cards.get(name); // none, when the model was deselected before its answer came
    const prediction = this.entry.answers[name];
    if (!card || !prediction) return;
    card.answer(prediction, this.entry.truth, this.levels);
    if (this.maps.get(name) && find("explain").checked)
      card.overlay(this.maps.get(name), prediction);
  }

  #announce() {
    const said = this.#ofEach((_, prediction) => spoken(prediction));
    find("announce").textContent = said;
    find("glimpse").textContent = this.entry.kind === "drawing" ? said : "";
  }

  #anotherLevel() {
    if (!this.entry) return;
    this.#drawCards();
    this.explain();
    find("announce").textContent = this.#ofEach((model, prediction) => {
      const set = chosenSet(model, prediction, this.levels);
      return set && inOneLine(set);
    });
  }

  // told(model, prediction): a sentence or nothing; they are joined, each after the model's name
  #ofEach(told) {
    const { answers } = this.entry;
    return this.#answering()
      .filter(({ name }) => name in answers)
      .map((model) => [model.name, told(model, answers[model.name])])
      .map(([name, sentence]) => sentence && `${name}: ${sentence}`)
      .filter(Boolean)
      .join(" ");
  }
}

// The facts that a card needs, kept with its answers
function facts({ name, class_names, accuracy, accuracy_interval, test_images, data, outliers, sets }) {
  return { name, class_names, accuracy, accuracy_interval, test_images, data, outliers, sets };
}

function remembered() {
  try {
    return JSON.parse(localStorage.getItem(CHOSEN)) ?? [];
  } catch {
    return []; // storage is blocked, or holds something else
  }
}

// The page scrolls to the answer where it is out of sight, as on a phone.
function reveal() {
  const said = document.querySelector(".said")?.getBoundingClientRect();
  if (!said || (said.top >= 0 && said.bottom <= innerHeight)) return;
  find("answers").scrollIntoView({ behavior: still.matches ? "auto" : "smooth" });
}
