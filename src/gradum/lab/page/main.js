/** The page: its parts, put together. */

import { LabBoundary } from "./boundary.js";
import { forget } from "./colours.js";
import { LabCompare } from "./compare.js";
import { LabControls } from "./controls.js";
import { LabCurves } from "./curves.js";
import { LabData } from "./data_panel.js";
import { add, h } from "./dom.js";
import { LabFormulas } from "./formula_view.js";
import { Lab } from "./lab.js";
import { LabNetwork } from "./network_view.js";
import { LabProgram } from "./program_view.js";
import { LabScores } from "./scores_view.js";
import { LabSurface } from "./surface_view.js";
import { LabToolbar } from "./toolbar.js";
import { languages, learn, say, spoken } from "./words.js";

const ELEMENTS = {
  "lab-toolbar": LabToolbar,
  "lab-data": LabData,
  "lab-controls": LabControls,
  "lab-network": LabNetwork,
  "lab-boundary": LabBoundary,
  "lab-curves": LabCurves,
  "lab-scores": LabScores,
  "lab-formulas": LabFormulas,
  "lab-surface": LabSurface,
  "lab-compare": LabCompare,
  "lab-program": LabProgram,
};
const LANGUAGES = /** @type {Record<string, string>} */ ({ en: "English", zh: "简体中文" });
const HIDEABLE = ["controls", "network", "formulas", "boundary", "curves", "surface", "scores", "compare", "program"];
const CODES = /** @type {Record<string, string>} */ ({ zh: "zh-CN" });

const text = (/** @type {string} */ id) => document.getElementById(id)?.textContent ?? "";

/** The heading, which offers the other language. @param {Lab} lab */
function heading(lab) {
  const others = languages().filter((code) => code !== spoken());
  return h(
    "header",
    {},
    h("h1", {}, say("The lab")),
    h(
      "p",
      { class: "quiet" },
      say("Watch a model learn, one operation at a time. Nothing leaves this page."),
      " ",
      others.map((code) =>
        h(
          "button",
          {
            type: "button",
            class: "link",
            id: `speak-${code}`,
            lang: CODES[code] ?? code,
            onclick: () => lab.change({ lang: code }),
          },
          LANGUAGES[code],
        ),
      ),
    ),
  );
}

function open() {
  const content = JSON.parse(text("content"));
  learn(content.words);
  for (const [name, element] of Object.entries(ELEMENTS)) customElements.define(name, element);
  const worker = new Worker(URL.createObjectURL(new Blob([text("worker")], { type: "text/javascript" })));
  worker.onerror = () =>
    main.prepend(
      h(
        "p",
        { class: "alarm", role: "alert" },
        say("This browser does not train: it starts no worker of this page. Open the page in another one."),
      ),
    );
  const lab = new Lab(content, worker);
  const part = Object.fromEntries(Object.keys(ELEMENTS).map((name) => [name, h(name)]));
  let head = heading(lab);
  const main = h(
    "main",
    {},
    head,
    part["lab-toolbar"],
    h(
      "div",
      { class: "room" },
      h("div", { class: "choices" }, part["lab-data"], part["lab-controls"]),
      h(
        "div",
        { class: "middle" },
        part["lab-network"],
        part["lab-formulas"],
        part["lab-compare"],
        part["lab-program"],
      ),
      h("div", { class: "answers" }, part["lab-boundary"], part["lab-curves"], part["lab-surface"], part["lab-scores"]),
    ),
  );
  add(document.body, main);
  const spell = () => {
    document.documentElement.lang = CODES[spoken()] ?? spoken();
    document.title = `${say("The lab")} – gradum`;
    const anew = heading(lab);
    head.replaceWith(anew);
    head = anew;
  };
  // A teacher may hide whole parts by their names, such as "surface"; the choice of a row stays.
  const shown = () => {
    for (const name of HIDEABLE) part[`lab-${name}`].hidden = lab.state.hide.includes(name);
  };
  lab.addEventListener("state", spell);
  lab.addEventListener("state", shown);
  shown();
  spell();
  for (const each of Object.values(part)) each.join(lab);
  lab.begin();
  addEventListener("resize", () => lab.show());
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    forget();
    lab.dispatchEvent(new Event("state"));
  });
  addEventListener("dragover", (event) => event.preventDefault());
  addEventListener("drop", (event) => {
    event.preventDefault();
    const file = event.dataTransfer?.files[0];
    if (file) part["lab-data"].read(file);
  });
  addEventListener("keydown", (event) => {
    const typing =
      event.target instanceof Element &&
      event.target.closest(event.key === " " ? "input, select, button, summary" : "input, select");
    if (!typing && !event.ctrlKey && !event.metaKey && !event.altKey) part["lab-toolbar"].key(event);
  });
}

open();
