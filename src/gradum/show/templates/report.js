const held = document.getElementById("charts");
const charts = JSON.parse(held.textContent);
const options = { renderer: "svg", actions: false };
for (const [name, chart] of Object.entries(charts)) {
  const place = document.getElementById(`chart-${name}`);
  vegaEmbed(place, chart, options)
    .then(() => {
      // Vega only logs what goes wrong once it draws.
      if (!place.querySelector(".role-mark")) throw new Error(held.dataset.empty);
    })
    .catch((error) => {
      place.textContent = held.dataset.failed.replace("{cause}", () => error.message);
    });
}
