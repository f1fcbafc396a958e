// Of a line of a grant's condition only those inputs are there that its operator needs.
const fit = (line) => line.querySelectorAll("[data-for]").forEach((part) => {
  part.hidden = !part.dataset.for.split(",").includes(line.querySelector(".ls-operator").value);
  part.querySelectorAll("input").forEach((input) => { input.disabled = part.hidden; });
});
const lines = [...document.querySelectorAll(".ls-line:has(.ls-operator)")];
lines.forEach(fit);
document.addEventListener("change", (event) => {
  const line = event.target.closest(".ls-operator")?.closest(".ls-line");
  if (line) fit(line);
});
lines.at(-1)?.querySelector("[data-for]:not([hidden]) input:not([type=hidden])")?.focus();
