// Bias and variance: many training sets, one ridge for each, and how far they are from the truth.

import { legendre, normals, ridges, dot, sum } from "./maths.js";
import { Panel, button, controls, legend, number, row, slider, words } from "./panel.js";

const [DEGREE, SETS, GRID] = [12, 40, 25];
const truth = (x) => Math.sin(2 * Math.PI * x);
const PLACES = Array.from({ length: 61 }, (_, k) => 0.02 + (0.96 * k) / 60);
const AT_PLACES = PLACES.map((x) => legendre(x, DEGREE));
const LAMBDAS = Array.from({ length: GRID }, (_, k) => 10 ** (-5 + (6 * k) / (GRID - 1)));

export function build(parent) {
  const state = { noise: 0.3, n: 15, lambda: 1e-3, seed: 1 };
  const panels = row(parent);
  const fits = new Panel(panels, {
    label: "Fits to many training sets, their mean, and the truth",
    title: `${SETS} training sets, ${SETS} fits`, x: [0, 1], y: [-2, 2], xlabel: "x", ylabel: "y",
  });
  const errors = new Panel(panels, {
    label: "Squared bias, variance and their sum with the noise, along lambda",
    title: "Error on new data: drag λ", x: [LAMBDAS[0], LAMBDAS[GRID - 1]], xlog: true, y: [0, 1], xlabel: "λ", ylabel: "mean squared error",
  });
  const settings = controls(parent, "The data and the penalty");
  const change = (name) => (value) => {
    state[name] = name === "n" ? Math.round(value) : value;
    if (name !== "lambda") curves = measured();
    draw();
  };
  const penalty = slider(settings, { label: "penalty λ", min: 1e-5, max: 10, value: state.lambda, log: true, steps: 48, show: (v) => number(v), onInput: change("lambda") });
  slider(settings, { label: "noise σ", min: 0, max: 1, value: state.noise, steps: 20, show: (v) => number(v), onInput: change("noise") });
  slider(settings, { label: "points n", min: 14, max: 100, value: state.n, log: true, steps: 40, show: (v) => String(Math.round(v)), onInput: change("n") });
  button(settings, "Draw other noise", () => change("seed")(state.seed + 1));
  legend(parent, [
    ["t-0", "fit to the points shown (thin: to others)"],
    ["t-1", "left: mean of the fits; right: bias²"],
    ["t-2", "variance"],
    ["t-truth", "left: truth; right: bias² + variance + noise"],
  ]);
  errors.svg.classList.add("t-drag");
  errors.onDrag(([x]) => {
    penalty.set(Math.min(Math.max(x, LAMBDAS[0]), LAMBDAS[GRID - 1]));
    change("lambda")(penalty.read());
  });
  const say = words(parent);
  let curves = measured(); // along all lambdas; they change with the data alone
  draw();

  // The training sets, the fits to them at a lambda, and the errors of these along all lambdas.
  function measured() {
    const { noise, n, seed } = state;
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
    const all = LAMBDAS.map(parts);
    const total = all.map(({ bias, variance }) => bias + variance + noise ** 2);
    return { xs, Y, parts, all, total };
  }

  function draw() {
    const { noise, lambda } = state;
    const { xs, Y, parts, all, total } = curves;
    const now = parts(lambda);
    fits.clear();
    const through = (line) => PLACES.map((x, k) => [x, line[k]]);
    for (const line of now.lines) fits.line(through(line), "t-0 t-faint");
    fits.line(through(now.lines[0]), "t-0");
    fits.line(PLACES.map((x) => [x, truth(x)]), "t-truth");
    fits.line(through(now.mean), "t-1");
    xs.forEach((x, k) => fits.dot([x, Y[0][k]], "t-data", 2.5));
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
    const error = now.bias + now.variance + noise ** 2;
    say(`With λ = ${number(lambda)}: bias² ${number(now.bias)} + variance ${number(now.variance)} + noise ${number(noise ** 2)} = ` +
      `${number(error)}. The smallest sum is near λ = ${number(best)}. ` + side(lambda, best, error, Math.min(...total)));
  }

  function side(lambda, best, error, least) {
    if (error <= 1.1 * least + 1e-3) return "This λ is about as good as the best.";
    if (lambda < best) return "Too little penalty: the fits follow the noise, and differ from each other.";
    return "Too much penalty: the fits agree with each other, and not with the truth.";
  }
}
