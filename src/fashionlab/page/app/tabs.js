// Tabs by the pattern that keyboards and screen readers know: arrows, Home and End move between them.

import { find } from "./make.js";

export class Tabs {
  // left(): called whenever another tab is opened
  constructor(list, left) {
    this.tabs = [...list.querySelectorAll("[role=tab]")];
    this.left = left;
    for (const tab of this.tabs) tab.addEventListener("click", () => this.open(panel(tab)));
    list.addEventListener("keydown", (event) => this.#key(event));
  }

  open(id) {
    const chosen = this.tabs.find((tab) => panel(tab) === id);
    if (chosen.ariaSelected === "true") return;
    for (const tab of this.tabs) {
      tab.ariaSelected = String(tab === chosen);
      tab.tabIndex = tab === chosen ? 0 : -1;
      find(panel(tab)).hidden = tab !== chosen;
    }
    this.left();
  }

  #key(event) {
    const at = this.tabs.indexOf(event.target);
    const last = this.tabs.length - 1;
    const to = {
      ArrowLeft: at ? at - 1 : last,
      ArrowRight: at < last ? at + 1 : 0,
      Home: 0,
      End: last,
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    this.open(panel(this.tabs[to]));
    this.tabs[to].focus();
  }
}

function panel(tab) {
  return tab.getAttribute("aria-controls");
}
