"use strict";
// Chromium prints what is in the margin boxes from version 131 on. Where another browser
// does not, a table head that repeats says the same on every sheet, without page numbers.
(() => {
  const made = /Chrom(?:e|ium)\/(\d+)/.exec(navigator.userAgent);
  const running = document.getElementById("running");
  if (!running || (made && Number(made[1]) >= 131)) return;
  addEventListener("beforeprint", () => {
    if (document.querySelector("table.sheets")) return;
    const sheets = document.createElement("table");
    sheets.className = "sheets";
    const head = sheets.createTHead().insertRow().insertCell();
    const body = sheets.createTBody().insertRow().insertCell();
    head.textContent = running.textContent;
    body.append(...document.body.childNodes);
    document.body.append(sheets);
  });
})();
