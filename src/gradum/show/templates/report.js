const held = document.getElementById("charts");
const charts = JSON.parse(held.textContent);
const options = { renderer: "svg", actions: false };

function draw(place) {
  const name = place.id.slice("chart-".length);
  if (!(name in charts) || place.dataset.drawn) return;
  place.dataset.drawn = "yes";
  vegaEmbed(place, charts[name], options)
    .then(() => {
      // Vega only logs what goes wrong once it draws.
      if (!place.querySelector(".role-mark")) throw new Error(held.dataset.empty);
    })
    .catch((error) => {
      place.textContent = held.dataset.failed.replace("{cause}", () => error.message);
    });
}

// A chart is as wide as its place, which has no width while it is folded away.
function drawOpen() {
  for (const place of document.querySelectorAll(".chart")) {
    if (!place.closest("details:not([open])")) draw(place);
  }
  // What scrolls is reached by the keyboard too.
  for (const table of document.querySelectorAll(".wide")) {
    if (table.scrollWidth > table.clientWidth) table.tabIndex = 0;
  }
}

function reveal() {
  const target = location.hash && document.getElementById(location.hash.slice(1));
  if (!target) return;
  for (let part = target.closest("details"); part; part = part.parentElement.closest("details")) {
    part.open = true;
  }
  target.scrollIntoView();
}

document.addEventListener("toggle", drawOpen, true);
addEventListener("hashchange", reveal);
addEventListener("beforeprint", () => {
  for (const part of document.querySelectorAll("details.part")) part.open = true;
  drawOpen();
});
reveal();
drawOpen();
