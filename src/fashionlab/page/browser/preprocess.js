// prepare: a photo becomes an image that a model takes, by "fit" (the whole of it, grey or in colour)
// or "garment" (found on a plain background, cut out, light on black; grey). The same steps as images/preprocess.py, which gives the reasons: change both.
// H, W: the model's image; h, w: the photo at its working size; planes are arrays of h * w.

import {
  BRIGHTEST,
  CUT,
  CUT_OUT,
  GREYED,
  INVERTED,
  LARGEST_WORKING_SIDE,
  LIGHT_BORDER,
  LUMA,
  MARGIN,
  NEARLY_WHITE,
  NOT_INVERTED,
  NOT_SCALED,
  NOTHING,
  ON_WHITE,
  WHOLE,
  WORKING_SIDE,
} from "./constants.js";
import { fit } from "./fit.js";
import { boxOf, bytes, count, masked, mean, onBorder } from "./planes.js";
import { background, clean, foreground } from "./segment.js";

const FRACTION = 2 ** 24;

// imageData: {data (RGBA, a byte each), width, height}, upright.
// shape: [H, W], or [H, W, 3] in colour; preparation: "fit" or "garment".
// Gives {pixels: Uint8Array(H * W [* 3]), found, reason, notes, box: [left, top, right, bottom] or
// null}.
export function prepare(imageData, shape, preparation) {
  return preparation === "fit" ? whole(imageData, shape) : garment(imageData, shape);
}

function whole(imageData, [H, W, ...colours]) {
  const { width, height } = imageData;
  const side = Math.max(WORKING_SIDE, Math.min(2 * Math.max(H, W), LARGEST_WORKING_SIDE));
  const { channels, grey, alpha, h, w } = working(imageData, factorOf(imageData, side));
  const [red, green, blue] = channels;
  const notes = [];
  if (alpha.some((a) => a < 255)) notes.push(ON_WHITE);
  if (!colours.length && red.some((r, i) => r !== green[i] || r !== blue[i])) notes.push(GREYED);
  notes.push(height === H && width === W ? NOT_SCALED : WHOLE);
  const planes = (colours.length ? channels : [grey]).map((plane) => fit(plane, h, w, H, W));
  const pixels = new Uint8Array(planes.length * H * W);
  planes.forEach((plane, c) => plane.forEach((v, at) => (pixels[planes.length * at + c] = v)));
  return { pixels, found: true, reason: "", notes, box: [0, 0, width, height] };
}

function garment(imageData, [H, W]) {
  const { width, height } = imageData;
  if (height === H && width === W) return asItIs(imageData);
  const prepared = look(imageData, [H, W]);
  const near = prepared.box && around(prepared.box, width, height);
  if (!near) return prepared;
  const closer = look(cropped(imageData, near), [H, W]);
  if (!closer.box) return prepared;
  return { ...closer, box: closer.box.map((at, i) => at + near[i % 2]) };
}

// The garment of a photo, as far as the working size shows it.
function look(imageData, [H, W]) {
  const { width, height } = imageData;
  const factor = factorOf(imageData, WORKING_SIDE);
  const photo = working(imageData, factor);
  const { grey, alpha, h, w } = photo;
  const notes = [];
  const opaque = masked(alpha, (a) => a >= 128);
  const clear = 1 - count(opaque) / (h * w);
  let mask, base;
  let why = "";
  if (clear >= CUT_OUT && clear < 1) {
    [mask, base] = [clean(opaque, h, w), NEARLY_WHITE];
    notes.push(CUT);
  } else {
    const fitted = background(photo);
    [mask, why] = foreground(photo, fitted);
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

// The part of a photo to look at more closely, or null where the garment is large enough.
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

// A picture of the model's own size is only inverted, where its border is light.
function asItIs(imageData) {
  const { grey, h, w } = working(imageData, 1);
  let pixels = bytes(grey);
  const border = pixels.filter((_, i) => onBorder(i, h, w, 1));
  const notes = [];
  if (mean(border) > 127) {
    pixels = pixels.map((g) => 255 - g);
    notes.push(LIGHT_BORDER);
  }
  notes.push(NOT_SCALED);
  return { pixels, found: true, reason: "", notes, box: [0, 0, w, h] };
}

// By how much to reduce a photo whose longer side is above `side`, to no less.
function factorOf({ width, height }, side) {
  return Math.max(1, Math.floor(Math.max(width, height) / side));
}

// The photo over white, by its means over squares: its channels, its grey and its alpha.
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

// The grey level that a share of BRIGHTEST of the garment's pixels does not exceed.
function topLevel(values, mask) {
  const counts = new Float64Array(256);
  bytes(values).forEach((level, i) => (counts[level] += mask[i]));
  const wanted = BRIGHTEST * count(mask);
  let [seen, level] = [counts[0], 0];
  while (seen < wanted) seen += counts[++level];
  return level;
}
