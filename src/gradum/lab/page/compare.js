/** Two settings side by side: a kept run trains beside the present one, and both are shown. */

import { Answers } from "./boundary.js";
import { LABELS, NAMES } from "./controls.js";
import { add, h, tableOf } from "./dom.js";
import { LabElement } from "./element.js";
import { figure, percent } from "./numbers.js";
import { MODEL } from "./state.js";
import { say } from "./words.js";

/** @typedef {import("./lab.js").Lab} Lab */
/** @typedef {import("./watching.js").View} View */

const HEIGHT = 210,
  BETWEEN = 250; // milliseconds between two pictures

export class LabCompare extends LabElement {
  /** @param {Lab} lab */
  draw(lab) {
    this.body = h("div");
    this.pictures = lab.kept
      ? [
          { run: lab.kept, name: say("Kept"), picture: new Answers(lab, HEIGHT) },
          { run: lab.present, name: say("Now"), picture: new Answers(lab, HEIGHT) },
        ]
      : [];
    add(
      this,
      h("h2", {}, say("Two runs side by side")),
      h(
        "p",
        { class: "quiet" },
        lab.kept
          ? say("Change a setting: the kept run keeps its own. Every button trains both, and they have one chart.")
          : say("Keep this run, and change a setting: both begin again, and train at once by the same buttons."),
      ),
      h(
        "p",
        {},
        lab.kept
          ? h("button", { type: "button", id: "forget", onclick: () => lab.forget() }, say("Forget the kept run"))
          : h("button", { type: "button", id: "keep", onclick: () => lab.keep() }, say("Keep this run")),
      ),
      h(
        "div",
        { class: "pair" },
        this.pictures.map(({ name, picture }) => h("div", {}, h("h3", {}, name), picture.canvas)),
      ),
      this.body,
    );
  }

  /** @param {View} view */
  follow(view) {
    const { kept, state, isPlaying } = this.lab,
      now = performance.now();
    if (!kept?.view || (isPlaying && now - (this.drawn ?? 0) < BETWEEN)) return;
    this.drawn = now;
    for (const { run, picture } of this.pictures ?? []) picture.show(run, picture.canvas.parentElement.clientWidth);
    const other = MODEL.filter((name) => String(value(kept.state, name)) !== String(value(state, name)));
    const { inputs } = this.lab,
      settings = other.map((name) => [say(LABELS[name] ?? name), ...[kept.state, state].map((of) => named(of, name, inputs))]);
    this.body?.replaceChildren(
      tableOf(
        [say("Setting or result"), say("Kept"), say("Now")],
        [...settings, ...results(kept.view, view)],
        say("Two runs side by side"),
      ),
    );
  }
}

/** @param {any} state @param {string} name */
const value = (state, name) => (Array.isArray(state[name]) ? state[name].join(" – ") || "–" : state[name]);

/** @param {any} state @param {string} name @param {import("./table.js").Input[]} inputs */
function named(state, name, inputs) {
  if (name === "off") return state.off.map((/** @type {number} */ at) => inputs[at].name).join(say(", ")) || "–";
  const own = String(value(state, name));
  return own in NAMES ? say(NAMES[own]) : own;
}

/** @param {View} kept @param {View} now @returns {string[][]} */
function results(kept, now) {
  const last = (/** @type {View} */ { history }) => history[history.length - 1];
  /** @param {string} name @param {(view: View) => string} of */
  const line = (name, of) => [name, of(kept), of(now)];
  const scores =
    now.scores && kept.scores
      ? Object.keys(now.scores).filter((name) => typeof now.scores[name] === "number" && name in kept.scores)
      : [];
  const names = /** @type {Record<string, string>} */ ({
    accuracy: say("Accuracy"),
    f1: say("F1, mean of classes"),
    logLoss: say("Log loss"),
    rmse: "RMSE",
    mae: say("Mean absolute error"),
    r2: "R²",
  });
  return [
    line(say("Epoch"), (view) => String(view.epoch)),
    line(say("Mean loss, training"), (view) => figure(last(view).training)),
    line(say("Mean loss, held out"), (view) => figure(last(view).validation)),
    ...scores.map((name) =>
      line(names[name], ({ scores: of }) =>
        name === "accuracy" || name === "f1" ? percent(of[name]) : figure(of[name]),
      ),
    ),
  ];
}
