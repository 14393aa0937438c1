"use strict";
// One page: where it is too full it leaves out, in the order that the sheet was given,
// what matters least, and says how much. Letters are made smaller only where nothing
// more may be left out.
(() => {
  const sheet = document.querySelector("main.a4");
  const room = ((297 - 16 - 14) * 96) / 25.4;
  const phone = matchMedia("screen and (max-width: 760px)");
  const steps = [...sheet.querySelectorAll("[data-cut]")];
  steps.sort((one, other) => one.dataset.cut - other.dataset.cut);
  const said = sheet.querySelector(".left-out");
  const high = () => sheet.getBoundingClientRect().height;
  const gone = (one) => one.closest(".cut") !== null;
  const many = (count, name) => `${count} more ${name}${count === 1 ? "" : "s"}`;

  const tell = () => {
    const of = (what) => [...sheet.querySelectorAll(what)].filter(gone);
    const limits = of("[data-limit]").length;
    const rows = of("table.ladder tr").filter((row) => !row.querySelector("[data-limit]"));
    let warnings = 0;
    for (const one of of(".finds .one")) warnings += Number(one.dataset.count);
    const parts = [
      limits ? `${many(limits, "limit")}, ${limits > 1 ? "all " : ""}met` : "",
      rows.length ? many(rows.length, "structure") : "",
      warnings ? many(warnings, "warning") : "",
      of("svg.dvh").length ? "histogram" : "",
      of(".planes").length ? "pictures" : "",
      sheet.querySelector(".brief") ? "what would meet the limits" : "",
    ].filter(Boolean);
    said.hidden = !parts.length;
    said.textContent = `${parts.join("; ")}: see ${said.dataset.where}.`;
    for (const list of sheet.querySelectorAll(".finds li")) {
      list.hidden = !list.querySelector(".one:not(.cut)");
    }
    for (const title of sheet.querySelectorAll("tr.group")) {
      let row = title.nextElementSibling;
      while (row && row.classList.contains("cut")) row = row.nextElementSibling;
      title.hidden = !row || row.classList.contains("group");
    }
  };

  const fit = () => {
    sheet.classList.remove("tight");
    for (const one of steps) one.classList.remove("cut", "small", "brief");
    sheet.style.zoom = 1;
    sheet.style.width = "";
    tell();
    if (phone.matches) return;
    const full = () => high() > 0.985 * room;
    if (full()) sheet.classList.add("tight");
    for (const one of steps) {
      if (!full()) break;
      one.classList.add(one.dataset.as || "cut");
      tell();
    }
    // What was left out on the way and would fit after all comes back, the last first.
    for (const one of full() ? [] : [...steps].reverse()) {
      const how = one.dataset.as || "cut";
      if (!one.classList.contains(how)) continue;
      one.classList.remove(how);
      tell();
      if (full()) one.classList.add(how);
    }
    tell();
    let scale = 1;
    for (let n = 0; n < 12 && full(); n += 1) {
      scale *= Math.max(0.7, Math.sqrt((0.98 * room) / high()));
      sheet.style.zoom = scale;
      sheet.style.width = `${186 / scale}mm`;
    }
  };
  fit();
  addEventListener("beforeprint", fit);
})();
