// What a page must never be, whoever opens it: returns its faults as sentences. axe-core is already there.
async ({ whole }) => {
  const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
  const STOCK_BLUE = "rgb(13, 110, 253)";
  const PAINTED = [
    "color", "backgroundColor", "borderTopColor", "borderRightColor", "borderBottomColor", "borderLeftColor",
    "outlineColor", "textDecorationColor", "caretColor", "accentColor", "fill", "stroke", "boxShadow",
  ];
  const found = [];

  const crossing = document.documentElement.scrollWidth - window.innerWidth;
  if (crossing > 0) found.push(`scrolls sideways by ${crossing} px`);
  if (!whole) return found;

  // The body of a mail is shown in a frame that takes no messages; it is no page of ours.
  const { violations } = await axe.run(document, { runOnly: TAGS, resultTypes: ["violations"], iframes: false });
  for (const { id, help, nodes } of violations) {
    found.push(`axe ${id}: ${help}: ${nodes.map((node) => node.html).join(" ")}`);
  }

  const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
  const twice = ids.filter((id, index) => ids.indexOf(id) !== index);
  if (twice.length) found.push(`ids used twice: ${twice}`);
  if (document.querySelectorAll("h1").length !== 1) found.push("not exactly one h1");
  if (document.documentElement.lang !== "fr") found.push("lang is not fr");
  if (!document.title.trim()) found.push("no title");

  const focused = document.activeElement;
  for (const element of document.querySelectorAll("body, body *")) {
    element.focus?.({ preventScroll: true }); // a control shows another colour then
    for (const part of [null, "::before", "::after"]) {
      const style = getComputedStyle(element, part);
      const blue = PAINTED.filter((property) => style[property].includes(STOCK_BLUE));
      if (blue.length) found.push(`stock blue in ${blue} of ${element.outerHTML.slice(0, 80)} ${part ?? ""}`);
    }
  }
  document.activeElement.blur();
  focused.focus({ preventScroll: true });
  return found;
};
