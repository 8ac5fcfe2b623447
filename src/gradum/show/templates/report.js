const charts = JSON.parse(document.getElementById("charts").textContent);
const options = { renderer: "svg", actions: false };
for (const [name, chart] of Object.entries(charts)) {
  vegaEmbed(`#chart-${name}`, chart, options).catch((error) => {
    document.getElementById(`chart-${name}`).textContent = `This chart could not be drawn: ${error.message}`;
  });
}
