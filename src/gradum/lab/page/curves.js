/** The losses of training and held-out rows, epoch by epoch. */

import { colour } from "./colours.js";
import { add, h, sharp } from "./dom.js";
import { LabElement } from "./element.js";
import { figure } from "./numbers.js";
import { axes, line } from "./plots.js";
import { say } from "./words.js";

/** @typedef {import("./watching.js").View} View */
/** @typedef {import("./mathematics/training.js").Scored} Scored */

const HEIGHT = 160,
  MOST_POINTS = 400;
const PARTS = /** @type {["training" | "validation", string, number[]][]} */ ([
  ["training", "--first", []],
  ["validation", "--second", [6, 3]],
]);

export class LabCurves extends LabElement {
  draw() {
    this.canvas = h("canvas", { role: "img" });
    this.said = h("p", { class: "quiet legend" });
    add(this, h("h2", {}, say("Learning curves")), this.canvas, this.said);
  }

  /** @param {View} view */
  follow({ history }) {
    const width = this.clientWidth || 320,
      context = sharp(this.canvas, width, HEIGHT),
      kept = this.lab.kept?.view?.history;
    this.canvas.style.width = `${width}px`;
    this.canvas.style.height = `${HEIGHT}px`;
    const last = history[history.length - 1],
      lastKept = kept?.[kept.length - 1],
      epochs = Math.max(last.epoch, lastKept?.epoch ?? 0, 1);
    const values = [...few(history), ...few(kept ?? [])].flatMap(({ training, validation }) => [training, validation]),
      sorted = values.filter(Number.isFinite).sort((a, b) => a - b),
      top = sorted[Math.floor(0.98 * (sorted.length - 1))] ?? 1,
      low = Math.min(0, sorted[0] ?? 0);
    const frame = axes(context, width, HEIGHT, {
      x: [0, epochs],
      y: [low, top > low ? top * 1.08 : low + 1],
      across: say("Epoch"),
      up: say("Mean loss"),
    });
    for (const [run, thickness, strength] of /** @type {[Scored[], number, number][]} */ ([
      [kept ?? [], 1.25, 0.65],
      [history, 2.25, 1],
    ])) {
      for (const [part, tone, dashes] of PARTS) {
        context.strokeStyle = colour(tone);
        context.globalAlpha = strength;
        context.lineWidth = thickness;
        context.setLineDash(dashes);
        const points = few(run)
          .filter((each) => Number.isFinite(each[part]))
          .map((each) => [frame.x(each.epoch), Math.max(frame.top, frame.y(each[part]))]);
        line(context, points);
      }
    }
    context.globalAlpha = 1;
    context.setLineDash([]);
    const figures = lastKept
      ? [
          say("Training {loss}, kept run {kept}", { loss: figure(last.training), kept: figure(lastKept.training) }),
          say("Held out {loss}, kept run {kept}", { loss: figure(last.validation), kept: figure(lastKept.validation) }),
        ]
      : [
          say("Training {loss}", { loss: figure(last.training) }),
          say("Held out {loss}", { loss: figure(last.validation) }),
        ];
    this.canvas.setAttribute("aria-label", `${say("Learning curves")}: ${figures.join(say(", "))}`);
    this.said?.replaceChildren(
      h("span", { class: "above" }, figures[0]),
      h("span", { class: "below" }, figures[1]),
      lastKept ? h("span", {}, say("The thin lines are the kept run.")) : "",
    );
  }
}

/** At most so many epochs as can be told apart. @param {Scored[]} history */
function few(history) {
  const every = Math.ceil(history.length / MOST_POINTS);
  return history.filter((_, at) => at % every === 0 || at === history.length - 1);
}
