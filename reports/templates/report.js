(() => {
  "use strict";
  const rows = [...document.querySelectorAll("details.requirement")];
  const areas = [...document.querySelectorAll("section.area")];
  const toolbar = document.getElementById("toolbar");
  const search = document.getElementById("search");
  const area = document.getElementById("area");
  const unfold = document.getElementById("unfold");
  const buttons = [...document.querySelectorAll("button[data-filter]")];
  const texts = new Map();

  const textOf = (row) => {
    if (!texts.has(row)) texts.set(row, row.textContent.toLowerCase());
    return texts.get(row);
  };
  const chosen = () =>
    new Set(buttons.filter((one) => one.ariaPressed === "true").map((one) => one.dataset.filter));
  const visible = () => rows.filter((row) => !row.hidden);

  const apply = () => {
    const verdicts = chosen();
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const row of rows) {
      const isVerdict = verdicts.size === 0 || verdicts.has(row.dataset.verdict);
      const isArea = !area.value || row.dataset.area === area.value;
      row.hidden = !(isVerdict && isArea && words.every((word) => textOf(row).includes(word)));
    }
    for (const part of areas) {
      part.hidden = !part.querySelector("details.requirement:not([hidden])");
    }
    const count = visible().length;
    document.getElementById("nothing").hidden = count > 0;
    document.getElementById("shown").textContent =
      count === rows.length ? `all ${count} shown` : `${count} of ${rows.length} shown`;
    nameUnfold();
  };
  const nameUnfold = () => {
    unfold.textContent = visible().some((row) => !row.open) ? "Open all" : "Close all";
  };
  const show = (verdicts) => {
    for (const one of buttons) one.ariaPressed = String(verdicts.includes(one.dataset.filter));
    search.value = "";
    area.value = "";
    apply();
  };

  const openTarget = () => {
    const id = location.hash.slice(1);
    const found = id && document.getElementById(id);
    if (!found) return;
    const isFilteredOut = found.closest("[hidden]");
    if (isFilteredOut && toolbar && isFilteredOut !== toolbar) show([]);
    const row = found.closest("details.requirement");
    if (row) {
      row.open = true;
      found.focus({ preventScroll: true });
    }
    (row ?? found).scrollIntoView({ block: "start" });
  };

  const addCopyButtons = () => {
    if (!navigator.clipboard) return;
    for (const box of document.querySelectorAll(".command")) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = "Copy";
      button.ariaLabel = "Copy the command";
      button.addEventListener("click", async () => {
        try {
          await navigator.clipboard.writeText(box.querySelector("code").textContent);
          button.textContent = "Copied";
        } catch {
          getSelection().selectAllChildren(box.querySelector("code"));
          button.textContent = "Selected";
        }
      });
      box.append(button);
    }
  };

  let closedBeforePrint = [];
  addEventListener("beforeprint", () => {
    // On paper nobody can open what is closed: what failed is printed whole, the rest as a list.
    const failed = 'details.requirement[data-verdict="fail"]';
    closedBeforePrint = [
      ...document.querySelectorAll(`${failed}:not([open]), ${failed} details:not([open])`),
    ];
    for (const one of closedBeforePrint) one.open = true;
  });
  addEventListener("afterprint", () => {
    for (const one of closedBeforePrint) one.open = false;
  });

  addCopyButtons();
  addEventListener("hashchange", openTarget);
  // A click on a link to where we already are changes no hash, yet should open its target again.
  addEventListener("click", (event) => {
    const link = event.target.closest?.('a[href^="#"]');
    if (link && link.getAttribute("href") === location.hash) openTarget();
  });
  if (!toolbar) return;

  toolbar.hidden = false;
  search.addEventListener("input", apply);
  area.addEventListener("change", apply);
  for (const one of buttons) {
    one.addEventListener("click", () => {
      one.ariaPressed = String(one.ariaPressed !== "true");
      apply();
    });
  }
  for (const link of document.querySelectorAll("a[data-show]")) {
    link.addEventListener("click", () => {
      show([link.dataset.show]);
    });
  }
  unfold.addEventListener("click", () => {
    const shouldOpen = unfold.textContent === "Open all";
    for (const row of visible()) row.open = shouldOpen;
    nameUnfold();
  });
  for (const row of rows) row.addEventListener("toggle", nameUnfold);
  addEventListener("keydown", (event) => {
    if (event.key === "/" && !event.target.matches?.("input, select")) {
      event.preventDefault();
      search.focus();
    } else if (event.key === "Escape" && event.target === search) {
      search.value = "";
      apply();
    }
  });
  apply();
  openTarget();
})();
