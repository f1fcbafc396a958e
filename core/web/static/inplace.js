// A fact is edited where it stands. Its input is that of the form, taken from the form's page; it is saved as the
// form is, and what the record's page then says is put in place of what it said.

const columns = document.querySelector(".rec-cols");
const at = columns.dataset.editAt;
let sheet = null; // the form's page
let current = null; // { form, dd, before, was }

const parsed = async (reply) => kehu.parsed(await reply.text());
const load = () => {
  sheet ??= fetch(at).then((reply) => (reply.ok && !reply.redirected ? parsed(reply) : null), () => null);
  return sheet;
};
const written = (form) => new URLSearchParams(new FormData(form)).toString();
const isDirty = () => current !== null && written(current.form) !== current.was;

const shown = (form) => form.querySelector("input:not([type=hidden]), select:not([hidden]), textarea");

const button = (label, key, kind) => {
  const made = document.createElement("button");
  made.type = kind === "save" ? "submit" : "button";
  made.className = kind === "save" ? "btn btn-sm btn-primary" : "btn btn-sm btn-quiet";
  const hint = document.createElement("kbd");
  hint.textContent = key;
  hint.setAttribute("aria-hidden", "true");
  made.append(label, " ", hint);
  return made;
};

const close = () => {
  if (!current) return;
  const { dd, before } = current;
  current = null;
  dd.parentElement.classList.remove("is-editing");
  dd.replaceChildren(...before);
  dd.querySelector("[data-edit]")?.focus();
};

const open = async (link) => {
  if (current && isDirty() && !(await save())) return;
  close();
  const name = link.dataset.edit;
  const page = await load();
  const line = page?.querySelector(`#sheet [data-field="${CSS.escape(name)}"]`);
  // The page may have been renewed by what was saved first.
  const dd = columns.querySelector(`dd[data-field="${CSS.escape(name)}"]`);
  if (!line?.querySelector("[name]") || !dd) { location.assign(link.href); return; }
  const form = document.createElement("form");
  form.className = "k-inplace";
  form.method = "post";
  form.action = at;
  form.noValidate = true;
  const hidden = (key, value) => Object.assign(document.createElement("input"), { type: "hidden", name: key, value });
  const base = JSON.parse(page.querySelector("#sheet [name=base]").value);
  form.append(
    ...["csrf_token", "version"].map((key) => hidden(key, page.querySelector(`#sheet [name=${key}]`).value)),
    hidden("base", JSON.stringify({ [name]: base[name] })),
    ...document.importNode(line, true).childNodes,
  );
  form.querySelectorAll(".form-label").forEach((label) => label.classList.add("sr"));
  const foot = document.createElement("div");
  foot.className = "k-edithint";
  const isArea = form.querySelector("textarea") !== null;
  const discard = button(columns.dataset.discard, "Esc", "discard");
  discard.addEventListener("click", close);
  foot.append(button(columns.dataset.save, isArea ? "Ctrl \u21b5" : "\u21b5", "save"), discard);
  form.append(foot);
  form.addEventListener("submit", (event) => { event.preventDefault(); event.stopPropagation(); save(); });
  current = { form, dd, before: [...dd.childNodes], was: "" };
  dd.replaceChildren(form);
  dd.parentElement.classList.add("is-editing");
  window.kehu.enhance(form);
  current.was = written(form);
  const input = shown(form);
  input.focus();
  if (input.matches("input:not([type=checkbox]), textarea")) input.select?.();
};

const complain = (text) => {
  const { form } = current;
  form.querySelector(".k-error")?.remove();
  const note = document.createElement("div");
  note.className = "k-error";
  note.setAttribute("role", "alert");
  note.textContent = text;
  form.querySelector(".k-edithint").before(note);
  const input = shown(form);
  input.setAttribute("aria-invalid", "true");
  input.focus();
};

// Whether it was saved.
const save = async () => {
  const { form, dd } = current;
  if (!isDirty()) { close(); return true; }
  if (form.getAttribute("aria-busy")) return false;
  form.setAttribute("aria-busy", "true");
  const reply = await fetch(at, { method: "POST", body: new URLSearchParams(new FormData(form)) }).catch(() => null);
  form.removeAttribute("aria-busy");
  if (!reply || reply.status >= 500) { complain(columns.dataset.lost); return false; }
  if (reply.status === 422) {
    const page = await parsed(reply);
    const wrong = page.querySelector(`#sheet [data-field="${CSS.escape(dd.dataset.field)}"] .k-error`) || page.querySelector(".k-dirty [role=alert]");
    complain(wrong?.textContent.trim() || columns.dataset.lost);
    return false;
  }
  // Somebody saved first, or one may not any more, or is logged out: the pages for that say what to do.
  const page = reply.ok ? await parsed(reply) : null;
  if (!page?.querySelector("[data-view=record]")) { current = null; form.submit(); return false; }
  renew(page, dd.dataset.field);
  return true;
};

const renew = (page, name) => {
  current = null;
  sheet = null;
  document.title = page.title;
  for (const part of [".rec-head", ".rec-groups", "#entries"]) {
    const fresh = page.querySelector(part);
    if (fresh) document.querySelector(part)?.replaceWith(fresh);
  }
  kehu.toast(page.querySelector(".k-toast"));
  const dd = columns.querySelector(`dd[data-field="${CSS.escape(name)}"]`);
  if (!dd) return;
  const tick = document.createElement("span");
  tick.className = "k-saved";
  tick.setAttribute("role", "status");
  dd.append(tick);
  tick.textContent = columns.dataset.saved;
  setTimeout(() => tick.remove(), 4000);
  dd.querySelector("[data-edit]")?.focus({ preventScroll: true });
};

document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-edit]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  open(link);
});
document.addEventListener("keydown", (event) => {
  if (event.isComposing) return;
  const link = event.target.closest("[data-edit]");
  if (link && event.key === " ") { event.preventDefault(); open(link); return; }
  if (!current?.form.contains(event.target)) return;
  if (event.key === "Escape") { event.preventDefault(); close(); }
  if (event.key === "Enter" && event.target.matches("input, select, textarea") && (!event.target.matches("textarea") || event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    save();
  }
});
// The form is fetched when somebody comes near.
columns.querySelector(".rec-facts").addEventListener("pointerenter", load, { once: true });
addEventListener("beforeunload", (event) => { if (isDirty()) event.preventDefault(); });
