/** The network: weights as lines, each unit's answer as a map over the two chosen columns. */

import { colour, mapOf } from "./colours.js";
import { add, h, sharp } from "./dom.js";
import { LabElement } from "./element.js";
import { figure } from "./numbers.js";
import { MOST_SHOWN } from "./state.js";
import { say, sentences } from "./words.js";

/** @typedef {import("./lab.js").Lab} Lab */
/** @typedef {import("./watching.js").View} View */
/** @typedef {{level: number, unit: number, x: number, y: number}} Place */

const BACKWARD = ["delta", "gradient", "update"];

export class LabNetwork extends LabElement {
  laid = "";

  /** @param {Lab} lab */
  draw(lab) {
    this.canvas = h("canvas", { "aria-hidden": "true" });
    this.board = h("div", { class: "board" }, this.canvas);
    this.board.addEventListener("click", (/** @type {MouseEvent} */ event) => this.pick(event));
    this.note = h("p", { class: "quiet" });
    this.laid = "";
    add(
      this,
      h("h2", {}, say("Network")),
      this.board,
      h(
        "p",
        { class: "quiet legend" },
        h("span", { class: "above" }, say("above 0")),
        h("span", { class: "below" }, say("below 0")),
        say("A line is a weight: the thicker, the larger. Choose a unit or a line to see its formula."),
      ),
      this.note,
    );
    void lab;
  }

  /** @param {View} view */
  follow(view) {
    const { widths } = view,
      width = this.clientWidth || 600,
      key = `${widths.join()} ${width}`;
    if (this.laid !== key) this.lay(view, width);
    this.laid = key;
    this.paint(view);
    const more = widths
      .slice(1)
      .map((count, level) =>
        count > MOST_SHOWN
          ? say("Layer {layer} has {count} units; {shown} are drawn.", { layer: level + 1, count, shown: MOST_SHOWN })
          : "",
      );
    const dead = view.dead.map(([level, unit]) => this.lab.nameOf(level, unit));
    const said = dead.length
      ? say("Dead: {units}. Such a unit answers 0 to every row, so no gradient reaches its weights.", {
          units: dead.slice(0, 8).join(say(", ")),
        })
      : "";
    const note = sentences(...more, said);
    if (this.note && this.note.textContent !== note) this.note.textContent = note;
  }

  /** Place the units, each a button. @param {View} view @param {number} width */
  lay({ widths }, width) {
    const shown = widths.map((count) => Math.min(count, MOST_SHOWN)),
      most = Math.max(...shown);
    const size = (this.size = Math.max(
        22,
        Math.min(most > 8 ? 28 : width < 500 ? 32 : 40, width / (widths.length * 2.1)),
      )),
      gap = most > 8 || width < 500 ? 8 : 14;
    this.height = most * (size + gap) + 18;
    const left = Math.min(110, width * 0.26),
      right = Math.min(76, width * 0.21);
    /** @type {Place[]} */
    this.places = shown.flatMap((count, at) =>
      Array.from({ length: count }, (_, unit) => ({
        level: at - 1,
        unit,
        x: left + (at / (widths.length - 1)) * (width - left - right - size),
        y: (this.height ?? 0) / 2 + (unit - count / 2) * (size + gap) + gap / 2,
      })),
    );
    this.board.style.height = `${this.height}px`;
    this.canvas.style.width = `${width}px`;
    this.canvas.style.height = `${this.height}px`;
    for (const old of this.board.querySelectorAll("button, .input, .output")) old.remove();
    const last = widths.length - 2;
    for (const { level, unit, x, y } of this.places) {
      const name = this.lab.nameOf(level, unit);
      if (level < 0 || level === last) {
        const label = h("span", { class: level < 0 ? "input" : "output", title: name }, h("span", {}, name.replaceAll("_", "_\u200b")));
        Object.assign(
          label.style,
          { top: `${y - gap / 2}px`, height: `${size + gap}px` },
          level < 0 ? { width: `${x - 8}px` } : { left: `${x + size + 6}px`, width: `${right - 6}px` },
        );
        this.board.append(label);
      }
      const button = h("button", {
        type: "button",
        class: "unit",
        "aria-label": level < 0 ? say("Input {name}", { name }) : say("Unit {name}", { name }),
        title: name,
      });
      Object.assign(button.style, { left: `${x}px`, top: `${y}px`, width: `${size}px`, height: `${size}px` });
      button.dataset.unit = `${level}.${unit}`;
      button.addEventListener("click", (/** @type {Event} */ event) => {
        event.stopPropagation();
        this.lab.select({ kind: level < 0 ? "row" : "unit", level, unit });
      });
      this.board.append(button);
    }
  }

