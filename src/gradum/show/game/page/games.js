/** What a game is in a page: dynamics that go on from a state, and a picture of what is seen. */

import { acrobot } from "./acrobot.js";
import { cartpole } from "./cartpole.js";
import { mountaincar } from "./mountaincar.js";
import { pendulum } from "./pendulum.js";

/** @typedef {(seen: number[], action: number, step: number) => void} Draw */

/**
 * @typedef {object} Game
 * @property {number} pace Steps in a second.
 * @property {number} draws How many uniform numbers a reset takes.
 * @property {(uniform: number[]) => number[]} reset From uniform numbers in [0, 1) to a first state.
 * @property {(state: number[], action: number) => { state: number[], reward: number, ended: boolean }} step
 * @property {(state: number[]) => number[]} observe From a state to what is seen.
 * @property {(state: number[], way: number) => number[]} pushed The state after a push to the right, 1, or left, −1.
 * @property {(stage: HTMLElement) => Draw} picture Fills a place, and returns what draws a step there.
 */

/** Every game that is played and drawn, by gradum's name. @type {Record<string, Game>} */
export const games = { acrobot, cartpole, mountaincar, pendulum };
