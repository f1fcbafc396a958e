// What fields of a form can do more when scripts run, in whatever page or dialog they stand.
// `kehu.enhance(root)` prepares the fields below a root.

// --- one record out of many: type, choose with the arrows, Enter -----------------------------------------

let numbers = 0;

const combobox = (field) => {
  const isSelect = field.tagName === "SELECT";
  const label = () => isSelect ? (field.selectedOptions[0]?.textContent.trim() || "") : field.dataset.label || "";
  const box = document.createElement("input");
  const list = document.createElement("div");
  const shell = document.createElement("span");
  let known = label(), lines = [], at = -1, asked = 0, waiting;

  box.type = "text";
  box.className = "form-control" + (field.classList.contains("is-invalid") ? " is-invalid" : "");
  box.id = field.id;
  box.value = known;
  box.autocomplete = "off";
  box.spellcheck = false;
  list.className = "k-pop k-options";
  list.id = `options-${++numbers}`;
  list.hidden = true;
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", document.querySelector(`label[for="${CSS.escape(field.id)}"]`)?.textContent || field.getAttribute("aria-label") || "");
  Object.entries({ role: "combobox", "aria-expanded": "false", "aria-controls": list.id, "aria-autocomplete": "list" })
    .forEach(([name, value]) => box.setAttribute(name, value));
  ["aria-label", "aria-required", "aria-invalid", "aria-describedby"].forEach((name) => {
    if (field.hasAttribute(name)) box.setAttribute(name, field.getAttribute(name));
  });
  const hasFocus = document.activeElement === field || field.autofocus;
  shell.className = "k-combo";
  field.id += "-key";
  field.removeAttribute("autofocus");
  field.before(shell);
  if (isSelect) field.hidden = true; else { field.removeAttribute("list"); field.type = "hidden"; }
  shell.append(box, list, field);
  if (hasFocus) box.focus();

  const isOpen = () => !list.hidden;
  const place = () => {
    const { left, bottom, top, width } = box.getBoundingClientRect();
    const below = innerHeight - bottom > Math.min(list.scrollHeight, 280) + 8 || bottom < innerHeight / 2;
    Object.assign(list.style, { left: `${left}px`, minWidth: `${width}px`, top: below ? `${bottom + 4}px` : "auto", bottom: below ? "auto" : `${innerHeight - top + 4}px` });
  };
  const open = () => {
    if (isOpen()) return;
    list.hidden = false;
    list.popover = "manual";
    list.showPopover?.();
    box.setAttribute("aria-expanded", "true");
    addEventListener("scroll", place, true);
  };
  const close = () => {
    if (!isOpen()) return;
    list.hidePopover?.();
    list.hidden = true;
    box.setAttribute("aria-expanded", "false");
    box.removeAttribute("aria-activedescendant");
    removeEventListener("scroll", place, true);
  };
  const store = (key, text) => {
    if (isSelect && ![...field.options].some((one) => one.value === key)) field.add(new Option(text, key));
    field.value = key;
    known = box.value = text;
    if (!isSelect) field.dataset.label = text;
    close();
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.dispatchEvent(new Event("change", { bubbles: true }));
  };
  const point = (to) => {
    at = lines.length ? (to + lines.length) % lines.length : -1;
    lines.forEach(({ row }, index) => row.setAttribute("aria-selected", index === at));
    const row = lines[at]?.row;
    if (row) { box.setAttribute("aria-activedescendant", row.id); row.scrollIntoView({ block: "nearest" }); }
    else box.removeAttribute("aria-activedescendant");
  };
  const line = (text, note, disc, act) => {
    const row = document.createElement("div");
    const name = document.createElement("span");
    row.id = `${list.id}-${lines.length}`;
    row.className = "row";
    row.setAttribute("role", "option");
    name.className = "ellipsis" + (disc ? ` k-state ${disc}` : "");
    name.textContent = text;
    row.append(name);
    if (note) {
      const small = document.createElement("span");
      small.className = "m";
      small.textContent = note;
      row.append(small);
    }
    row.addEventListener("click", act);
    lines.push({ row, act });
    return row;
  };
  const draw = (found) => {
    const text = box.value.trim();
    lines = [];
    list.replaceChildren(...found.map(({ key, label: name, disc }) =>
      line(name || key, name && name !== key ? key : "", disc, () => store(key, name || key))));
    if (!found.length) {
      const none = document.createElement("p");
      none.className = "none";
      none.textContent = field.dataset.none;
      list.append(none);
    }
    if (field.dataset.adding && text && text !== known) {
      const row = line(`${field.dataset.add} “${text}”`, "", "", () => {
        close();
        kehu.short(field.dataset.adding + encodeURIComponent(text), ({ key, label: name }) => { store(key, name); box.focus(); }, box);
      });
      row.classList.add("create");
      list.append(row);
    }
    open();
    place();
    point(found.length || text ? 0 : -1);
  };
  const found = async (text) => {
    const url = new URL(field.dataset.lookup, location.href);
    url.searchParams.set("q", text);
    const reply = await fetch(url).catch(() => null);
    return reply?.ok && !reply.redirected ? reply.json() : [];
  };
  const ask = async () => {
    const mine = ++asked;
    const some = await found(box.value === known ? "" : box.value.trim());
    if (mine === asked && document.activeElement === box) draw(some); // nobody has typed on, or left
  };

  box.addEventListener("input", (event) => {
    clearTimeout(waiting);
    if (!event.isComposing) waiting = setTimeout(ask, 150);
  });
  box.addEventListener("compositionend", () => { clearTimeout(waiting); waiting = setTimeout(ask, 0); });
  box.addEventListener("click", () => { if (!isOpen()) ask(); });
  box.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && !isOpen()) ask();
    else if (step) point(at < 0 && step < 0 ? lines.length - 1 : at + step);
    else if (event.key === "Enter" && isOpen() && lines[at]) lines[at].act();
    else if (event.key === "Escape" && (isOpen() || box.value !== known)) { close(); box.value = known; asked++; }
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  // What was typed and not chosen is a key, unless it is what a record is called.
  box.addEventListener("blur", async () => {
    clearTimeout(waiting);
    close();
    const text = box.value.trim(), mine = ++asked;
    if (text === known) return;
    store(text, text);
    if (!text) return;
    const same = (await found(text)).filter(({ key, label: name }) => key === text || name === text);
    if (mine === asked && same.length === 1) store(same[0].key, same[0].label || same[0].key);
  });
  list.addEventListener("mousedown", (event) => event.preventDefault()); // the box keeps the focus
};

