"use strict";
// Another activity: doses are linear in it, so all that follows is a sum of products.
(() => {
  const source = document.getElementById("what-if-data");
  if (!source) return;
  const data = JSON.parse(source.textContent);
  const first = data.injections.map((one) => one.gbq);
  const at = first.slice();
  const all = (selector) => [...document.querySelectorAll(selector)];
  const one = (id) => document.getElementById(id);
  const { fixed } = numbers;
  const exactly = (gy, bound) => Math.abs(gy - bound) <= data.exactly * Math.max(Math.abs(gy), Math.abs(bound));
  const gyWords = (gy, bounds) => {
    let digits = gy >= 9.95 ? 0 : 1;
    const onto = (bound) => fixed(gy, digits) === fixed(bound, digits) && !exactly(gy, bound);
    while (digits < 3 && (bounds || []).some(onto)) digits += 1;
    return fixed(gy, digits);
  };
  const small = (gbq) => gbq > 0 && gbq < 0.1;
  // Of the rounded number, which may have one digit more before its point.
  const power = (value, digits) => Number(value.toExponential(digits - 1).split("e")[1]);
  const forms = {
    gy: gyWords,
    gy1: (gy) => fixed(gy, 1),
    gbq: (gbq) => fixed(gbq, small(gbq) ? 1 - power(gbq, 2) : 2),
    mci: (mci) => fixed(mci, 1),
    sig4: (value) => (value > 1e-9 ? fixed(value, Math.max(3 - power(value, 4), 0)) : "0"),
    ".3g": (gy) => numbers.written(gy, ".3g"),
    g: (value) => numbers.written(value, "g"),
  };
  const listed = (text) => text.split(" ").map(Number);
  const dose = (k, c) => k.reduce((sum, slope, n) => sum + slope * at[n], 0) + c;
  const doseOf = (element) => dose(listed(element.dataset.k), Number(element.dataset.c || 0));
  const isMoved = () => at.some((gbq, n) => gbq !== first[n]);
  const ladder = document.querySelector("table.ladder");
  const end = ladder ? Number(ladder.dataset.end) : 1;
  const place = (gy) => 4 + 220 * Math.min(Math.max(gy / end, 0), 1);
  const asPlanned = new Map();
  all("[data-k], [data-metric], [data-goal] td").forEach((element) => asPlanned.set(element, element.innerHTML));

  // D and V are no sums of those of the injections: their points are added up, and sorted again.
  const curves = typeof histograms === "undefined" ? [] : histograms;
  const sampled = ({ by, of, metric }) => {
    const curve = curves[by].curves.find((one) => one.name === of);
    return curve && curve.points ? forms.gy1(dosePoints.metric(curve.points, metric, at)) : "";
  };
  const least = (points, metric) => Math.min(...points.map((one) => dosePoints.metric(one, metric, at)));
  const size = (value) => forms.sig4(Math.abs(value) < 5e-7 ? 0 : Math.abs(value));
  // As the program says of a new plan what it reaches.
  const goalAt = ({ wanted, wanted_gy: bound, is_part: part, aim, lines, ...goal }) => {
    const gy = lines ? Math[goal.pick](...lines.map((k) => dose(k, 0))) : least(goal.points, goal.dose_metric);
    const reached = part ? least(goal.points, goal.metric) : gy;
    const same = Math.abs(gy - bound) <= 1e-6 * bound;
    const met = same || aim || gy > bound;
    const words = part ? `${forms.sig4(reached)} %` : `${forms.sig4(reached)} Gy`;
    const [verb, side] = [met ? "met" : "missed", gy > bound ? "above" : "below"];
    const percent = part ? reached - 100 * wanted : 100 * (gy / bound - 1);
    let apart = `${verb} by ${size(gy - bound)} Gy, ${size(percent)} %`;
    if (part)
      apart =
        `${verb} by ${size(percent)} % of the volume; ` +
        `D${forms.g(100 * wanted)} is ${size(gy - bound)} Gy ${side} it`;
    else if (aim) apart = `${size(gy - bound)} Gy, ${size(percent)} % ${side} it`;
    if (same && !part) apart = "met exactly";
    return { met, words, apart };
  };
  const showGoal = (row) => {
    const goal = data.goals[row.dataset.goal];
    const [reached, , apart] = row.querySelectorAll("td");
    for (const cell of [reached, apart]) cell.innerHTML = asPlanned.get(cell);
    if (!isMoved() || !goal.known) return;
    const found = goal.moves ? goalAt(goal) : { met: true, words: "", apart: "not followed here" };
    reached.textContent = found.words;
    apart.replaceChildren(document.createElement("span"));
    apart.firstChild.textContent = found.apart;
    apart.firstChild.className = found.met ? "" : "over";
  };

  // As the program judges: unrounded, equal to a bound within the last digits.
  const judged = (element) => {
    const { lim, sense, upper, strict, planned } = element.dataset;
    const gy = doseOf(element);
    const limit = Number(lim);
    const low = sense === "at_most" ? null : limit;
    const high = sense === "range" ? Number(upper) : sense === "at_most" ? limit : null;
    const [less, more] = [1 - data.same, 1 + data.same];
    const over = high !== null && (strict ? gy >= high * less : gy > high * more);
    const under = low !== null && (strict ? gy <= low * more : gy < low * less);
    const apart = Math.min(low === null ? Infinity : gy - low, high === null ? Infinity : high - gy);
    const by = `${gyWords(Math.abs(apart))} Gy`;
    if (sense === "aim")
      return exactly(gy, limit)
        ? { met: true, words: "reached" }
        : { met: null, words: `${by} ${apart > 0 ? "above" : "below"} it` };
    const met = planned && exactly(gy, limit) ? true : !under && !over;
    if (exactly(gy, limit)) return { met, words: met ? "met exactly" : "missed: exactly there" };
    return { met, words: `${met ? "met" : "missed"} by ${by}` };
  };

  const show = (element) => {
    const { f, b } = element.dataset;
    if (f === "x") {
      const gy = doseOf(element);
      if (element.tagName === "circle") element.setAttribute("cx", place(gy));
      else {
        element.setAttribute("x1", place(gy * element.dataset.lo));
        element.setAttribute("x2", place(gy * element.dataset.hi));
      }
    } else if (element.dataset.lim) {
      const found = isMoved() ? judged(element) : null;
      if (found) element.textContent = found.words;
      else element.innerHTML = asPlanned.get(element);
      element.dataset.state = found ? String(found.met) : "";
    } else if (isMoved()) element.textContent = forms[f](doseOf(element), b && listed(b));
    else element.innerHTML = asPlanned.get(element);
  };

  // Goals that are neither met nor missed: how far apart their doses are.
  const aimsApart = () => {
    if (data.goals.length)
      return data.goals
        .filter((goal) => goal.moves && goal.aim)
        .map((goal) => `${goal.name}: ${goalAt(goal).apart}`)
        .filter((text) => !text.endsWith("met exactly"))
        .map((text) => text.replace(/ it$/, " the goal"));
    const aims = all('[data-sense="aim"]').map((element) => [element.dataset.name, judged(element)]);
    const off = aims.filter(([, found]) => found.met === null);
    return [...new Set(off.map(([name, found]) => `${name}: ${found.words.replace(/ it$/, " the goal")}`))];
  };
  const sentence = (checked) => {
    const missed = new Map();
    for (const element of all("[data-lim]")) {
      if (judged(element).met !== false) continue;
      const what = element.dataset.missed;
      missed.set(what, (missed.get(what) || new Set()).add(element.dataset.name));
    }
    const said = [...missed].map(([what, names]) => `${what}: ${[...names].join(", ")}.`);
    const goals = data.goals.filter((goal) => goal.moves && !goalAt(goal).met).map((goal) => goal.name);
    if (goals.length) said.push(`Goal missed: ${goals.join(", ")}.`);
    const left = data.goals.filter((goal) => goal.known && !goal.moves).map((goal) => goal.name);
    if (left.length) said.push(`Not followed here: ${left.join(", ")}.`);
    const apart = aimsApart();
    if (!said.length) said.push(`All ${apart.length ? "" : "goals and "}limits of this page are met.`);
    if (apart.length) said.push(`${apart.join("; ")}.`);
    if (isMoved()) said.push(checked.words);
    return said.join(" ");
  };

  const command = () => {
    if (!data.command) return "";
    const text = data.command.replace(/\{a(\d+)\}/g, (_, n) => String(Number(at[n].toPrecision(6))));
    const gy = (data.prescribed_gy || 0) * (at[0] / first[0]);
    return text.replace("{dose}", String(Number(gy.toPrecision(6))));
  };

  const colors = { limit: "#a3121f", asks: "#a3121f", warns: "#7a4300", goal: "#1d6b3a" };
  // Where each bound is reached, if the other injections stay as they are.
  const marks = (n) => {
    const svg = one(`marks-${n}`);
    const wide = Math.max(260, svg.parentElement.clientWidth - 16);
    const { low, high } = data.injections[n];
    const x = (gbq) => (wide * (gbq - low)) / (high - low);
    const found = [{ gbq: first[n], text: `plan ${forms.gbq(first[n])}`, color: "#16191d" }];
    const seen = new Set();
    for (const mark of data.marks) {
      if (!(mark.k[n] > 0)) continue;
      const others = mark.k.reduce((sum, k, m) => (m === n ? sum : sum + k * at[m]), mark.c);
      const gbq = (mark.gy - others) / mark.k[n];
      const { kind } = mark;
      if (gbq < low || gbq > high || Math.abs(gbq - first[n]) < 1e-6 * first[n]) continue;
      const text = `${mark.text} at ${forms.gbq(gbq)}`;
      if (seen.has(text)) continue;
      seen.add(text);
      found.push({ gbq, text, color: colors[kind], most: kind === "limit" });
    }
    const limits = found.filter((mark) => mark.most).map((mark) => mark.gbq);
    const least = limits.length ? Math.min(...limits) : high;
    const ends = [];
    let texts = "";
    let drawing = `<rect x="0" y="2" width="${Math.max(x(least), 0)}" height="6" fill="#1d6b3a" opacity=".45"/>`;
    if (least < high)
      drawing += `<rect x="${x(least)}" y="2" width="${wide - x(least)}" height="6" fill="#a3121f" opacity=".35"/>`;
    for (const mark of found.sort((a, b) => a.gbq - b.gbq)) {
      const width = 6.6 * mark.text.length;
      const left = Math.min(Math.max(x(mark.gbq) - width / 2, 0), wide - width);
      let row = ends.findIndex((end) => end < left - 8);
      if (row < 0) row = ends.length;
      ends[row] = left + width;
      const y = 24 + 14 * row;
      drawing += `<path d="M${x(mark.gbq)},0V${y - 10}" stroke="${mark.color}" stroke-width="1.6"/>`;
      const label = document.createElementNS("http://www.w3.org/2000/svg", "text");
      label.textContent = mark.text;
      texts += `<text x="${left}" y="${y}" style="fill: ${mark.color}">${label.innerHTML}</text>`;
    }
    const height = 30 + 14 * Math.max(ends.length - 1, 0);
    svg.setAttribute("viewBox", `0 0 ${wide} ${height}`);
    svg.setAttribute("width", wide);
    svg.setAttribute("height", height);
    svg.innerHTML = drawing + texts;
  };

  // One injection scales the whole map; several do not, and then pictures stay the plan's.
  const scaled = () => {
    document.body.dataset.ratio = at.length === 1 ? at[0] / first[0] : 1;
    dispatchEvent(new CustomEvent("moved", { detail: isMoved() ? at.slice() : null }));
  };

  const draw = () => {
    const moved = isMoved();
    document.body.classList.toggle("moved", moved);
    all("[data-k]").forEach(show);
    for (const element of all("[data-metric]"))
      element.innerHTML = moved ? sampled(element.dataset) : asPlanned.get(element);
    all("[data-goal]").forEach(showGoal);
    const said = at
      .map((gbq, n) => [gbq, n])
      .filter(([gbq, n]) => gbq !== first[n])
      .map(([gbq, n]) => {
        const part = 100 * (gbq / first[n] - 1);
        const name = at.length > 1 ? `${data.injections[n].name}: ` : "";
        const sign = part > 0 ? "+" : "\u2212";
        const by = `${sign}${Math.abs(part).toFixed(0)} %`;
        return `${name}activity moved from ${forms.gbq(first[n])} to ${forms.gbq(gbq)} GBq (${by})`;
      })
      .join("; ");
    one("moved-text").textContent = said;
    const checked = movedChecks(data.checks, data.stay, at);
    one("verdict").textContent = moved ? sentence(checked) : "";
    one("moved-finds").replaceChildren(...(moved ? checked.items : []));
    one("moved-notes").textContent = moved ? checked.under.join(" ") : "";
    one("command").textContent = moved ? command() : "";
    at.forEach((gbq, n) => {
      one(`slide-${n}`).value = gbq;
      if (document.activeElement !== one(`type-${n}`)) one(`type-${n}`).value = forms.gbq(gbq);
      marks(n);
    });
    const head = JSON.stringify(`NOT THE PLAN  |  ${one("running").dataset.whose}  |  ${said}`);
    one("page-moved").textContent = moved
      ? `@page { @top-left { content: ${head}; color: #000; font-weight: 700; white-space: normal; } }`
      : "";
    scaled();
  };

  const set = (n, gbq) => {
    at[n] = Math.abs(gbq - first[n]) < data.injections[n].step * 0.51 ? first[n] : gbq;
    draw();
  };
  const wrong = (n, text) => {
    one(`wrong-${n}`).textContent = text;
    one(`type-${n}`).setAttribute("aria-invalid", String(text !== ""));
  };
  const reset = () => {
    at.splice(0, at.length, ...first);
    first.forEach((_, n) => wrong(n, ""));
    document.activeElement.blur();
    draw();
  };
  data.injections.forEach(({ low, high }, n) => {
    one(`slide-${n}`).addEventListener("input", (event) => {
      wrong(n, "");
      set(n, Number(event.target.value));
    });
    const typed = (event) => {
      const text = event.target.value.trim();
      const good = /^\d+(\.\d+)?$/.test(text) && Number(text) >= low && Number(text) <= high;
      wrong(n, good ? "" : `Type ${low} to ${high} GBq, e.g. ${forms.gbq(first[n])}.`);
      if (good) set(n, Number(text));
    };
    one(`type-${n}`).addEventListener("input", typed);
  });
  all("[data-reset]").forEach((button) => button.addEventListener("click", reset));
  document.body.classList.add("can-move");
  addEventListener("resize", () => at.forEach((_, n) => marks(n)));
  draw();
})();
