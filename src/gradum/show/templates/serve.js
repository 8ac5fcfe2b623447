"use strict";
// Forms that ask models about one row, and boxes for JSON; names and levels are texts, never markup.
const headers = { "Content-Type": "application/json" };
const language = document.documentElement.lang;
const figures = new Intl.NumberFormat(language, { maximumSignificantDigits: 5 });
const shares = new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 1 });
const changes = new Intl.NumberFormat(language, { maximumSignificantDigits: 3, signDisplay: "exceptZero" });
const [MOST_CLASSES, MOST_REASONS, CHUNK] = [6, 8, 32768];

function made(name, text = "", settings = {}) {
  const element = document.createElement(name);
  element.textContent = text;
  return Object.assign(element, settings);
}

function filled(text, places) {
  return text.replace(/\{(\w+)\}/g, (whole, name) => (Object.hasOwn(places, name) ? places[name] : whole));
}

async function posted(address, body) {
  const response = await fetch(address, { method: "POST", headers, body });
  return [response.ok, await response.json()];
}

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

// Returns the control of a field, and the box for another value than those of its list.
function controlOf({ control, start, labels, values, open, needed }, words) {
  if (control === "list") {
    const list = made("select");
    const choices = labels.map((label, place) => [label, place]);
    if (open) choices.push([words.other, values.length]);
    if (!needed || start < 0) choices.unshift([words.missing, -1]);
    for (const [label, value] of choices) {
      list.append(made("option", label, { value, defaultSelected: value === start, selected: value === start }));
    }
    const other = made("input", "", { type: "text", hidden: true });
    list.addEventListener("input", () => (other.hidden = Number(list.value) !== values.length));
    return [list, other];
  }
  if (control === "text") return [made("textarea", start, { rows: 3 }), null];
  const box = made("input", "", { type: control });
  if (control !== "file") box.value = start;
  if (control === "number" || control === "time") box.step = control === "number" ? "any" : 1;
  return [box, null];
}

async function base64(file) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  let text = "";
  for (let at = 0; at < bytes.length; at += CHUNK) text += String.fromCharCode(...bytes.subarray(at, at + CHUNK));
  return { base64: btoa(text) };
}

// Returns the value of a field as JSON has it: null if it is empty.
async function valueOf({ control: type, values }, control, other) {
  if (type === "file") return control.files.length ? await base64(control.files[0]) : null;
  const given = control.value.trim();
  if (type === "list") {
    if (Number(given) === values.length) return other.value.trim() || null;
    return values[given] ?? null;
  }
  return given === "" ? null : type === "number" ? Number(given) : given;
}

document.querySelectorAll("form.row").forEach((form, number) => {
  const { fields, record, coverage, explains, words } = JSON.parse(form.querySelector("script").textContent);
  const [box, said] = [made("div", "", { className: "fields" }), made("div", "", { className: "said" })];
  const button = made("button", form.dataset.ask);
  said.setAttribute("role", "status");
  form.append(box, button, said);
  const rows = fields.map((field, place) => {
    const [[control, other], hint] = [controlOf(field, words), made("small", "", { className: "quiet" })];
    const cell = made("div");
    [control.id, hint.id] = [`field-${number}-${place}`, `hint-${number}-${place}`];
    control.setAttribute("aria-describedby", hint.id);
    if (field.needed) control.required = true;
    cell.append(made("label", field.label, { htmlFor: control.id }), control);
    if (other) {
      other.setAttribute("aria-label", filled(words.write, { column: field.label }));
      cell.append(other);
    }
    cell.append(hint);
    box.append(cell);
    const usual = [field.inside, field.needed ? "" : words.optional].filter(Boolean).join(" · ");
    const mark = (wrong = "") => {
      hint.textContent = wrong || usual;
      hint.className = wrong ? "warn" : "quiet";
      wrong ? control.setAttribute("aria-invalid", "true") : control.removeAttribute("aria-invalid");
    };
    mark();
    return { field, control, other, mark };
  });

  async function read() {
    const [row, wrong] = [new Map(Object.entries(record)), []];
    for (const { field, control, other, mark } of rows) {
      const value = await valueOf(field, control, other);
      const cause = control.validity.badInput ? words.number : value === null && field.needed ? words.needed : "";
      mark(cause);
      if (cause) wrong.push([field.label, control]);
      row.set(field.name, value);
    }
    return [Object.fromEntries(row), wrong];
  }

  function show({ answers: [{ prediction, probability, interval, set }], notes }) {
    const figure = (value) => filled(words.figure, { figure: figures.format(value) });
    const line = made("p", words.answer);
    line.append(" ", made("b", probability ? String(prediction) : figure(prediction)));
    said.replaceChildren(line);
    if (interval) said.append(made("p", filled(words.interval, { low: figure(interval[0]), high: figure(interval[1]) })));
    if (set) said.append(made("p", set.length ? filled(words.set, { classes: set.join(" · ") }) : words.empty));
    if (probability) {
      const likely = Object.entries(probability).sort(([, a], [, b]) => b - a).slice(0, MOST_CLASSES);
      said.append(bars(likely.map(([name, share]) => [name, shares.format(share), share]), 1));
    }
    for (const note of notes) said.append(made("p", note, { className: "quiet" }));
  }

  function reasons({ answers: [{ prediction, explanation }] }) {
    const of = explanation.columns.filter((line) => line.class === null || line.class === String(prediction));
    const lines = (of.length ? of : explanation.columns).sort((a, b) => Math.abs(b.value) - Math.abs(a.value));
    const most = Math.abs(lines[0]?.value ?? 0);
    const label = lines[0]?.class;
    const beside = label === null || label === undefined ? words.average : filled(words.class, { label });
    said.append(made("h3", words.reasons), made("p", beside, { className: "quiet" }));
    said.append(bars(lines.slice(0, MOST_REASONS).map(({ column, value }) => [column, changes.format(value), value]), most));
  }

  function refuse(message) {
    said.classList.add("refused");
    said.replaceChildren(made("p", message));
    const named = rows.filter(({ field }) => message.includes(`'${field.name}'`));
    for (const { mark } of named) mark(message);
    named[0]?.control.focus();
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    said.classList.remove("refused");
    const [row, wrong] = await read();
    if (wrong.length) {
      refuse(filled(words.wrong, { columns: wrong.map(([label]) => label).join(" · ") }));
      wrong[0][1].focus();
      return;
    }
    said.replaceChildren(made("p", words.asking));
    const ask = (more) => posted(form.dataset.address, JSON.stringify({ records: [row], ...more }));
    try {
      const [isAnswered, answer] = await ask(coverage ? { coverage } : {});
      if (!isAnswered) return refuse(answer.error);
      show(answer);
      const [isExplained, explained] = explains ? await ask({ explain: true }) : [false];
      if (isExplained) reasons(explained);
    } catch {
      refuse(words.silent);
    }
  });
});

for (const form of document.querySelectorAll(".ask")) {
  const request = form.querySelector("textarea"), answer = form.querySelector("pre");
  form.querySelector("button").addEventListener("click", async () => {
    answer.textContent = "…";
    try {
      const [isAnswered, found] = await posted(form.dataset.address, request.value);
      answer.classList.toggle("refused", !isAnswered);
      answer.textContent = JSON.stringify(found, null, 2);
    } catch (error) {
      answer.classList.add("refused");
      answer.textContent = String(error);
    }
  });
}
