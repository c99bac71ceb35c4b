// One model's answer: in words, as bars, and over the picture that it saw.

import { make } from "./make.js";
import { canvasOf, heat } from "./pictures.js";
import { headline, mattered, sentence, tenths, trust } from "./words.js";

const SHOWN = 5; // classes with a bar at once; the others are one press away

export class Card {
  constructor(model) {
    this.model = model;
    this.said = make("p", { class: "said" });
    this.why = make("p", { class: "why" });
    this.looked = make("div", { class: "seen" });
    this.saw = make("p", { class: "saw" });
    this.bars = make("div", { class: "bars" });
    this.text = make("p", { class: "mattered-text" });
    this.notes = make("p", { class: "notes" });
    this.element = make(
      "article",
      { class: "card", "aria-label": `Answer of ${model.name}` },
      make("header", {}, make("h3", {}, model.name), this.#facts()),
      this.said,
      this.why,
      make("div", { class: "side" }, make("div", {}, this.looked, this.saw), this.bars),
      this.text,
      this.notes,
    );
    this.clear();
  }

  #facts() {
    const report = this.model.report?.replace(/^\//, ""); // relative: works under any path
    return make(
      "p",
      { class: "trust" },
      this.model.accuracy === undefined ? "" : `${trust(this.model)}. `,
      report ? make("a", { href: report }, "Its report") : null,
    );
  }

  clear() {
    this.element.classList.remove("waiting", "filled");
    for (const part of [this.said, this.why, this.looked, this.bars, this.text, this.notes]) {
      part.replaceChildren();
    }
    this.said.classList.remove("none");
  }

  wait() {
    this.element.classList.add("waiting");
    if (!this.said.textContent) this.said.textContent = "Looking …";
  }

  refuse(sentence) {
    this.clear();
    this.said.textContent = "No answer";
    this.said.classList.add("none");
    this.why.textContent = sentence;
  }

  // truth: the name of the class that a test image is labelled with, "" for anything else
  answer(prediction, truth = "") {
    const open = this.bars.querySelector("details")?.open ?? false;
    this.clear();
    this.element.classList.add("filled");
    this.said.textContent = headline(prediction);
    this.said.classList.toggle("none", !prediction.known);
    const because = prediction.known
      ? ""
      : `${sentence(prediction.reason)} Nearest: ${prediction.class_name}, ${tenths(prediction.probability)}.`;
    const label = truth && `Labelled “${truth}”.`;
    this.why.textContent = [because, label].filter(Boolean).join(" ");
    const picture = canvasOf(prediction.seen);
    picture.setAttribute("role", "img");
    picture.setAttribute(
      "aria-label",
      `The ${picture.width} by ${picture.height} picture that ${this.model.name} saw`,
    );
    this.looked.replaceChildren(picture);
    this.saw.textContent = `What it saw: ${picture.width} × ${picture.height} pixels`;
    this.#draw(Object.entries(prediction.probabilities), open);
    this.notes.textContent = prediction.notes?.length
      ? `Before looking: ${prediction.notes.join("; ")}.`
      : "";
  }

  #draw(probabilities, open) {
    const row = ([name, p]) => {
      const bar = make("i", { "aria-hidden": "true" });
      bar.style.setProperty("--share", p); // by the style object: the policy allows no attribute
      return make(
        "li",
        {},
        make("span", { class: "name" }, name),
        make("span", { class: "value" }, tenths(p)),
        bar,
      );
    };
    const list = (part) =>
      make("ul", { "aria-label": `Probabilities by ${this.model.name}` }, ...part.map(row));
    this.bars.append(list(probabilities.slice(0, SHOWN)));
    const others = probabilities.slice(SHOWN);
    if (others.length) {
      this.bars.append(
        make("details", { open }, make("summary", {}, `${others.length} more`), list(others)),
      );
    }
  }

  // map: rows of falls in probability; null takes the overlay away
  overlay(map, prediction) {
    this.looked.querySelector(".heat")?.remove();
    this.text.textContent = "";
    if (!map) return;
    const canvas = heat(map);
    canvas.className = "heat";
    canvas.setAttribute("aria-hidden", "true"); // the sentence below describes it
    this.looked.append(canvas);
    this.text.textContent = mattered(map, prediction);
  }

  note(sentence) {
    this.text.textContent = sentence;
  }
}
