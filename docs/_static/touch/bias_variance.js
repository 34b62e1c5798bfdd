// Bias and variance: many training sets, one ridge for each, and how far they are from the truth.

import { legendre, normals, ridges, dot, sum } from "./maths.js";
import { Panel, button, controls, legend, number, row, slider, words } from "./panel.js";

const [DEGREE, SETS, GRID] = [12, 40, 25];
const truth = (x) => Math.sin(2 * Math.PI * x);
const PLACES = Array.from({ length: 61 }, (_, k) => 0.02 + (0.96 * k) / 60);
const AT_PLACES = PLACES.map((x) => legendre(x, DEGREE));
const LAMBDAS = Array.from({ length: GRID }, (_, k) => 10 ** (-6 + (8 * k) / (GRID - 1)));

export function build(parent) {
  const state = { noise: 0.3, n: 20, lambda: 1e-3, seed: 1 };
  const panels = row(parent);
  const fits = new Panel(panels, {
    label: "Fits to many training sets, their mean, and the truth",
    title: `${SETS} training sets, ${SETS} fits`, x: [0, 1], y: [-2, 2], xlabel: "x", ylabel: "y",
  });
  const errors = new Panel(panels, {
    label: "Squared bias, variance and their sum with the noise, along lambda",
    title: "Error on new data", x: [LAMBDAS[0], LAMBDAS[GRID - 1]], xlog: true, y: [0, 1], xlabel: "λ", ylabel: "mean squared error",
  });
  const settings = controls(parent, "The data and the penalty");
  const change = (name) => (value) => {
    state[name] = name === "n" ? Math.round(value) : value;
    draw();
  };
  slider(settings, { label: "penalty λ", min: 1e-6, max: 100, value: state.lambda, log: true, steps: 48, show: (v) => number(v), onInput: change("lambda") });
  slider(settings, { label: "noise σ", min: 0, max: 1, value: state.noise, steps: 20, show: (v) => number(v), onInput: change("noise") });
  slider(settings, { label: "points n", min: 14, max: 100, value: state.n, log: true, steps: 40, show: (v) => String(Math.round(v)), onInput: change("n") });
  button(settings, "Draw other noise", () => change("seed")(state.seed + 1));
  legend(parent, [["t-0 t-thin", "one fit"], ["t-1", "mean of the fits; bias²"], ["t-2", "variance"], ["t-truth", "truth; sum with the noise"]]);
  const say = words(parent);
  draw();

  function draw() {
    const { noise, n, lambda, seed } = state;
    const normal = normals(seed);
    const xs = Array.from({ length: n }, (_, k) => (k + 0.5) / n);
    const Y = Array.from({ length: SETS }, () => xs.map((x) => truth(x) + noise * normal()));
    const X = xs.map((x) => legendre(x, DEGREE));
    const parts = (l) => {
      const lines = ridges(X, Y, l).map(([w, b]) => AT_PLACES.map((row) => b + dot(row, w)));
      const mean = PLACES.map((_, k) => sum(lines.map((line) => line[k])) / SETS);
      const bias = sum(PLACES.map((x, k) => (mean[k] - truth(x)) ** 2)) / PLACES.length;
      const variance = sum(PLACES.map((_, k) => sum(lines.map((line) => (line[k] - mean[k]) ** 2)))) / SETS / PLACES.length;
      return { lines, mean, bias, variance };
    };
    const now = parts(lambda);
    fits.clear();
    const through = (line) => PLACES.map((x, k) => [x, line[k]]);
    for (const line of now.lines) fits.line(through(line), "t-0 t-faint");
    fits.line(PLACES.map((x) => [x, truth(x)]), "t-truth");
    fits.line(through(now.mean), "t-1");
    xs.forEach((x, k) => fits.dot([x, Y[0][k]], "t-data", 2.5));
    const all = LAMBDAS.map(parts);
    const total = all.map(({ bias, variance }) => bias + variance + noise ** 2);
    const most = Math.min(1.15 * Math.max(...total), 3);
    errors.limits([LAMBDAS[0], LAMBDAS[GRID - 1]], [0, most]);
    errors.clear();
    errors.line(LAMBDAS.map((l, k) => [l, all[k].bias]), "t-1");
    errors.line(LAMBDAS.map((l, k) => [l, all[k].variance]), "t-2");
    errors.line(LAMBDAS.map((l, k) => [l, total[k]]), "t-truth");
    errors.line([[lambda, 0], [lambda, most]], "t-mark");
    const best = LAMBDAS[total.indexOf(Math.min(...total))];
    errors.line([[best, 0], [best, most]], "t-axis");
    errors.say([best, most], "best", "t-name t-middle", 0, 12);
    say(`With λ = ${number(lambda)}: bias² ${number(now.bias)} + variance ${number(now.variance)} + noise ${number(noise ** 2)} = ` +
      `${number(now.bias + now.variance + noise ** 2)}. The smallest sum is near λ = ${number(best)}. ` + side(now));
  }

  function side({ bias, variance }) {
    if (variance > 3 * bias) return "The fits differ from each other: too little penalty, or too few points for this noise.";
    if (bias > 3 * variance) return "The fits agree with each other and not with the truth: too much penalty.";
    return "Neither part dominates.";
  }
}
