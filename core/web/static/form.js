// A form on a page of its own: it is not left without a question, and what was typed in it survives an accident.
// Before fields.js: what is restored is there when the fields are prepared.

const form = document.querySelector("form[data-guard]");
const note = document.querySelector(".k-unsaved");
const draft = `draft ${form.dataset.guard} ${location.pathname}`;
const unkept = (name) => ["csrf_token", "once", "password"].includes(name);

// What is not asked for at the moment is disabled, and is not lost either.
const entries = () => {
  const disabled = [...form.elements].filter((one) => one.disabled);
  disabled.forEach((one) => { one.disabled = false; });
  const all = [...new FormData(form)];
  disabled.forEach((one) => { one.disabled = true; });
  return all.filter(([name]) => !unkept(name));
};
const written = () => JSON.stringify(entries());
const before = written();
const changed = () => written() !== before;
let leaving = false; // on purpose: what was typed is given up

// --- the draft lies in this tab alone, and goes with it --------------------------------------------------

const storage = (() => { try { return sessionStorage; } catch { return null; } })();
const labels = () => [...form.elements].filter((one) => one.dataset.lookup)
  .map((one) => [one.name, one.tagName === "SELECT" ? one.selectedOptions[0]?.text.trim() || "" : one.dataset.label || ""]);
const keep = (more = {}) => {
  try {
    if (changed()) storage?.setItem(draft, JSON.stringify({ at: Date.now(), entries: entries(), labels: labels(), ...more }));
    else storage?.removeItem(draft);
  } catch { /* full: there is no draft then */ }
};

const put = (element, values, label) => {
  if (element.type === "checkbox") element.checked = values.includes(element.value);
  else if (values.length) {
    if (element.tagName === "SELECT" && ![...element.options].some((one) => one.value === values[0])) element.add(new Option(label || values[0], values[0]));
    element.value = values[0];
    if (label !== undefined) element.dataset.label = label;
  }
};
const restore = () => {
  const kept = JSON.parse(storage?.getItem(draft) || "null");
  if (!kept || document.querySelector("[aria-invalid], .k-dirty .bad")) return; // what came back is newer
  const named = new Map(kept.labels);
  [...form.elements].filter((one) => one.name && !unkept(one.name) && !one.name.startsWith("__") && !(one.type === "hidden" && form.elements[one.name].length > 1)).forEach((one) => {
    put(one, kept.entries.filter(([name]) => name === one.name).map(([, value]) => value), named.get(one.name));
  });
  const told = form.querySelector("[data-draft]");
  told.querySelector("time").textContent = new Date(kept.at).toLocaleString(document.documentElement.lang, { month: "numeric", day: "numeric", hour: "2-digit", minute: "2-digit" });
  told.hidden = !changed();
};

// --- leaving --------------------------------------------------------------------------------------------

let waiting;
const noted = () => {
  leaving = false;
  if (note) note.hidden = !changed();
  clearTimeout(waiting);
  waiting = setTimeout(keep, 400);
};
form.addEventListener("input", noted);
form.addEventListener("change", noted);
form.addEventListener("submit", () => { leaving = false; clearTimeout(waiting); keep({ sent: true }); });
document.querySelectorAll("[data-discard]").forEach((link) => link.addEventListener("click", () => { leaving = true; }));
form.querySelector("[data-afresh]").addEventListener("click", () => {
  form.dataset.sent = "yes"; // asks nothing
  clearTimeout(waiting);
  storage.removeItem(draft);
  location.replace(location.href);
});
addEventListener("beforeunload", (event) => { if (!form.dataset.sent && changed()) event.preventDefault(); });
addEventListener("pagehide", () => { if (leaving) storage?.removeItem(draft); });
document.addEventListener("keydown", (event) => {
  if (event.key.toLowerCase() !== "s" || !(event.ctrlKey || event.metaKey) || event.altKey || document.querySelector("dialog[open]")) return;
  event.preventDefault();
  form.requestSubmit();
});

try { restore(); } catch { storage?.removeItem(draft); }
if (note) note.hidden = !changed();
