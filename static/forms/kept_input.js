// What a person has typed and not sent stays: when a part of the page is replaced, when the page is
// loaded again after one of its forms was sent, and over a log-in. Passwords are never kept.

import { focusAgain, whereFocusIs } from "./focus.js";

const DRAFT = "holdfast.draft";
const KINDS = "input:not([type=hidden], [type=password], [type=file], [type=submit], [type=button]), select, textarea";
const sentAgain = new WeakSet();

// `all`: also fields that see to it themselves that a swap leaves them as they are.
const fieldsIn = (root, all = false) =>
  [...root.querySelectorAll(KINDS)].filter((field) => (field.id || field.name) && (all || !field.closest("[data-not-kept]")));
const isBox = (field) => field.type === "checkbox" || field.type === "radio";

function keyOf(field) {
  const action = field.form?.getAttribute("action") ?? "";
  return [action, field.id || field.name, isBox(field) ? field.value : ""].join(" ");
}

function stateOf(field) {
  if (isBox(field)) return field.checked;
  if (field.multiple && field.options) return [...field.selectedOptions].map((one) => one.value).join("\n");
  return field.value;
}

function setState(field, state) {
  if (isBox(field)) field.checked = state;
  else if (field.multiple && field.options) {
    for (const one of field.options) one.selected = state.split("\n").includes(one.value);
  } else field.value = state;
}

function isChanged(field) {
  if (isBox(field)) return field.checked !== field.defaultChecked;
  if (!field.options) return field.value !== field.defaultValue;
  if (field.multiple) return [...field.options].some((one) => one.selected !== one.defaultSelected);
  const first = [...field.options].find((one) => one.defaultSelected) ?? field.options[0];
  return field.value !== first?.value;
}

// Fields by their key, without those that share one.
function byKey(fields) {
  const found = new Map();
  for (const field of fields) {
    const key = keyOf(field);
    found.set(key, found.has(key) ? null : field);
  }
  return new Map([...found].filter(([, field]) => field));
}

// `sent`: the state in which fields were sent; they are kept only if they were changed since.
function remember(sent = new Map(), { all = false } = {}) {
  const fields = new Map();
  for (const [key, field] of byKey(fieldsIn(document, all))) {
    const isTyped = isChanged(field) || (field.form && sentAgain.has(field.form));
    if (isTyped && sent.get(key) !== stateOf(field)) fields.set(key, stateOf(field));
  }
  const opened = [...document.querySelectorAll("details[id][open]")].map((one) => one.id);
  const { activeElement } = document;
  const caret = activeElement?.selectionStart === undefined ? null : [activeElement.selectionStart, activeElement.selectionEnd];
  return { fields, opened, caret, at: caret && keyOf(activeElement) };
}

// What the server marks as refused stays as the server says it.
function putBack({ fields, opened, caret, at }, isTypedAlready = () => false, { all = false } = {}) {
  const now = byKey(fieldsIn(document, all));
  let count = 0;
  for (const [key, state] of fields) {
    const field = now.get(key);
    if (!field || field.getAttribute("aria-invalid") === "true" || stateOf(field) === state || isTypedAlready(field)) continue;
    setState(field, state);
    count += 1;
    if (key === at && field === document.activeElement && caret?.[0] !== null) field.setSelectionRange?.(...caret);
  }
  for (const id of opened) document.getElementById(id)?.setAttribute("open", "");
  return count;
}

function sentBy(source) {
  const form = source.matches("form") ? source : source.form;
  const fields = fieldsIn(document).filter((field) => field === source || (form && field.form === form));
  return new Map(fields.map((field) => [keyOf(field), stateOf(field)]));
}

function markRefused() {
  const action = document.getElementById("alerts")?.dataset.refused;
  if (!action) return;
  for (const form of document.forms) if (form.getAttribute("action") === action) sentAgain.add(form);
}

// Parts that HTMX replaces

