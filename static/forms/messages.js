// The messages above a page: old ones go, and that the store does not answer is said there.

// An old message never stands beside a newer one.
export function clearMessages() {
  for (const id of ["alerts", "notices"]) document.getElementById(id)?.replaceChildren();
}

// That the store did not answer is over with its next answer.
document.addEventListener("htmx:beforeSwap", ({ detail: { xhr } }) => {
  if (xhr.status < 400) document.querySelector("#alerts [data-passing]")?.remove();
  else document.getElementById("notices")?.replaceChildren();
});

const NO_ANSWER = "The store does not answer. Check the connection, then try again.";
const NOT_SAVED = "The store does not answer. What you typed is not saved yet; it stays in its field and is sent with the form.";
const NOT_KNOWN =
  "The store does not answer, so it is not known whether this was done. Check the connection, then press again: it counts once.";

function sayNoAnswer({ detail: { requestConfig, elt } }) {
  const words = document.createElement("div");
  words.className = "refusal";
  words.setAttribute("role", "alert");
  words.dataset.passing = "";
  const isField = elt.matches("input, select, textarea");
  words.textContent = requestConfig.verb === "get" ? NO_ANSWER : isField ? NOT_SAVED : NOT_KNOWN;
  clearMessages();
  document.getElementById("alerts")?.append(words);
}
document.addEventListener("htmx:sendError", sayNoAnswer);
document.addEventListener("htmx:timeout", sayNoAnswer);

document.addEventListener("htmx:afterSwap", ({ detail: { target } }) => {
  if (target.id === "alerts") target.scrollIntoView({ block: "nearest" });
});

// A notice that came with the page is said like one that came later.
const notices = document.getElementById("notices");
if (notices?.childElementCount) {
  const said = [...notices.childNodes];
  notices.replaceChildren();
  requestAnimationFrame(() => notices.append(...said));
}
