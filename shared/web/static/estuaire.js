/* Live notice: says that something changed, at most once in five seconds, and moves nothing. Pages work without it. */
(() => {
  const PAUSE = 5000;
  const boxes = new WeakMap();

  function show(box) {
    const state = boxes.get(box);
    const count = state.seen.size;
    const text = state.lost ? box.dataset.lost : count > 1 ? box.dataset.many.replace("{n}", count) : box.dataset.one;
    box.querySelector("[data-live-text]").textContent = text;
    box.querySelector("[data-live-notice]").hidden = false;
    state.timer = null;
  }

  document.addEventListener("change", (event) => {
    const box = event.target;
    if (!box.matches?.("[data-live]") || !event.detail?.data) return;
    const { kind, id } = JSON.parse(event.detail.data);
    const kinds = box.dataset.live.split(" ").filter(Boolean);
    if (kind !== "*" && kinds.length && !kinds.includes(kind)) return;
    const state = boxes.get(box) ?? { seen: new Set(), lost: false, timer: null, wait: 300 };
    boxes.set(box, state);
    if (kind === "*") state.lost = true;
    state.seen.add(`${kind}/${id}`);
    state.timer ??= setTimeout(show, state.wait, box);
    state.wait = PAUSE;
  });
})();
