"use strict";
// The histogram's values under the pointer.
(() => {
  const drawing = document.getElementById("dvh");
  const source = document.getElementById("dvh-data");
  if (!drawing || !source) return;
  const data = JSON.parse(source.textContent);
  const line = document.getElementById("dvh-line");
  const table = document.getElementById("dvh-here");
  drawing.addEventListener("pointermove", (event) => {
    const point = drawing.createSVGPoint();
    point.x = event.clientX;
    point.y = event.clientY;
    const x = point.matrixTransform(drawing.getScreenCTM().inverse()).x;
    const part = (x - data.left) / (data.right - data.left);
    if (part < 0 || part > 1) return;
    const dose = part * data.end_gy;
    // A reader may have moved the activity: then the curves are stretched by so much.
    const ratio = Number(document.body.dataset.ratio || 1);
    line.setAttribute("x1", x);
    line.setAttribute("x2", x);
    line.setAttribute("visibility", "visible");
    table.replaceChildren();
    const head = table.insertRow();
    head.insertCell().textContent = `at ${dose.toPrecision(4)} Gy and more`;
    head.insertCell().textContent = "% of the volume";
    head.insertCell().textContent = "mL";
    for (const curve of data.curves) {
      const at = Math.min(part / ratio, 1) * (curve.fraction.length - 1);
      const n = Math.min(Math.floor(at), curve.fraction.length - 2);
      const value = curve.fraction[n] + (at - n) * (curve.fraction[n + 1] - curve.fraction[n]);
      const row = table.insertRow();
      const name = row.insertCell();
      const swatch = document.createElement("span");
      swatch.className = "swatch";
      swatch.style.background = curve.color;
      name.append(swatch, curve.name);
      row.insertCell().textContent = (100 * value).toFixed(1);
      row.insertCell().textContent = (value * curve.volume_ml).toPrecision(4);
    }
    table.dataset.gy = dose;
  });
})();