// --- an amount is read back in words of its language ------------------------------------------------------

const amount = (input) => {
  const told = document.createElement("div");
  told.className = "k-hint k-num";
  told.hidden = true;
  input.closest(".k-money").after(told);
  const tell = () => {
    const value = Number(input.value.replace(/[,¥\s]/g, ""));
    told.hidden = !(Math.abs(value) >= 10000);
    if (!told.hidden) {
      const language = document.documentElement.lang;
      told.textContent = `${value.toLocaleString(language)} · ${value.toLocaleString(language, { notation: "compact", maximumFractionDigits: 2 })}`;
    }
  };
  input.addEventListener("input", tell);
  tell();
};

// --- fields that are asked for with some values of another one: in the meantime they keep theirs and are not sent ---

const conditional = (form) => {
  const lines = [...form.querySelectorAll("[data-asked]")].map((line) => ({ line, asked: JSON.parse(line.dataset.asked) }));
  const settle = () => {
    let moved = false;
    const said = new FormData(form);
    lines.forEach(({ line, asked: [name, values] }) => {
      const isAsked = values.includes(said.getAll(name).at(-1));
      moved ||= line.hidden === isAsked;
      line.hidden = !isAsked;
      line.querySelectorAll("input, select, textarea, button").forEach((one) => { one.disabled = !isAsked; });
    });
    if (moved) settle(); // what it says itself may ask for others
  };
  settle();
  lines.forEach(({ line }) => line.classList.remove("unasked"));
  form.addEventListener("input", settle);
};

// --- others that may be the same as a new record ----------------------------------------------------------