  /** @param {View} view */
  paint(view) {
    const { clientWidth: width } = this,
      { size = 0, height = 0 } = this,
      operation = this.lab.selection.kind === "operation" ? view.operation : null;
    const context = sharp(this.canvas, width, height),
      backward = operation !== null && BACKWARD.includes(operation.kind);
    const flowing = backward ? view.gradient : view.params,
      tones = backward ? ["--third", "--fifth"] : ["--first", "--second"];
    const [above, below] = tones.map(colour),
      most = flowing.map(({ weight }) => weight.reduce((largest, each) => Math.max(largest, Math.abs(each)), 1e-12));
    /** @type {{weight: number, from: Place, to: Place}[]} */
    this.lines = [];
    for (const to of this.places ?? []) {
      if (to.level < 0) continue;
      for (const from of this.places ?? []) {
        if (from.level !== to.level - 1) continue;
        const weight = flowing[to.level].weight[from.unit * view.widths[to.level + 1] + to.unit];
        this.lines.push({ weight, from, to });
      }
    }
    for (const { weight, from, to } of this.lines) {
      const share = Math.abs(weight) / most[to.level],
        active = this.isActive(view, to, from);
      context.strokeStyle = weight >= 0 ? above : below;
      context.globalAlpha = active ? 1 : 0.15 + 0.65 * share;
      context.lineWidth = (active ? 1.5 : 0.5) + 4 * share;
      context.setLineDash(backward ? [5, 4] : []);
      context.beginPath();
      const [x1, y1, x2, y2] = [from.x + size, from.y + size / 2, to.x, to.y + size / 2],
        middle = (x1 + x2) / 2;
      context.moveTo(x1, y1);
      context.bezierCurveTo(middle, y1, middle, y2, x2, y2);
      context.stroke();
    }
    context.globalAlpha = 1;
    context.setLineDash([]);
    context.imageSmoothingEnabled = true;
    for (const place of this.places ?? []) this.paintUnit(context, view, place, size);
  }

  /** @param {CanvasRenderingContext2D} context @param {View} view @param {Place} place @param {number} size */
  paintUnit(context, view, { level, unit, x, y }, size) {
    if (level >= 0) context.drawImage(mapOf(view.maps.units[level][unit]), x, y, size, size);
    else {
      context.fillStyle = colour("--card");
      context.fillRect(x, y, size, size);
      context.fillStyle = colour("--ink");
      context.font = "11px system-ui, sans-serif";
      context.textAlign = "center";
      context.fillText(figure(view.row.inputs[unit], 2), x + size / 2, y + size / 2 + 4, size - 2);
    }
    const active = this.isActive(view, { level, unit, x, y }, null);
    const dead = view.dead.some(([at, other]) => at === level && other === unit);
    context.strokeStyle = active ? colour("--ink") : colour(dead ? "--warn" : "--faint");
    context.lineWidth = active ? 3 : dead ? 2 : 1;
    context.setLineDash(dead ? [3, 3] : []);
    context.strokeRect(x, y, size, size);
    context.setLineDash([]);
  }

  /** Whether a unit, or a line to it, is what the formulas are about. @param {View} view @param {Place} to @param {Place | null} from */
  isActive(view, to, from) {
    const { selection } = this.lab,
      { operation } = view;
    const about = selection.kind === "operation" ? operation : selection;
    if (!about || about.level !== to.level || about.unit !== to.unit) return false;
    return selection.kind !== "weight" || !from || selection.from === from.unit;
  }

  /** Choose the line that was clicked on. @param {MouseEvent} event */
  pick(event) {
    const box = this.canvas.getBoundingClientRect(),
      x = event.clientX - box.left,
      y = event.clientY - box.top,
      size = this.size ?? 0;
    let nearest = 8,
      found = null;
    for (const { from, to } of this.lines ?? []) {
      const [x1, y1, x2, y2] = [from.x + size, from.y + size / 2, to.x, to.y + size / 2],
        t = (x - x1) / (x2 - x1);
      if (t < 0 || t > 1) continue;
      const distance = Math.abs(y - (y1 + (y2 - y1) * t * t * (3 - 2 * t)));
      if (distance < nearest) [nearest, found] = [distance, { from, to }];
    }
    if (found) this.lab.select({ kind: "weight", level: found.to.level, unit: found.to.unit, from: found.from.unit });
  }
}
