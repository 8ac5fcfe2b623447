/** The loss surface, and the path of training on it. */

import { colour, mixed, parts, picture } from "./colours.js";
import { add, h, sharp } from "./dom.js";
import { LabElement } from "./element.js";
import { figure, percent } from "./numbers.js";
import { axes, line } from "./plots.js";
import { say } from "./words.js";

/** @typedef {import("./watching.js").View} View */
/** @typedef {import("./mathematics/surface.js").Surface} Surface */

const HEIGHT = 280,
  FINE = 4,
  BANDS = 14;

export class LabSurface extends LabElement {
  draw() {
    this.canvas = h("canvas", { role: "img", "aria-label": say("Loss surface") });
    this.note = h("p", { class: "quiet" });
    add(this, h("h2", {}, say("Loss surface")), this.canvas, this.note);
  }

  /** @param {View} view */
  follow({ surface, playing }) {
    this.canvas.hidden = !surface;
    if (!surface) {
      this.note?.replaceChildren(
        playing
          ? say("It is drawn when the training pauses.")
          : say("It is drawn after the first step, from the path of the weights."),
      );
      return;
    }
    const width = this.clientWidth || 320,
      context = sharp(this.canvas, width, HEIGHT),
      { exact, low, high, path, share } = surface;
    this.canvas.style.width = `${width}px`;
    this.canvas.style.height = `${HEIGHT}px`;
    const names = exact ? [say("weight w"), say("bias b")] : [say("first direction"), say("second direction")];
    const frame = axes(context, width, HEIGHT, {
      x: [low[0], high[0]],
      y: [low[1], high[1]],
      across: names[0],
      up: names[1],
    });
    context.drawImage(this.bands(surface), frame.left, frame.top, frame.right - frame.left, frame.bottom - frame.top);
    const places = path.map(([x, y]) => [frame.x(x), frame.y(y)]),
      [x, y] = places[places.length - 1];
    context.lineWidth = 2;
    context.strokeStyle = colour("--second");
    line(context, places);
    context.fillStyle = colour("--second");
    for (const [left, top] of places.slice(0, 60)) context.fillRect(left - 1.5, top - 1.5, 3, 3);
    context.beginPath();
    context.arc(x, y, 5, 0, 2 * Math.PI);
    context.fill();
    if (exact && this.lab.supposed) {
      const [w, b] = this.lab.supposed;
      context.fillStyle = colour("--third");
      context.beginPath();
      context.arc(frame.x(w), frame.y(b), 5, 0, 2 * Math.PI);
      context.fill();
    }
    this.note?.replaceChildren(
      exact
        ? say(
            "The mean loss for every weight and bias; the bluer, the lower. The line is the path of training, the dot where it is: w = {w}, b = {b}.",
            { w: figure(path[path.length - 1][0]), b: figure(path[path.length - 1][1]) },
          )
        : say(
            "A plane through the weights, along the two directions in which they have moved most: it holds {share} of the path. The loss is the mean of {rows} rows: the bluer, the lower.",
            { share: percent(share), rows: surface.rows },
          ),
    );
  }

  /** A fine picture of the losses in bands, as on a map of heights. @param {Surface} surface */
  bands({ values, size }) {
    const finite = Array.from(values).filter(Number.isFinite),
      low = Math.min(...finite),
      high = Math.max(...finite);
    const [paper, tone] = [parts(colour("--paper")), parts(colour("--first"))];
    /** @param {number} value */
    const height = (value) =>
      high > low ? Math.sqrt((Math.min(Number.isFinite(value) ? value : high, high) - low) / (high - low)) : 0;
    /** @param {number} x @param {number} y */
    const at = (x, y) => height(values[Math.min(size - 1, Math.max(0, y)) * size + Math.min(size - 1, Math.max(0, x))]);
    const fine = size * FINE;
    return picture(fine, (place) => {
      const x = ((place % fine) + 0.5) / FINE - 0.5,
        y = (Math.floor(place / fine) + 0.5) / FINE - 0.5,
        [left, top] = [Math.floor(x), Math.floor(y)];
      const [u, v] = [x - left, y - top],
        upper = at(left, top) * (1 - u) + at(left + 1, top) * u,
        lower = at(left, top + 1) * (1 - u) + at(left + 1, top + 1) * u;
      const weight = 0.85 * (1 - Math.floor((upper * (1 - v) + lower * v) * BANDS) / BANDS);
      return mixed(paper, tone, weight);
    });
  }
}
