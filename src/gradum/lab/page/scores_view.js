/** How good the answers are on held-out rows. */

import { add, h, tableOf } from "./dom.js";
import { LabElement } from "./element.js";
import { math } from "./mathml.js";
import { figure, percent } from "./numbers.js";
import { say } from "./words.js";

/** @typedef {import("./watching.js").View} View */

export class LabScores extends LabElement {
  draw() {
    this.body = h("div");
    add(this, h("h2", {}, say("Held-out rows")), this.body);
  }

  /** @param {View} view */
  follow({ scores }) {
    const { classes } = this.lab.table.target;
    this.body?.replaceChildren();
    if (!scores) add(this.body, h("p", {}, say("No row is held out.")));
    else if (classes.length) this.ofClasses(scores, classes);
    else this.ofNumbers(scores);
  }

  /** @param {import("./mathematics/scores.js").ClassScores} scores @param {string[]} classes */
  ofClasses({ accuracy, f1, logLoss, confusion }, classes) {
    const facts = [
      [say("Accuracy"), percent(accuracy)],
      [say("F1, mean of classes"), percent(f1)],
      [say("Log loss"), figure(logLoss)],
    ];
    add(
      this.body,
      this.facts(facts),
      h("h3", {}, say("Confusion")),
      tableOf(
        [say("True class"), ...classes.map((name) => say("called {name}", { name }))],
        confusion.map((row, at) => [classes[at], ...row]),
        say("Confusion"),
      ),
      h(
        "details",
        {},
        h("summary", {}, say("What these are")),
        h("div", { class: "formula" }, math("F₁ = 2·TP/(2·TP + FP + FN)")),
        h("div", { class: "formula" }, math("ℓ = −(1/n) Σ log p")),
        h(
          "p",
          {},
          say(
            "Accuracy is the share of rows that get their class. F1 weighs missed rows and false ones. Log loss also counts how sure the answers are.",
          ),
        ),
      ),
    );
  }

  /** @param {import("./mathematics/scores.js").NumberScores} scores */
  ofNumbers({ rmse, mae, r2 }) {
    add(
      this.body,
      this.facts([
        ["RMSE", figure(rmse)],
        [say("Mean absolute error"), figure(mae)],
        ["R²", figure(r2)],
      ]),
      h(
        "details",
        {},
        h("summary", {}, say("What these are")),
        h("div", { class: "formula" }, math("R² = 1 − Σ (ŷ − y)²/(Σ (y − m)²)")),
        h(
          "p",
          {},
          say(
            "RMSE is the root of the mean squared error, in the target's unit. R² is 1 for perfect answers and 0 for those no better than the mean m.",
          ),
        ),
      ),
    );
  }

  /** @param {string[][]} facts */
  facts(facts) {
    return h(
      "div",
      { class: "facts" },
      facts.map(([name, value]) => h("div", { class: "fact" }, h("b", {}, value), name)),
    );
  }
}
