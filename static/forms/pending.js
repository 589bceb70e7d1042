// What is pressed shows it until the answer is there, and cannot be pressed twice meanwhile.

import { clearMessages } from "./messages.js";

// After this a press may be tried once more; its form counts once all the same.
const PATIENCE_MS = 30_000;
const busy = new Set();

const submitButtons = (form) => [...form.elements].filter((one) => one.matches("button:not([type=button])"));

// Not `disabled`: that would take the focus away.
function begin(source, submitter) {
  const isForm = source.matches("form");
  const buttons = isForm ? submitButtons(source) : [];
  const pressed = submitter ?? buttons[0] ?? source;
  const controls = new Set([pressed, ...buttons]);
  for (const one of controls) if (one.matches("button, a")) one.setAttribute("aria-disabled", "true");
  pressed.setAttribute("aria-busy", "true");
  const press = { source, controls };
  busy.add(press);
  return press;
}

function end(press) {
  busy.delete(press);
  for (const one of press.controls) {
    one.removeAttribute("aria-disabled");
    one.removeAttribute("aria-busy");
  }
}

const isBusy = (source) => [...busy].some((press) => press.source === source);
const endAll = () => busy.forEach(end);

// Forms and links that load a page

document.addEventListener(
  "submit",
  (event) => {
    if (!isBusy(event.target)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
  },
  true,
);

document.addEventListener("submit", (event) => {
  if (event.defaultPrevented) return;
  const press = begin(event.target, event.submitter);
  if (event.target.method === "post") clearMessages();
  setTimeout(() => end(press), PATIENCE_MS);
});

const loadsPage = (link) =>
  link.origin === location.origin &&
  !link.target &&
  !link.hasAttribute("download") &&
  !(link.hash && link.href.split("#")[0] === location.href.split("#")[0]);

document.addEventListener("click", (event) => {
  const link = event.target.closest("a.btn[href]");
  const isPlain = event.button === 0 && !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);
  if (!link || event.defaultPrevented || !isPlain || !loadsPage(link)) return;
  if (isBusy(link)) return event.preventDefault();
  const press = begin(link);
  setTimeout(() => end(press), PATIENCE_MS);
});

addEventListener("pageshow", endAll);
// Loading was stopped, or what came was a file.
window.navigation?.addEventListener("navigateerror", endAll);

// Requests of HTMX

const presses = new WeakMap();
document.addEventListener("htmx:beforeSend", (event) => {
  const { xhr, requestConfig, elt } = event.detail;
  const cause = requestConfig.triggeringEvent;
  const isPressed = cause?.type === "submit" || cause?.type === "click";
  if (requestConfig.verb === "get" && !isPressed) return;
  presses.set(xhr, begin(elt, cause?.submitter));
  if (requestConfig.verb !== "get") clearMessages();
});
// After the answer, an error, a time-out or an abort alike.
document.addEventListener("htmx:beforeSend", ({ detail: { xhr } }) => {
  xhr.addEventListener("loadend", () => presses.has(xhr) && end(presses.get(xhr)));
});

// An answer goes to the part of the page as it is now, also when another answer has replaced it.
document.addEventListener("htmx:beforeSend", ({ detail }) => {
  const { xhr } = detail;
  const answered = xhr.onload;
  xhr.onload = (event) => {
    const { target } = detail;
    if (!target.isConnected && target.id) detail.target = document.getElementById(target.id) ?? target;
    answered.call(xhr, event);
  };
});
