// A click on a column's head sorts by it, the next one the other way round; unknown values stay last.
for (const head of document.querySelectorAll("th")) {
  head.querySelector("button").addEventListener("click", () => {
    const down = head.getAttribute("aria-sort") === "ascending";
    for (const other of head.parentNode.children) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const numbers = head.classList.contains("number");
    const key = (row) => {
      const cell = row.cells[head.cellIndex];
      return numbers ? parseFloat(cell.dataset.value ?? "NaN") : cell.textContent;
    };
    const order = (a, b) => numbers ? a - b : a.localeCompare(b, undefined, { numeric: true });
    const unknown = (value) => Number.isNaN(value) || value === "" || value === "–";
    const body = head.closest("table").tBodies[0];
    const rows = [...body.rows].sort((one, two) => {
      const [a, b] = [key(one), key(two)];
      if (unknown(a) || unknown(b)) return unknown(a) - unknown(b);
      return down ? order(b, a) : order(a, b);
    });
    body.append(...rows);
  });
}

// A picture that is scaled down to fit shows its pixels one to one after a click.
for (const button of document.querySelectorAll("figure button")) {
  button.addEventListener("click", () => {
    button.setAttribute("aria-pressed", button.getAttribute("aria-pressed") === "false");
  });
}
