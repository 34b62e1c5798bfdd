// Why zeros: an ellipse of the loss touches the ball of the penalty, often at a corner.

import { Loss, contour, penalty, solve } from "./maths.js";
import { Panel, controls, legend, number, row, slider, words } from "./panel.js";

const LIMITS = [-1.5, 1.5];
const loss = new Loss([[1, 0.4], [0.4, 1]], [1.1, 0.3]);

export function build(parent) {
  let [lambda, rho] = [0.5, 1];
  const panels = row(parent);
  const map = new Panel(panels, {
    label: "The plane of two weights: drag the least-squares optimum",
    title: "Drag the circle (or use the arrow keys)",
    x: LIMITS, y: LIMITS, xlabel: "weight 1", ylabel: "weight 2", height: 350,
  });
  const bars = new Panel(panels, {
    label: "The two weights as bars",
    title: "White: without a penalty. Orange: with it",
    x: [0.4, 2.6], y: LIMITS, height: 350, axes: false,
  });
  const settings = controls(parent, "The penalty");
  slider(settings, {
    label: "penalty λ", min: 0.01, max: 2, value: lambda, log: true,
    show: (v) => number(v), onInput: (v) => draw(((lambda = v), undefined)),
  });
  slider(settings, {
    label: "share of L1", min: 0, max: 1, value: rho, steps: 20,
    show: (v) => (v === 0 ? "0 (ridge)" : v === 1 ? "1 (lasso)" : number(v)),
    onInput: (v) => draw(((rho = v), undefined)),
  });
  legend(parent, [["t-0", "the loss is the same on an ellipse; the circle is its optimum"], ["t-1", "the fit (dot and bars)"], ["t-ball", "the ball: no more penalty than at the fit"]]);
  const say = words(parent);
  map.handle({
    label: "Optimum of the loss", at: loss.best, step: 0.05, limits: [[-1.4, 1.4], [-1.4, 1.4]],
    say: ([a, b]) => `weight 1 is ${number(a)}, weight 2 is ${number(b)}`,
    onMove: (to) => draw((loss.best = to)),
  });
  draw();

  function draw() {
    const w = solve(loss, lambda, rho);
    const h = (v) => penalty(v, 1, rho);
    const value = (v) => loss.value(v);
    map.clear();
    if (h(w) > 0) map.line(contour(h, [0, 0], h(w), 288), "t-ball", true);
    map.line([[LIMITS[0], 0], [LIMITS[1], 0]], "t-axis");
    map.line([[0, LIMITS[0]], [0, LIMITS[1]]], "t-axis");
    const touched = value(w);
    for (const share of [0.15, 0.5]) map.line(contour(value, loss.best, share * touched), "t-0 t-thin", true);
    map.line(contour(value, loss.best, touched), "t-0", true);
    map.dot(w, "t-1 t-fill", 6);
    map.say(w, "fit", "t-name", 9, 16);
    bars.clear();
    bars.line([[0, 0], [3, 0]], "t-axis");
    w.forEach((v, j) => {
      bars.box([j + 0.68, 0], [j + 0.98, loss.best[j]], "t-bar t-bar-before");
      bars.box([j + 1.02, 0], [j + 1.32, v], "t-bar t-bar-after");
      bars.say([j + 0.83, 0], number(loss.best[j]), "t-middle", 0, loss.best[j] < 0 ? -6 : 15);
      const text = v === 0 ? "0" : number(v);
      bars.say([j + 1.17, 0], text, `t-middle${v === 0 ? " t-strong" : ""}`, 0, loss.best[j] < 0 ? -6 : 15);
      const low = Math.min(loss.best[j], v) > -1.2;
      bars.say([j + 1, LIMITS[low ? 0 : 1]], `weight ${j + 1}`, "t-middle", 0, low ? -6 : 14);
    });
    say(sentence(w));
  }

  function sentence(w) {
    const zeros = w.flatMap((v, j) => (v === 0 ? [j + 1] : []));
    const name = rho === 0 ? "ridge" : rho === 1 ? "lasso" : "elastic net";
    if (zeros.length === 2) return `The ${name} sets both weights to exactly zero, and the ball is a point: the penalty is larger than any pull of the loss.`;
    if (zeros.length === 1) return `At a corner: the ${name} sets weight ${zeros[0]} to exactly zero, and shrinks the other.`;
    if (rho === 0) return "The ball of L2 is round: it has no corner, and neither weight is zero.";
    return "The ellipse touches an edge, not a corner: neither weight is zero. Move the circle towards an axis, or raise λ.";
  }
}
