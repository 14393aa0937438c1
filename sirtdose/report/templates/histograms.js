"use strict";
// The histogram's values at a dose: under the pointer, or moved by the arrow keys.
const histograms = (() => {
  const drawings = [...document.querySelectorAll("svg.dvh")];
  const source = document.getElementById("dvh-data");
  if (!drawings.length || !source) return [];
  const all = JSON.parse(source.textContent);
  // A sum with earlier sessions has the points of the treatment, and what they had before.
  for (const { sum_of: base, curves } of all)
    if (base !== undefined)
      curves.forEach((curve, n) => (curve.points = { ...all[base].curves[n].points, ...curve.points }));
  const table = document.getElementById("dvh-here");
  const tabs = document.getElementById("dvh-methods");
  let shown = 0;
  let dose = all[0].end_gy * 0.3;
  const cell = (row, text, number = true) => {
    const one = document.createElement("td");
    one.textContent = text;
    if (number) one.className = "num";
    row.append(one);
    return one;
  };
  // The activities that a plan's page is moved to.
  let moved = null;
  function fractionAt(curve, part, end) {
    if (moved && curve.points) return dosePoints.partAbove(dosePoints.histogram(curve.points, moved), part * end);
    const at = part * (curve.fraction.length - 1);
    const n = Math.min(Math.floor(at), curve.fraction.length - 2);
    return curve.fraction[n] + (at - n) * (curve.fraction[n + 1] - curve.fraction[n]);
  }
  window.addEventListener("moved", (event) => {
    if (!moved && !event.detail) return;
    moved = event.detail;
    drawings.forEach((drawing, n) => {
      const { plot, curves, end_gy: end } = all[n];
      drawing.querySelectorAll("polyline").forEach((line, k) => {
        const points = curves[k].fraction.map((_, i, every) => {
          const part = i / (every.length - 1);
          const y = plot.bottom - (plot.bottom - plot.top) * fractionAt(curves[k], part, end);
          return `${(plot.left + part * (plot.right - plot.left)).toFixed(1)},${y.toFixed(1)}`;
        });
        line.setAttribute("points", points.join(" "));
      });
    });
    tell();
  });
  function tell() {
    const { plot, curves, end_gy: end } = all[shown];
    const part = dose / end;
    const line = drawings[shown].querySelector(".reading");
    const x = plot.left + part * (plot.right - plot.left);
    line.setAttribute("x1", x);
    line.setAttribute("x2", x);
    line.setAttribute("visibility", "visible");
    table.replaceChildren();
    const head = table.createTHead().insertRow();
    for (const [n, text] of [`At ${dose.toFixed(dose < 10 ? 1 : 0)} Gy or more`, "Volume, %", "mL"].entries()) {
      const one = document.createElement("th");
      one.textContent = text;
      if (n) one.className = "num";
      head.append(one);
    }
    const body = table.createTBody();
    for (const curve of curves) {
      const value = fractionAt(curve, part, end);
      const row = body.insertRow();
      const name = cell(row, "", false);
      const swatch = document.createElement("span");
      swatch.className = curve.dashed ? "chip dash" : "chip";
      swatch.style.color = curve.color;
      name.append(swatch, curve.shown);
      cell(row, (100 * value).toFixed(1));
      const ml = value * curve.volume_ml;
      cell(row, ml.toFixed(ml < 9.95 ? 1 : 0));
    }
    table.dataset.gy = dose;
  }
  function move(to) {
    dose = Math.max(0, Math.min(all[shown].end_gy, to));
    tell();
  }
  function show(number) {
    shown = number;
    drawings.forEach((one, n) => one.toggleAttribute("hidden", n !== number));
    document.getElementById("dvh-method").textContent = all[number].method;
    for (const one of tabs ? tabs.children : []) one.setAttribute("aria-pressed", String(Number(one.value) === number));
    move(dose);
  }
  // On a phone the names beside the curves have no room: the table has them.
  function fit() {
    for (const [n, drawing] of drawings.entries()) {
      const { plot } = all[n];
      const narrow = drawing.parentElement.clientWidth < 560;
      drawing.classList.toggle("narrow", narrow);
      const size = narrow ? [plot.right + 20, plot.height + 16] : [plot.width, plot.height];
      drawing.setAttribute("viewBox", `0 0 ${size.join(" ")}`);
    }
  }
  drawings.forEach((drawing, n) => {
    const at = (event) => {
      const point = drawing.createSVGPoint();
      [point.x, point.y] = [event.clientX, event.clientY];
      const { plot, end_gy: end } = all[n];
      const x = point.matrixTransform(drawing.getScreenCTM().inverse()).x;
      move(((x - plot.left) / (plot.right - plot.left)) * end);
    };
    drawing.addEventListener("pointerdown", at);
    drawing.addEventListener("pointermove", at);
    drawing.addEventListener("keydown", (event) => {
      const by = { ArrowLeft: -1, ArrowRight: 1, PageDown: -10, PageUp: 10 }[event.key];
      if (!by) return;
      event.preventDefault();
      move(dose + by * Math.max(1, Math.round(all[n].end_gy / 500)));
    });
  });
  for (const one of tabs ? tabs.children : []) one.addEventListener("click", () => show(Number(one.value)));
  window.addEventListener("resize", fit);
  window.addEventListener("beforeprint", () => {
    for (const [n, one] of drawings.entries()) {
      one.classList.remove("narrow");
      one.setAttribute("viewBox", `0 0 ${all[n].plot.width} ${all[n].plot.height}`);
    }
  });
  window.addEventListener("afterprint", fit);
  fit();
  tell();
  return all;
})();
