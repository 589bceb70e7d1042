// Setting a value takes from a field that it tells of the edit when it is left; cart.js does so then.

export function keepEdit(field) {
  if (field.value !== field.defaultValue) field.dataset.edited = "";
}
