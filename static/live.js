// Parts that fetch themselves again ask for nothing while nobody sees the page.

document.addEventListener("htmx:beforeRequest", (event) => {
  if (document.hidden && event.target.matches("[data-live]")) event.preventDefault();
});
