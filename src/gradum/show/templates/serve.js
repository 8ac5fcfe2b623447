// Forms that ask models about one row, and boxes for JSON.
{
  const { figures, changes, points, chance, made, filled, bars } = formParts;
  const [MOST_FIELDS, MOST_CLASSES, MOST_REASONS, CHUNK] = [24, 6, 8, 32768];
  const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
  const headers = { "Content-Type": "application/json" };

  async function posted(address, body) {
    const response = await fetch(address, { method: "POST", headers, body });
    return [response.ok, await response.json()];
  }

  // Returns the control of a field, and what else its cell holds.
  function controlOf({ control: type, start, labels, values, label, open }, id, words) {
    if (type === "text") return [made("textarea", start, { rows: 2 })];
    if (type === "list") {
      const [list, other] = [made("select"), made("input", "", { type: "text", hidden: true })];
      const choices = [[words.missing, -1], ...labels.map((label, place) => [label, place])];
      if (open) choices.push([words.other, values.length]);
      for (const [text, value] of choices) list.append(made("option", text, { value, defaultSelected: value === start }));
      other.setAttribute("aria-label", filled(words.write, { column: label }));
      return open ? [list, other] : [list];
    }
    const box = made("input", "", { type: ["number", "levels"].includes(type) ? "text" : type });
    if (type === "number") box.inputMode = "decimal"; // a box for numbers alone would swallow letters in silence
    if (type === "time") box.step = 1;
    if (type !== "file") box.setAttribute("value", start); // to which a reset returns
    if (type !== "levels") return [box];
    const known = made("datalist", "", { id: `${id}-levels` });
    known.append(...labels.map((label) => made("option", "", { value: label })));
    box.setAttribute("list", known.id);
    box.addEventListener("focus", () => box.select()); // browsers offer the levels that begin as the box does
    return [box, known];
  }

  async function base64(file) {
    const bytes = new Uint8Array(await file.arrayBuffer());
    let text = "";
    for (let at = 0; at < bytes.length; at += CHUNK) text += String.fromCharCode(...bytes.subarray(at, at + CHUNK));
    return { base64: btoa(text) };
  }

  // A number if it is written as one; else the text, of which the server may still make one.
  function numberOf(given) {
    const plain = given.normalize("NFKC").replace("−", "-");
    return NUMBER.test(plain) && Number.isFinite(Number(plain)) ? Number(plain) : given;
  }

  // Returns the value of a field as JSON has it: null if it is empty.
  function valueOf({ control: type, values, labels }, control, other) {
    const given = control.value.trim();
    if (type === "list" && Number(given) === values.length) return other.value.trim() || null;
    if (type === "list") return values[given] ?? null;
    if (given === "") return null;
    if (type === "levels") return values[labels.indexOf(control.value)] ?? given;
    return type === "number" ? numberOf(given) : given;
  }

  function rowOf(field, id, words) {
    const { control: type, inside, outside, low, high } = field;
    const [control, beside] = controlOf(field, id, words);
    const isLong = ["text", "datetime-local", "file"].includes(type);
    const [cell, hint] = [made("div", "", { className: isLong ? "long" : "" }), made("small", "", { className: "quiet", id: `${id}-hint` })];
    control.id = id;
    control.setAttribute("aria-describedby", hint.id);
    cell.append(made("label", field.label, { htmlFor: id }), control, ...(beside ? [beside] : []), hint);
    const value = () => valueOf(field, control, beside);
    const tell = (text, isWrong, isAlarming = isWrong) => {
      hint.textContent = text;
      hint.className = isAlarming ? "warn" : "quiet";
      isWrong ? control.setAttribute("aria-invalid", "true") : control.removeAttribute("aria-invalid");
    };
    // Says what is usual, or what is wrong with the value, which it returns.
    const look = () => {
      const now = value();
      if (field.open && type === "list") beside.hidden = Number(control.value) !== field.values.length;
      const isOutside = now !== null && low !== undefined && (now < low || now > high);
      const isNoNumber = type === "number" && typeof now === "string" && !/\d/.test(now);
      const wrong = control.validity.badInput ? words.incomplete : isNoNumber ? words.number : "";
      const isEmpty = now === null && type !== "list";
      const usual = [isEmpty ? words.missing : "", isOutside ? outside : inside].filter(Boolean).join(" · ");
      tell(wrong || usual, Boolean(wrong), Boolean(wrong) || isOutside);
      return wrong;
    };
    cell.addEventListener("input", look);
    look();
    return { field, cell, control, value, look, tell };
  }

  document.querySelectorAll("form.row").forEach((form, number) => {
    const { fields, record, coverage, explains, classes, words } = JSON.parse(document.getElementById("forms").textContent)[number];
    const [boxes, more, said] = [".fields", "details", ".said"].map((name) => form.querySelector(name));
    const rows = fields.map((field, place) => rowOf(field, `field-${number}-${place}`, words));
    rows.forEach(({ cell }, place) => (place < MOST_FIELDS ? boxes : more.querySelector(".fields")).append(cell));
    more.hidden = rows.length <= MOST_FIELDS;
    let turn = 0;

    const labelOf = (value) => classes.find(([own, name]) => own === value || name === value)?.[2] ?? String(value);
    const figure = (value, written = figures) => filled(words.figure, { figure: written.format(value) });

    async function read() {
      const row = new Map(Object.entries(record));
      for (const { field, control, value } of rows) {
        const isFile = field.control === "file" && control.files.length;
        row.set(field.name, isFile ? await base64(control.files[0]) : field.control === "file" ? null : value());
      }
      return Object.fromEntries(row);
    }

    // Puts a sentence beside the field that it names first.
    function beside(sentence, isWrong) {
      const places = rows.map(({ field }) => sentence.indexOf(field.quoted));
      const named = rows[places.indexOf(Math.min(...places.filter((place) => place >= 0)))];
      named?.tell(sentence, isWrong, true);
      return named;
    }

    function show({ answers: [{ prediction, probability, interval, set }], notes }) {
      const line = made("p", words.answer);
      line.append(" ", made("b", probability ? labelOf(prediction) : figure(prediction)));
      said.replaceChildren(line);
      if (interval) said.append(made("p", filled(words.interval, { low: figure(interval[0]), high: figure(interval[1]) })));
      if (set) said.append(made("p", set.length ? filled(words.set, { classes: set.map(labelOf).join(" · ") }) : words.empty));
      if (probability) {
        const likely = Object.entries(probability).sort(([, a], [, b]) => b - a).slice(0, MOST_CLASSES);
        said.append(bars(likely.map(([name, share]) => [labelOf(name), chance(share), share]), 1));
      }
      for (const note of notes) said.append(made("p", note, { className: "warn" }));
      for (const note of notes) beside(note, false);
    }

    function reasons({ answers: [{ prediction, probability, explanation }] }) {
      const name = classes.find(([own]) => own === prediction)?.[1] ?? null;
      const own = explanation.columns.filter((line) => line.class === name);
      const lines = own.sort((a, b) => Math.abs(b.value) - Math.abs(a.value)).slice(0, MOST_REASONS);
      const amount = (value) => (probability ? points.format(100 * value) : figure(value, changes));
      const scale = probability ? filled(words.points, { label: labelOf(prediction) }) : words.average;
      said.append(made("h3", words.reasons), made("p", scale, { className: "quiet" }));
      said.append(bars(lines.map(({ column, value }) => [column, amount(value), value]), Math.abs(lines[0]?.value ?? 0)));
    }

    function refuse(sentence, control) {
      said.classList.add("refused");
      said.replaceChildren(made("p", sentence));
      if (control && more.contains(control)) more.open = true;
      control?.focus();
    }

    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const own = (turn += 1);
      const wrong = rows.filter(({ look }) => look());
      if (wrong.length) {
        const columns = wrong.map(({ field }) => field.label).join(" · ");
        return refuse(filled(words.wrong, { columns }), wrong[0].control);
      }
      said.classList.remove("refused");
      said.replaceChildren(made("p", words.asking));
      const row = await read();
      const ask = (more) => posted(form.dataset.address, JSON.stringify({ records: [row], ...more }));
      try {
        const [isAnswered, answer] = await ask(coverage ? { coverage } : {});
        if (own !== turn) return;
        if (!isAnswered) return refuse(answer.error, beside(answer.error, true)?.control);
        show(answer);
        const [isExplained, explained] = explains ? await ask({ explain: true }) : [false];
        if (isExplained && own === turn) reasons(explained);
      } catch {
        if (own === turn) refuse(words.silent);
      }
    });
    form.addEventListener("reset", () => {
      turn += 1;
      said.classList.remove("refused");
      said.replaceChildren();
      setTimeout(() => rows.forEach(({ look }) => look())); // once the fields have their first values
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
}
