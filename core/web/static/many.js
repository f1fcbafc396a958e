// What is done with many records: a field that is typed in gets its tick, progress comes by itself.

document.querySelectorAll(".mn-line").forEach((line) => {
  const tick = line.querySelector("[name=change]");
  const typed = (event) => { if (tick && event.target !== tick) tick.checked = true; };
  ["input", "change"].forEach((name) => line.addEventListener(name, typed));
});
(document.querySelector("[aria-invalid=true]") || document.querySelector(".mn-line .form-control, .mn-line .form-select"))?.focus();

const follow = async () => {
  let page;
  try { page = kehu.parsed(await (await fetch(location.href)).text()); } catch { setTimeout(follow, 5000); return; }
  const now = page.querySelector("[data-progress]");
  if (!now) { location.reload(); return; }
  document.querySelector("[data-progress]").replaceWith(now);
  setTimeout(follow, 1000);
};
if (document.querySelector("[data-progress]")) setTimeout(follow, 700);
