// Descent: three solvers from a start that the reader sets, at a rate that the reader chooses.

import { Loss, contour, descend, gap, largestEigenvalue, solve } from "./maths.js";
import { Panel, choice, controls, legend, number, row, slider, words } from "./panel.js";

const STEPS = 60;
const KINDS = ["proximal", "subgradient", "accelerated"];

export function build(parent) {
  let state = { kind: "proximal", share: 0.5, conditioning: 10, start: [-1.6, 1.2] };
  const [lambda, rho] = [0.15, 1];
  const panels = row(parent);
  const map = new Panel(panels, {
    label: "Contours of the objective: set the start of the descent",
    title: "Set the start: click, drag, or arrow keys",
    x: [-2, 2.5], y: [-2, 2], xlabel: "weight 1", ylabel: "weight 2", height: 340,
  });
  const curves = new Panel(panels, {
    label: "The objective above its minimum, and the duality gap, at each step",
    title: "How far above the minimum",
    x: [0, STEPS], y: [1e-8, 1e2], ylog: true, xlabel: "step", ylabel: "above the minimum", height: 340,
  });
  const settings = controls(parent, "The descent");
  choice(settings, {
    label: "step", options: KINDS, value: state.kind,
    onInput: (kind) => change({ kind }),
  });
  slider(settings, {
    label: "learning rate, as a share of 1/L", min: 0.05, max: 2.4, value: 0.5, steps: 47,
    show: (v) => v.toFixed(2), onInput: (share) => change({ share }),
  });
  slider(settings, {
    label: "largest curvature / smallest", min: 1, max: 100, value: 10, log: true,
    show: (v) => number(v), onInput: (conditioning) => change({ conditioning }),
  });
  legend(parent, [["t-1", "the steps"], ["t-0", "F(w) − F*"], ["t-2", "the duality gap, which bounds it"]]);
  const say = words(parent);
  const moveStart = map.handle({
    label: "Start of the descent", at: state.start, step: 0.1, limits: [[-1.9, 2.4], [-1.9, 1.9]],
    say: ([a, b]) => `weight 1 is ${number(a)}, weight 2 is ${number(b)}`,
    onMove: (start) => change({ start }),
  });
  map.onDrag(moveStart);
  change({});

  function change(news) {
    state = { ...state, ...news };
    // A valley along a diagonal, so that neither weight is an axis of it.
    const [a, b] = [1, 1 / state.conditioning];
    const [cos, sin] = [Math.cos(0.25), Math.sin(0.25)];
    const off = (a - b) * cos * sin;
    const H = [[a * cos ** 2 + b * sin ** 2, off], [off, a * sin ** 2 + b * cos ** 2]];
    const loss = new Loss(H, [1.2, 0.25]);
    const rate = state.share / largestEigenvalue(H);
    const kind = state.kind === "proximal" ? "gradient_descent" : state.kind;
    const points = descend(kind, loss, lambda, rho, state.start, rate, STEPS);
    draw(loss, points);
  }

  function draw(loss, points) {
    const F = (w) => loss.objective(w, lambda, rho);
    const best = solve(loss, lambda, rho);
    const least = F(best);
    map.clear();
    for (let k = 0; k < 9; k++) map.line(contour(F, best, least + 2.5 * 0.45 ** k), "t-contour", true);
    map.line([[-9, 0], [9, 0]], "t-axis");
    map.line([[0, -9], [0, 9]], "t-axis");
    map.line(points, "t-1");
    for (const point of points) map.dot(point, "t-1 t-fill", 2.5);
    map.dot(best, "t-best", 5);
    map.say(best, "minimum", "t-name", 14, 26);
    const above = points.map((w, k) => [k, Math.max(F(w) - least, 1e-16)]);
    const gaps = points.map((w, k) => [k, Math.max(gap(loss, w, lambda, rho), 1e-16)]);
    curves.clear();
    curves.line(gaps, "t-2");
    curves.line(above, "t-0");
    say(sentence(points, above));
  }

  function sentence(points, above) {
    const [first, last] = [above[0][1], above[STEPS][1]];
    const zeros = points[STEPS].filter((v) => v === 0).length;
    const within = above.findIndex(([, value]) => !(value > 1e-6));
    if (!(last < 3 * first)) {
      return `The descent diverges: a rate of ${number(state.share)}/L is too long, each step lands higher on the other side.` +
        (state.kind === "accelerated" ? " With momentum the limit is lower than 2/L." : " The limit is 2/L.");
    }
    if (state.share > 2 && !(last < 1e-6)) {
      return "The steps jump from side to side and do not settle: the rate is above the limit, 2/L.";
    }
    if (state.kind === "subgradient") {
      return "The subgradient step does not settle: near zero the sign of the weight flips with each step, and no weight becomes exactly zero.";
    }
    const zero = zeros ? " A weight is exactly zero." : "";
    if (within >= 0) return `${STEPS} steps are enough: after ${within} the objective is within a millionth of the minimum.${zero}`;
    return `After ${STEPS} steps the objective is ${number(last)} above the minimum: ` +
      (state.share < 0.9 ? "a longer step arrives sooner." : "the valley is long and narrow, and each step short beside it.") + zero;
  }
}
