const charts = JSON.parse(document.getElementById("charts").textContent);
const options = { renderer: "svg", actions: false };
for (const [name, chart] of Object.entries(charts)) {
  const place = document.getElementById(`chart-${name}`);
  vegaEmbed(place, chart, options)
    .then(() => {
      // Vega only logs what goes wrong once it draws.
      if (!place.querySelector(".role-mark")) throw new Error("nothing was drawn.");
    })
    .catch((error) => {
      place.textContent = `This chart could not be drawn: ${error.message}`;
    });
}
