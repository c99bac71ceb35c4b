// prepare: a photo of one garment on a plain ground becomes an image like those of Fashion-MNIST.
// The same steps as portable/photo.py and portable/garment.py, where the reasons stand: change both.
// H, W: the model's image; h, w: the photo at its working size; planes are arrays of h * w.

const WORKING_SIDE = 256;
const FRACTION = 2 ** 24;
const LUMA = [0.299, 0.587, 0.114];
const CUT_OUT = 0.05;
const BRIGHTEST = 0.99;
const MARGIN = 0.15;
const NEARLY_WHITE = 240;
const RIM = 0.02;
const ROUNDS = 10;
const OTSU = 0.5;
const LEAST_DISTANCE = 8;
const LARGEST_RIM = 40;
const LEAST_SHARE = 0.004;
const LARGEST_SHARE = 0.97;
const SPECK = 0.04;
const CELLS = 64;

const INVERTED = "darker than its ground: inverted";
const NOT_INVERTED = "lighter than its ground: not inverted";
const NOTHING =
  "nothing stands out from the ground; lay one garment on a plain ground of another colour";
const UNEVEN =
  "the ground is not plain; lay one garment on a plain ground, and leave a rim around it";

// imageData: {data (RGBA, a byte each), width, height}, upright.
// Gives {pixels: Uint8Array(H * W), found, reason, notes, box: [left, top, right, bottom] or null}.
export function prepare(imageData, [H, W]) {
  const { width, height } = imageData;
  if (height === H && width === W) return asItIs(imageData);
  const prepared = look(imageData, [H, W]);
  const near = prepared.box && around(prepared.box, width, height);
  if (!near) return prepared;
  const closer = look(cropped(imageData, near), [H, W]);
  if (!closer.box) return prepared;
  return { ...closer, box: closer.box.map((at, i) => at + near[i % 2]) };
}

// The garment of a photo, as far as it is to be seen at the working size.
function look(imageData, [H, W]) {
  const { width, height } = imageData;
  const factor = Math.max(1, Math.floor(Math.max(width, height) / WORKING_SIDE));
  const photo = working(imageData, factor);
  const { grey, alpha, h, w } = photo;
  const notes = [];
  const opaque = masked(alpha, (a) => a >= 128);
  const clear = 1 - count(opaque) / (h * w);
  let mask, base;
  let why = "";
  if (clear >= CUT_OUT && clear < 1) {
    [mask, base] = [clean(opaque, h, w), NEARLY_WHITE];
    notes.push("cut out along its transparency");
  } else {
    const fitted = ground(photo);
    [mask, why] = outline(photo, fitted);
    base = mean(luma(fitted), mask);
  }
  if (why || !count(mask)) {
    const light = mean(grey) > 127 ? grey.map((g) => 255 - g) : grey;
    const pixels = fit(bytes(light), h, w, H, W);
    return { pixels, found: false, reason: why || NOTHING, notes, box: null };
  }
  const darker = mean(grey, mask) < base;
  const values = grey.map((g, i) => (darker ? 255 - g : g - (255 - alpha[i])));
  notes.push(darker ? INVERTED : NOT_INVERTED);
  const scale = 255 / Math.max(topLevel(values, mask), 1);
  const stretched = bytes(values.map((v, i) => (mask[i] ? v * scale : 0)));
  const [left, top, right, bottom] = boxOf(mask, h, w);
  const cut = new Uint8Array((right - left) * (bottom - top));
  for (let y = top; y < bottom; y++)
    cut.set(stretched.subarray(y * w + left, y * w + right), (y - top) * (right - left));
  const box = [
    left * factor,
    top * factor,
    Math.min(right * factor, width),
    Math.min(bottom * factor, height),
  ];
  const pixels = fit(cut, bottom - top, right - left, H, W);
  return { pixels, found: true, reason: "", notes, box };
}

