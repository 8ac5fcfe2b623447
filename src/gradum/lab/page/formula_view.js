/** The panel of formulas: what is done now, or what was chosen, with its numbers. */

import { add, h, tableOf } from "./dom.js";
import { LabElement } from "./element.js";
import { partsOf } from "./formulas.js";
import { broken } from "./mathml.js";
import { say } from "./words.js";

/** @typedef {import("./watching.js").View} View */

export class LabFormulas extends LabElement {
  draw() {
    this.body = h("div", { "aria-live": "polite" });
    this.drawn = 0;
    add(this, h("h2", {}, say("Formulas and numbers")), this.body);
  }

  /** @param {import("./formulas.js").Cell} cell */
  cell(cell) {
    if (typeof cell === "string") return cell;
    return h("button", { type: "button", class: "link", onclick: () => this.lab.select(cell.about) }, cell.name);
  }

  /** @param {View} view */
  follow(view) {
    // While training runs, texts change no more often than one can read.
    const now = performance.now();
    if (view.playing && now - (this.drawn ?? 0) < 250) return;
    this.drawn = now;
    const parts = partsOf(this.lab, view);
    this.body?.replaceChildren(
      ...parts.map(({ title, says, formulas = [], head, rows, total }) =>
        h(
          "section",
          { class: "part" },
          h("h3", {}, title),
          says && h("p", {}, says),
          formulas.map(({ text, names }) =>
            h("div", { class: "formula", tabindex: 0, role: "group", "aria-label": title }, broken(text, names)),
          ),
          head &&
            rows &&
            tableOf(
              head,
              rows.map((row) => row.map((cell) => this.cell(cell))),
              title,
            ),
          total && h("p", { class: "total" }, total),
        ),
      ),
    );
  }
}
