// Times that are told by how far away they are stay true on an open page.

const spell = (seconds) => {
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  if (minutes < 48 * 60) return `${Math.floor(minutes / 60)} h`;
  return `${Math.floor(minutes / 1440)} days`;
};
const twoDigits = (number) => String(number).padStart(2, "0");
function refreshTimes() {
  for (const element of document.querySelectorAll("[data-relative]")) {
    const seconds = (Date.parse(element.dataset.relative) - Date.now()) / 1000;
    const words = spell(Math.abs(seconds));
    const text = words === "0 min" ? "just now" : seconds > 0 ? `in ${words}` : `${words} ago`;
    if (element.textContent !== text) element.textContent = text;
  }
  for (const element of document.querySelectorAll("[data-countdown]")) {
    const left = Math.round((Date.parse(element.dataset.countdown) - Date.now()) / 1000);
    element.classList.toggle("is-over", left <= 0);
    element.classList.toggle("is-close", left > 0 && left <= 180);
    if (left <= 0) element.textContent = `expired ${spell(-left)} ago`.replace("expired 0 min ago", "just expired");
    else if (left >= 3600) element.textContent = `in ${spell(left)}`;
    else element.textContent = `${Math.floor(left / 60)}:${twoDigits(left % 60)} left`;
  }
}
document.addEventListener("htmx:afterSwap", refreshTimes);
setInterval(refreshTimes, 1000);
refreshTimes();
