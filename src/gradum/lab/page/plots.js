/** Axes of the page's charts: round numbers, and places on a canvas. */

import { colour } from "./colours.js";
import { short } from "./numbers.js";

/** @typedef {{x: (value: number) => number, y: (value: number) => number, left: number, right: number, top: number, bottom: number}} Frame */

/** @param {number} low @param {number} high @param {number} count @returns {number[]} Round numbers between two. */
export function ticks(low, high, count = 4) {
  const raw = (high - low) / count,
    power = 10 ** Math.floor(Math.log10(raw)),
    step = [1, 2, 5, 10].map((k) => k * power).find((each) => each >= raw) ?? raw;
  const found = [];
  for (let at = Math.ceil(low / step); at * step <= high + step * 1e-9; at++) found.push(at * step);
  return found;
}

/**
 * Draw axes and return where values lie.
 * @param {CanvasRenderingContext2D} context @param {number} width @param {number} height
 * @param {{x: [number, number], y: [number, number], across: string, up: string}} ranges
 * @returns {Frame}
 */
export function axes(context, width, height, { x: [x0, x1], y: [y0, y1], across, up }) {
  const left = 46,
    right = width - 14,
    top = 20,
    bottom = height - 34;
  const frame = {
    left,
    right,
    top,
    bottom,
    x: (/** @type {number} */ value) => left + ((value - x0) / (x1 - x0)) * (right - left),
    y: (/** @type {number} */ value) => bottom - ((value - y0) / (y1 - y0)) * (bottom - top),
  };
  context.font = "11px system-ui, sans-serif";
  context.fillStyle = colour("--quiet");
  context.strokeStyle = colour("--line");
  context.lineWidth = 1;
  context.textAlign = "center";
  for (const tick of ticks(x0, x1)) {
    line(context, [
      [frame.x(tick), top],
      [frame.x(tick), bottom],
    ]);
    context.fillText(short(tick), frame.x(tick), bottom + 14);
  }
  context.textAlign = "right";
  for (const tick of ticks(y0, y1)) {
    line(context, [
      [left, frame.y(tick)],
      [right, frame.y(tick)],
    ]);
    context.fillText(short(tick), left - 5, frame.y(tick) + 4);
  }
  context.fillText(across, right, bottom + 28, right - left);
  context.textAlign = "left";
  context.fillText(up, 4, 12, width - 8);
  return frame;
}

/** @param {CanvasRenderingContext2D} context @param {number[][]} points */
export function line(context, points) {
  context.beginPath();
  points.forEach(([x, y], at) => (at ? context.lineTo(x, y) : context.moveTo(x, y)));
  context.stroke();
}

/**
 * Draw a row as a dot; those held out are rings.
 * @param {CanvasRenderingContext2D} context @param {number} x @param {number} y @param {string} tone @param {boolean} held @param {boolean} chosen
 */
export function dot(context, x, y, tone, held, chosen) {
  context.beginPath();
  context.arc(x, y, chosen ? 6 : 3, 0, 2 * Math.PI);
  context.strokeStyle = held ? tone : colour("--paper");
  context.lineWidth = held ? 1.5 : 0.75;
  context.fillStyle = held ? colour("--paper") : tone;
  context.fill();
  context.stroke();
  if (!chosen) return;
  context.strokeStyle = colour("--ink");
  context.lineWidth = 2;
  context.stroke();
}
