// fit: levels or colours scaled into the model's image, as images/scale.py does it: change both.

import { bytes } from "./planes.js";

// Scaled to touch both ends of one side, centred on black.
export function fit(values, h, w, H, W) {
  const scale = Math.min(H / h, W / w);
  const rows = Math.max(1, Math.floor(h * scale + 0.5));
  const columns = Math.max(1, Math.floor(w * scale + 0.5));
  const narrow = turned(lanczos(values, h, w, columns), h, columns); // (columns, h)
  const scaled = bytes(turned(lanczos(narrow, columns, h, rows), columns, rows)); // (rows, columns)
  const out = new Uint8Array(H * W);
  const [top, left] = [(H - rows) >> 1, (W - columns) >> 1];
  for (let y = 0; y < rows; y++)
    out.set(scaled.subarray(y * columns, (y + 1) * columns), (top + y) * W + left);
  return out;
}

// Each row of `length` samples becomes one of `wanted`, by Lanczos's kernel of width 3.
function lanczos(values, rows, length, wanted) {
  const sinc = (x) => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));
  const ratio = length / wanted;
  const stretch = Math.max(1, ratio);
  const out = new Float64Array(rows * wanted);
  for (let x = 0; x < wanted; x++) {
    const centre = (x + 0.5) * ratio;
    const first = Math.max(0, Math.floor(centre - 3 * stretch));
    const last = Math.min(length, Math.ceil(centre + 3 * stretch));
    const weights = [];
    for (let i = first; i < last; i++) {
      const t = (i + 0.5 - centre) / stretch;
      weights.push(Math.abs(t) < 3 ? sinc(t) * sinc(t / 3) : 0);
    }
    const total = weights.reduce((a, b) => a + b, 0);
    for (let row = 0; row < rows; row++) {
      let sum = 0;
      for (let i = first; i < last; i++) sum += weights[i - first] * values[row * length + i];
      out[row * wanted + x] = sum / total;
    }
  }
  return out;
}

function turned(values, rows, columns) {
  const out = new Float64Array(values.length);
  for (let y = 0; y < rows; y++)
    for (let x = 0; x < columns; x++) out[x * rows + y] = values[y * columns + x];
  return out;
}
