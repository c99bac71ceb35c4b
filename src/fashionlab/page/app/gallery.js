// The gallery: small pictures and their answers, kept in this browser alone (IndexedDB).

import { find, make } from "./make.js";
import { headline, moment, verdict } from "./words.js";

const BOUND = 60; // entries; the oldest go first
// One store for each address of the page: several may live on one server.
const NAME = `fashionlab ${new URL(".", document.baseURI).pathname}`;

// An entry: {id, time, kind, preview: Blob, truth, models: [facts], answers: {model: prediction}}
export class Gallery {
  constructor(show, trouble) {
    Object.assign(this, { show, trouble, entries: [], store: null, urls: new Map() });
    find("delete-all").addEventListener("click", () => find("delete-dialog").showModal());
    find("delete-cancel").addEventListener("click", () => find("delete-dialog").close());
    find("delete-form").addEventListener("submit", (event) => {
      event.preventDefault();
      find("delete-dialog").close();
      this.deleteAll();
    });
  }

  async open() {
    try {
      this.store = await opened();
      this.entries = (await done(this.#kept("readonly").getAll())).sort((a, b) => b.time - a.time);
    } catch {
      this.store = null;
      this.trouble(
        "This browser stores nothing for this page: the gallery lasts until you close it.",
      );
    }
    this.#draw();
  }

  // Each change is shown when it is stored, so that a reload cannot undo what was seen.

  // Puts an entry first, in place of an earlier one with its id.
  async keep(entry) {
    this.entries = [entry, ...this.entries.filter((other) => other.id !== entry.id)];
    const gone = this.entries.splice(BOUND);
    await this.#write((store) => {
      store.put(entry);
      for (const other of gone) store.delete(other.id);
    });
    this.#draw();
  }

  async delete(id) {
    const place = this.entries.findIndex((entry) => entry.id === id);
    this.entries = this.entries.filter((entry) => entry.id !== id);
    await this.#write((store) => store.delete(id));
    this.#draw();
    const tiles = find("tiles").querySelectorAll(".tile");
    (tiles[Math.min(place, tiles.length - 1)] ?? find("choose")).focus(); // not lost with the button
  }

  async deleteAll() {
    this.entries = [];
    await this.#write((store) => store.clear());
    this.#draw();
    find("choose").focus();
  }

  #kept(mode) {
    return this.store.transaction("entries", mode).objectStore("entries");
  }

  async #write(change) {
    if (!this.store) return;
    try {
      const store = this.#kept("readwrite");
      change(store);
      await committed(store.transaction);
    } catch {
      this.trouble("The gallery could not be written: this browser's storage may be full.");
    }
  }

  #draw() {
    const before = this.urls;
    this.urls = new Map(
      this.entries.map(({ id, preview }) => {
        const known = before.get(id);
        return [
          id,
          known?.preview === preview ? known : { preview, url: URL.createObjectURL(preview) },
        ];
      }),
    );
    const tiles = this.entries.map((entry) => this.#tile(entry));
    find("tiles").replaceChildren(...tiles);
    for (const [id, known] of before) {
      if (this.urls.get(id) !== known) URL.revokeObjectURL(known.url);
    }
    find("delete-all").hidden = tiles.length === 0;
    find("tried-hint").textContent = tiles.length
      ? `Kept in this browser alone, the latest ${BOUND}.`
      : "Your pictures and their answers will be kept here, in this browser alone.";
  }

  #tile(entry) {
    const first = Object.values(entry.answers)[0];
    const said = first ? headline(first) : "No answer";
    return make(
      "li",
      {},
      make(
        "button",
        { type: "button", class: "tile", onclick: () => this.show(entry) },
        make("img", {
          src: this.urls.get(entry.id).url,
          alt: "",
          class: entry.kind === "sample" && "pixels",
        }),
        make("span", { class: "caption", "data-verdict": first && verdict(first) }, said),
        make("span", { class: "time" }, moment(entry.time)),
      ),
      make("button", {
        type: "button",
        class: "remove",
        "aria-label": `Delete ${said}, ${moment(entry.time)}`,
        title: "Delete",
        onclick: () => this.delete(entry.id),
      }),
    );
  }
}

function opened() {
  const request = indexedDB.open(NAME, 1);
  request.onupgradeneeded = () => request.result.createObjectStore("entries", { keyPath: "id" });
  return done(request);
}

function done(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
    request.onblocked = () => reject(new Error("blocked"));
  });
}

function committed(transaction) {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = transaction.onerror = () => reject(transaction.error);
  });
}
