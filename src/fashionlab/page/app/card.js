// One model's answer: in words, as a set, as bars, and over the picture that it saw.

import { bars } from "./bars.js";
import { make } from "./make.js";
import { canvasOf, heat } from "./pictures.js";
import { scale } from "./scale.js";
import { chosenSet, lines } from "./promise.js";
import { because, headline, mattered, trust, verdict } from "./words.js";

export class Card {
  constructor(model) {
    this.model = model;
    this.said = make("p", { class: "said" });
    this.why = make("p", { class: "why" });
    this.scale = make("div", {});
    this.set = make("div", { class: "set" });
    this.looked = make("div", { class: "seen" });
    this.saw = make("p", { class: "saw" });
    this.bars = make("div", { class: "bars" });
    this.text = make("p", { class: "mattered-text" });
    this.notes = make("p", { class: "notes" });
    this.element = make(
      "article",
      { class: "card", "aria-label": `Answer of ${model.name}` },
      make("header", {}, make("h3", {}, model.name), this.#facts()),
      make("div", { class: "verdict" }, this.said, this.why, this.scale),
      this.set,
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
    this.shown = null;
    delete this.element.dataset.verdict;
    this.element.classList.remove("waiting", "filled");
    for (const part of ["said", "why", "scale", "set", "looked", "bars", "text", "notes"]) {
      this[part].replaceChildren();
    }
  }

  wait() {
    this.element.classList.add("waiting");
    if (!this.said.textContent) this.said.textContent = "Looking …";
  }

  refuse(sentence) {
    this.clear();
    this.element.dataset.verdict = "refused";
    this.said.textContent = "No answer";
    this.why.textContent = sentence;
  }

  // truth: the name of the class that a test image is labelled with, "" for anything else;
  // promise: {level, byClass} of the set
  answer(prediction, truth, promise) {
    const open = this.#open(prediction);
    this.clear();
    this.shown = prediction;
    this.element.classList.add("filled");
    this.element.dataset.verdict = verdict(prediction);
    this.said.textContent = headline(prediction);
    const label = truth && `Labelled “${truth}”.`;
    this.why.textContent = [because(prediction), label].filter(Boolean).join(" ");
    const { outliers } = this.model;
    if (verdict(prediction) === "none_of_these" && outliers)
      this.scale.append(scale(prediction.score, outliers.threshold));
    const set = chosenSet(this.model, prediction, promise);
    if (set) this.set.append(...lines(set, this.model, open.set));
    const picture = canvasOf(prediction.seen);
    picture.setAttribute("role", "img");
    picture.setAttribute(
      "aria-label",
      `The ${picture.width} by ${picture.height} picture that ${this.model.name} saw`,
    );
    this.looked.replaceChildren(picture);
    this.saw.textContent = `What it saw: ${picture.width} × ${picture.height} pixels`;
    this.bars.append(...bars(prediction, this.model.name, open));
    this.notes.textContent = prediction.notes?.length
      ? `Before looking: ${prediction.notes.join("; ")}.`
      : "";
  }

  // What a person has opened, and is to stay open; the folded bars only of the same answer
  #open(prediction) {
    const isOpen = (selector) => this.element.querySelector(selector)?.open ?? false;
    return {
      set: isOpen(".set details"),
      more: isOpen(".more"),
      folded: prediction === this.shown && isOpen(".folded"),
    };
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
