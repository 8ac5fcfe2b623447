{
  // Fills the form of one row, and shows what `model` answers; texts are never markup.
  const { fields, classes, words } = JSON.parse(document.getElementById("what-if-data").textContent);
  const [answer, form, parts] = ["answer", "form", "parts"].map((name) => document.getElementById(`what-if-${name}`));
  const [MOST_FIELDS, MOST_CLASSES] = [12, 6];
  const { figures, changes, points, chance, made, filled, bars } = formParts;
  const values = new Map(model.inputs.map(({ name }) => [name, null])); // a column may have any name
  let first = "";
  let beginning = new Map();

  function listOf({ labels, values, start, open }) {
    const list = made("select");
    const choices = labels.map((label, place) => [label, place]);
    if (open) choices.push([words.other, values.length]);
    for (const [label, place] of [[words.missing, -1], ...choices]) {
      list.append(made("option", label, { value: place, defaultSelected: place === start }));
    }
    return list;
  }

  function controlOf(field) {
    if (field.control === "list") return listOf(field);
    if (field.control === "text") return made("textarea", field.start, { rows: 3, placeholder: words.missing });
    const { control: type, start } = field;
    const control = made("input", "", { type, placeholder: words.missing });
    control.setAttribute("value", start); // to which a reset returns
    if (type === "number" || type === "time") control.step = type === "number" ? "any" : 1;
    return control;
  }

  // A text that is no level and no mark of a missing value.
  function unseen(levels) {
    let text = "…";
    while (levels.includes(text)) text += "…";
    return text;
  }

  function read(field, control, hint) {
    const given = control.value.trim();
    const isMissing = given === (field.control === "list" ? "-1" : "");
    let value = isMissing ? null : given;
    if (field.control === "list" && !isMissing) value = field.values[given] ?? unseen(field.values);
    if (field.control === "number" && !isMissing) value = Number(given);
    const isOutside = field.low !== undefined && !isMissing && (value < field.low || value > field.high);
    hint.textContent = (isOutside ? field.outside : field.inside) ?? "";
    if (isMissing && field.control !== "list") hint.textContent = [words.missing, field.inside].filter(Boolean).join(" · ");
    hint.classList.toggle("warn", isOutside);
    values.set(field.name, isRead(field.control, value) ? value : null);
  }

  // Whether the model takes a value; it refuses numbers and years that no table holds.
  function isRead(control, value) {
    if (value === null) return true;
    if (control === "number") return Math.abs(value) <= 3.4e38;
    return !control.startsWith("date") || /^[12]\d{3}-/.test(value);
  }

  function show() {
    const { prediction, probability, low, high, set } = model.predict([Object.fromEntries(values)])[0];
    const figure = (value) => filled(words.figure, { figure: figures.format(value) });
    const label = (name) => classes[model.classes.indexOf(name)];
    const chances = model.classes.map((name, place) => [probability[String(name)], classes[place]]);
    const likely = chances.sort(([a], [b]) => b - a).slice(0, MOST_CLASSES);
    const said = probability ? label(prediction) : figure(prediction);
    const whole = probability
      ? filled(words.likely, { label: said, share: chance(probability[String(prediction)]) })
      : said;
    first ||= whole;
    const line = made("p", words.answer);
    line.append(" ", made("b", said));
    const lines = [line];
    if (low !== undefined) lines.push(made("p", filled(words.interval, { low: figure(low), high: figure(high) })));
    if (set) lines.push(made("p", set.length ? filled(words.set, { classes: set.map(label).join(" · ") }) : words.empty));
    if (probability) lines.push(bars(likely.map(([share, name]) => [name, chance(share), share]), 1));
    if (whole !== first) lines.push(made("p", filled(words.first, { answer: first }), { className: "quiet" }));
    answer.replaceChildren(...lines);
  }

  // What each changed field adds by itself: the answer, minus the answer with that field as at first.
  function explain() {
    const rows = fields.filter(({ name }) => values.get(name) !== beginning.get(name));
    parts.replaceChildren(made("h3", words.adds));
    if (!rows.length) {
      parts.append(made("p", words.nothing, { className: "quiet" }));
      return;
    }
    const back = rows.map(({ name }) => Object.fromEntries(new Map(values).set(name, beginning.get(name))));
    const [now, ...others] = model.predict([Object.fromEntries(values), ...back]);
    const label = now.probability && String(now.prediction);
    const amount = ({ prediction, probability }) => (label ? 100 * probability[label] : prediction);
    const added = rows.map((field, at) => ({ name: field.label, by: amount(now) - amount(others[at]) }));
    const most = Math.max(...added.map(({ by }) => Math.abs(by)));
    const written = (by) => (label ? points.format(by) : filled(words.figure, { figure: changes.format(by) }));
    const lines = added.sort((a, b) => Math.abs(b.by) - Math.abs(a.by)).map(({ name, by }) => [name, written(by), by]);
    if (label) parts.append(made("p", filled(words.points, { label: classes[model.classes.indexOf(now.prediction)] })));
    parts.append(bars(lines, most), made("p", words.alone, { className: "quiet" }));
  }

  const [foremost, others] = [made("div", "", { className: "fields" }), made("div", "", { className: "fields" })];
  const readers = fields.map((field, place) => {
    const [box, control, hint] = [made("div"), controlOf(field), made("small", "", { className: "quiet" })];
    [control.id, hint.id] = [`what-if-${place}`, `what-if-hint-${place}`];
    control.setAttribute("aria-describedby", hint.id);
    box.append(made("label", field.label, { htmlFor: control.id }), control, hint);
    if (field.control === "text") box.className = "wide-field";
    (place < MOST_FIELDS ? foremost : others).append(box);
    const reader = () => read(field, control, hint);
    control.addEventListener("input", () => (reader(), show(), explain()));
    return reader;
  });
  const again = () => {
    readers.forEach((reader) => reader());
    beginning = new Map(values);
    show();
    explain();
  };
  form.append(foremost);
  if (others.childElementCount) {
    const more = made("details");
    more.append(made("summary", words.more), others);
    form.append(more);
  }
  form.append(made("button", words.again, { type: "reset" }));
  form.addEventListener("reset", () => setTimeout(again));
  form.addEventListener("submit", (event) => event.preventDefault());
  again();
}
