"use strict";
// One page: what is too high for an A4 sheet is made smaller, never cut off.
(() => {
  const sheet = document.querySelector("main.a4");
  const room = ((297 - 16 - 14) * 96) / 25.4;
  const phone = matchMedia("screen and (max-width: 760px)");
  const fit = () => {
    let scale = 1;
    if (phone.matches) return;
    for (let n = 0; n < 12; n += 1) {
      sheet.style.zoom = scale;
      sheet.style.width = `${186 / scale}mm`;
      const high = sheet.getBoundingClientRect().height;
      if (high <= 0.985 * room) break;
      scale *= Math.max(0.7, Math.sqrt((0.98 * room) / high));
    }
  };
  fit();
  addEventListener("beforeprint", fit);
})();
