// The message line at the top of the page: what is wrong, and what can be done.

import { keepToken } from "./api.js";
import { find, make } from "./make.js";

export function line(text, retry = null, label = "Try again") {
  const button = retry && make("button", { type: "button", onclick: retry }, label);
  find("line").replaceChildren(...(text ? [make("p", {}, text), button].filter(Boolean) : []));
  find("line").classList.toggle("full", text !== "");
}

export function clearLine() {
  line("");
}

// error: a Refusal, or a bug of the page, which goes to the console; retry: what to do again
export function refused(error, retry = null) {
  if (error.name === "AbortError") return;
  if (!error.kind) console.error(error);
  switch (error.kind) {
    case "away":
      line(
        "The service does not answer. What you tried is still below; new pictures need the service.",
        retry,
      );
      break;
    case "token":
      line(error.message, () => askToken(retry), "Give the token");
      askToken(retry);
      break;
    case "picture":
      line(error.message);
      break;
    default:
      line(error.kind ? error.message : "Something went wrong on this page. Try again.", retry);
  }
}

let asked = false; // whether a token has been given before
function askToken(retry) {
  const dialog = find("token-dialog");
  if (dialog.open) return;
  if (asked)
    find("token-text").textContent =
      "That token was not accepted. The operator of this service can give you one.";
  find("token").value = "";
  find("token-form").onsubmit = (event) => {
    event.preventDefault();
    asked = true;
    keepToken(find("token").value.trim());
    dialog.close();
    retry?.();
  };
  find("token-cancel").onclick = () => dialog.close();
  dialog.showModal();
}
