/** Begins the player of a page, with a policy if its module is there. */

import { Player } from "./player.js";

/** @param {import("./episode.js").Model | null} model */
export function begin(model) {
  const content = document.getElementById("player-data")?.textContent;
  if (content) new Player(JSON.parse(content), model);
}
