// Keeps the cart in sight equal to the database's, without touching what somebody is typing in it.
// The page works without this.

import { focusIfLost, whereFocusIs } from "../forms/focus.js";
import { keepEdit } from "./edited_fields.js";
import { tellOtherTabs } from "./other_tabs.js";
import { isTyping } from "./scanner_keys.js";

const PAGE = "/invoices/new";
const DRAFT = `${PAGE}/draft`;
const RETRY_MS = 2000;
const TYPING_MS = 40;
const cart = () => document.getElementById("cart");
const results = () => document.getElementById("results");

let isSwapping = false;
document.addEventListener("change", (event) => {
  if (isSwapping) event.stopImmediatePropagation();
  else delete event.target.dataset.edited;
}, true);
document.addEventListener("focusout", (event) => {
  if (isSwapping || !("edited" in event.target.dataset)) return;
  event.target.dispatchEvent(new Event("change", { bubbles: true }));
});

// What is being typed in the cart, but for what `sent` says has just been saved.
function edits(sent) {
  const fields = cart()?.querySelectorAll("input:not([type=hidden])[id]") ?? [];
  const typed = [...fields].filter(
    (field) => field.value !== field.defaultValue && sent?.get(field.name) !== field.value,
  );
  const active = document.activeElement;
  const isInside = active?.id && cart()?.contains(active);
  const focus = isInside && { id: active.id, caret: [active.selectionStart, active.selectionEnd] };
  return { values: typed.map(({ id, value }) => ({ id, value })), focus };
}

function putBack({ values, focus }) {
  const field = focus && document.getElementById(focus.id);
  if (field && document.activeElement !== field) field.focus({ preventScroll: true });
  for (const { id, value } of values) {
    const again = document.getElementById(id);
    if (!again) continue;
    again.value = value;
    keepEdit(again);
  }
  if (field?.setSelectionRange && focus.caret[0] != null) field.setSelectionRange(...focus.caret);
}

function swap(html, q) {
  const fresh = new DOMParser().parseFromString(html, "text/html");
  const kept = edits();
  const place = whereFocusIs();
  isSwapping = true;
  replace(cart(), fresh);
  const isOld = isLooking || results()?.dataset.q !== q;
  if (!isOld && !results().contains(document.activeElement)) replace(results(), fresh);
  if (fresh.querySelector("#notices > *")) replace(document.getElementById("notices"), fresh);
  isSwapping = false;
  putBack(kept);
  focusIfLost(place);
}

function replace(old, fresh) {
  const now = old && fresh.getElementById(old.id);
  if (!now) return;
  now.removeAttribute("hx-swap-oob");
  old.replaceWith(now);
  window.htmx?.process(now);
}

// An answer is older than the cart if another request about it ran meanwhile.
let isAsked = false;
let isFetching = false;
let busy = 0;
let requests = 0;
let waiters = [];

// The parts of the page, or "" where nobody is logged in any more.
async function fetchCart(q) {
  const response = await fetch(`${PAGE}?${new URLSearchParams(q ? { q } : {})}`, {
    headers: { "HX-Request": "true", "HX-Target": "cart" },
    redirect: "manual",
    cache: "no-store",
  });
  if (response.status === 401) return "";
  if (!response.ok) throw new Error(`cart: ${response.status}`);
  return response.text();
}

async function work() {
  if (isFetching || busy) return;
  isFetching = true;
  try {
    while (isAsked && !busy) {
      isAsked = false;
      const [before, q] = [requests, results()?.dataset.q ?? ""];
      const html = await fetchCart(q);
      while (isTyping()) await new Promise((go) => setTimeout(go, TYPING_MS));
      if (requests !== before) isAsked = true;
      else if (html) swap(html, q);
    }
  } catch {
    isAsked = true;
    setTimeout(work, RETRY_MS);
  }
  isFetching = false;
  if (!isAsked) for (const go of waiters.splice(0)) go();
}

// Resolves when the cart that is shown is at least as new as this call.
export function refreshCart() {
  isAsked = true;
  work();
  return new Promise((go) => waiters.push(go));
}

let isLooking = false;
document.addEventListener("htmx:beforeSend", (event) => {
  if (event.detail.target?.id === "results") isLooking = true;
  if (event.detail.target?.id !== "cart") return;
  // The answer of the second would go into a cart that the first has replaced.
  if (busy) isAsked = true;
  busy += 1;
  requests += 1;
});
document.addEventListener("htmx:afterRequest", (event) => {
  isSwapping = false;
  if (event.detail.target?.id === "results") isLooking = false;
  if (event.detail.requestConfig.path === DRAFT) tellOtherTabs();
  if (event.detail.target?.id !== "cart") return;
  busy = Math.max(0, busy - 1);
  requests += 1;
  tellOtherTabs();
  work();
});
// A field that saves itself makes every cart older that was asked for before.
document.addEventListener("htmx:afterRequest", (event) => {
  if (event.detail.target?.id !== "sale") return;
  requests += 1;
  tellOtherTabs();
});
let typed = null;
document.addEventListener("htmx:beforeSwap", (event) => {
  const { target, requestConfig, shouldSwap } = event.detail;
  typed = shouldSwap && target.id === "cart" ? edits(requestConfig.formData) : null;
  isSwapping = typed !== null;
});
document.addEventListener("htmx:afterSwap", () => {
  isSwapping = false;
  if (typed) putBack(typed);
  typed = null;
});

document.addEventListener("visibilitychange", () => document.hidden || refreshCart());

let refreshedFor = null;
setInterval(() => {
  const until = document.querySelector("#cart [data-countdown]")?.dataset.countdown;
  if (!until || until === refreshedFor || Date.parse(until) > Date.now()) return;
  refreshedFor = until;
  refreshCart();
}, 1000);