const alike = (form) => {
  const told = form.querySelector("[data-alike-told]");
  const names = form.dataset.alikeBy.split(" ");
  const fields = names.map((name) => form.elements[name]).filter(Boolean);
  const text = () => fields.map((one) => one.value.trim()).join("\n");
  let waiting, before = text(), asked = 0;
  if (!told || !fields.length) return;
  const ask = async () => {
    const now = text(), mine = ++asked;
    if (now === before) return;
    before = now;
    if (!fields.some((one) => one.value.trim().length > 1)) { told.replaceChildren(); return; }
    const data = new URLSearchParams({ csrf_token: form.elements.csrf_token.value });
    fields.forEach((one) => data.set(one.name, one.value));
    const reply = await kehu.send(form.dataset.alike, data).catch(() => null);
    if (mine !== asked || !reply?.ok || reply.redirected) return;
    told.replaceChildren(...kehu.parsed(await reply.text()).body.children);
  };
  fields.forEach((one) => {
    one.addEventListener("input", (event) => {
      clearTimeout(waiting);
      if (!event.isComposing) waiting = setTimeout(ask, 500);
    });
    one.addEventListener("change", ask);
  });
  told.addEventListener("click", (event) => { // whoever has answered is not asked again
    if (!event.target.closest("[data-dismiss]")) return;
    const answer = Object.assign(document.createElement("input"), { type: "hidden", name: "allow_duplicate", value: "true" });
    told.replaceChildren(answer);
  });
};

// --- a new record in a dialog -----------------------------------------------------------------------------

kehu.short = async (url, done, opener) => {
  const reply = await fetch(url).catch(() => null);
  if (!reply?.ok || reply.redirected) { location.assign(url.replace(/[?&]form=short/, "?")); return; }
  const dialog = document.createElement("dialog");
  const fill = (html) => {
    dialog.replaceChildren(...kehu.parsed(html).body.childNodes);
    kehu.enhance(dialog);
    (dialog.querySelector("[aria-invalid]") || dialog.querySelector("[autofocus]") || dialog.querySelector("input:not([type=hidden])"))?.focus();
  };
  const query = () => {
    const data = new FormData(dialog.querySelector("form"));
    ["csrf_token", "once"].forEach((name) => data.delete(name));
    return new URLSearchParams([...data].filter(([name, value]) => value && !name.startsWith("__")));
  };
  dialog.className = "k-dialog sf";
  dialog.setAttribute("aria-labelledby", "short-title");
  document.body.append(dialog);
  dialog.showModal();
  fill(await reply.text());
  dialog.addEventListener("close", () => { dialog.remove(); opener?.focus(); });
  dialog.addEventListener("click", (event) => {
    const whole = event.target.closest("[data-whole]");
    if (whole) whole.search = query();
    if (event.target.closest("[data-cancel]")) dialog.close();
  });
  dialog.addEventListener("submit", async (event) => {
    event.preventDefault();
    event.stopPropagation();
    if (dialog.dataset.sent) return;
    dialog.dataset.sent = "yes";
    const answer = await kehu.send(event.target.action, new URLSearchParams(new FormData(event.target))).catch(() => null);
    delete dialog.dataset.sent;
    if (answer?.status === 201) { const made = await answer.json(); dialog.close(); done(made); }
    else if (answer) {
      const html = await answer.text();
      if (kehu.parsed(html).querySelector("#short")) { fill(html); return; }
      event.target.action = new URL(event.target.action).pathname; // a page of its own says what is wrong
      event.target.submit();
    }
  });
};

// --- several of many, with commas between them: suggestions for the last -----------------------------------

let typing;
document.addEventListener("input", (event) => {
  const input = event.target;
  if (!input.matches("input[list][data-lookup]") || event.isComposing) return;
  clearTimeout(typing);
  typing = setTimeout(async () => {
    const parts = input.value.split(/[,，]/), text = parts.pop().trim();
    const reply = text && await fetch(`${input.dataset.lookup}?q=${encodeURIComponent(text)}`).catch(() => null);
    if (!reply?.ok || reply.redirected) return;
    const before = parts.map((part) => `${part.trim()}, `).join("");
    input.list.replaceChildren(...(await reply.json()).map(({ key, label }) => new Option(label, before + key)));
  }, 200);
});

kehu.enhance = (root) => {
  root.querySelectorAll("select[data-lookup], input[data-lookup]").forEach(combobox);
  root.querySelectorAll("[data-money]").forEach(amount);
  root.querySelectorAll("form[data-alike]").forEach(alike);
  new Set([...root.querySelectorAll("[data-asked]")].map((line) => line.closest("form"))).forEach(conditional);
};
kehu.enhance(document);
