// A record's page: tabs without loading, and older entries in place. It works without.

const columns = document.querySelector(".rec-cols");

document.querySelectorAll("[data-tab]").forEach((tab) => {
  tab.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    columns.dataset.show = tab.dataset.tab;
    document.querySelectorAll("[data-tab]").forEach((one) => {
      if (one === tab) one.setAttribute("aria-current", "true");
      else one.removeAttribute("aria-current");
    });
    const address = new URL(location);
    address.searchParams.set("show", tab.dataset.tab);
    history.replaceState(null, "", address);
  });
});

// Older entries are appended; groups that go on are joined.
const older = (link) => link.addEventListener("click", async (event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  if (link.getAttribute("aria-busy")) return;
  link.setAttribute("aria-busy", "true");
  const reply = await fetch(link.href).catch(() => null);
  if (!reply?.ok || reply.redirected) { location.assign(link.href); return; }
  const page = kehu.parsed(await reply.text());
  const entries = document.getElementById("entries");
  const heads = [...entries.querySelectorAll(".tl-head")];
  const first = page.querySelector("#entries .k-tl > li");
  page.querySelectorAll("#entries .tl-head").forEach((head, place) => {
    const list = head.nextElementSibling;
    const last = heads.at(-1);
    if (place === 0 && last?.textContent === head.textContent) last.nextElementSibling.append(...list.children);
    else entries.append(head, list);
  });
  const next = page.getElementById("older");
  if (next) { link.replaceWith(next); older(next); } else link.remove();
  const target = first?.querySelector("a, button");
  target?.focus({ preventScroll: true });
});
document.querySelectorAll("#older").forEach(older);

// The composer: a kind leads to the text, Ctrl+Enter sends it.
document.querySelectorAll("form[data-composer]").forEach((form) => {
  const text = form.elements.text;
  form.querySelectorAll("[name=kind]").forEach((kind) => {
    // By mouse or by its key; arrow keys walk through the kinds and leave the focus there.
    kind.addEventListener("click", (event) => { if (event.detail !== 0 || !kind.matches(":focus-visible")) { form.classList.add("is-open"); text.focus(); } });
  });
  // A day that is offered is written where any day can be; what stands there says which of them is meant.
  const day = form.elements.next_due;
  const picks = [...form.querySelectorAll("[name=next_pick]")];
  picks.forEach((pick) => pick.addEventListener("change", () => { day.value = pick.value; }));
  day.addEventListener("input", () => { picks.forEach((pick) => { pick.checked = pick.value === day.value; }); });
  // What the kind has no room for is not sent.
  form.addEventListener("formdata", ({ formData }) => {
    form.querySelectorAll(".more-of-it [name]").forEach((one) => { if (one.offsetParent === null) formData.delete(one.name); });
  });
  // What was written is not left without a question.
  addEventListener("beforeunload", (event) => { if (text.value.trim() && !form.dataset.sent) event.preventDefault(); });
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.isComposing) { event.preventDefault(); form.requestSubmit(); }
    if (event.key === "Escape" && !event.isComposing) { form.classList.remove("is-open"); document.activeElement.blur(); }
  });
});

// One more related record, in a dialog over the page.
document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-short]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  window.kehu.short(link.dataset.short, () => location.reload(), link);
});

// Files are dropped anywhere on the page, or pasted; the form of files sends them.
const upload = document.querySelector("form[data-send-file]");
if (upload) {
  const input = upload.querySelector("[type=file]");
  const take = (files) => { input.files = files; input.dispatchEvent(new Event("change", { bubbles: true })); };
  const carriesFiles = (transfer) => transfer !== null && [...transfer.types].includes("Files");
  const show = (on) => { if (on) columns.dataset.drop = upload.dataset.drop; else delete columns.dataset.drop; };
  addEventListener("dragover", (event) => { if (carriesFiles(event.dataTransfer)) { event.preventDefault(); show(true); } });
  addEventListener("dragleave", (event) => { if (event.relatedTarget === null) show(false); });
  addEventListener("drop", (event) => {
    show(false);
    if (!carriesFiles(event.dataTransfer)) return;
    event.preventDefault();
    take(event.dataTransfer.files);
  });
  addEventListener("paste", (event) => {
    const { clipboardData: transfer } = event;
    // A copied table is a text and a picture of it: where one writes it is the text that is meant.
    if (!transfer?.files.length || (transfer.types.includes("text/plain") && event.target.closest("input, textarea"))) return;
    event.preventDefault();
    take(transfer.files);
  });
}

// A picture is looked at over the page.
document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-preview]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const dialog = document.createElement("dialog");
  const picture = new Image();
  picture.src = link.href;
  picture.alt = link.textContent.trim() || link.querySelector("img")?.alt || "";
  dialog.className = "k-dialog pv";
  dialog.setAttribute("aria-label", picture.alt);
  dialog.tabIndex = -1;
  dialog.append(picture);
  dialog.addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => { dialog.remove(); link.focus(); });
  document.body.append(dialog);
  dialog.showModal();
});

document.querySelectorAll("[data-print]").forEach((button) => {
  button.hidden = false;
  button.addEventListener("click", () => { button.closest("details").open = false; print(); });
});
