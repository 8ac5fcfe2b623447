/** The buttons of the training, how far it is, and what to do when it leaves the numbers. */

import { add, h, svg } from "./dom.js";
import { LabElement } from "./element.js";
import { figure } from "./numbers.js";
import { marked, say } from "./words.js";

/** @typedef {import("./lab.js").Lab} Lab */
/** @typedef {import("./watching.js").View} View */

/** Order, outline of the sign, name, key. */
const BUTTONS = [
  ["reset", "M3 2v5h5M3.6 6.5A5.5 5.5 0 1 1 2.6 9", marked("Begin again"), "r"],
  ["backStep", "M8 3 3 8l5 5zM13 3 8 8l5 5z", marked("One batch back"), "B"],
  ["undo", "M11 3 5 8l6 5z", marked("One operation back"), "O"],
  ["play", "M4 2l9 6-9 6z", marked("Play"), " "],
  ["operate", "M5 3l6 5-6 5z", marked("One operation"), "o"],
  ["step", "M3 3l5 5-5 5zM8 3l5 5-5 5z", marked("One batch"), "b"],
  ["epoch", "M2 3l5 5-5 5zM7 3l5 5-5 5zM13 3v10", marked("One epoch"), "e"],
];
const PAUSE = "M4 2h3v12H4zM9 2h3v12H9z";
const PACES = [
  [2, marked("2 epochs a second")],
  [10, marked("10 epochs a second")],
  [25, marked("25 epochs a second")],
  [100, marked("100 epochs a second")],
  [0, marked("As fast as it can")],
];

export class LabToolbar extends LabElement {
  run = 0;
  most = 0; // steps of the run so far

  /** @param {Lab} lab */
  draw(lab) {
    const buttons = BUTTONS.map(([order, sign, name, key]) =>
      h(
        "button",
        {
          type: "button",
          id: `train-${order}`,
          class: order === "play" ? "main" : null,
          "aria-keyshortcuts": key === " " ? "Space" : key,
          title: say(name),
          onclick: () => this.press(order),
        },
        svg("svg", { viewBox: "0 0 16 16", "aria-hidden": "true" }, svg("path", { d: sign })),
        h("span", { class: "name" }, say(name)),
      ),
    );
    const pace = h(
      "select",
      { id: "pace", "aria-label": say("Pace"), onchange: () => lab.change({ pace: Number(pace.value) }) },
      PACES.map(([value, name]) => h("option", { value, selected: value === lab.state.pace }, say(String(name)))),
    );
    this.far = h("output", { class: "far" });
    this.steps = h("input", {
      type: "range",
      id: "steps",
      min: 0,
      max: 0,
      value: 0,
      step: 1,
      "aria-label": say("Step"),
      title: say("Back to any earlier step"),
    });
    this.steps.addEventListener("input", () => lab.goTo(Number(this.steps.value)));
    this.warning = h("p", { class: "alarm", role: "alert", hidden: true });
    this.playing = null;
    add(
      this,
      h(
        "div",
        { class: "buttons", role: "group", "aria-label": say("Training") },
        buttons,
        h("span", { class: "pacing" }, h("label", { class: "pace", for: "pace" }, say("Pace")), " ", pace),
      ),
      h("div", { class: "reached" }, this.far, this.steps),
      this.warning,
    );
  }

  /** @param {View} view */
  follow({ run, step, epoch, stepsPerEpoch, cursor, operations, batchLoss, diverged, history }) {
    const last = history[history.length - 1],
      playing = this.lab.isPlaying;
    const done = say("Epoch {epoch}, batch {batch} of {batches}, operation {cursor} of {operations}", {
      epoch,
      batch: (step % stepsPerEpoch) + 1,
      batches: stepsPerEpoch,
      cursor,
      operations,
    });
    this.far?.replaceChildren(
      done,
      " · ",
      say("Loss {loss} of the batch, {held} of held-out rows", {
        loss: figure(batchLoss),
        held: figure(last?.validation),
      }),
    );
    if (run !== this.run) [this.run, this.most] = [run, 0];
    this.most = Math.max(this.most, step);
    Object.assign(this.steps, { max: String(this.most), disabled: this.most === 0 });
    if (document.activeElement !== this.steps || playing) this.steps.value = String(step);
    if (this.playing !== playing) this.name(playing);
    this.warn(diverged);
  }

  /** @param {boolean} playing */
  name(playing) {
    this.playing = playing;
    const button = this.querySelector("#train-play"),
      name = playing ? say("Pause") : say("Play");
    button?.setAttribute("title", name);
    button?.querySelector("path")?.setAttribute("d", playing ? PAUSE : BUTTONS[3][1]);
    button?.lastElementChild?.replaceChildren(name);
  }

  /** @param {boolean} diverged */
  warn(diverged) {
    if (!this.warning || this.warning.hidden === !diverged) return;
    this.warning.hidden = !diverged;
    this.warning.replaceChildren();
    if (!diverged) return;
    const rate = this.lab.state.rate / 3,
      shown = Number(rate.toPrecision(1));
    add(
      this.warning,
      h("strong", {}, say("The training diverges.")),
      " ",
      say(
        "Each step leads further past the minimum than the one before it, because the learning rate of {rate} is too large here.",
        { rate: this.lab.state.rate },
      ),
      " ",
      h(
        "button",
        { type: "button", onclick: () => this.lab.change({ rate: shown }) },
        say("Begin again with {rate}", { rate: shown }),
      ),
    );
  }

  /** @param {string} order */
  press(order) {
    const { lab } = this;
    if (order === "reset") lab.begin();
    else if (order === "play") lab.train(lab.isPlaying ? "pause" : "play", { pace: lab.state.pace });
    else lab.train(order);
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const found = BUTTONS.find(([, , , key]) => key === event.key);
    if (found) {
      event.preventDefault();
      this.press(found[0]);
    }
  }
}
