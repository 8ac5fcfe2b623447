/** Acrobot: the dynamics of `gradum.games.acrobot`, and how it looks. */

import { bent, dot, line, place, scene, svg } from "./drawing.js";

const [GRAVITY, CENTRE, SECONDS] = [9.8, 0.5, 0.2],
  FASTEST = [4 * Math.PI, 9 * Math.PI],
  [X, Y, METRE] = [300, 160, 66];

/** The derivatives of the state by time. @param {number[]} state @param {number} torque */
function slopes([upper, lower, upperSpeed, lowerSpeed], torque) {
  const [sine, cosine] = [Math.sin(lower), Math.cos(lower)],
    d1 = CENTRE ** 2 + (1 + CENTRE ** 2 + 2 * CENTRE * cosine) + 2,
    d2 = CENTRE ** 2 + CENTRE * cosine + 1,
    phi2 = CENTRE * GRAVITY * Math.cos(upper + lower - Math.PI / 2),
    phi1 =
      -CENTRE * lowerSpeed ** 2 * sine -
      2 * CENTRE * lowerSpeed * upperSpeed * sine +
      (CENTRE + 1) * GRAVITY * Math.cos(upper - Math.PI / 2) +
      phi2,
    lowerTurn =
      (torque + (d2 / d1) * phi1 - CENTRE * upperSpeed ** 2 * sine - phi2) / (CENTRE ** 2 + 1 - d2 ** 2 / d1);
  return [upperSpeed, lowerSpeed, -(d2 * lowerTurn + phi1) / d1, lowerTurn];
}

/** @param {number} angle */
const wrapped = (angle) =>
  Math.abs(angle) > Math.PI ? angle - 2 * Math.PI * Math.round(angle / (2 * Math.PI)) : angle;

/** @param {number} speed @param {number} most */
const held = (speed, most) => Math.max(-most, Math.min(most, speed));

/** @type {import("./games.js").Game} */
export const acrobot = {
  pace: 15,
  draws: 4,
  reset: (uniform) => uniform.map((share) => (share - 0.5) * 0.2),
  step: (state, action) => {
    const torque = action - 1;
    /** @param {number[]} slope @param {number} time */
    const after = (slope, time) => state.map((value, at) => value + time * slope[at]);
    const first = slopes(state, torque),
      second = slopes(after(first, SECONDS / 2), torque),
      third = slopes(after(second, SECONDS / 2), torque),
      fourth = slopes(after(third, SECONDS), torque),
      moved = state.map(
        (value, at) => value + (SECONDS / 6) * (first[at] + 2 * second[at] + 2 * third[at] + fourth[at]),
      ),
      [upper, lower] = [wrapped(moved[0]), wrapped(moved[1])],
      ended = -Math.cos(upper) - Math.cos(lower + upper) > 1;
    return {
      state: [upper, lower, held(moved[2], FASTEST[0]), held(moved[3], FASTEST[1])],
      reward: ended ? 0 : -1,
      ended,
    };
  },
  observe: ([upper, lower, ...speeds]) => [
    ...[Math.cos(upper), Math.sin(upper), Math.cos(lower), Math.sin(lower)],
    ...speeds,
  ],
  pushed: ([upper, lower, upperSpeed, lowerSpeed], way) => [upper, lower, upperSpeed, held(lowerSpeed + 2 * way, FASTEST[1])],
  picture: (stage) => {
    const [upperLink, lowerLink] = [line("rod", X, Y, X, Y), line("rod other", X, Y, X, Y)],
      joint = svg("g", {}, svg("path", { class: "force" }), dot("joint", 0, 0, 6)),
      tip = dot("tip", 0, 0, 7);
    scene(stage).append(line("end", 90, Y - METRE, 510, Y - METRE), upperLink, lowerLink, dot("joint", X, Y, 6), joint, tip);
    return ([cosine, sine, lowerCosine, lowerSine], action) => {
      const [x, y] = [X + METRE * sine, Y + METRE * cosine],
        endX = x + METRE * (sine * lowerCosine + cosine * lowerSine),
        endY = y + METRE * (cosine * lowerCosine - sine * lowerSine);
      for (const [link, x1, y1, x2, y2] of /** @type {[Element, ...number[]][]} */ ([
        [upperLink, X, Y, x, y],
        [lowerLink, x, y, endX, endY],
      ])) {
        for (const [name, value] of Object.entries({ x1, y1, x2, y2 })) link.setAttribute(name, value.toFixed(2));
      }
      place(joint, x, y);
      place(tip, endX, endY);
      joint.firstElementChild?.setAttribute("d", bent(24, (action - 1) * 0.8));
    };
  },
};
