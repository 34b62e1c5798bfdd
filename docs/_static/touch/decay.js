// Decay: four optimizers, three weights whose gradients differ in size, noise instead of a loss.

import { OPTIMIZERS, normals } from "./maths.js";
import { Panel, controls, legend, number, row, slider, words } from "./panel.js";

const STEPS = 1000;
const SIZES = [10, 1, 0.1];

export function build(parent) {
  const state = { lr: 1e-3, lambda: 2, scale: 1 };
  const panels = row(parent);
  panels.classList.add("touch-four");
  const shown = Object.keys(OPTIMIZERS).map((title) => [
    title,
    new Panel(panels, {
      label: `Three weights under ${title}`, title, x: [0, STEPS], y: [-0.1, 1.3], width: 300, height: 190, xlabel: "step", ylabel: "weight",
    }),
  ]);
  const settings = controls(parent, "The optimizers");
  const change = (name) => (value) => {
    state[name] = value;
    draw();
  };
  slider(settings, { label: "learning rate", min: 1e-4, max: 1e-2, value: state.lr, log: true, steps: 40, show: (v) => number(v), onInput: change("lr") });
  slider(settings, { label: "penalty or decay λ", min: 0.1, max: 10, value: state.lambda, log: true, steps: 40, show: (v) => number(v), onInput: change("lambda") });
  slider(settings, { label: "all gradients times", min: 0.01, max: 100, value: 1, log: true, steps: 40, show: (v) => number(v), onInput: change("scale") });
  legend(parent, SIZES.map((size, j) => [`t-${j}`, `gradients of size ${size}`]));
  const say = words(parent);
  draw();

  function run(step) {
    const normal = normals(7); // the same noise for each optimizer
    let [w, adam] = [SIZES.map(() => 1), null];
    const points = [w];
    for (let k = 0; k < STEPS; k++) {
      const g = SIZES.map((size) => state.scale * size * normal());
      [w, adam] = step(w, g, adam, state.lr, state.lambda);
      points.push(w);
    }
    return points;
  }

  function draw() {
    const ends = {};
    for (const [title, panel] of shown) {
      const points = run(OPTIMIZERS[title]);
      ends[title] = points[STEPS];
      panel.clear();
      panel.line([[0, 0], [STEPS, 0]], "t-axis");
      SIZES.forEach((_, j) => panel.line(points.filter((_, k) => k % 5 === 0).map((w, k) => [5 * k, w[j]]), `t-${j}`));
    }
    say(sentence(ends));
  }

  function sentence(ends) {
    const { lr, lambda, scale } = state;
    const kept = (title) => ends[title].map((v) => `${Math.round(100 * v)} %`).join(", ");
    const should = Math.round(100 * (1 - lr * lambda) ** STEPS);
    const sizes = SIZES.map((size) => number(Math.hypot(scale * size, lambda)));
    return `Shrinking by the share ηλ = ${number(lr * lambda)} in each step would leave ${should} %. AdamW leaves ${kept("AdamW")}, ` +
      `whatever the gradients, but for the noise of its steps. Adam + L2 leaves ${kept("Adam + L2")}: it divides the penalty ` +
      `by the size of gradient and penalty together, at the start by ${sizes.join(", ")}.`;
  }
}
