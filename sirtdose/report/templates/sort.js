"use strict";
// A click on a column's name sorts by it, a second one the other way round; what is
// empty stays last.
(function () {
  const table = document.getElementById("cases");
  const heads = Array.from(table.tHead.rows[0].cells);
  const body = table.tBodies[0];

  function valueOf(row, column, kind) {
    const cell = row.cells[column];
    if (kind === "text") return cell.textContent.trim();
    return cell.dataset.value === "" ? null : Number(cell.dataset.value);
  }

  function order(a, b, sign) {
    const empty = (x) => x === null || x === "";
    if (empty(a) || empty(b)) return empty(a) - empty(b);
    if (typeof a === "number") return sign * (a - b);
    return sign * a.localeCompare(b, undefined, { numeric: true });
  }

  heads.forEach(function (head, column) {
    const button = head.querySelector("button");
    if (!button) return;
    button.addEventListener("click", function () {
      const sign = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
      const rows = Array.from(body.rows).map((row) => [valueOf(row, column, button.dataset.kind), row]);
      rows.sort((a, b) => order(a[0], b[0], sign));
      heads.forEach((one) => one.hasAttribute("aria-sort") && one.setAttribute("aria-sort", "none"));
      head.setAttribute("aria-sort", sign > 0 ? "ascending" : "descending");
      body.append(...rows.map((pair) => pair[1]));
    });
  });
})();
