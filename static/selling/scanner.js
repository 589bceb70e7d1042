// The scan field, and what scans do to the page. The page works without this.

import { refreshCart } from "./cart.js";
import { onOtherTab, tellOtherTabs } from "./other_tabs.js";
import { codesIn, onBurst } from "./scanner_keys.js";
import { Queue } from "./scanner_queue.js";
import { Results } from "./scanner_results.js";

const PAGE = "/invoices/new";
const LOOK_MS = 250;
const REFRESH_MS = 2000;
const PASTED_MAX = 1000;
const LOOK_FIRST = "Nothing was done: look at the scans first, then press again.";
// The page may be replaced around this script, so nothing of it is kept.
const form = () => document.getElementById("scan");
const field = () => document.getElementById("q");
const scans = (count) => `${count} ${count === 1 ? "scan" : "scans"}`;

const results = new Results();
const token = form().elements.csrf_token.value;
const queue = new Queue({ token, url: form().action, page: PAGE, answered, changed });

// Each answer

let refreshedAt = 0;
let notice = "";
async function answered(scan, answer) {
  results.show(answer);
  // The store answers again.
  document.querySelector("#alerts [data-passing]")?.remove();
  if (answer.outcome === "found") find(answer.code);
  if (results.hasTrouble) pressed?.refused();
  const isLast = queue.size === 0;
  if (!isLast && Date.now() - refreshedAt < REFRESH_MS) return;
  refreshedAt = Date.now();
  const shown = refreshCart();
  if (!isLast) return;
  tellOtherTabs();
  await shown;
  if (!queue.size) pressed?.go();
}

function changed() {
  results.say(queue.state, notice || words(queue));
}

function words({ state, size }) {
  if (state === "offline") return `Offline: ${scans(size)} waiting. Sent as soon as the network is back.`;
  if (state === "busy") return `The store is busy: ${scans(size)} waiting. Tried again by itself.`;
  if (state === "login") return `Your log-in has run out: ${scans(size)} waiting.`;
  return [results.summary(), size && `${scans(size)} waiting`].filter(Boolean).join(" · ");
}

// Codes go to the queue; the field is empty at once

let looking = null;
function take(codes) {
  clearTimeout(looking);
  field().value = "";
  notice = "";
  // What was said of the thing before is over.
  for (const id of ["alerts", "notices"]) document.getElementById(id)?.replaceChildren();
  if (!queue.size) results.begin();
  queue.add(codes);
}

onBurst((code) => {
  const kept = document.activeElement === field() ? "" : field().value;
  take([code]);
  field().value = kept;
});

document.addEventListener(
  "submit",
  (event) => {
    if (event.target !== form()) return holdBack(event);
    event.preventDefault();
    event.stopImmediatePropagation();
    const code = field().value.trim();
    field().value = "";
    if (code) take([code]);
  },
  true,
);

document.addEventListener("paste", (event) => {
  if (event.target !== field()) return;
  const codes = codesIn(event.clipboardData?.getData("text") ?? "");
  if (!codes) return;
  event.preventDefault();
  if (codes.length <= PASTED_MAX) return take(codes);
  results.say("refused", `Paste at most ${PASTED_MAX} serial numbers at a time.`);
});

// Typed words are looked for; a burst ends before it would be

document.addEventListener("input", (event) => {
  if (event.target !== field()) return;
  clearTimeout(looking);
  looking = setTimeout(() => field().dispatchEvent(new Event("look")), LOOK_MS);
});

function find(q) {
  const target = document.getElementById("results");
  window.htmx?.ajax("GET", PAGE, { source: target, target, swap: "outerHTML", values: { q } });
}

// What ends the cart waits for the scans before it

let pressed = null;
function holdBack(event) {
  const { target, submitter } = event;
  if (!target.matches("#sale, [data-after-scans]") || !queue.size) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  if (pressed) return;
  if (results.hasTrouble) {
    notice = LOOK_FIRST;
    return changed();
  }
  submitter?.setAttribute("aria-busy", "true");
  const end = () => {
    submitter?.removeAttribute("aria-busy");
    pressed = null;
  };
  pressed = {
    go() {
      end();
      const form = target.isConnected ? target : document.getElementById(target.id);
      form?.requestSubmit(buttonLike(submitter, form));
    },
    refused() {
      end();
      notice = LOOK_FIRST;
    },
  };
}

// The cart may have been drawn anew since it was pressed.
function buttonLike(button, form) {
  const isAlike = (one) => one.type === "submit" && one.formAction === button.formAction && one.name === button.name;
  return !button || button.isConnected ? button : [...form.elements].find(isAlike);
}

// Another tab of this person

onOtherTab(refreshCart);

queue.start();
tellOtherTabs();
