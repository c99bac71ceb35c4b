// A request: one picture to one model, in the form that it takes, and again when it is busy.

import * as api from "./api.js";
import { LARGEST_BYTES } from "./constants.js";
import { canvasOf, encoded, sendable, smaller } from "./pictures.js";
import { line } from "./line.js";

const TRIES = 3;
const LONGEST = 10; // seconds that a busy service may make us wait
const SUSPECT = 4e6; // bytes: an upload that broke off may have been refused for its size

// source: {file: Blob} or {pixels: rows, see pictures.js}, sent to several models; its converted
// form is kept in it, so that it is converted once.
export async function request(model, source, signal) {
  for (let tried = 1; ; tried += 1) {
    try {
      return await once(model, source, signal);
    } catch (error) {
      if (error.kind !== "busy" || tried === TRIES) throw error;
      const seconds = Math.min(LONGEST, error.seconds);
      line(
        `The service is busy. Trying again in ${seconds === 1 ? "a second" : `${seconds} seconds`} …`,
      );
      await pause(seconds, signal);
      line("");
    }
  }
}

async function once(model, source, signal) {
  if (source.pixels) {
    const [height, width, ...colours] = model.image_shape;
    const [row] = source.pixels;
    const inColour = Array.isArray(row[0]);
    const fits = source.pixels.length === height && row.length === width;
    if (fits && inColour === colours.length > 0) return api.predict(model.name, { pixels: source.pixels }, signal);
    source.file ??= await encoded(canvasOf(source.pixels), "image/png");
  }
  source.sent ??= source.file.size > LARGEST_BYTES ? smaller(source.file) : sendable(source.file);
  const first = source.sent;
  const { blob, notes } = await first;
  try {
    return noted(await api.predict(model.name, blob, signal), notes);
  } catch (error) {
    const tooLarge = error.kind === "large" || (error.kind === "away" && blob.size > SUSPECT);
    if (!tooLarge || notes.length) throw error;
    if (source.sent === first) source.sent = smaller(source.file);
    const again = await source.sent;
    return noted(await api.predict(model.name, again.blob, signal), again.notes);
  }
}

function noted(prediction, notes) {
  return { ...prediction, notes: [...notes, ...(prediction.notes ?? [])] };
}

function pause(seconds, signal) {
  return new Promise((resolve, reject) => {
    setTimeout(() => (signal.aborted ? reject(signal.reason) : resolve()), 1000 * seconds);
  });
}
