// Put each moving figure before its still one, which stays for print and where scripts do not run.

const FIGURES = ["why_zeros", "descent", "path", "decay", "bias_variance"];

for (const place of document.querySelectorAll(".touch")) {
  const name = FIGURES.find((figure) => place.classList.contains(figure.replace("_", "-")));
  if (!name) continue;
  const live = document.createElement("div");
  live.className = "touch-live";
  import(`./${name}.js`)
    .then(({ build }) => build(live))
    .then(() => {
      place.prepend(live);
      place.classList.add("touch-ready");
    })
    .catch((error) => console.error(`The figure ${name} stays still:`, error));
}
