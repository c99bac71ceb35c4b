// Drawing in white on black, as the garments of the data set are: by mouse, pen, finger or keyboard.

const UNDO_STEPS = 30; // strokes that undo remembers, 0.3 MB each
const KEY_STEP = 10; // a press of an arrow, in the paper's pixels; a tenth of it with Shift

export class Paper {
  // changed(canvas or null): after each stroke, null when the paper is blank again
  constructor(canvas, ring, changed) {
    Object.assign(this, { canvas, ring, changed });
    this.context = canvas.getContext("2d", { willReadFrequently: true });
    this.tool = "brush";
    this.size = 18;
    this.mirror = false;
    this.past = [];
    this.at = { x: canvas.width / 2, y: canvas.height / 2 };
    this.down = false; // the keyboard's pen
    this.stroke = null; // the pointer that draws
    this.#blank();
    this.#listenToPointers();
    this.#listenToKeys();
  }

  set(property, value) {
    this[property] = value;
    this.#showRing();
  }

  undo() {
    const image = this.past.pop();
    if (!image) return;
    this.context.putImageData(image, 0, 0);
    this.#tell();
  }

  clear() {
    if (this.blank) return;
    this.#remember();
    this.#blank();
    this.#tell();
  }

  get blank() {
    const { data } = this.context.getImageData(0, 0, this.canvas.width, this.canvas.height);
    return data.every((value, i) => i % 4 === 3 || value === 0);
  }

  get undoable() {
    return this.past.length > 0;
  }

  #blank() {
    this.context.fillStyle = "black";
    this.context.fillRect(0, 0, this.canvas.width, this.canvas.height);
  }

  #tell() {
    this.changed(this.blank ? null : this.canvas);
  }

  #remember() {
    this.past.push(this.context.getImageData(0, 0, this.canvas.width, this.canvas.height));
    if (this.past.length > UNDO_STEPS) this.past.shift();
  }

  #mark(from, to) {
    const sides = this.mirror ? [(x) => x, (x) => this.canvas.width - x] : [(x) => x];
    for (const side of sides) {
      if (this.tool === "fill") {
        this.#fill(Math.floor(side(to.x)), Math.floor(to.y));
        continue;
      }
      this.context.strokeStyle = this.tool === "eraser" ? "black" : "white";
      this.context.lineWidth = this.size;
      this.context.lineCap = this.context.lineJoin = "round";
      this.context.beginPath();
      this.context.moveTo(side(from.x), from.y);
      this.context.lineTo(side(to.x) + 0.01, to.y); // a line without length draws no dot
      this.context.stroke();
    }
  }

  // Paints what is dark and connected; the soft edges of strokes go with it.
  #fill(x, y) {
    const { width, height } = this.canvas;
    const image = this.context.getImageData(0, 0, width, height);
    const words = new Uint32Array(image.data.buffer);
    const dark = (i) => image.data[4 * i] < 128;
    const white = 0xffffffff;
    const start =
      Math.min(height - 1, Math.max(0, y)) * width + Math.min(width - 1, Math.max(0, x));
    if (!dark(start)) return;
    const waiting = [start];
    words[start] = white;
    while (waiting.length) {
      const i = waiting.pop();
      const column = i % width;
      for (const next of [column > 0 && i - 1, column < width - 1 && i + 1, i - width, i + width]) {
        if (next === false || next < 0 || next >= words.length || !dark(next)) continue;
        words[next] = white;
        waiting.push(next);
      }
    }
    this.context.putImageData(image, 0, 0);
  }

  #place(event) {
    const box = this.canvas.getBoundingClientRect();
    return {
      x: ((event.clientX - box.left) / box.width) * this.canvas.width,
      y: ((event.clientY - box.top) / box.height) * this.canvas.height,
    };
  }

  #listenToPointers() {
    const { canvas } = this;
    canvas.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || this.stroke !== null) return;
      canvas.setPointerCapture(event.pointerId);
      this.stroke = event.pointerId;
      this.#remember();
      this.at = this.#place(event);
      this.#mark(this.at, this.at);
    });
    canvas.addEventListener("pointermove", (event) => {
      const drawing = event.pointerId === this.stroke && this.tool !== "fill";
      const events = event.getCoalescedEvents?.() ?? [];
      for (const each of events.length ? events : [event]) {
        const to = this.#place(each);
        if (drawing) this.#mark(this.at, to);
        this.at = to;
      }
      this.#showRing(event.pointerType !== "touch");
    });
    for (const kind of ["pointerup", "pointercancel"]) {
      canvas.addEventListener(kind, (event) => {
        if (event.pointerId !== this.stroke) return;
        this.stroke = null;
        this.#tell();
      });
    }
    canvas.addEventListener(
      "pointerleave",
      () => (this.ring.hidden = document.activeElement !== canvas),
    );
  }

  #listenToKeys() {
    const arrows = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    this.canvas.addEventListener("keydown", (event) => {
      const undo = event.key === "z" && (event.ctrlKey || event.metaKey);
      if (undo) this.undo();
      else if (event.key === " ") this.#pen();
      else if (event.key === "Escape" && this.down) this.#lift();
      else if (arrows[event.key] && !event.ctrlKey && !event.metaKey && !event.altKey) {
        this.#walk(arrows[event.key], event.shiftKey ? KEY_STEP / 10 : KEY_STEP);
      } else return;
      event.preventDefault(); // the page does not scroll
    });
    this.canvas.addEventListener("focus", () =>
      this.#showRing(this.canvas.matches(":focus-visible")),
    );
    this.canvas.addEventListener("blur", () => {
      this.#lift();
      this.ring.hidden = true;
    });
  }

  #pen() {
    if (this.down) {
      this.#lift();
      return;
    }
    this.#remember();
    this.#mark(this.at, this.at);
    this.down = this.tool !== "fill";
    if (!this.down) this.#tell();
    this.#showRing(true);
  }

  #lift() {
    if (!this.down) return;
    this.down = false;
    this.#showRing();
    this.#tell();
  }

  #walk([right, lower], step) {
    const to = {
      x: Math.min(this.canvas.width, Math.max(0, this.at.x + right * step)),
      y: Math.min(this.canvas.height, Math.max(0, this.at.y + lower * step)),
    };
    if (this.down) this.#mark(this.at, to);
    this.at = to;
    this.#showRing(true);
  }

  #showRing(visible = !this.ring.hidden) {
    const scale = this.canvas.clientWidth / this.canvas.width;
    const size = (this.tool === "fill" ? 8 : this.size) * scale;
    this.ring.hidden = !visible;
    this.ring.classList.toggle("down", this.down);
    this.ring.style.width = this.ring.style.height = `${size}px`;
    this.ring.style.transform = `translate(${this.at.x * scale - size / 2}px, ${this.at.y * scale - size / 2}px)`;
  }
}
