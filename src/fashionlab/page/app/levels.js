// The choice of a promise: of how many prediction sets in 100 the truth is to be in.

import { LEVEL } from "./constants.js";
import { find, make } from "./make.js";
import { share } from "./sets.js";

const CHOSEN = "fashionlab set";

export class Levels {
  // changed(): after each choice
  constructor(changed) {
    this.changed = changed;
    this.level = LEVEL;
    this.byClass = false;
    this.offered = []; // levels that can be chosen now
    Object.assign(this, remembered());
    find("by-class").checked = this.byClass;
    find("by-class").addEventListener("change", ({ target }) =>
      this.#choose({ byClass: target.checked }),
    );
  }

  // Shows the levels that these models have quantiles for, or hides the choice.
  offer(models) {
    const levels = new Set(models.flatMap(({ sets }) => sets?.levels ?? []));
    const offered = [...levels].sort((a, b) => a - b);
    find("sets-part").hidden = offered.length === 0;
    if (!offered.length) return;
    if (!levels.has(this.level)) this.level = levels.has(LEVEL) ? LEVEL : offered.at(-1);
    // The boxes stay while they are the same: one of them may have the focus.
    if (String(offered) !== String(this.offered)) this.#draw(offered);
    this.offered = offered;
  }

  #draw(offered) {
    const boxes = offered.map((level) => {
      const checked = level === this.level;
      const onchange = () => this.#choose({ level });
      const box = make("input", { type: "radio", name: "level", value: level, checked, onchange });
      return make("label", {}, box, make("span", {}, share(level)));
    });
    find("levels").replaceChildren(make("legend", {}, "Sets that hold the truth"), ...boxes);
  }

  #choose(choice) {
    Object.assign(this, choice);
    try {
      const { level, byClass } = this;
      localStorage.setItem(CHOSEN, JSON.stringify({ level, byClass }));
    } catch {
      // Storage is blocked: the choice holds for this visit.
    }
    this.changed();
  }
}

function remembered() {
  try {
    const { level, byClass } = JSON.parse(localStorage.getItem(CHOSEN)) ?? {};
    return typeof level === "number" ? { level, byClass: byClass === true } : {};
  } catch {
    return {}; // storage is blocked, or holds something else
  }
}
