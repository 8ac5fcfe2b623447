/** The losses of training and held-out rows, epoch by epoch. */

import { colour } from "./colours.js";
import { add, h, sharp } from "./dom.js";
import { LabElement } from "./element.js";
import { figure } from "./numbers.js";
import { axes, line } from "./plots.js";
import { say } from "./words.js";

/** @typedef {import("./watching.js").View} View */

const HEIGHT = 220,
  MOST_POINTS = 400;

export class LabCurves extends LabElement {
  draw() {
    this.canvas = h("canvas", { role: "img" });
    this.said = h("p", { class: "quiet legend" });
    add(this, h("h2", {}, say("Learning curves")), this.canvas, this.said);
  }

  /** @param {View} view */
  follow({ history }) {
    const width = this.clientWidth || 320,
      context = sharp(this.canvas, width, HEIGHT);
    this.canvas.style.width = `${width}px`;
    this.canvas.style.height = `${HEIGHT}px`;
    const every = Math.ceil(history.length / MOST_POINTS),
      last = history[history.length - 1];
    const shown = history.filter((_, at) => at % every === 0 || at === history.length - 1);
    const values = shown.flatMap(({ training, validation }) => [training, validation]).filter(Number.isFinite);
    const sorted = [...values].sort((a, b) => a - b),
      top = sorted[Math.floor(0.98 * (sorted.length - 1))] ?? 1;
    const low = Math.min(0, sorted[0] ?? 0),
      high = top > low ? top * 1.08 : low + 1;
    const frame = axes(context, width, HEIGHT, {
      x: [0, Math.max(last.epoch, 1)],
      y: [low, high],
      across: say("Epoch"),
      up: say("Mean loss"),
    });
    const { kept } = this.lab;
    if (kept) {
      context.strokeStyle = colour("--faint");
      context.lineWidth = 1.5;
      for (const part of /** @type {const} */ (["training", "validation"])) {
        context.setLineDash(part === "validation" ? [6, 3] : []);
        line(
          context,
          kept.view.history
            .filter((each) => each.epoch <= Math.max(last.epoch, 1) && Number.isFinite(each[part]))
            .map((each) => [frame.x(each.epoch), Math.max(frame.top, frame.y(each[part]))]),
        );
      }
    }
    for (const [part, tone] of /** @type {const} */ ([
      ["training", "--first"],
      ["validation", "--second"],
    ])) {
      context.strokeStyle = colour(tone);
      context.lineWidth = 2;
      context.setLineDash(part === "validation" ? [6, 3] : []);
      const points = shown
        .filter((each) => Number.isFinite(each[part]))
        .map((each) => [frame.x(each.epoch), Math.max(frame.top, frame.y(each[part]))]);
      line(context, points);
    }
    context.setLineDash([]);
    const text = say("Training {training}, held out {validation}", {
      training: figure(last.training),
      validation: figure(last.validation),
    });
    this.canvas.setAttribute("aria-label", `${say("Learning curves")}: ${text}`);
    this.said?.replaceChildren(
      h("span", { class: "above" }, say("Training {loss}", { loss: figure(last.training) })),
      h("span", { class: "below" }, say("Held out {loss}", { loss: figure(last.validation) })),
    );
  }
}
