// The models, run in this browser by onnxruntime-web: the same exports as service/api.js.
// Everything is fetched from the folder of this file, and no picture leaves the browser.

import { LARGEST_PIXELS, PART, PLACES, STEP } from "./constants.js";
import { decoded, sized } from "./pictures.js";
import { prediction, rows } from "./prediction.js";
import { prepare } from "./preprocess.js";
import { Refusal } from "./refusal.js";

const AT_ONCE = 8; // hidden parts that go through the network together; between, the page moves
export const local = true;

let listed = null; // the content of models.json
let runtime = null; // onnxruntime-web, from the first request on
const sessions = new Map(); // name of a model -> session
let last = Promise.resolve(); // the runtime takes one request at a time

export async function models() {
  listed ??= await (await fetched("models.json")).json();
  return listed;
}

export async function samples(model) {
  return (await described(model)).samples;
}

export async function predict(model, source, signal) {
  const about = await described(model);
  const prepared =
    source instanceof Blob
      ? prepare(await imageData(source), about.image_shape, about.preparation)
      : { pixels: source.pixels.flat(2), found: true, notes: [] };
  const { rows: [row], scores } = await outputs(about, [prepared.pixels]);
  signal?.throwIfAborted();
  return prediction(about, row, scores?.[0] ?? null, prepared);
}

export async function explain(model, pixels, label, signal) {
  const about = await described(model);
  const [height, width, numbers = 1] = about.image_shape;
  const patches = places(height, width);
  const whole = pixels.flat(2);
  const [all] = (await outputs(about, [whole])).rows;
  const total = new Float64Array(height * width);
  const times = new Float64Array(height * width);
  for (let first = 0; first < patches.length; first += AT_ONCE) {
    const some = patches.slice(first, first + AT_ONCE);
    const pictures = some.map((patch) => hidden(whole, patch, numbers));
    (await outputs(about, pictures)).rows.forEach((row, i) => {
      for (const at of some[i]) {
        total[at] += all[label] - row[label];
        times[at] += 1;
      }
    });
    await new Promise((resolve) => setTimeout(resolve)); // lets the page move
    signal?.throwIfAborted();
  }
  return rows(
    total.map((value, at) => value / Math.max(1, times[at])),
    [height, width],
  );
}

export function keepToken() {
  // No token is needed here.
}

// Where a patch lies: for each place the indices of the pixels that it hides
function places(height, width) {
  const side = Math.max(1, Math.floor(Math.max(height, width) / PART));
  const step = Math.min(side, Math.max(STEP, Math.floor(side / PLACES)));
  const first = Math.min(0, 1 - side + step); // the first row and column are hidden too
  const patches = [];
  for (let top = first; top < height; top += step) {
    for (let left = first; left < width; left += step) {
      const patch = [];
      for (let y = Math.max(0, top); y < Math.min(height, top + side); y += 1) {
        for (let x = Math.max(0, left); x < Math.min(width, left + side); x += 1)
          patch.push(y * width + x);
      }
      patches.push(patch);
    }
  }
  return patches;
}

// numbers: of a pixel, 1 or 3
function hidden(values, patch, numbers) {
  const copy = values.slice();
  for (const at of patch) copy.fill(0, numbers * at, numbers * (at + 1));
  return copy;
}

async function imageData(blob) {
  // Colours as the file has them, as the Python side reads them.
  const bitmap = await decoded(blob, { colorSpaceConversion: "none" });
  if (bitmap.width * bitmap.height > LARGEST_PIXELS)
    throw new Refusal("large", "This picture is too large.");
  const canvas = sized(bitmap.width, bitmap.height);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  return context.getImageData(0, 0, canvas.width, canvas.height);
}

// N pictures of H x W numbers, or three times as many -> {rows: N of K probabilities, scores: N
// outlier scores, or undefined for a model without}
function outputs(about, pictures) {
  const result = last.then(() => run(about, pictures));
  last = result.catch(() => {});
  return result;
}

async function run(about, pictures) {
  const ort = await started();
  const session = await loaded(ort, about);
  const size = about.image_shape.reduce((product, side) => product * side);
  const images = new Uint8Array(pictures.length * size);
  pictures.forEach((pixels, n) => images.set(pixels, n * size));
  const tensor = new ort.Tensor("uint8", images, [pictures.length, ...about.image_shape]);
  const { probabilities, outlier_score: scores } = await session.run({ images: tensor });
  if (!probabilities.data.every(Number.isFinite))
    throw new Refusal("broken", `${about.name} does not give probabilities of this picture.`);
  if (scores && !scores.data.every(Number.isFinite))
    throw new Refusal("broken", `${about.name} does not give an outlier score of this picture.`);
  return {
    rows: rows(probabilities.data, [pictures.length, about.class_names.length]),
    scores: scores?.data,
  };
}

async function started() {
  if (runtime) return runtime;
  let ort;
  try {
    ort = await import("./ort.wasm.min.js");
  } catch {
    throw new Refusal("away", "The program that runs the models could not be loaded.");
  }
  ort.env.wasm.numThreads = 1; // more need headers that a plain file server does not send
  ort.env.wasm.wasmPaths = {
    mjs: new URL("ort-wasm-simd-threaded.js", import.meta.url).href,
    wasm: new URL("ort-wasm-simd-threaded.wasm", import.meta.url).href,
  };
  ort.env.logLevel = "error";
  runtime = ort;
  return ort;
}

async function loaded(ort, about) {
  if (!sessions.has(about.name)) {
    const content = new Uint8Array(await (await fetched(about.file)).arrayBuffer());
    sessions.set(
      about.name,
      await ort.InferenceSession.create(content, { executionProviders: ["wasm"] }),
    );
  }
  return sessions.get(about.name);
}

async function described(name) {
  const about = (await models()).models.find((model) => model.name === name);
  if (!about) throw new Refusal("broken", `There is no model ${name} here.`);
  return about;
}

async function fetched(name) {
  let response;
  try {
    response = await fetch(new URL(name, import.meta.url));
  } catch {
    throw new Refusal("away", `${name} could not be loaded.`);
  }
  if (!response.ok)
    throw new Refusal("broken", `${name} is missing next to this page (${response.status}).`);
  return response;
}