// The part of a photo that is worth a closer look, or null where the garment is large enough.
function around([left, top, right, bottom], width, height) {
  const [side, whole] = [Math.max(right - left, bottom - top), Math.max(width, height)];
  if (side >= whole / 2 || whole < 2 * WORKING_SIDE) return null;
  const margin = Math.floor(side * MARGIN) + Math.floor(whole / WORKING_SIDE);
  return [
    Math.max(0, left - margin),
    Math.max(0, top - margin),
    Math.min(width, right + margin),
    Math.min(height, bottom + margin),
  ];
}

function cropped({ data, width }, [left, top, right, bottom]) {
  const part = new Uint8ClampedArray(4 * (right - left) * (bottom - top));
  for (let y = top; y < bottom; y++) {
    const row = data.subarray(4 * (y * width + left), 4 * (y * width + right));
    part.set(row, 4 * (y - top) * (right - left));
  }
  return { data: part, width: right - left, height: bottom - top };
}

// A picture of the model's own size is only inverted, where its rim is light.
function asItIs(imageData) {
  const { grey, h, w } = working(imageData, 1);
  let pixels = bytes(grey);
  const rim = pixels.filter((_, i) => onRim(i, h, w, 1));
  const notes = [];
  if (mean(rim) > 127) {
    pixels = pixels.map((g) => 255 - g);
    notes.push("light rim: inverted");
  }
  notes.push("already of the model's size: not scaled");
  return { pixels, found: true, reason: "", notes, box: [0, 0, w, h] };
}

// The photo over white, by its means over squares: its channels, its grey and how opaque it is.
function working({ data, width, height }, factor) {
  const [h, w] = [Math.ceil(height / factor), Math.ceil(width / factor)];
  const channels = [0, 1, 2].map(() => new Float64Array(h * w));
  const alpha = new Float64Array(h * w);
  for (let at = 0; at < h * w; at++) {
    const [top, left] = [Math.floor(at / w) * factor, (at % w) * factor];
    const [bottom, right] = [Math.min(top + factor, height), Math.min(left + factor, width)];
    let [r, g, b, a] = [0, 0, 0, 0];
    for (let y = top; y < bottom; y++) {
      const end = 4 * (y * width + right);
      for (let i = 4 * (y * width + left); i < end; i += 4) {
        const opacity = data[i + 3];
        r += premultiplied(data[i], opacity);
        g += premultiplied(data[i + 1], opacity);
        b += premultiplied(data[i + 2], opacity);
        a += opacity;
      }
    }
    const n = (bottom - top) * (right - left);
    const white = 255 - average(a, n);
    alpha[at] = 255 - white;
    channels[0][at] = average(r, n) + white;
    channels[1][at] = average(g, n) + white;
    channels[2][at] = average(b, n) + white;
  }
  return { channels, grey: luma(channels), alpha, h, w };
}

// Of n bytes, as Pillow's `reduce` divides: by a whole number of fractions.
function average(sum, n) {
  return Math.floor(((sum + (n >> 1)) * Math.floor(FRACTION / n)) / FRACTION);
}

function premultiplied(value, opacity) {
  if (opacity === 255) return value;
  const product = value * opacity + 128;
  return ((product >> 8) + product) >> 8;
}

function luma([red, green, blue]) {
  return red.map((r, i) => LUMA[0] * r + LUMA[1] * green[i] + LUMA[2] * blue[i]);
}

