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
  const gyWords = (gy, bounds) => {
    let digits = gy >= 9.95 ? 0 : 1;
    const onto = (bound) =>
      gy.toFixed(digits) === bound.toFixed(digits) && Math.abs(gy - bound) > 1e-6 * bound;
    while (digits < 3 && (bounds || []).some(onto)) digits += 1;
    return gy.toFixed(digits);
  };
  const forms = {
    gy: gyWords,
    gy1: (gy) => gy.toFixed(1),
    gbq: (gbq) => (gbq > 0 && gbq < 0.1 ? gbq.toPrecision(2) : gbq.toFixed(2)),
    mci: (mci) => mci.toFixed(1),
  };
  const numbers = (text) => text.split(" ").map(Number);
  const dose = (k, c) => k.reduce((sum, slope, n) => sum + slope * at[n], c);
  const doseOf = (element) => dose(numbers(element.dataset.k), Number(element.dataset.c || 0));
  const isMoved = () => at.some((gbq, n) => gbq !== first[n]);
  const ladder = document.querySelector("table.ladder");
  const end = ladder ? Number(ladder.dataset.end) : 1;
  const place = (gy) => 4 + 220 * Math.min(Math.max(gy / end, 0), 1);
  const asPlanned = new Map();
  all("[data-k]").forEach((element) => asPlanned.set(element, element.innerHTML));

  // As the program judges: unrounded, equal to a bound within the last digits.
  const judged = (element) => {
    const { lim, sense, upper, strict } = element.dataset;
    const gy = doseOf(element);
    const low = sense === "at_most" ? null : Number(lim);
    const high = sense === "range" ? Number(upper) : sense === "at_most" ? Number(lim) : null;
    const same = (bound) => Math.abs(gy - bound) <= 1e-9 * Math.abs(bound);
    const under = low !== null && (same(low) ? Boolean(strict) : gy < low);
    const over = high !== null && (same(high) ? Boolean(strict) : gy > high);
    const apart = Math.min(low === null ? Infinity : gy - low, high === null ? Infinity : high - gy);
    if (sense === "aim") {
      const words = same(low) ? "reached" : `${gyWords(Math.abs(apart))} Gy ${apart > 0 ? "above" : "below"} it`;
      return { met: same(low) ? true : null, words };
    }
    const met = !under && !over;
    return { met, words: `${met ? "met" : "missed"} by ${gyWords(Math.abs(apart))} Gy` };
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
    } else if (isMoved()) element.textContent = forms[f](doseOf(element), b && numbers(b));
    else element.innerHTML = asPlanned.get(element);
  };

  const sentence = () => {
    const missed = new Map();
    for (const element of all("[data-lim]")) {
      if (judged(element).met !== false) continue;
      const what = element.dataset.missed;
      missed.set(what, (missed.get(what) || new Set()).add(element.dataset.name));
    }
    const said = [...missed].map(([what, names]) => `${what}: ${[...names].join(", ")}.`);
    if (!said.length) said.push("All goals and limits of this page are met.");
    if (isMoved()) said.push("Other checks are those of the plan: plan again to repeat them.");
    return said.join(" ");
  };

  const command = () => {
    if (!data.command) return "";
    const text = data.command.replace(/\{a(\d+)\}/g, (_, n) => String(Number(at[n].toPrecision(6))));
    const gy = (data.prescribed_gy || 0) * (at[0] / first[0]);
    return text.replace("{dose}", String(Number(gy.toPrecision(6))));
  };

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
      if (gbq < low || gbq > high || Math.abs(gbq - first[n]) < 1e-6 * first[n]) continue;
      const text = `${mark.name} ${mark.gy} Gy at ${forms.gbq(gbq)}`;
      if (seen.has(text)) continue;
      seen.add(text);
      found.push({ gbq, text, color: mark.most ? "#a3121f" : "#1d6b3a", most: mark.most });
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
    dispatchEvent(new Event("moved"));
  };

  const draw = () => {
    const moved = isMoved();
    document.body.classList.toggle("moved", moved);
    all("[data-k]").forEach(show);
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
    one("verdict").textContent = moved ? sentence() : "";
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
  const reset = () => {
    at.splice(0, at.length, ...first);
    all(".what-if .err").forEach((element) => (element.textContent = ""));
    document.activeElement.blur();
    draw();
  };
  data.injections.forEach(({ low, high }, n) => {
    one(`slide-${n}`).addEventListener("input", (event) => {
      one(`wrong-${n}`).textContent = "";
      set(n, Number(event.target.value));
    });
    one(`type-${n}`).addEventListener("input", (event) => {
      const text = event.target.value.trim();
      const good = /^\d+(\.\d+)?$/.test(text) && Number(text) >= low && Number(text) <= high;
      one(`wrong-${n}`).textContent = good ? "" : `Type ${low} to ${high} GBq, e.g. ${forms.gbq(first[n])}.`;
      event.target.setAttribute("aria-invalid", String(!good));
      if (good) set(n, Number(text));
    });
  });
  all("[data-reset]").forEach((button) => button.addEventListener("click", reset));
  document.body.classList.add("can-move");
  addEventListener("resize", () => at.forEach((_, n) => marks(n)));
  draw();
})();
