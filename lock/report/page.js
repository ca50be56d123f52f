"use strict";
// Headers become buttons that sort their table; the page is whole without this.
document.body.classList.add("sortable");
const key = (row, n) => row.cells[n].dataset.key ?? row.cells[n].textContent.trim();
for (const table of document.querySelectorAll("table")) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, n) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      for (const h of heads) h.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const rows = [...table.tBodies[0].rows];
      rows.sort((a, b) => (down ? -1 : 1) * key(a, n).localeCompare(key(b, n), "en", { numeric: true }));
      table.tBodies[0].append(...rows);
    });
  });
}
