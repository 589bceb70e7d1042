// The focus stays where it was when a part of the page is replaced or the page is loaded again: on
// the same control, else on the next one of its row, else on the heading above. Never on nothing.

const CONTROLS = "button, a[href], summary, input:not([type=hidden]), select, textarea";
const ROWS = "tr, li";
const KEYS = ["csrf_token", "idempotency_key", "return_to", "version"];

// The same for the same control of the same thing before and after.
function signature(control) {
  const form = control.form ?? null;
  const hidden = form ? [...form.querySelectorAll("input[type=hidden]")].filter((one) => !KEYS.includes(one.name)) : [];
  return [
    control.tagName,
    control.name ?? "",
    control.matches("button, [type=checkbox], [type=radio]") ? control.value : "",
    control.getAttribute("href") ?? form?.getAttribute("action") ?? "",
    ...hidden.map((one) => `${one.name}=${one.value}`),
    control.matches("button, a, summary") ? control.textContent.replace(/\s+/g, " ").trim() : "",
  ].join("|");
}

const linkOf = (row) => row.querySelector("a[href]")?.getAttribute("href") ?? null;
const rowsIn = (box) => [...box.querySelectorAll(ROWS)];

function describe(control) {
  if (!control || !control.isConnected || control === document.body || control.id === "main") return null;
  const row = control.closest(ROWS);
  const boxes = [];
  for (let one = control.parentElement; one; one = one.parentElement) if (one.id) boxes.push(one.id);
  const box = row && boxes.map((id) => document.getElementById(id)).find((one) => one !== row && one.contains(row));
  return {
    id: control.id,
    signature: signature(control),
    isPress: control.matches("button, a, summary"),
    form: control.form?.getAttribute("action") ?? null,
    boxes,
    rowLink: row && linkOf(row),
    rowBox: box?.id ?? null,
    rowNumber: box ? rowsIn(box).indexOf(row) : -1,
  };
}

const isUsable = (control) => control && !control.disabled && control.checkVisibility?.() !== false;

function inRow(row) {
  const controls = row ? [...row.querySelectorAll(CONTROLS)].filter(isUsable) : [];
  return controls.find((one) => one.matches("button")) ?? controls.find((one) => one.matches("a")) ?? controls[0];
}

function rowAgain({ rowBox, rowLink, rowNumber }) {
  const box = rowBox && document.getElementById(rowBox);
  if (!box) return null;
  const rows = rowsIn(box).filter((row) => inRow(row));
  const same = rowLink && rows.find((row) => linkOf(row) === rowLink);
  return same ?? rowsIn(box)[rowNumber] ?? rows.at(-1);
}

function headingOf({ boxes }) {
  const box = boxes.map((id) => document.getElementById(id)).find(Boolean);
  const heading = box?.querySelector("h2, h3") ?? box?.closest("section")?.querySelector("h2") ?? document.querySelector("h1");
  heading?.setAttribute("tabindex", "-1");
  return heading;
}

function find(place) {
  const byId = place.id && document.getElementById(place.id);
  if (isUsable(byId)) return byId;
  const same = [...document.querySelectorAll(CONTROLS)].filter((one) => signature(one) === place.signature);
  if (same.length && isUsable(same[0])) return same[0];
  return inRow(rowAgain(place)) ?? headingOf(place) ?? document.getElementById("main");
}

// A refused field is the next thing to do, for who pressed the button of its form.
function refusedField(place) {
  const field = document.querySelector("main [aria-invalid=true]");
  const isOwn = place?.isPress || field?.form?.getAttribute("action") === place?.form;
  return field && isOwn && isUsable(field) ? field : null;
}

const isLost = () => !document.activeElement || document.activeElement === document.body;

export const whereFocusIs = () => describe(document.activeElement);

export function focusAgain(place) {
  const refused = refusedField(place);
  if (refused) refused.focus();
  else if (place && isLost()) find(place).focus();
}

export function focusIfLost(place) {
  if (place && isLost()) find(place).focus({ preventScroll: true });
}

let place = null;
document.addEventListener("htmx:beforeSwap", ({ detail: { xhr, elt } }) => {
  const pressed = elt.querySelector?.("[aria-busy=true]");
  place = describe(isLost() ? pressed : document.activeElement);
  if (place) place.isRefused = xhr.status >= 400;
});
document.addEventListener("htmx:afterSwap", () => {
  if (!place) return;
  if (place.isRefused) focusAgain(place);
  else if (isLost()) find(place).focus();
});
