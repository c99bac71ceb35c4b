// Between files, canvases and rows of pixels.

import { MEDIA_TYPES } from "./constants.js";
import { Refusal } from "./refusal.js";

const SMALLER = 2000; // pixels on the longer side of a picture that had to be made smaller
const SMALL = 320; // pixels on the longer side of a picture in the gallery

// rows of 0..255, or of [red, green, blue] -> a canvas of as many pixels
export function canvasOf(rows) {
  const colour = (pixel) => (Array.isArray(pixel) ? pixel : [pixel, pixel, pixel]);
  return painted(rows, (pixel) => [...colour(pixel), 255]);
}

// rows of falls in probability -> a canvas: the colour of warmth, the more opaque the larger
export function heat(rows) {
  const largest = Math.max(0.01, ...rows.map((row) => Math.max(...row)));
  return painted(rows, (value) => [255, 106, 20, Math.round(255 * Math.max(0, value / largest))]);
}

function painted(rows, colour) {
  const canvas = sized(rows[0].length, rows.length);
  const context = canvas.getContext("2d");
  const image = context.createImageData(canvas.width, canvas.height);
  image.data.set(rows.flat().flatMap(colour));
  context.putImageData(image, 0, 0);
  return canvas;
}

export function sized(width, height) {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  return canvas;
}

export async function decoded(blob, options = {}) {
  try {
    return await createImageBitmap(blob, options); // upright: a photo's orientation is applied
  } catch {
    throw new Refusal("picture", "This file cannot be read as a picture. Use a PNG, JPEG or WebP.");
  }
}

// A file as it can be sent: {blob, notes}; formats that only the browser reads become PNG
export async function sendable(file) {
  if (MEDIA_TYPES.includes(file.type)) return { blob: file, notes: [] };
  const { blob } = await smaller(file);
  const kind = file.type.replace("image/", "").toUpperCase();
  return {
    blob,
    notes: [
      kind ? `turned from ${kind} into PNG in the browser` : "turned into PNG in the browser",
    ],
  };
}

// {blob, notes}: at most 2,000 pixels on the longer side
export async function smaller(blob) {
  const bitmap = await decoded(blob);
  const canvas = fitted(bitmap, SMALLER);
  const before = `${count(bitmap.width)} × ${count(bitmap.height)}`;
  const after = `${count(canvas.width)} × ${count(canvas.height)}`;
  bitmap.close();
  const type = blob.type === "image/jpeg" ? "image/jpeg" : "image/png";
  return {
    blob: await encoded(canvas, type),
    notes: [`made smaller in the browser, from ${before} to ${after} pixels`],
  };
}

// A small copy for the gallery and the preview
export async function thumbnail(source) {
  if (!(source instanceof Blob)) return encoded(fitted(source, SMALL), "image/png");
  const bitmap = await decoded(source);
  const canvas = fitted(bitmap, SMALL);
  bitmap.close();
  return encoded(canvas, "image/webp");
}

export function encoded(canvas, type) {
  return new Promise((resolve, reject) => {
    canvas.toBlob(
      (blob) =>
        blob
          ? resolve(blob)
          : reject(new Refusal("picture", "This picture is too large for this browser.")),
      type,
      0.9,
    );
  });
}

function fitted(source, longest) {
  const scale = Math.min(1, longest / Math.max(source.width, source.height));
  const canvas = sized(
    Math.max(1, Math.round(source.width * scale)),
    Math.max(1, Math.round(source.height * scale)),
  );
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.drawImage(source, 0, 0, canvas.width, canvas.height);
  return canvas;
}

function count(n) {
  return n.toLocaleString("en");
}
