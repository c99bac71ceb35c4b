// The models behind the HTTP service. The web export has its own api.js with the same exports.

import { Refusal } from "./refusal.js";
import { sentence } from "./words.js";

const TOKEN = "fashionlab token";
export const local = false; // pictures leave this browser, for the service

export async function models() {
  return ask("v1/models");
}

export async function samples(model) {
  return (await ask(`v1/samples?model=${encodeURIComponent(model)}`)).samples;
}

// source: a Blob of a photo, or {pixels: rows} of the model's own size, grey or in colour
export async function predict(model, source, signal) {
  const photo = source instanceof Blob;
  const answer = await ask(`v1/predict?model=${encodeURIComponent(model)}`, {
    method: "POST",
    headers: { "Content-Type": photo ? source.type : "application/json" },
    body: photo ? source : JSON.stringify({ images: [source.pixels] }),
    signal,
  });
  const prediction = answer.predictions[0];
  return { ...prediction, seen: prediction.seen ?? source.pixels };
}

// How much the label's probability falls where a part is hidden: rows of numbers
export async function explain(model, pixels, label, signal) {
  const answer = await ask(`v1/explain?model=${encodeURIComponent(model)}&label=${label}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ image: pixels }),
    signal,
  });
  return answer.occlusion;
}

export function keepToken(token) {
  sessionStorage.setItem(TOKEN, token);
}

async function ask(path, options = {}) {
  const token = sessionStorage.getItem(TOKEN);
  const headers = { ...options.headers, ...(token && { Authorization: `Bearer ${token}` }) };
  let response;
  try {
    // Relative, so that the page works behind a proxy under any path.
    response = await fetch(new URL(path, document.baseURI), { ...options, headers });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refusal("away", "The service does not answer.");
  }
  let content = null;
  try {
    content = await response.json();
  } catch (error) {
    if (error.name === "AbortError") throw error;
  }
  if (!response.ok) throw refusal(response, content?.error);
  if (content === null) throw new Refusal("broken", "The answer of the service is incomplete. Try again.");
  return content;
}

function refusal(response, error) {
  const said = error?.message ?? "";
  switch (response.status) {
    case 401:
      return new Refusal("token", "This service needs a token.");
    case 413:
      return new Refusal("large", "This picture is too large for the service.");
    case 429:
    case 503:
      return new Refusal(
        "busy",
        "The service is busy.",
        Number(response.headers.get("Retry-After")) || 1,
      );
    case 400:
    case 415:
    case 422:
      return new Refusal("picture", sentence(said) || "This is not a picture that can be read.");
    case 404:
      return new Refusal("broken", sentence(said) || "The service does not know this model.");
    default: {
      const id = error?.id ? `, ID ${error.id}` : "";
      return new Refusal(
        "broken",
        `Something went wrong in the service (${response.status}${id}). Try again.`,
      );
    }
  }
}
