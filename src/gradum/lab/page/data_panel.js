/** Which table, which two columns, which row. */

import { Refused, sheetOf, tableOf } from "./csv.js";
import { NARROW, add, h } from "./dom.js";
import { LabElement } from "./element.js";
import { plain } from "./numbers.js";
import { levelName, numberName } from "./table.js";
import { say, sentences, spoken } from "./words.js";

/** @typedef {import("./lab.js").Lab} Lab */

export class LabData extends LabElement {
  refused = "";
  /** @type {import("./csv.js").Sheet | null} */
  sheet = null;
  opened = !matchMedia(NARROW).matches;

  /** @param {Lab} lab */
  draw(lab) {
    const { state } = lab;
    const names = lab.tables.map((each) => [each.key, (each.said[spoken()] ?? each.said.en).title]);
    const hidden = !lab.offers("data");
    add(
      this,
      h("h2", {}, say("Data")),
      !hidden && this.choice("data", say("Table"), names, state.data),
      !hidden && this.own(lab),
      !hidden && this.example(lab),
      lab.table.drawn && lab.offers("noise") && this.noise(lab),
      this.more(lab),
    );
  }

  /** A small table to begin with, beside one of many inputs. @param {Lab} lab */
  example(lab) {
    const small = lab.tables.find(({ drawn }) => drawn);
    if (!small || lab.inputs.length <= 2) return false;
    const title = (small.said[spoken()] ?? small.said.en).title;
    return h(
      "p",
      {},
      h(
        "button",
        { type: "button", class: "link", id: "example", onclick: () => lab.change({ data: small.key }) },
        say("New here? Begin with “{table}”", { table: title }),
      ),
    );
  }

  /** @param {Lab} lab */
  noise({ state }) {
    const input = h("input", { id: "set-noise", type: "range", min: 0, max: 1, step: 0.1, value: state.noise });
    input.addEventListener("change", () => this.lab.change({ noise: Number(input.value) }));
    return h("div", { class: "control" }, h("label", { for: "set-noise" }, say("Noise: {noise}", { noise: state.noise })), input);
  }

  /** What there is to know and to choose of the table besides; folded on a phone. @param {Lab} lab */
  more(lab) {
    const { table, state, said, inputs } = lab;
    const more = h(
      "details",
      { class: "more", open: this.opened },
      h("summary", {}, say("Rows and axes")),
      h(
        "p",
        { class: "quiet" },
        sentences(
          say("{training} rows train, {held} are held out to judge.", {
            training: table.rows.length - table.held_out.length,
            held: table.held_out.length,
          }),
          table.target.classes.length
            ? say("The target {target} has {classes} classes.", {
                target: table.target.name,
                classes: table.target.classes.length,
              })
            : say("The target {target} is a number.", { target: table.target.name }),
        ),
      ),
      inputs.length > 1 &&
        h(
          "div",
          { class: "axes" },
          [
            ["across", say("Horizontal axis")],
            ["up", say("Vertical axis")],
          ].map(([name, label]) =>
            this.choice(
              name,
              label,
              inputs.map((input, at) => [at, input.name]),
              name === "up" ? state.up : state.across,
            ),
          ),
        ),
      inputs.length > 2 &&
        h(
          "p",
          { class: "quiet" },
          say("Maps and borders are drawn over these two; the other columns are those of the row below."),
        ),
      this.row(lab),
      said.remarks.map((remark) => h("p", { class: "quiet" }, remark)),
    );
    more.addEventListener("toggle", () => (this.opened = more.open));
    return more;
  }

  /** A file of the reader's, chosen or dropped on the page. @param {Lab} lab */
  own(lab) {
    const input = h("input", { id: "own", type: "file", accept: ".csv,.tsv,.txt,text/csv" });
    input.addEventListener("change", () => input.files?.[0] && this.read(input.files[0]));
    const { sheet } = this,
      own = lab.table.key === "dropped" && !this.refused ? lab.table.target.name : "";
    const target =
      sheet &&
      this.choice(
        "target",
        say("Target"),
        [...(own ? [] : [["", say("(choose)")]]), ...sheet.names.map((name) => [name, name])],
        own,
        (name) => this.take(sheet, name),
      );
    return h(
      "div",
      { class: "control" },
      h(
        "div",
        { class: "own" },
        input,
        h("label", { for: "own", class: "button" }, say("Choose a file")),
        h("span", { class: "quiet" }, say("or drop a CSV")),
      ),
      this.refused && h("p", { class: "alarm", role: "alert" }, this.refused),
      target,
    );
  }

  /** @param {File} file */
  async read(file) {
    try {
      this.refused = "";
      this.sheet = null;
      this.sheet = await sheetOf(file);
      this.take(this.sheet, this.sheet.names[this.sheet.names.length - 1]);
    } catch (error) {
      this.refuse(error);
    }
  }

  /** @param {import("./csv.js").Sheet} sheet @param {string} target */
  take(sheet, target) {
    try {
      this.refused = "";
      this.lab.offer(tableOf(sheet, target));
    } catch (error) {
      this.refuse(error);
    }
  }

  /** @param {unknown} error */
  refuse(error) {
    if (!(error instanceof Refused)) throw error;
    this.refused = error.message;
    this.redraw();
  }

  /** @param {string} name @param {string} label @param {any[][]} choices @param {any} chosen @param {(value: string) => void} [then] */
  choice(name, label, choices, chosen, then) {
    const select = h(
      "select",
      { id: `set-${name}` },
      choices.map(([value, text]) => h("option", { value, selected: value === chosen }, text)),
    );
    select.addEventListener("change", () =>
      then ? then(select.value) : this.lab.change({ [name]: name === "data" ? select.value : Number(select.value) }),
    );
    if (name === "data") select.addEventListener("change", () => (this.refused = ""), { capture: true });
    return h("div", { class: "control" }, h("label", { for: `set-${name}` }, label), select);
  }

  /** @param {Lab} lab */
  row({ table, state }) {
    const values = table.rows[state.row],
      [target] = values.slice(-1);
    const input = h("input", {
      id: "set-row",
      type: "number",
      min: 1,
      max: table.rows.length,
      step: 1,
      value: state.row + 1,
    });
    input.addEventListener("change", () => {
      const row = Number(input.value) - 1;
      if (Number.isInteger(row) && row >= 0 && row < table.rows.length) this.lab.change({ row });
      else input.value = String(state.row + 1);
    });
    const parts = [
      ...table.numbers.map((number, at) => `${numberName(number)} ${plain(values[at])}`),
      ...table.codes.map(
        ({ name, levels }, at) => `${name} ${levelName(levels[values[table.numbers.length + at] - 1])}`,
      ),
      `${table.target.name} ${table.target.classes[target] ?? plain(target)}`,
    ];
    return h(
      "div",
      { class: "control" },
      h("label", { for: "set-row" }, say("Row whose numbers are shown")),
      input,
      h("p", { class: "quiet" }, parts.join(say(", "))),
    );
  }
}
