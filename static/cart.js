// The new invoice without the mouse: the field to scan into is always ready for the next unit, and
// the cart looks again by itself when its time is up. The page works without this.
(() => {
  const scanField = () => document.getElementById("q");

  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.pathInfo?.requestPath !== "/invoices/new/scan") return;
    const field = scanField();
    field.focus({ preventScroll: true });
    field.select();
  });

  let refreshedFor = null;
  setInterval(() => {
    const countdown = document.querySelector("#cart [data-countdown]");
    const until = countdown?.dataset.countdown;
    if (!until || until === refreshedFor || Date.parse(until) > Date.now()) return;
    refreshedFor = until;
    window.htmx?.ajax("GET", "/invoices/new", { target: "#cart", swap: "outerHTML" });
  }, 1000);
})();
