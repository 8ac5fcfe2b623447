// What forms that ask models share; names and levels are texts, never markup.
const formParts = (() => {
  const language = document.documentElement.lang;
  const written = (digits) => new Intl.NumberFormat(language, digits);
  const figures = written({ maximumSignificantDigits: 5 });
  const shares = written({ style: "percent", maximumFractionDigits: 1 });
  const changes = written({ maximumSignificantDigits: 3, signDisplay: "exceptZero" });
  const points = written({ minimumFractionDigits: 1, maximumFractionDigits: 1, signDisplay: "exceptZero" });

  // A share that is none and not all is never written as such.
  function chance(share) {
    if (share > 0 && share < 0.0005) return `<${shares.format(0.001)}`;
    return share < 1 && share >= 0.9995 ? `>${shares.format(0.999)}` : shares.format(share);
  }

  function made(name, text = "", settings = {}) {
    const element = document.createElement(name);
    element.textContent = text;
    return Object.assign(element, settings);
  }

  function filled(text, places) {
    return text.replace(/\{(\w+)\}/g, (whole, name) => (Object.hasOwn(places, name) ? places[name] : whole));
  }

  // Returns a table of names, figures and bars, the longest of which would be `most`.
  function bars(lines, most) {
    const table = made("table");
    for (const [name, said, amount] of lines) {
      const [cells, bar] = [table.insertRow(), made("i", "", { className: amount < 0 ? "below" : "" })];
      bar.style.width = `${most ? (100 * Math.abs(amount)) / most : 0}%`;
      cells.append(made("td", name), made("td", said, { className: "n" }));
      cells.insertCell().append(bar);
    }
    return table;
  }

  return { figures, changes, points, chance, made, filled, bars };
})();
