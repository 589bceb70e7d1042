// Other tabs of the same person show the same cart: they are told when it changes.

import { storage } from "./storage.js";

export const { user } = document.getElementById("scan").dataset;
const cartKey = `holdfast.cart.${user}`;

export const tellOtherTabs = () => storage.write(cartKey, Date.now());

export function onOtherTab(listener) {
  addEventListener("storage", (event) => {
    if (event.key === cartKey) listener();
  });
}
