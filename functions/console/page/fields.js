// Fields of forms: each with its label, its hint, and a place for what was wrong with it. `read()` is its value.

import { fill, h, icon, newId } from "./dom.js";

function field(name, label, control, { hint = null, parameter = null, read, extra = null }) {
  control.id = newId(name);
  control.setAttribute("name", name);
  const hintId = hint ? newId("hint") : null;
  const wrong = h("p", { class: "wrong", id: newId("wrong") });
  control.setAttribute("aria-describedby", [hintId, wrong.id].filter(Boolean).join(" "));
  const element = h(
    "div",
    { class: "field" },
    h("label", { for: control.id }, label),
    hint && h("p", { class: "hint", id: hintId }, hint),
    extra ? h("div", { class: "with" }, control, extra) : control,
    wrong,
  );
  return {
    name,
    parameter: parameter ?? pascal(name),
    element,
    control,
    read,
    refuse: (said) => refuse(control, wrong, said),
  };
}

/** A parameter's name as the API's errors have it. */
export const pascal = (name) =>
  name
    .split("_")
    .map((part) => part[0].toUpperCase() + part.slice(1))
    .join("");

function refuse(control, wrong, said) {
  wrong.textContent = said ?? "";
  if (said) control.setAttribute("aria-invalid", "true");
  else control.removeAttribute("aria-invalid");
}

export function text(name, label, { value = "", type = "text", required = false, mono = false, ...more } = {}) {
  const { hint, parameter, ...attributes } = more;
  const control = h("input", {
    type,
    value,
    required,
    class: mono ? "mono" : null,
    autocomplete: "off",
    spellcheck: "false",
    dir: "auto",
    ...attributes,
  });
  return field(name, label, control, { hint, parameter, read: () => control.value.trim() || undefined });
}

export function area(name, label, { value = "", rows = 3, hint = null } = {}) {
  const control = h("textarea", { rows, class: "mono", spellcheck: "false", dir: "auto", value });
  return field(name, label, control, { hint, read: () => control.value.trim() || undefined });
}

/** A secret: hidden while it is typed, until the eye is pressed. */
export function secret(name, label, { hint = null, required = false } = {}) {
  const control = h("input", {
    type: "password",
    required,
    class: "mono",
    autocomplete: "off",
    spellcheck: "false",
    "data-1p-ignore": true,
  });
  const eye = h(
    "button",
    { type: "button", class: "eye", "aria-pressed": "false", "aria-label": `Show: ${label}` },
    icon("eye"),
  );
  eye.addEventListener("click", () => {
    const shown = control.type === "password";
    control.type = shown ? "text" : "password";
    eye.setAttribute("aria-pressed", String(shown));
    fill(eye, icon(shown ? "hidden" : "eye"));
  });
  return field(name, label, control, { hint, extra: eye, read: () => control.value || undefined });
}

export function choice(name, label, options, { value = "", hint = null, ...attributes } = {}) {
  const made = options.map((option) => (typeof option === "string" ? [option, option] : option));
  const control = h(
    "select",
    attributes,
    made.map(([key, shown]) => h("option", { value: key, selected: key === value }, shown)),
  );
  return field(name, label, control, { hint, read: () => control.value || undefined });
}

export function check(name, label, { value = false, hint = null } = {}) {
  const id = newId(name);
  const control = h("input", {
    type: "checkbox",
    id,
    name,
    checked: value,
    "aria-describedby": hint ? `${id}-hint` : null,
  });
  const element = h(
    "div",
    { class: "field check" },
    control,
    h("label", { for: id }, label),
    hint && h("p", { class: "hint", id: `${id}-hint` }, hint),
  );
  return { name, parameter: pascal(name), element, control, read: () => control.checked, refuse() {} };
}

/** A moment in the reader's own time; read as the API takes it. */
export function when(name, label, { hint = null, value = "" } = {}) {
  const made = text(name, label, { type: "datetime-local", hint, value });
  made.read = () => (made.control.value ? new Date(made.control.value).toISOString() : undefined);
  return made;
}

/** Many checkboxes under one heading; `marked` are those that stand in the set `chosen`, which they change. */
export function checks(legend, options, chosen, { hint = null, onchange = () => {} } = {}) {
  const boxes = options.map(({ name, note }) => {
    const id = newId("event");
    const box = h("input", {
      type: "checkbox",
      id,
      value: name,
      checked: chosen.has(name),
      onchange: () => {
        if (box.checked) chosen.add(name);
        else chosen.delete(name);
        onchange();
      },
    });
    return h(
      "div",
      { class: "check" },
      box,
      h("label", { for: id }, h("code", {}, name), note && h("small", {}, note)),
    );
  });
  return h(
    "fieldset",
    { class: "checks" },
    h("legend", {}, legend),
    hint && h("p", { class: "hint" }, hint),
    h("div", { class: "boxes" }, boxes),
  );
}
