// The foreground mask: what differs from a plain background, without specks.
// As images/segment.py, which gives the reasons: change both.
// h, w: the photo at its working size; planes are arrays of h * w.

import {
  BORDER,
  CELLS,
  LARGEST_SHARE,
  LARGEST_UNEVENNESS,
  LEAST_DISTANCE,
  LEAST_SHARE,
  NOTHING,
  OTSU,
  ROUNDS,
  SPECK,
  UNEVEN,
} from "./constants.js";
import { count, masked, median, onBorder } from "./planes.js";

// A plane for each channel, fitted to the border by least absolute deviations.
export function background({ channels, h, w }) {
  const along = (i, n) => (n > 1 ? -1 + (2 * i) / (n - 1) : -1);
  const axes = (i) => [1, along(i % w, w), along(Math.floor(i / w), h)];
  const wide = borderWidth(h, w);
  const border = [];
  for (let i = 0; i < h * w; i++)
    if (onBorder(i, h, w, wide)) border.push({ a: axes(i), b: channels.map((c) => c[i]), weight: 1 });
  let planes; // [channel][axis]
  for (let round = 0; round < ROUNDS; round++) {
    const left = [0, 1, 2].map((j) => [0, 1, 2].map((k) => (j === k ? 1e-6 : 0)));
    const right = [0, 1, 2].map(() => [0, 0, 0]); // [axis][channel]
    for (const { a, b, weight } of border)
      for (let j = 0; j < 3; j++)
        for (let k = 0; k < 3; k++) {
          left[j][k] += weight * a[j] * a[k];
          right[j][k] += weight * a[j] * b[k];
        }
    planes = [0, 1, 2].map((channel) => solve(left, right.map((row) => row[channel])));
    for (const pixel of border) {
      const [r, g, b] = planes;
      const { a } = pixel;
      const off = length(pixel.b[0] - dot(r, a), pixel.b[1] - dot(g, a), pixel.b[2] - dot(b, a));
      pixel.weight = 1 / Math.max(off, 1);
    }
  }
  return planes.map(([constant, x, y]) => {
    const plane = new Float64Array(h * w);
    for (let i = 0; i < h * w; i++) {
      const value = constant + x * along(i % w, w) + y * along(Math.floor(i / w), h);
      plane[i] = Math.min(255, Math.max(0, value));
    }
    return plane;
  });
}

// The mask of the garment, and "" or the reason why none was found.
export function foreground({ channels: [red, green, blue], h, w }, [r, g, b]) {
  const far = red.map((v, i) => length(v - r[i], green[i] - g[i], blue[i] - b[i]));
  const wide = borderWidth(h, w);
  const uneven = median(far.filter((_, i) => onBorder(i, h, w, wide)));
  if (uneven > LARGEST_UNEVENNESS) return [new Uint8Array(h * w), UNEVEN];
  const threshold = Math.max(OTSU * otsu(far), 3 * uneven + LEAST_DISTANCE);
  const mask = clean(masked(far, (v) => v > threshold), h, w);
  const share = count(mask) / (h * w);
  if (share < LEAST_SHARE) return [mask, NOTHING];
  return [mask, share > LARGEST_SHARE ? UNEVEN : ""];
}

// Without specks: pixels that most of their neighbours are not like, and small parts apart.
export function clean(mask, h, w) {
  let kept = mask;
  if (Math.min(h, w) >= CELLS) {
    const inside = (i, n) => Math.min(n - 1, Math.max(0, i)); // a pixel of the border is its own neighbour
    const across = (i) => {
      const [x, row] = [i % w, i - (i % w)];
      return mask[row + inside(x - 1, w)] + mask[i] + mask[row + inside(x + 1, w)];
    };
    const sums = mask.map((_, i) => across(i));
    kept = mask.map((_, i) => {
      const [x, y] = [i % w, Math.floor(i / w)];
      return sums[inside(y - 1, h) * w + x] + sums[i] + sums[inside(y + 1, h) * w + x] >= 5;
    });
  }
  const large = largeParts(kept, h, w);
  return kept.map((inMask, i) => inMask && large(i));
}

// index -> whether it is in a cell of a coarse grid that belongs to a part that is no speck.
function largeParts(mask, h, w) {
  const side = Math.ceil(Math.max(h, w) / CELLS);
  const [rows, columns] = [Math.ceil(h / side), Math.ceil(w / side)];
  const cell = (i) => Math.floor(Math.floor(i / w) / side) * columns + Math.floor((i % w) / side);
  const counts = new Int32Array(rows * columns);
  mask.forEach((inMask, i) => (counts[cell(i)] += inMask));
  const part = new Int32Array(rows * columns); // the number of each cell's part, from 1
  const sizes = [0];
  for (let start = 0; start < counts.length; start++) {
    if (!counts[start] || part[start]) continue;
    const stack = [start];
    part[start] = sizes.push(0) - 1;
    while (stack.length) {
      const here = stack.pop();
      sizes[part[start]] += counts[here];
      const [y, x] = [Math.floor(here / columns), here % columns];
      for (let j = Math.max(0, y - 1); j <= Math.min(rows - 1, y + 1); j++)
        for (let k = Math.max(0, x - 1); k <= Math.min(columns - 1, x + 1); k++) {
          const near = j * columns + k;
          if (!counts[near] || part[near]) continue;
          part[near] = part[start];
          stack.push(near);
        }
    }
  }
  const least = SPECK * Math.max(...sizes);
  return (i) => part[cell(i)] > 0 && sizes[part[cell(i)]] >= least;
}

// The level that splits the distances into two groups with the most variance between them.
function otsu(far) {
  const counts = new Float64Array(256);
  for (const v of far) counts[Math.floor(Math.min(v, 255))]++;
  let [total, moment] = [0, 0];
  counts.forEach((n, level) => ([total, moment] = [total + n, moment + n * level]));
  let [below, low, best, found] = [0, 0, 0, 0];
  for (let level = 0; level < 256; level++) {
    below += counts[level];
    low += counts[level] * level;
    const above = total - below;
    if (!below || !above) continue;
    const between = below * above * (low / below - (moment - low) / above) ** 2;
    if (between > best) [best, found] = [between, level];
  }
  return found;
}

// x with matrix * x = right, for three unknowns (Cramer's rule).
function solve(matrix, right) {
  const whole = determinant(matrix);
  return [0, 1, 2].map((column) => {
    const other = matrix.map((row, j) => row.map((v, k) => (k === column ? right[j] : v)));
    return determinant(other) / whole;
  });
}

function determinant([[a, b, c], [d, e, f], [g, h, i]]) {
  return a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g);
}

function length(x, y, z) {
  return Math.sqrt(x * x + y * y + z * z);
}

function dot(a, b) {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

function borderWidth(h, w) {
  return Math.max(1, Math.floor(BORDER * Math.min(h, w) + 0.5));
}