// A plane for each channel, fitted to the rim by least absolute deviations.
function ground({ channels, h, w }) {
  const along = (i, n) => (n > 1 ? -1 + (2 * i) / (n - 1) : -1);
  const axes = (i) => [1, along(i % w, w), along(Math.floor(i / w), h)];
  const wide = rimWidth(h, w);
  const rim = [];
  for (let i = 0; i < h * w; i++)
    if (onRim(i, h, w, wide)) rim.push({ a: axes(i), b: channels.map((c) => c[i]), weight: 1 });
  let planes; // [channel][axis]
  for (let round = 0; round < ROUNDS; round++) {
    const left = [0, 1, 2].map((j) => [0, 1, 2].map((k) => (j === k ? 1e-6 : 0)));
    const right = [0, 1, 2].map(() => [0, 0, 0]); // [axis][channel]
    for (const { a, b, weight } of rim)
      for (let j = 0; j < 3; j++)
        for (let k = 0; k < 3; k++) {
          left[j][k] += weight * a[j] * a[k];
          right[j][k] += weight * a[j] * b[k];
        }
    planes = [0, 1, 2].map((channel) => solve(left, right.map((row) => row[channel])));
    for (const pixel of rim) {
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

// The mask of the garment, and "" or the reason why none was found.
function outline({ channels: [red, green, blue], h, w }, [r, g, b]) {
  const far = red.map((v, i) => length(v - r[i], green[i] - g[i], blue[i] - b[i]));
  const wide = rimWidth(h, w);
  const uneven = median(far.filter((_, i) => onRim(i, h, w, wide)));
  if (uneven > LARGEST_RIM) return [new Uint8Array(h * w), UNEVEN];
  const threshold = Math.max(OTSU * otsu(far), 3 * uneven + LEAST_DISTANCE);
  const mask = clean(masked(far, (v) => v > threshold), h, w);
  const share = count(mask) / (h * w);
  if (share < LEAST_SHARE) return [mask, NOTHING];
  return [mask, share > LARGEST_SHARE ? UNEVEN : ""];
}

// Without specks: pixels that most of their neighbours are not like, and small parts apart.
function clean(mask, h, w) {
  let kept = mask;
  if (Math.min(h, w) >= CELLS) {
    const inside = (i, n) => Math.min(n - 1, Math.max(0, i)); // the rim's neighbours are itself
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

// Scaled to touch both ends of one side, centred on black.
function fit(values, h, w, H, W) {
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

// The grey level that a share of BRIGHTEST of the garment's pixels does not exceed.
function topLevel(values, mask) {
  const counts = new Float64Array(256);
  bytes(values).forEach((level, i) => (counts[level] += mask[i]));
  const wanted = BRIGHTEST * count(mask);
  let [seen, level] = [counts[0], 0];
  while (seen < wanted) seen += counts[++level];
  return level;
}

function boxOf(mask, h, w) {
  let [left, top, right, bottom] = [w, h, 0, 0];
  mask.forEach((inMask, i) => {
    if (!inMask) return;
    const [y, x] = [Math.floor(i / w), i % w];
    [left, right] = [Math.min(left, x), Math.max(right, x + 1)];
    [top, bottom] = [Math.min(top, y), Math.max(bottom, y + 1)];
  });
  return [left, top, right, bottom];
}

function rimWidth(h, w) {
  return Math.max(1, Math.floor(RIM * Math.min(h, w) + 0.5));
}

function onRim(i, h, w, wide) {
  const y = Math.floor(i / w);
  const x = i % w;
  return y < wide || y >= h - wide || x < wide || x >= w - wide;
}

// 1 where it is true of a value, else 0.
function masked(values, isTrue) {
  const mask = new Uint8Array(values.length);
  for (let i = 0; i < values.length; i++) mask[i] = isTrue(values[i]) ? 1 : 0;
  return mask;
}

function count(mask) {
  return mask.reduce((n, inMask) => n + inMask, 0);
}

// Of all, or of those in the mask; 0 where there are none.
function mean(values, mask) {
  let sum = 0;
  let n = 0;
  for (let i = 0; i < values.length; i++) {
    if (mask && !mask[i]) continue;
    sum += values[i];
    n++;
  }
  return n ? sum / n : 0;
}

function median(values) {
  const sorted = Float64Array.from(values).sort();
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

function bytes(values) {
  const rounded = new Uint8ClampedArray(values.length);
  for (let i = 0; i < values.length; i++) rounded[i] = Math.floor(values[i] + 0.5);
  return new Uint8Array(rounded.buffer);
}