const sent = new WeakMap();
document.addEventListener("htmx:configRequest", ({ detail }) => {
  // A field sends its form's fields along, but the form's key is for the form's own path.
  const form = detail.elt.matches("form") ? null : detail.elt.closest("form") ?? detail.elt.form;
  if (form && detail.path !== form.getAttribute("action")) detail.formData.delete("idempotency_key");
});
document.addEventListener("htmx:beforeSend", ({ detail }) => {
  if (detail.requestConfig.verb !== "get") sent.set(detail.xhr, sentBy(detail.elt));
});

let kept = null;
document.addEventListener("htmx:beforeSwap", ({ detail: { xhr } }) => {
  const isDone = xhr.status < 400;
  kept = remember(isDone ? sent.get(xhr) : undefined);
});
document.addEventListener("htmx:afterSwap", ({ detail: { target } }) => {
  if (!kept) return;
  putBack(kept);
  if (target.id === "main") {
    markRefused();
    renewTokens();
  }
});

// A new log-in has a new token, also for what stands outside of the part that was replaced.
function renewTokens() {
  const token = document.querySelector("main input[name=csrf_token]")?.value;
  if (!token) return;
  document.body.setAttribute("hx-headers", JSON.stringify({ "X-CSRFToken": token }));
  for (const field of document.querySelectorAll("input[name=csrf_token]")) field.value = token;
}

// Pages that are loaded

const pageHere = () => document.getElementById("main")?.dataset.page;
const storage = {
  write(draft) {
    try {
      sessionStorage.setItem(DRAFT, JSON.stringify({ ...draft, fields: [...draft.fields] }));
    } catch {
      // Forbidden or full: then it is not kept.
    }
  },
  take() {
    try {
      const draft = JSON.parse(sessionStorage.getItem(DRAFT));
      sessionStorage.removeItem(DRAFT);
      return draft && { ...draft, fields: new Map(draft.fields) };
    } catch {
      return null;
    }
  },
};

function keepForNextPage(draft, more = {}) {
  const { page, user } = document.getElementById("main")?.dataset ?? {};
  if (page) storage.write({ ...draft, ...more, page, user, focus: whereFocusIs() });
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.closest("[data-log-in]")) return;
  if (form.getAttribute("action") === "/logout") storage.take();
  else keepForNextPage(remember(sentBy(form)));
});

function putBackAfterLoad() {
  const main = document.getElementById("main");
  if (!main || document.querySelector("[data-log-in]")) return;
  const draft = storage.take();
  const pathOf = (page) => page?.split("?")[0];
  if (!draft || draft.user !== main.dataset.user || pathOf(draft.page) !== pathOf(main.dataset.page)) return;
  const count = putBack(draft, isChanged, { all: draft.logInRanOut });
  if (draft.logInRanOut && count) sayNotSent();
  focusAgain(draft.focus);
}

function sayNotSent() {
  const words = document.createElement("p");
  words.className = "notice";
  words.textContent = "Your log-in had run out. What you typed is here again; it was not sent.";
  document.getElementById("notices")?.append(words);
}

// The address is that of the page, not that of the form which brought it back.
if (document.getElementById("alerts")?.dataset.refused && pageHere()) history.replaceState(history.state, "", pageHere());
markRefused();
putBackAfterLoad();

// The log-in has run out

document.addEventListener("htmx:beforeSend", ({ detail: { xhr, requestConfig, elt } }) => {
  const answered = xhr.onload;
  xhr.onload = (event) => {
    if (xhr.status !== 401) return answered.call(xhr, event);
    // The log-in page keeps a form that was sent; what one field sent by itself stays here.
    const isForm = requestConfig.verb !== "get" && elt.matches("form");
    keepForNextPage(remember(isForm ? sentBy(elt) : undefined, { all: !isForm }), { logInRanOut: !isForm });
    answered.call(xhr, event);
    if (xhr.responseText) showInstead(xhr.responseText);
    if (!isForm) document.querySelector("[data-log-in] [name=kept]")?.remove();
  };
});

function showInstead(html) {
  const page = new DOMParser().parseFromString(html, "text/html");
  document.title = page.title;
  document.body.replaceWith(document.adoptNode(page.body));
  document.querySelector("[autofocus]")?.focus();
}
