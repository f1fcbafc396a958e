// Importing a file: choices are tried as soon as they are made, progress comes by itself.

const load = async (url, options) => {
  const reply = await fetch(url, options);
  return kehu.parsed(await reply.text());
};

// A changed choice is tried at once; focus and place stay.
const watch = () => {
  const form = document.querySelector("form[data-tried]");
  form?.addEventListener("change", async (event) => {
    const { name } = event.target;
    const places = [...form.elements].filter((one) => one.name === name).indexOf(event.target);
    const top = form.querySelector(".imp-main").scrollTop;
    form.setAttribute("aria-busy", "true");
    const body = new URLSearchParams(new FormData(form));
    const fresh = (await load(form.action, { method: "POST", body })).querySelector("form[data-tried]");
    if (!fresh) { location.reload(); return; }
    form.replaceWith(fresh);
    fresh.querySelector(".imp-main").scrollTop = top;
    const again = [...fresh.elements].filter((one) => one.name === name)[places];
    const fold = again?.closest("details");
    if (fold) fold.open = true;
    again?.focus();
    watch();
  });
};
watch();

// Progress, once a second, until there is none.
const progress = () => document.querySelector("[data-progress]");
const follow = async () => {
  let page;
  try { page = await load(location.href); } catch { setTimeout(follow, 5000); return; }
  const now = page.querySelector("[data-progress]");
  if (!now) { location.reload(); return; }
  if (now.textContent !== progress().textContent) progress().replaceWith(now);
  setTimeout(follow, 1000);
};
if (progress()) setTimeout(follow, 1000);
