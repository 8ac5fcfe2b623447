/** Pendulum: the dynamics of `gradum.games.pendulum`, and how it looks. */

import { bent, dot, line, place, scene, svg } from "./drawing.js";

const [GRAVITY, SECONDS, FASTEST, STRONGEST] = [10, 0.05, 8, 2],
  TURN = 2 * Math.PI,
  [X, Y, METRE] = [300, 150, 110];

/** @param {number} value @param {number} most */
const held = (value, most) => Math.max(-most, Math.min(most, value));

/** @type {import("./games.js").Game} */
export const pendulum = {
  pace: 1 / SECONDS,
  draws: 2,
  reset: ([angle, velocity]) => [(2 * angle - 1) * Math.PI, 2 * velocity - 1],
  step: ([angle, velocity], action) => {
    const torque = held(action, STRONGEST),
      turned = angle + Math.PI,
      upright = turned - TURN * Math.floor(turned / TURN) - Math.PI,
      cost = upright ** 2 + 0.1 * velocity ** 2 + 0.001 * torque ** 2,
      faster = held(velocity + (1.5 * GRAVITY * Math.sin(angle) + 3 * torque) * SECONDS, FASTEST);
    return { state: [angle + faster * SECONDS, faster], reward: -cost, ended: false };
  },
  observe: ([angle, velocity]) => [Math.cos(angle), Math.sin(angle), velocity],
  pushed: ([angle, velocity], way) => [angle, held(velocity - 2 * way, FASTEST)], // above 0 is to the left
  picture: (stage) => {
    const rod = svg("g", {}, line("rod", 0, 0, 0, -METRE), dot("tip", 0, -METRE, 9)),
      force = svg("path", { class: "force", transform: `translate(${X} ${Y})` });
    scene(stage).append(line("mark", X, Y, X, Y - METRE - 25), rod, dot("joint", X, Y, 7), force);
    return ([cosine, sine], action) => {
      place(rod, X, Y, (-Math.atan2(sine, cosine) * 180) / Math.PI);
      force.setAttribute("d", bent(40, held(action, STRONGEST) / STRONGEST));
    };
  },
};
