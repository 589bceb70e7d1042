// While the database is away: the page comes back by itself as soon as the store does, and stays
// in sight if the store does not answer at all. (Without script it is fetched every few seconds.)

const seconds = Number(document.querySelector("[data-retry-seconds]").dataset.retrySeconds);
// Not all at the same moment: a whole shop waits here.
const later = () => setTimeout(ask, seconds * 1000 * (0.5 + Math.random() / 2));
async function ask() {
  try {
    const answer = await fetch("/readyz", { cache: "no-store" });
    const { missing = [] } = await answer.json();
    if (!missing.includes("database")) return location.reload();
  } catch {
    // No answer either: ask again.
  }
  later();
}
later();
